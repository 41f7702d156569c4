"""Boutique has every odd order there is, lives two years, and breaks none of Shopify's rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from service.demo.model import Order, Sale, World
from service.demo.worlds import build
from tests.demo.lawful import assert_lawful


@pytest.fixture(scope="module")
def boutique() -> World:
    return build("boutique")


def local(world: World, at: int) -> datetime:
    return datetime.fromtimestamp(at, ZoneInfo(world.timezone))


def sales(order: Order) -> Iterator[Sale]:
    return (sale for agreement in order.agreements for sale in agreement.sales)


def lines_of(order: Order) -> set[str]:
    return {sale.line_type for sale in sales(order)}


def kinds(order: Order) -> list[str]:
    return [agreement.kind for agreement in order.agreements]


def only_adjusts(order: Order) -> bool:
    """A refund of money for no article."""
    return any({s.line_type for s in a.sales} == {"ADJUSTMENT"} for a in order.agreements)


def refund_after(order: Order, days: int) -> bool:
    late = order.created_at + days * 86_400
    return any(a.reason == "REFUND" and a.happened_at > late for a in order.agreements)


def within(order: Order, reason: str, action: str) -> bool:
    """Whether an agreement for that reason has a sale of that action."""
    return any(s.action_type == action for a in order.agreements if a.reason == reason for s in a.sales)


ODD: dict[str, Callable[[Order], bool]] = {
    "zero value": lambda o: o.placed_total == 0 and sum(s.discount for s in sales(o)) > 0,
    "free article": lambda o: any(item.unit_price == 0 for item in o.line_items),
    "gift card only": lambda o: lines_of(o) == {"GIFT_CARD"},
    "gift card and article": lambda o: lines_of(o) >= {"GIFT_CARD", "PRODUCT"},
    "tip only": lambda o: lines_of(o) == {"TIP"} and o.source_name == "pos",
    "terms": lambda o: o.is_b2b and o.financial_status == "PENDING",
    "paid in part": lambda o: o.financial_status == "PARTIALLY_PAID",
    "voided": lambda o: o.financial_status == "VOIDED" and o.cancelled_at is None,
    "voided, cancelled": lambda o: o.financial_status == "VOIDED" and o.cancelled_at is not None,
    "expired": lambda o: o.financial_status == "EXPIRED",
    "cancelled, refunded": lambda o: o.cancelled_at is not None and o.current_total == 0 < o.refunded_total,
    "cancelled, kept": lambda o: o.cancelled_at is not None and o.current_total == o.placed_total > 0,
    "edited up": lambda o: o.edited and within(o, "ORDER_EDIT", "UPDATE") and within(o, "ORDER_EDIT", "ORDER"),
    "edited down": lambda o: o.edited and within(o, "ORDER_EDIT", "RETURN"),
    "refunded in part": lambda o: o.financial_status == "PARTIALLY_REFUNDED",
    "refunded months later": lambda o: o.financial_status == "REFUNDED" and refund_after(o, 75),
    "money back for no article": only_adjusts,
    "return, then money": lambda o: kinds(o)[1:] == ["ReturnAgreement", "RefundAgreement"],
    "fee kept": lambda o: any(s.line_type == "ADJUSTMENT" and s.total > 0 for s in sales(o)),
    "exchange": lambda o: within(o, "RETURN", "RETURN") and within(o, "RETURN", "ORDER"),
    "shipping refunded": lambda o: any(s.line_type == "SHIPPING" and s.total < 0 for s in sales(o)),
    "duties and fees": lambda o: lines_of(o) >= {"DUTY", "FEE", "ADDITIONAL_FEE"},
    "imported": lambda o: o.processed_at < o.created_at - 365 * 86_400,
    "clock skew": lambda o: 0 < o.created_at - o.processed_at < 60,
    "other currency": lambda o: o.presentment_currency == "USD" and o.presentment_rate != 1,
    "test": lambda o: o.test,
    "renewal": lambda o: any(item.selling_plan for item in o.line_items) and not o.has_journey,
    "online guest": lambda o: o.customer_id is None and o.source_name == "web",
    "walk-in": lambda o: o.customer_id is None and o.source_name == "pos",
    "draft": lambda o: o.source_name == "shopify_draft_order",
    "app as source": lambda o: (o.source_name or "").isdigit() and o.app is not None,
    "no source": lambda o: o.source_name is None,
    "channel": lambda o: o.channel is not None and o.channel[1] == "Marktplatz",
    "first is not last visit": lambda o: o.first_visit != o.last_visit,
    "campaign": lambda o: o.last_visit is not None and o.last_visit.utm is not None,
    "journey not ready": lambda o: o.has_journey and not o.journey_ready and o.last_visit is None,
    "600 lines": lambda o: len(o.line_items) == 600,
    "40 agreements": lambda o: len(o.agreements) == 40,
    "two codes": lambda o: len(o.discount_codes) == 2,
    "deleted product": lambda o: any(i.product_id is None and i.unit_price for i in o.line_items),
    "no product type": lambda o: any(item.product_type == "" for item in o.line_items),
    "no vendor": lambda o: any(item.vendor is None for item in o.line_items),
}


@pytest.mark.parametrize("kind", ODD)
def test_has(boutique: World, kind: str) -> None:
    assert any(map(ODD[kind], boutique.orders))


@pytest.mark.parametrize("seed", range(5))
def test_even_the_smallest_boutique_has_every_oddity_it_can_date(seed: int) -> None:
    """In 300 orders a kind that needs a second draw (is a voided order cancelled?) may be missing."""
    small = build("boutique", orders=300, seed=seed)
    missing = [kind for kind, is_odd in ODD.items() if not any(map(is_odd, small.orders))]
    assert len(missing) <= 5 and not {"600 lines", "40 agreements", "tip only", "exchange"} & set(missing)


def test_orders_stand_in_the_hours_that_clock_changes_repeat_or_skip(boutique: World) -> None:
    clocks = [local(boutique, order.created_at) for order in boutique.orders]
    twice = [c for c in clocks if c.replace(fold=0).utcoffset() != c.replace(fold=1).utcoffset()]
    assert {(c.year, c.fold) for c in twice} == {(2024, 0), (2024, 1), (2025, 0), (2025, 1)}
    shown = {clock.strftime("%F %T") for clock in clocks}
    for day in ("2025-03-30", "2026-03-29"):
        assert {f"{day} 01:59:59", f"{day} 03:00:00"} <= shown


def test_orders_and_refunds_stand_on_both_sides_of_midnight(boutique: World) -> None:
    later = [agreement.happened_at for order in boutique.orders for agreement in order.agreements[1:]]
    for instants in (later, [order.created_at for order in boutique.orders]):
        assert {"00:00:00", "23:59:59"} <= {local(boutique, at).time().isoformat() for at in instants}


def test_lives_two_years_with_seasons_and_faithful_buyers(boutique: World) -> None:
    days = [local(boutique, order.created_at).date() for order in boutique.orders]
    assert (days[0], days[-1]) == (date(2024, 10, 1), date(2026, 10, 1))
    months = Counter((day.year, day.month) for day in days)
    assert months[2025, 12] > 1.4 * months[2025, 8]
    assert max(Counter(days[200:]), key=Counter(days[200:]).__getitem__).month in (11, 12)
    per_customer = Counter(Counter(o.customer_id for o in boutique.orders if o.customer_id).values())
    assert per_customer[1] > per_customer[2] > per_customer[4] > 0 and max(per_customer) > 30


@pytest.mark.parametrize("orders", [300, 5_000])
def test_has_as_many_orders_as_asked(orders: int) -> None:
    assert len(build("boutique", orders=orders).orders) == orders


def test_it_is_lawful(boutique: World) -> None:
    assert_lawful(boutique)
