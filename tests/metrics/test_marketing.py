"""Spend, and what is credited to it by last click, with the records in sight.

order  day         last visit                  worth
1      2026-01-10  google / cpc / brand        300
2      2026-01-12  google / cpc / generic      100
3      2026-01-12  google / organic / -        500
4      2026-01-20  newsletter / email / -       50
5      2026-01-20  no utm at all               900
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from service.demo.model import Agreement, Order, Sale, Visit
from service.metrics.measure import measure, series
from service.store import spend
from service.values import Campaign, Measurement, Segment, Shop, Spent, Window
from tests.metrics.little_world import at
from tests.metrics.test_examples import JANUARY, order, shop_with

NOW = datetime(2026, 2, 10, tzinfo=UTC)
BRAND, GENERIC = Campaign("google", "cpc", "brand"), Campaign("google", "cpc", "generic")
ORGANIC, LETTER = Campaign("google", "organic"), Campaign("newsletter", "email")


def day(number: int) -> date:
    return date(2026, 1, number)


def clicked(order_id: int, on: date, campaign: Campaign, amount: int) -> Order:
    utm = (campaign.utm_campaign or None, None, campaign.utm_medium or None, campaign.utm_source or None, None)
    found = order(order_id, on, order_id, amount * 100)
    found.last_visit = Visit(order_id, at(on), campaign.utm_source, None, None, utm)
    return found


def orders() -> list[Order]:
    return [
        clicked(1, day(10), BRAND, 300),
        clicked(2, day(12), GENERIC, 100),
        clicked(3, day(12), ORGANIC, 500),
        clicked(4, day(20), LETTER, 50),
        order(5, day(20), 5, 90_000),
    ]


SPEND = (Spent(day(10), BRAND, 8_000), Spent(day(12), GENERIC, 2_000), Spent(day(31), BRAND, 0))


def shop_of(database: Engine, spent: Sequence[Spent] = SPEND, sold: Sequence[Order] | None = None) -> Shop:
    shop = shop_with(database, orders() if sold is None else sold)
    with database.begin() as connection:
        spend.import_(connection, shop, [each for each in spent if not each.initiative_id], now=NOW)
        spend.plan(connection, shop, [each for each in spent if each.initiative_id], now=NOW)
    return shop


def asked(database: Engine, shop: Shop, metric: str, window: Window = JANUARY, **where: str) -> Measurement:
    with database.connect() as connection:
        return measure(connection, shop, metric, window, segment=Segment.of(where))


def roas(database: Engine, shop: Shop, **where: str) -> tuple[Decimal, Decimal | None]:
    found = asked(database, shop, "return_on_ad_spend", **where)
    return found.numerator, found.denominator


def test_the_return_of_a_month(database: Engine) -> None:
    """300 + 100 for 80 + 20: what came by itself, also from the same source, is no return on what was paid."""
    shop = shop_of(database)
    found = asked(database, shop, "return_on_ad_spend")
    assert (found.numerator, found.denominator, found.value) == (400, 100, 4)
    assert asked(database, shop, "last_click_sales").value == 400
    assert asked(database, shop, "spend").value == 100
    assert (found.counted, found.left_out) == (3 + 2, {"no_paid_click": 3})


def test_a_segment_is_a_part_of_both(database: Engine) -> None:
    shop = shop_of(database)
    assert roas(database, shop, utm_source="google") == (400, 100)
    assert roas(database, shop, utm_campaign="brand") == (300, 80)
    assert roas(database, shop, utm_medium="cpc", utm_campaign="generic") == (100, 20)
    generic = asked(database, shop, "return_on_ad_spend", utm_campaign="generic")
    assert (generic.counted, generic.left_out) == (2, {"outside_segment": 2 + 4})


def test_what_a_row_leaves_empty_may_be_anything_and_an_order_is_credited_once(database: Engine) -> None:
    spent = [Spent(day(1), Campaign("google"), 5_000), Spent(day(1), Campaign(utm_medium="cpc"), 5_000)]
    shop = shop_of(database, [*spent, Spent(day(31), BRAND, 0)])
    assert roas(database, shop) == (300 + 100 + 500, 100)
    assert roas(database, shop, utm_source="google") == (900, 50)


def test_who_names_nothing_bought_visits_nobody_can_tell(database: Engine) -> None:
    shop = shop_of(database, [*SPEND, Spent(day(12), Campaign(), 10_000)])
    assert roas(database, shop) == (400, 200)
    assert roas(database, shop, utm_source="") == (0, 100)


def test_a_campaign_is_credited_from_its_first_costly_day_on(database: Engine) -> None:
    shop = shop_of(database, [Spent(day(9), GENERIC, 0), Spent(day(13), GENERIC, 2_000), *SPEND[::2]])
    assert roas(database, shop) == (300, 100)
    assert asked(database, shop, "last_click_sales", Window(day(1), day(10))).value == 0


def test_sales_without_their_costs_do_not_count(database: Engine) -> None:
    """Spend is known up to the 11th: the order of the 12th waits for it, and so does a plan."""
    planned = Spent(day(25), LETTER, 700, "letter")
    shop = shop_of(database, [SPEND[0], Spent(day(11), BRAND, 1_000), planned])
    found = asked(database, shop, "return_on_ad_spend")
    assert (found.numerator, found.denominator) == (300, 90)
    assert found.left_out == {"beyond_spend": 4 + 1}
    assert asked(database, shop, "spend").left_out == {"beyond_spend": 1}
    with database.begin() as connection:
        spend.import_(connection, shop, [Spent(day(31), GENERIC, 0)], now=NOW)
    assert roas(database, shop) == (300, 97)


def test_plans_alone_are_known_to_their_end(database: Engine) -> None:
    shop = shop_of(database, [Spent(day(number), Campaign(utm_medium="email"), 100, "letter") for number in (5, 25)])
    assert roas(database, shop) == (50, 2)


def test_nothing_spent_has_no_return(database: Engine) -> None:
    shop = shop_of(database, [Spent(day(10), BRAND, 0)])
    found = asked(database, shop, "return_on_ad_spend")
    assert (found.value, found.numerator, found.denominator) == (None, 0, 0)


def test_nothing_is_counted_where_nothing_was_imported(database: Engine) -> None:
    shop = shop_of(database, [])
    found = asked(database, shop, "return_on_ad_spend")
    assert (found.value, found.counted, found.left_out) == (None, 0, {"beyond_spend": 5})


def test_test_orders_and_what_came_back_later(database: Engine) -> None:
    """A refund in February is no news about what a click brought in January."""
    sold = orders()
    sold[1].test = True
    refund = Sale(99, "RETURN", "PRODUCT", -1, -30_000, 0, 0, 1)
    sold[0].agreements.append(Agreement(98, "RefundAgreement", "REFUND", at(date(2026, 2, 2)), (refund,)))
    shop = shop_of(database, sold=sold)
    assert roas(database, shop) == (300, 100)
    assert asked(database, shop, "last_click_sales").left_out == {"test": 1, "no_paid_click": 3}


@pytest.mark.parametrize(("currency", "exponent", "worth"), [("JPY", 0, "30000"), ("KWD", 3, "30.000")])
def test_amounts_are_in_the_shops_minor_units(database: Engine, currency: str, exponent: int, worth: str) -> None:
    shop = shop_with(database, orders(), exponent, currency)
    with database.begin() as connection:
        spend.import_(connection, shop, [replace(SPEND[0], amount_minor=7_500)], now=NOW)
    found = asked(database, shop, "return_on_ad_spend")
    assert (found.numerator, found.value) == (Decimal(worth), 4)


def test_the_days_of_both_add_up(database: Engine) -> None:
    shop = shop_of(database)
    with database.connect() as connection:
        daily = series(connection, shop, "return_on_ad_spend", day(1), date(2026, 2, 1), "daily")
        running = series(connection, shop, "return_on_ad_spend", day(1), date(2026, 2, 1), "running")
    assert [(each.metric_date, each.value) for each in daily if each.denominator] == [
        (day(10), Decimal("3.75")),
        (day(12), 5),
    ]
    assert running[-1].value == 4
    assert running[10].value == Decimal("3.75")
    assert sum(each.numerator for each in daily) == 400


def test_days_before_the_first_that_was_imported_are_not_known(database: Engine) -> None:
    shop = shop_of(database)
    with database.connect() as connection:
        found = measure(connection, shop, "spend", JANUARY, covered_from=day(10))
        later = measure(connection, shop, "spend", Window(day(10), day(10) + timedelta(days=5)), covered_from=day(10))
    assert not found.is_complete
    assert found.incomplete_because == (
        "spend and the sales it brought before 2026-01-10 are not all known: okrsync spend import takes earlier days, "
        "with the amount 0 where nothing was spent"
    )
    assert later.is_complete
