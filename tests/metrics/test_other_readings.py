"""What others call by the same name: counted right, and reached from our numbers by steps that add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, Engine

from service.demo.model import Agreement, Order, Sale, Visits, World
from service.explained import Compared, Explained, take_apart
from service.ground import Ground
from service.metrics.catalogue import catalogue
from service.metrics.measure import answer, examples, measure
from service.metrics.other_readings import OTHER_READINGS, texts
from service.metrics.scope import Scope
from service.values import Coverage, Population, Segment, Shop, Window
from tests.metrics import little_world as little
from tests.metrics.load_world import load_world
from tests.metrics.second_answer import SecondAnswer, shop_day_of, total_sales_of
from tests.metrics.test_examples import JANUARY, order, shop_with

START, END = little.FIRST_DAY, little.FIRST_DAY + timedelta(days=little.DAYS)
MONTH = Window(START + timedelta(days=40), START + timedelta(days=71))
LONG_AGO, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


def ground_for(shop: Shop) -> Ground:
    """Everything was read."""
    names = ("orders", "checkouts", "sessions")
    read = {name: Coverage(name, LONG_AGO, LATER, 0, 0, LATER) for name in names}
    return Ground(shop, read, dict.fromkeys(names, timedelta(days=1)), is_cut=False)


def taken(
    connection: Connection, shop: Shop, metric: str, window: Window, population: Population = "all", **where: str
) -> Explained:
    found = measure(connection, shop, metric, window, segment=Segment.of(where), population=population)
    return take_apart(connection, ground_for(shop), found, window, 0)


def theirs(explained: Explained, metric: str) -> Compared:
    [found] = [each for each in explained.others if each.other.metric == metric]
    return found


def told(compared: Compared) -> dict[str, Decimal]:
    return {step.words: amount for step, amount in compared.steps}


# --- the catalogue of them -------------------------------------------------------------------------------------------


def test_each_belongs_to_a_metric_and_is_answered_by_one() -> None:
    known = {**texts(), **catalogue()}
    assert len(known) == len(texts()) + len(catalogue())
    for id_, others in OTHER_READINGS.items():
        assert id_ in catalogue()
        for each in others:
            assert each.source.startswith("https://")
            assert each.differs.endswith(".")
            assert each.metric in known
            assert each.metric != id_ or each.dated_by or each.population
            for step in each.steps:
                assert step.metric in {"", *known}
                assert step.part == "numerator" or known[id_].denominator
            rests = [step.part for step in each.steps if not step.metric]
            assert len(rests) == len(set(rests)), "what is left of a part is one step"


def test_no_text_lies_there_unused() -> None:
    others = [each for found in OTHER_READINGS.values() for each in found]
    used = {each.metric for each in others} | {step.metric for each in others for step in each.steps}
    assert set(texts()) <= used


def test_what_goes_by_the_day_of_the_order_is_not_measured_by_changed_rows() -> None:
    """Of a ledger line that changed, the order's day is not written down."""
    assert catalogue()["net_sales"].changes_by_rows()
    assert not texts()["net_sales_of_earlier_orders"].changes_by_rows()
    assert not OTHER_READINGS["net_sales"][0].definition().changes_by_rows()


# --- counted twice ---------------------------------------------------------------------------------------------------


class ByOrderDay(SecondAnswer):
    def _event_day(self, order: Order, _agreement: Agreement) -> date:
        return self.day[order.id]


class OfEarlierOrders(SecondAnswer):
    def ledger(self, first: date, end: date) -> Iterator[Sale]:
        everything = self.orders
        self.orders = [order for order in everything if self.day[order.id] < first]
        yield from super().ledger(first, end)
        self.orders = everything


Parts = tuple[Decimal | int, Decimal | int | None]

SECOND: Mapping[str, tuple[type[SecondAnswer], Callable[[SecondAnswer, date, date], Parts]]] = {
    "returning_share_of_all_orders": (
        SecondAnswer,
        lambda s, a, b: (sum(s.numbers[o.id] >= 2 for o in s.placed(a, b)), len(s.placed(a, b))),
    ),
    "total_sales_per_order": (SecondAnswer, lambda s, a, b: (total_sales_of(s, a, b), len(s.placed(a, b)))),
    "net_sales_of_earlier_orders": (OfEarlierOrders, lambda s, a, b: (s.net_sales(a, b), None)),
    "total_sales_of_earlier_orders": (OfEarlierOrders, lambda s, a, b: (total_sales_of(s, a, b), None)),
    "sales_reversals_of_earlier_orders": (OfEarlierOrders, lambda s, a, b: (s.ledger_sum("reversals", a, b), None)),
    "net_sales": (ByOrderDay, lambda s, a, b: (s.net_sales(a, b), None)),
    "total_sales": (ByOrderDay, lambda s, a, b: (total_sales_of(s, a, b), None)),
    "sales_reversals": (ByOrderDay, lambda s, a, b: (s.ledger_sum("reversals", a, b), None)),
}

SEGMENTS: tuple[dict[str, str], ...] = ({}, {"source": "web"}, {"product_type": "Shoes"}, {"utm_medium": "email"})


@pytest.fixture(params=[0, 1])
def world(request: pytest.FixtureRequest) -> World:
    return little.little_world(request.param)


def test_each_text_about_orders_equals_a_second_answer(database: Engine, world: World) -> None:
    dated_back = [each.definition() for found in OTHER_READINGS.values() for each in found if each.dated_by]
    about_orders = [each for each in texts().values() if each.family.things == "orders"]
    asked = {each.id: each for each in (*about_orders, *dated_back)}
    assert set(asked) == set(SECOND)
    differ = []
    with database.begin() as connection:
        shop = load_world(connection, world)
        for id_, metric in asked.items():
            kind, parts = SECOND[id_]
            for where in SEGMENTS:
                for population in metric.family.populations:
                    second = kind(world, where, population)
                    for window in (MONTH, Window(START, END + timedelta(days=60))):
                        scope = Scope(metric, shop.shop_id, Segment.of(where), population)
                        ours = answer(connection, shop, scope, window)
                        expected = parts(second, window.start or date.min, window.end)
                        if (ours.numerator, ours.denominator) != expected:
                            differ.append((id_, where, population, window, ours, expected))
    assert differ == []


def test_checkouts_and_sessions_equal_a_second_answer(database: Engine, world: World) -> None:
    with database.begin() as connection:
        shop = load_world(connection, world)
        for first, end in ((START, END), (START + timedelta(days=40), START + timedelta(days=71))):
            visits = [
                each for each in world.visits() if each.is_human and first <= shop_day_of(world, each.began_at) < end
            ]
            both = sum(each.reached_and_completed for each in visits)
            reached = sum(each.reached_checkout for each in visits)
            settled = [each for each in world.checkouts if each.created_at <= world.now - 86_400]
            listed = [each for each in settled if first <= shop_day_of(world, each.created_at) < end]
            expected = {
                "checkout_completion_in_one_session": (both, reached),
                "checkout_abandonment_in_one_session": (reached - both, reached),
                "listed_checkouts": (len(listed), None),
            }
            for id_, parts in expected.items():
                found = answer(connection, shop, Scope(texts()[id_], shop.shop_id), Window(first, end))
                assert (found.numerator, found.denominator) == parts


def test_the_steps_lead_from_our_number_to_theirs(database: Engine, world: World) -> None:
    """For every metric, part by part, whole and by segment; and ours and theirs are not always the same."""
    differing = set()
    with database.begin() as connection:
        shop = load_world(connection, world)
        for metric in OTHER_READINGS:
            for where in SEGMENTS:
                if not set(where) <= set(catalogue()[metric].segments):
                    continue
                explained = taken(connection, shop, metric, MONTH, **where)
                for each in explained.others:
                    if each.reading is None or not each.other.steps:
                        continue
                    for part in ("numerator", "denominator"):
                        ours = getattr(explained.measurement, part) or 0
                        steps = sum(amount for step, amount in each.steps if step.part == part)
                        assert ours + steps == (getattr(each.reading, part) or 0), (metric, each.other.metric, where)
                        if steps:
                            differing.add((metric, each.other.metric))
    with_steps = {(m, each.metric) for m, found in OTHER_READINGS.items() for each in found if each.steps}
    about_orders = {pair for pair in with_steps if catalogue()[pair[0]].family.things == "orders"}
    assert len(differing & about_orders) >= len(about_orders) - 2


# --- published examples ----------------------------------------------------------------------------------------------


def test_a_merchant_s_month_by_those_who_count_both_in_one_session(database: Engine) -> None:
    """Reached 1,590, completed 879, both in one session 700: 55.28 % here and in the admin, 44.03 % there."""
    month = Visits(little.at(date(2026, 1, 10)), True, 40_000, 2_930, 1_590, 879, 700)
    shop = shop_with(database, [], visits=[month])
    with database.connect() as connection:
        for ours, other, expected, sign in (
            ("checkout_completion_rate", "checkout_completion_in_one_session", "0.4403", -1),
            ("checkout_abandonment_rate", "checkout_abandonment_in_one_session", "0.5597", 1),
        ):
            found = theirs(taken(connection, shop, ours, JANUARY), other)
            assert found.reading is not None and found.reading.value is not None
            assert found.reading.value.quantize(Decimal(expected)) == Decimal(expected)
            assert told(found) == {"sessions that completed a checkout reached in an earlier one": sign * 179}


def test_a_refund_on_its_own_day_and_on_that_of_its_order(database: Engine) -> None:
    """100 in December, of which 30 came back in January; 80 in January, of which 20 came back in February."""

    def back(of: Order, day: date, amount: int) -> Order:
        sale = Sale(of.id + 1000, "RETURN", "PRODUCT", -1, -amount, 0, 0, of.id)
        of.agreements.append(Agreement(of.id + 1000, "RefundAgreement", "REFUND", little.at(day), (sale,)))
        return of

    december = back(order(1, date(2025, 12, 20), 1), date(2026, 1, 5), 3_000)
    january = back(order(2, date(2026, 1, 20), 2, 8_000), date(2026, 2, 3), 2_000)
    shop = shop_with(database, [december, january])
    with database.connect() as connection:
        explained = taken(connection, shop, "net_sales", JANUARY)
        [dated_back] = explained.others
        assert (explained.measurement.value, dated_back.reading and dated_back.reading.value) == (50, 60)
        assert list(told(dated_back).values()) == [30, -20]
        reversals = taken(connection, shop, "sales_reversals", JANUARY)
        assert (reversals.measurement.value, reversals.others[0].reading and reversals.others[0].reading.value) == (
            30,
            20,
        )


def test_an_average_order_before_and_after_2023(database: Engine) -> None:
    """Two orders of 100; 10 of shipping, 22 of taxes, and 30 came back: 100 today, 101 by total sales, 85 net."""
    first, second = order(1, date(2026, 1, 5), 1), order(2, date(2026, 1, 6), 2)
    taxed = Sale(1, "ORDER", "PRODUCT", 1, 12_000, 2_000, 0, 1)
    shipped = Sale(11, "ORDER", "SHIPPING", 1, 1_200, 200, 0, None)
    first.agreements[0] = first.agreements[0]._replace(sales=(taxed, shipped))
    returned = Sale(12, "RETURN", "PRODUCT", -1, -3_000, 0, 0, 2)
    second.agreements.append(Agreement(12, "RefundAgreement", "REFUND", little.at(date(2026, 1, 9)), (returned,)))
    shop = shop_with(database, [first, second])
    with database.connect() as connection:
        explained = taken(connection, shop, "average_order_value", JANUARY)
        assert explained.measurement.value == 100
        before, net = (theirs(explained, name) for name in ("total_sales_per_order", "average_net_order_value"))
        assert (before.reading and before.reading.value, net.reading and net.reading.value) == (101, 85)
        assert {words: amount for words, amount in told(before).items() if amount} == {
            "shipping": 10, "taxes": 22, "taken back on these days, whenever it was ordered": -30,
        }  # fmt: skip


def test_what_cannot_be_split_or_was_not_read_is_said(database: Engine) -> None:
    shop = shop_with(database, [], visits=[Visits(little.at(date(2026, 1, 10)), True, 90, 9, 5, 3, 3, device="mobile")])
    with database.connect() as connection:
        split = theirs(
            taken(connection, shop, "cart_abandonment_rate", JANUARY, device="mobile"), "abandoned_checkout_rate"
        )
        assert (split.reading, split.because) == (None, "it cannot be split by device")
        ground = ground_for(shop)
        unread = Coverage("checkouts", None, None, 0, None, None, "no checkouts have been read yet")
        ground = Ground(shop, {**ground.coverages, "checkouts": unread}, ground.allowances, is_cut=False)
        found = take_apart(connection, ground, measure(connection, shop, "cart_abandonment_rate", JANUARY), JANUARY, 0)
        assert theirs(found, "abandoned_checkout_rate").because == "no checkouts have been read yet"
        kept = taken(connection, shop, "orders", JANUARY, "kept")
        assert kept.others == [], "what is asked like theirs already is not compared with itself"


# --- the rows behind a number ----------------------------------------------------------------------------------------


def test_the_rows_of_each_reason_come_to_its_count(database: Engine, world: World) -> None:
    """For every metric and population, by segment: all rows are those of the census, fewer the first of them."""
    with database.begin() as connection:
        shop = load_world(connection, world)
        for metric in catalogue().values():
            for population in metric.family.populations:
                for where in ({}, *({name: "web"} for name in metric.segments if name == "source")):
                    segment = Segment.of(where)
                    found = measure(connection, shop, metric.id, MONTH, segment=segment, population=population)
                    scope = Scope(metric, shop.shop_id, segment, population)
                    everything = examples(connection, scope, MONTH, 10_000)
                    counts: dict[str, int] = {}
                    for each in everything:
                        counts[each.reason] = counts.get(each.reason, 0) + each.rows
                    assert counts == {k: v for k, v in {**found.left_out, "counted": found.counted}.items() if v}
                    first = examples(connection, scope, MONTH, 2)
                    assert first == [
                        each for reason in sorted(counts) for each in [e for e in everything if e.reason == reason][:2]
                    ]


def test_rows_are_named_and_a_customer_is_not(database: Engine) -> None:
    shop = shop_with(database, [order(1, date(2026, 1, 5), 77_001), order(2, date(2026, 1, 6), None)])
    with database.connect() as connection:
        found = examples(connection, Scope(catalogue()["customers"], shop.shop_id), JANUARY, 5)
    assert [(each.reason, each.row_id, each.name, each.day.day) for each in found] == [
        ("counted", 1, "#1", 5), ("no_customer", 2, "#2", 6),
    ]  # fmt: skip
    assert "77001" not in str(found)
