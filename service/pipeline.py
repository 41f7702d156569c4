"""The flow, and the page to read first.

     fetch          to_rows         land            measure         assess         record
    Shopify ─▶ page, file line ─▶ Batch ─▶ source tables ─▶ Measurement ─▶ CheckIn ─▶ readings, check-ins, changes
    shopify/       connectors/     store/          metrics/        okr/           store/
    network        pure            1 transaction   read only       pure           1 transaction

Each verb takes an `Installation` (settings, database, clock) and returns what a person wants to be told. One shop's
trouble becomes its outcome and never stops the next. What people only ask is answered by `questions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from service import reckon as reckoning
from service import spending
from service.books import Books
from service.connectors import CONNECTORS
from service.connectors.work import Asked, Connector, Progress, Sizes, Work
from service.door import Entered, Part, connected, credentials, look_at
from service.errors import OkrsyncError, TryAgain
from service.ground import Ground, ground_of
from service.installation import Installation, install, record_definitions, shop_of, wall_clock, with_metrics
from service.okr.model import Plan
from service.periods import CheckInSchedule
from service.plans import check_currencies, plans_for, plans_of, stray_problems
from service.questions import require_order
from service.reckon import Reckoned
from service.settings import ShopSettings
from service.store import landing, leases, pending, runs, shops
from service.store.coverage import record_allowances
from service.store.engine import Connection, reading
from service.values import Shop

__all__ = [
    "CONNECTORS",
    "Installation",
    "Outcome",
    "Part",
    "Sizes",
    "backfill",
    "connected",
    "credentials",
    "expected_rows",
    "install",
    "judging",
    "look_at",
    "plans_of",
    "reckon",
    "run",
    "shop_of",
    "stray_problems",
    "sync",
    "wall_clock",
    "with_metrics",
]


ORDERS = CONNECTORS[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended. `error` is None when it is done."""

    shop: str
    connector: str  # or what else has a lease and runs of its own
    kind: str  # backfill, incremental, reread, reconcile
    outcome: runs.Outcome
    rows: int = 0
    rows_changed: int = 0
    watermark: datetime | None = None
    error: OkrsyncError | None = None
    notices: tuple[str, ...] = ()  # what was odd about the data, but no reason to stop


# --- fetch and land ------------------------------------------------------------------------------------------------


def sync(
    installation: Installation, shop: ShopSettings, connector: Connector = ORDERS, progress: Progress | None = None
) -> Outcome:
    """One incremental pass of a connector; where its history is not read whole, that comes first."""
    return _without_refused(installation, shop, connector, lambda: _sync(installation, shop, connector, progress))


def _sync(installation: Installation, shop: ShopSettings, connector: Connector, progress: Progress | None) -> Outcome:
    with connected(installation, shop, connector) as entered:
        with reading(installation.engine) as connection:
            is_whole = connector.is_whole(connection, entered.shop, entered.visible_from)
        if not is_whole:
            rest = Asked(is_resumed=True)
            done = _run(installation, entered, connector, "backfill", partial(connector.backfill, asked=rest), progress)
            if done.error:
                return done
        return _run(installation, entered, connector, "incremental", connector.increment)


def backfill(
    installation: Installation,
    shop: ShopSettings,
    connector: Connector = ORDERS,
    *,
    first: date | None = None,
    last: date | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """A connector's history read whole, or the part of it on the shop days `first` to `last`."""
    require_order(first, last)
    work_on = partial(connector.backfill, asked=Asked(first, last, is_restarted=restart))

    def read() -> Outcome:
        with connected(installation, shop, connector, is_read_anew=restart and last is None) as entered:
            return _run(installation, entered, connector, "backfill", work_on, progress)

    return _without_refused(installation, shop, connector, read)


def _without_refused(
    installation: Installation, settings: ShopSettings, connector: Connector, read: Callable[[], Outcome]
) -> Outcome:
    """The outcome of a reading; where it is refused what can be done without, that is noted and it is read again."""
    outcome = read()
    while refused := connector.optional.refused_by(outcome.error):
        shop = shop_of(installation, settings)
        if shop is None or refused <= shop.denied:
            break
        with installation.engine.begin() as connection:
            shops.note_denied(connection, replace(shop, denied=refused), installation.clock())
        outcome = read()
    return outcome


def expected_rows(
    installation: Installation,
    shop: ShopSettings,
    connector: Connector = ORDERS,
    *,
    first: date | None = None,
    last: date | None = None,
) -> int:
    """How many rows a backfill of those shop days would read, by Shopify's own count."""
    require_order(first, last)
    with connected(installation, shop, connector) as entered:
        return connector.expected(entered.client, entered.shop, *Asked(first, last).bounds(entered.shop, entered.now))


def _run(
    installation: Installation,
    entered: Entered,
    connector: Connector,
    kind: str,
    work_on: Callable[[Work], None],
    progress: Progress | None = None,
) -> Outcome:
    missing = tuple(connector.optional.unknown(entered.shop.denied))
    return run(installation, entered, connector.name, kind, work_on, progress, missing)


def run(
    installation: Installation,
    entered: Entered,
    name: str,
    kind: str,
    work_on: Callable[[Work], None],
    progress: Progress | None = None,
    missing: Sequence[str] = (),
) -> Outcome:
    """Hold the lease of that name, open a run, do the work, and close the run with how it ended."""
    engine, clock, shop = installation.engine, installation.clock, entered.shop
    error: OkrsyncError | None = None
    outcome: runs.Outcome = "interrupted"
    told: str | None = None
    doubts: Counter[str] = Counter()
    try:
        with leases.lease(engine, shop.shop_id, name, clock()) as lease:
            with engine.begin() as connection:
                _require_same_meaning(connection, entered)
                runs.close_abandoned(connection, shop.shop_id, name, now=clock())
                before = landing.watermark(connection, shop.shop_id, name)
                run_id = runs.start(connection, shop.shop_id, name, kind, now=clock(), watermark=before)
            try:
                work_on(_work(installation, entered, lease, run_id, doubts, progress))
                outcome, told = "done", "; ".join((*_told(doubts), *missing)) or None
            except OkrsyncError as trouble:
                error, outcome, told = trouble, runs.outcome_of(trouble), str(trouble)
            except Exception as bug:
                outcome, told = "failed", f"a fault of okrsync: {type(bug).__name__}"
                raise
            finally:
                with engine.begin() as connection:
                    runs.finish(connection, shop.shop_id, run_id, outcome, now=clock(), error=told)
    except TryAgain as busy:
        return Outcome(shop.domain, name, kind, "interrupted", error=busy)
    with reading(engine) as connection:
        rows, changed = runs.totals(connection, shop.shop_id, run_id)
        after = landing.watermark(connection, shop.shop_id, name)
    return Outcome(shop.domain, name, kind, outcome, rows, changed, after, error, (*_told(doubts), *missing))


def _require_same_meaning(connection: Connection, entered: Entered) -> None:
    """Days and amounts are stored as the shop's were at the door; who changes them later takes our lease."""
    shop = entered.shop
    if not entered.is_read_anew and shops.meaning(connection, shop.shop_id) != shop.meaning:
        raise TryAgain("its time zone or currency was recorded anew since we came in", about=shop.domain)


def _work(
    installation: Installation,
    entered: Entered,
    lease: leases.Lease,
    run_id: str,
    doubts: Counter[str],
    progress: Progress | None,
) -> Work:
    return Work(
        installation.engine, entered.client, entered.shop, entered.now, entered.visible_from, lease, run_id,
        installation.clock, installation.sizes, lambda: installation.sleep(0), progress, doubts,
    )  # fmt: skip


def _told(doubts: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{count:,} {what}" for what, count in sorted(doubts.items()))


# --- measure, assess, record ---------------------------------------------------------------------------------------


def reckon(installation: Installation, settings: ShopSettings, plans: Sequence[Plan]) -> Reckoned | None:
    """Readings, statuses and due check-ins of one shop, brought up to date; None while nothing is known of it."""
    shop = shop_of(installation, settings)
    if shop is None:
        return None
    mine = plans_for(plans, settings)
    check_currencies(mine, shop, installation.catalogue)
    spending.record_plans(installation, shop, mine)
    calendar = installation.settings.calendar
    with judging(installation, settings, shop) as (books, ground):
        with books.writing() as connection:
            record_allowances(connection, shop.shop_id, ground.allowances)
            record_definitions(installation, connection, shop.shop_id)
        return reckoning.reckon(
            books,
            ground,
            mine,
            now=installation.clock(),
            check_in=CheckInSchedule.parse(calendar.check_in),
            fiscal_year_start=calendar.fiscal_year_start,
            grace_days=calendar.close_grace_days,
        )


@contextmanager
def judging(installation: Installation, settings: ShopSettings, shop: Shop) -> Iterator[tuple[Books, Ground]]:
    """The shop's lease held, its facts caught up, and the ground that judgements stand on."""
    engine = installation.engine
    with leases.lease(engine, shop.shop_id, ORDERS.name, installation.clock()) as lease:

        def renew(connection: Connection) -> None:
            lease.renew(connection, installation.clock())

        pending.catch_up(engine, shop.shop_id, renew)
        with reading(engine) as connection:
            # Its zone or currency may have changed while the lease was waited for.
            known = shops.by_domain(connection, settings.domain) or shop
            ground = ground_of(connection, known, settings.schedule, installation.catalogue)
        yield Books(engine, renew), ground
