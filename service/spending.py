"""What is spent on campaigns: read from a file that a person imports, or planned by the initiatives of OKR files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.errors import NeedsAPerson
from service.installation import Installation, shop_of
from service.okr.model import Initiative, Plan
from service.periods import ONE_DAY, days, shop_day
from service.settings import ShopSettings
from service.spend_file import UTM, parse
from service.store import spend
from service.store.engine import reading
from service.store.spend import Changes
from service.values import Campaign, Shop, Spent


def import_file(
    installation: Installation, settings: ShopSettings, text: str, file: str, *, is_dry_run: bool = False
) -> tuple[Sequence[Spent], Changes]:
    """What the text of a file says, and what of it was new or otherwise. One with anything wrong changes nothing.

    Raises Misconfigured with every complaint; NeedsAPerson while nothing is known of the shop.
    """
    shop, now = shop_of(installation, settings), installation.clock()
    if shop is None:
        told = "nothing was read yet, so its currency and its days are not known"
        raise NeedsAPerson(told, about=settings.domain, hint="run okrsync backfill first")
    said = parse(text, file, shop, today=shop_day(now, shop.timezone))
    if is_dry_run:
        with reading(installation.engine) as connection:
            return said, spend.compare(connection, shop, said)
    with installation.engine.begin() as connection:
        return said, spend.import_(connection, shop, said, now=now)


def record_plans(installation: Installation, shop: Shop, plans: Sequence[Plan]) -> None:
    """What initiatives plan to spend, as the OKR files have it now; of several with one id the newest quarter's."""
    newest = {each.id: (plan, each) for plan in plans if not plan.is_draft for each in plan.initiatives if each.spend}
    planned = [spent for plan, each in newest.values() for spent in spread(plan, each, shop)]
    with installation.engine.begin() as connection:
        spend.plan(connection, shop, planned, now=installation.clock())


def spread(plan: Plan, initiative: Initiative, shop: Shop) -> Iterator[Spent]:
    """An initiative's spend on each of its days alike, what cannot be divided on the first ones.

    One without an end runs to the end of the quarter; on the quarter's other days it costs 0, which is known too.
    """
    assert initiative.spend is not None, "who has no spend spreads none"
    quarter, first = plan.quarter, initiative.start
    last = initiative.end or max(first, quarter.last_day)
    number = (last - first).days + 1
    each_day, rest = divmod(int(initiative.spend.number.scaleb(shop.currency_exponent)), number)
    for day in days(min(first, quarter.start), max(last, quarter.last_day) + ONE_DAY):
        place = (day - first).days
        amount = each_day + (place < rest) if 0 <= place < number else 0
        yield Spent(day, _campaign(initiative), amount, initiative.id)


def _campaign(initiative: Initiative) -> Campaign:
    """The visits its `where` names; none when it says more than a visit carries, such as a discount code."""
    where = dict(initiative.where.where)
    return Campaign(**where) if where.keys() <= set(UTM) else Campaign()
