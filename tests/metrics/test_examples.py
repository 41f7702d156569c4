"""Published examples, and the questions people ask about a number, each with the orders in sight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, insert

from service.demo.model import Agreement, LineItem, Order, Sale, Visit, Visits, World
from service.errors import Misconfigured
from service.metrics.measure import by, measure, query_for, series
from service.store.tables import watermarks
from service.values import Measurement, Population, Segment, Shop, Window
from tests.metrics.little_world import at
from tests.metrics.load_world import load_world

JANUARY = Window(date(2026, 1, 1), date(2026, 2, 1))


def order(
    order_id: int, day: date, customer_id: int | None, amount: int = 10_000, *, product_type: str = "", utm: str = ""
) -> Order:
    """An order of one thing for `amount` minor units."""
    item = LineItem(order_id, "Thing", order_id, product_type, None, 1, amount)
    sale = Sale(order_id, "ORDER", "PRODUCT", 1, amount, 0, 0, order_id)
    placing = Agreement(order_id, "OrderAgreement", "ORDER", at(day), (sale,))
    visit = Visit(order_id, at(day), "google", None, None, (None, None, None, utm, None)) if utm else None
    return Order(
        order_id, f"#{order_id}", at(day), at(day), at(day), customer_id, [placing], [item],
        has_journey=True, last_visit=visit,
    )  # fmt: skip


def shop_with(
    database: Engine,
    orders: Sequence[Order],
    exponent: int = 2,
    currency: str = "USD",
    visits: Sequence[Visits] = (),
) -> Shop:
    start = at(date(2025, 1, 1))
    world = World("examples", 7, "examples.myshopify.com", "UTC", currency, exponent, start, start, list(orders))
    world.visits = lambda: visits
    with database.begin() as connection:
        return load_world(connection, world)


def asked(database: Engine, shop: Shop, metric: str, window: Window = JANUARY, **where: str) -> Measurement:
    with database.connect() as connection:
        return measure(connection, shop, metric, window, segment=Segment.of(where))


def test_repeat_share_of_known_orders_and_of_all(database: Engine) -> None:
    """200 orders, 40 without a customer, 60 returning: 37.5 % of known orders, 30 % of all."""
    day = date(2026, 1, 10)
    strangers = [order(n, day, None) for n in range(1, 41)]
    newcomers = [order(n, day, n) for n in range(41, 141)]
    returning = [order(n, day + timedelta(days=2), n - 100) for n in range(141, 201)]
    shop = shop_with(database, [*strangers, *newcomers, *returning])
    rate = asked(database, shop, "returning_order_rate")
    assert (rate.value, rate.counted, rate.left_out) == (Decimal("0.375"), 160, {"no_customer": 40})
    returning_orders = asked(database, shop, "orders", customer_type="returning").numerator
    assert returning_orders / asked(database, shop, "orders").numerator == Decimal("0.3")
    assert asked(database, shop, "unidentified_order_share").value == Decimal("0.2")


def test_a_merchant_s_real_month_of_the_funnel(database: Engine) -> None:
    """Reached checkout 1,590, completed 879, both in one session 700: completion is 879 of 1,590, as Shopify shows it.

    Bots are left out, and who divides the sessions that did both gets 44.03 %.
    """
    people = Visits(at(date(2026, 1, 10)), True, 40_000, 2_930, 1_590, 879, 700, device="mobile")
    bots = Visits(at(date(2026, 1, 11)), False, 5_000)
    shop = shop_with(database, [], visits=[people, bots])
    rates = {
        "sessions": "40000.00", "checkout_completion_rate": "0.5528", "checkout_abandonment_rate": "0.4472",
        "cart_abandonment_rate": "0.7000", "conversion_rate": "0.0220", "added_to_cart_rate": "0.0732",
        "reached_checkout_rate": "0.0398",
    }  # fmt: skip
    for metric, expected in rates.items():
        found = asked(database, shop, metric)
        assert found.value is not None
        assert found.value.quantize(Decimal(expected)) == Decimal(expected), metric
        assert (found.counted, found.left_out) == (40_000, {"bots": 5_000}), metric
    on_desktop = asked(database, shop, "sessions", device="desktop")
    assert (on_desktop.value, on_desktop.counted) == (0, 0)
    assert on_desktop.left_out == {"bots": 5_000, "outside_segment": 40_000}


def test_a_stage_larger_than_the_one_before_has_a_value_and_no_interval(database: Engine) -> None:
    """Three completed what they had begun on earlier days; who bought at once put nothing into the cart."""
    shop = shop_with(database, [], visits=[Visits(at(date(2026, 1, 10)), True, 90, 2, 2, 3, 1)])
    completion = asked(database, shop, "checkout_completion_rate")
    assert (completion.value, completion.value_low) == (Decimal("1.5"), None)
    assert asked(database, shop, "cart_abandonment_rate").value == Decimal("-0.5")
    assert asked(database, shop, "conversion_rate").value_low is not None


def test_an_edit_counts_on_its_own_day_and_leaves_the_order_value_alone(database: Engine) -> None:
    """$100 on 1 January, edited by +$50 on 2 January: net sales 100 and 50, AOV still 100."""
    placed = order(1, date(2026, 1, 1), 1)
    added = LineItem(2, "More", 2, "", None, 1, 5_000)
    placed.line_items.append(added)
    edit = (Sale(2, "ORDER", "PRODUCT", 1, 5_000, 0, 0, 2),)
    placed.agreements.append(Agreement(2, "OrderEditAgreement", "ORDER_EDIT", at(date(2026, 1, 2)), edit))
    shop = shop_with(database, [placed])
    with database.connect() as connection:
        days = series(connection, shop, "net_sales", JANUARY.start or date.min, date(2026, 1, 4), "daily")
    assert [day.value for day in days] == [Decimal(100), Decimal(50), Decimal(0)]
    assert asked(database, shop, "average_order_value").value == Decimal(100)
    assert asked(database, shop, "average_net_order_value").value == Decimal(150)


def test_the_worked_example_in_small(database: Engine) -> None:
    """Three of four customers had ordered before: the AOV of returning orders leaves first orders out."""
    before = [order(n, date(2025, 12, n), n) for n in (1, 2, 3)]
    now = [order(10 + n, date(2026, 1, n), n, 5_000 + 500 * n) for n in (1, 2, 3)]
    newcomer = order(14, date(2026, 1, 4), 4, 99_900)
    shop = shop_with(database, [*before, *now, newcomer])
    aov = asked(database, shop, "average_order_value", customer_type="returning")
    assert (aov.value, aov.numerator, aov.denominator) == (Decimal(60), Decimal(180), Decimal(3))
    assert (aov.currency, aov.unit, aov.metric_version) == ("USD", "money", 1)
    assert aov.left_out == {"outside_segment": 1}
    # The spread of 55, 60, 65: 1.96 standard errors of 5 / √3 on either side.
    assert aov.value_low == Decimal("54.342071")
    assert aov.value_high == Decimal("65.657929")
    assert asked(database, shop, "repeat_customers").value == Decimal(3)
    repeat = asked(database, shop, "repeat_purchase_rate")
    assert (repeat.value, repeat.window) == (Decimal("0.75"), Window(None, date(2026, 2, 1)))


def test_an_order_without_a_ledger_is_an_order(database: Engine) -> None:
    """One of three has no entry in the ledger: the net sales of two are divided by three, and three are counted."""
    bare, tried = order(2, date(2026, 1, 2), 2), order(4, date(2026, 1, 2), 2)
    bare.agreements = tried.agreements = []
    tried.test = True
    shop = shop_with(database, [order(1, date(2026, 1, 1), 1), bare, order(3, date(2026, 1, 3), 3), tried])
    found = asked(database, shop, "average_net_order_value")
    assert (found.numerator, found.denominator) == (Decimal(200), 3)
    assert (found.counted, found.left_out) == (3, {"test": 1})
    by_mail = asked(database, shop, "average_net_order_value", utm_source="mail")
    assert (by_mail.counted, by_mail.left_out) == (0, {"test": 1, "outside_segment": 3})
    assert asked(database, shop, "net_sales").counted == 2


def test_a_customer_may_be_new_and_returning_at_once(database: Engine) -> None:
    """Customer 1: first and second order in January, same day. Customer 2: one in December, two in January."""
    shop = shop_with(
        database,
        [
            order(1, date(2026, 1, 5), 1),
            order(2, date(2026, 1, 5), 1),
            order(3, date(2025, 12, 5), 2),
            order(4, date(2026, 1, 6), 2),
            order(5, date(2026, 1, 7), 2),
        ],
    )
    counts = {name: asked(database, shop, name).value for name in ("customers", "new_customers", "returning_customers")}
    assert counts == {"customers": 2, "new_customers": 1, "returning_customers": 2}
    assert asked(database, shop, "orders_per_customer").value == Decimal(2)
    one_day = Window(date(2026, 1, 7), date(2026, 1, 8))
    assert asked(database, shop, "returning_customer_rate", one_day).value == Decimal(1)


def test_a_segment_counts_its_own_customers_but_keeps_their_order_numbers(database: Engine) -> None:
    """Customer 1 came by newsletter (1st), google (2nd), newsletter (3rd), all in January.

    In the newsletter segment the third order follows the first, so the customer returns there once; by google alone
    the customer is returning at once, although it is the only google order.
    """
    shop = shop_with(
        database,
        [
            order(1, date(2026, 1, 1), 1, utm="newsletter"),
            order(2, date(2026, 1, 2), 1, utm="google"),
            order(3, date(2026, 1, 3), 1, utm="newsletter"),
            order(4, date(2026, 1, 4), 1, utm="newsletter"),
        ],
    )
    for source, repeat in (("newsletter", 1), ("google", 0)):
        rate = asked(database, shop, "returning_customer_rate", utm_source=source)
        assert (rate.numerator, rate.denominator) == (1, 1)
        assert asked(database, shop, "repeat_customers", utm_source=source).value == repeat


def test_who_ordered_again_within_so_many_days_of_the_first_order(database: Engine) -> None:
    """Ten customers begin on 1 January; three order again by day 30, the last of them on it, and a fourth on day 31.

    So on 31 January the rate within 30 days is 30 %, and on 2 March the rate within 60 days is 40 %. Whoever begins
    later, or has no name, is not in it yet or never.
    """
    first = date(2026, 1, 1)
    orders = [order(n, first, n) for n in range(1, 11)]
    orders += [order(20 + n, first + timedelta(days=later), n) for n, later in enumerate((0, 7, 30, 31), 1)]
    orders += [order(31, first, None), order(32, first + timedelta(days=1), 32), order(33, date(2026, 1, 15), 1)]
    shop = shop_with(database, orders)
    day_30, day_60 = (Window(end - timedelta(days=1), end) for end in (date(2026, 2, 1), date(2026, 3, 3)))
    within_30 = asked(database, shop, "repurchase_rate_30d", day_30)
    assert (within_30.value, within_30.numerator, within_30.denominator) == (Decimal("0.3"), 3, 10)
    assert (within_30.counted, within_30.left_out) == (10, {"no_customer": 1, "not_first": 1})
    assert within_30.value_low is not None
    assert asked(database, shop, "repurchase_rate_60d", day_60).value == Decimal("0.4")
    assert asked(database, shop, "repurchase_rate_30d", Window(first, date(2026, 1, 31))).value is None
    assert asked(database, shop, "repurchase_rate_30d", day_60).value is None
    february = asked(database, shop, "repurchase_rate_30d", Window(date(2026, 1, 15), date(2026, 3, 1)))
    assert (february.numerator, february.denominator) == (3, 11)


def test_a_cohort_is_named_by_its_first_order(database: Engine) -> None:
    """Won by newsletter and back by google counts for the newsletter; a cancelled first order begins nobody's life."""
    first, later = date(2026, 1, 1), date(2026, 1, 20)
    shoes = order(5, first, 5, product_type="Shoes", utm="google")
    shoes.cancelled_at = at(later)
    shop = shop_with(
        database,
        [
            order(1, first, 1, utm="newsletter"), order(2, later, 1, utm="google"),
            order(3, first, 3, utm="google"), shoes, order(6, later, 5, product_type="Shirts"),
        ],
    )  # fmt: skip
    window = Window(first, date(2026, 2, 1))

    def parts(population: Population = "all", **where: str) -> tuple[Decimal, Decimal | None]:
        with database.connect() as connection:
            found = measure(
                connection, shop, "repurchase_rate_30d", window, segment=Segment.of(where), population=population
            )
        assert found.counted == found.denominator
        return found.numerator, found.denominator

    assert parts() == (2, 3)
    assert parts(utm_source="newsletter") == (1, 1)
    assert parts(utm_source="google") == (1, 2)
    assert parts(product_type="Shoes") == (1, 1)
    assert parts(product_type="Shirts") == (0, 0)
    assert parts("kept") == (1, 2)  # the other begins on 20 January


def test_what_customers_brought_in_their_first_days(database: Engine) -> None:
    """Won on 1 January: one brings 100 and 50 by day 90 and 70 on day 91; the other 60, of which 20 went back in June.

    So 190 of two, 95 each, and the spread of 150 and 40 on either side: 1.96 × 77.78 ÷ √2. After 180 days it is 260.
    """
    first = date(2026, 1, 1)
    returned = order(5, first, 2, 6_000)
    back = (Sale(6, "RETURN", "PRODUCT", -1, -2_000, 0, 0, 5),)
    returned.agreements.append(Agreement(6, "ReturnAgreement", "RETURN", at(date(2026, 6, 1)), back))
    orders = [order(1, first, 1), returned, order(4, first, None)]
    orders += [order(2, first + timedelta(days=90), 1, 5_000), order(3, first + timedelta(days=91), 1, 7_000)]
    shop = shop_with(database, orders)
    second_quarter, third = (Window(date(2026, month, 1), date(2026, month + 3, 1)) for month in (4, 7))
    value = asked(database, shop, "lifetime_value_90d", second_quarter)
    assert (value.value, value.numerator, value.denominator) == (Decimal(95), Decimal(190), 2)
    assert (value.counted, value.left_out, value.currency) == (2, {"no_customer": 1, "not_first": 1}, "USD")
    assert value.value_low is not None
    assert value.value_low.quantize(Decimal("0.01")) == Decimal("-12.80")
    assert asked(database, shop, "lifetime_value_180d", second_quarter).value == Decimal(130)
    assert asked(database, shop, "lifetime_value_180d", third).value is None


def test_order_value_of_a_product_line(database: Engine) -> None:
    """With a product type: those lines only, over the orders that hold one."""
    both = order(1, date(2026, 1, 1), 1, 3_000, product_type="Shoes")
    both.line_items.append(LineItem(2, "Shirt", 2, "Shirts", None, 2, 500))
    shirts = Sale(2, "ORDER", "PRODUCT", 2, 1_000, 0, 0, 2)
    both.agreements[0] = both.agreements[0]._replace(sales=(*both.agreements[0].sales, shirts))
    shop = shop_with(database, [both, order(3, date(2026, 1, 2), 2, 5_000, product_type="Shoes")])
    shoes = asked(database, shop, "average_order_value", product_type="Shoes")
    assert (shoes.value, shoes.denominator) == (Decimal(40), 2)
    shirts_only = asked(database, shop, "units_per_order", product_type="Shirts")
    assert (shirts_only.value, shirts_only.left_out) == (Decimal(2), {"outside_segment": 1})


@pytest.mark.parametrize(
    ("exponent", "currency", "expected"), [(0, "JPY", "10000"), (2, "EUR", "100"), (3, "KWD", "10")]
)
def test_money_has_the_currency_s_own_decimals(database: Engine, exponent: int, currency: str, expected: str) -> None:
    shop = shop_with(database, [order(1, date(2026, 1, 1), 1)], exponent, currency)
    assert asked(database, shop, "gross_sales").value == Decimal(expected)


def test_the_spread_of_huge_amounts_does_not_overflow(database: Engine) -> None:
    """Squares of 10¹² minor units are beyond a 64-bit integer."""
    amounts = [10**12, 3 * 10**12]
    shop = shop_with(database, [order(n, date(2026, 1, 1), n, amount) for n, amount in enumerate(amounts, 1)])
    aov = asked(database, shop, "average_order_value")
    assert aov.value == Decimal(2) * 10**10
    assert aov.value_low is not None
    assert aov.value_low < aov.value


def test_a_ratio_of_nothing_has_no_value_and_a_count_is_zero(database: Engine) -> None:
    shop = shop_with(database, [])
    aov = asked(database, shop, "average_order_value")
    assert (aov.value, aov.numerator, aov.denominator, aov.value_low) == (None, 0, 0, None)
    assert asked(database, shop, "returning_customer_rate").value_low is None
    assert asked(database, shop, "orders").value == 0
    with database.connect() as connection:
        start = date(2026, 1, 1)
        assert [r.value for r in series(connection, shop, "customers", start, date(2026, 1, 3), "running")] == [0, 0]
        assert series(connection, shop, "customers", start, start, "running") == []
        assert by(connection, shop, "customers", start, start, "week") == []


def test_deleted_and_test_orders_are_left_out_and_said_so(database: Engine) -> None:
    orders = [order(n, date(2026, 1, n), 1) for n in (1, 2, 3)]
    orders[1].test = True
    start = at(date(2025, 1, 1))
    world = World("examples", 7, "examples.myshopify.com", "UTC", "USD", 2, start, start, orders)
    with database.begin() as connection:
        shop = load_world(connection, world, deleted_ids=[1])
    counted = asked(database, shop, "orders")
    assert (counted.value, counted.counted, counted.left_out) == (1, 1, {"test": 1, "deleted": 1})
    assert asked(database, shop, "new_customers").value == 1


def test_what_needs_orders_that_were_not_read_is_incomplete(database: Engine) -> None:
    """Orders were read from 15 December on: a January count is whole, a customer's history is not."""
    shop = shop_with(database, [order(1, date(2026, 1, 1), 1)])
    read_from = date(2025, 12, 15)
    with database.connect() as connection:

        def is_complete(metric: str, window: Window = JANUARY, **where: str) -> bool:
            segment = Segment.of(where)
            found = measure(connection, shop, metric, window, segment=segment, covered_from=read_from)
            assert found.incomplete_because.startswith("" if found.is_complete else f"orders before {read_from} were")
            return found.is_complete

        assert is_complete("orders")
        assert is_complete("customers")
        assert is_complete("orders", Window(read_from, date(2026, 1, 1)))
        assert not is_complete("orders", Window(read_from - timedelta(days=1), date(2026, 1, 1)))
        assert not is_complete("orders", Window(None, date(2026, 1, 1)))
        assert not is_complete("orders", customer_type="returning")
        assert not is_complete("repeat_customers")
        assert not is_complete("returning_customer_rate")
        assert not is_complete("repurchase_rate_30d", Window(date(2026, 3, 1), date(2026, 4, 1)))
        assert not is_complete("lifetime_value_90d", Window(date(2026, 5, 1), date(2026, 6, 1)))
        [as_of] = series(
            connection, shop, "repeat_customers", date(2026, 1, 1), date(2026, 1, 2), "as_of", covered_from=read_from
        )
        assert (as_of.is_complete, as_of.value) == (False, 0)


def test_an_answer_says_how_fresh_its_data_is(database: Engine) -> None:
    shop = shop_with(database, [])
    assert asked(database, shop, "orders").data_as_of is None
    read_up_to = datetime(2026, 1, 31, 23, tzinfo=UTC)
    with database.begin() as connection:
        row = {"shop_id": 7, "connector": "orders", "position": read_up_to, "moved_at": read_up_to}
        connection.execute(insert(watermarks), row)
    assert asked(database, shop, "orders").data_as_of == read_up_to


@pytest.mark.parametrize(
    ("metric", "where", "complaint"),
    [
        ("shipping", {"product_type": "Shoes"}, "metric shipping: where.product_type: cannot be split by product_type"),
        ("orders", {"mood": "good"}, "it can be split by customer_type, source"),
        ("orders", {"customer_type": "old"}, "'old' is no customer_type\n    hint: write first_time, returning"),
        ("orders", {"is_b2b": "1"}, "hint: write true or false"),
        ("repeat_customers", {"customer_type": "returning"}, "cannot be split by customer_type"),
        ("repurchase_rate_30d", {"customer_type": "first_time"}, "cannot be split by customer_type"),
        (
            "sessions",
            {"source": "web"},
            "it can be split by referrer_source, utm_source, utm_medium, utm_campaign, device",
        ),
        ("orders", {"device": "mobile"}, "metric orders: where.device: cannot be split by device"),
    ],
)
def test_a_segment_that_cannot_be_answered_is_refused(metric: str, where: dict[str, str], complaint: str) -> None:
    shop = Shop(7, "examples.myshopify.com", "UTC", "USD", 2, datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(Misconfigured) as raised:
        query_for(shop, metric, JANUARY, "sqlite", segment=Segment.of(where))
    assert complaint in str(raised.value)


def test_sessions_have_one_population() -> None:
    shop = Shop(7, "examples.myshopify.com", "UTC", "USD", 2, datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(
        Misconfigured, match="population: there is no population 'kept' of sessions\n    hint: write all"
    ):
        query_for(shop, "conversion_rate", JANUARY, "sqlite", population="kept")


def test_one_value_of_each_dimension_can_be_asked_for() -> None:
    shop = Shop(7, "examples.myshopify.com", "UTC", "USD", 2, datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(Misconfigured, match="asked for twice"):
        query_for(shop, "orders", JANUARY, "sqlite", segment=Segment.of([("source", "web"), ("source", "pos")]))


def test_a_level_has_only_an_as_of_series(database: Engine) -> None:
    shop = shop_with(database, [])
    with database.connect() as connection, pytest.raises(Misconfigured, match="is a level and has no running series"):
        series(connection, shop, "repeat_customers", date(2026, 1, 1), date(2026, 1, 2), "running")


def test_the_sql_behind_an_answer_can_be_read_and_run(database: Engine) -> None:
    shop = shop_with(database, [order(1, date(2026, 1, 1), 1, utm="google")])
    query = query_for(
        shop, "customers", JANUARY, database.dialect.name, segment=Segment.of({"utm_source": "google"}),
        population="kept",
    )  # fmt: skip
    for cte in ("kept_orders", "orders_in_scope", "counted_orders"):
        assert f"{cte} as (\n    select\n" in query.sql
    assert "counted_sales" not in query.sql
    assert query.binds == {
        "shop_id": 7, "segment_utm_source": "google", "window_start": JANUARY.start, "window_end": JANUARY.end,
    }  # fmt: skip
    with database.connect() as connection:
        [row] = query.run(connection).mappings()
    assert row["numerator"] == 1


def test_weeks_begin_on_monday_and_quarters_with_the_fiscal_year(database: Engine) -> None:
    shop = shop_with(database, [])
    start, end = date(2026, 1, 1), date(2026, 3, 1)
    with database.connect() as connection:
        weeks = by(connection, shop, "orders", start, end, "week")
        quarters = by(connection, shop, "orders", start, end, "quarter", fiscal_year_start=2)
    assert [w.window.start for w in weeks][:3] == [start, date(2026, 1, 5), date(2026, 1, 12)]
    assert [q.window for q in quarters] == [Window(start, date(2026, 2, 1)), Window(date(2026, 2, 1), end)]
