"""Small random shops for property tests: `little_worlds()`.

A world is drawn as a plan (plain tuples of small numbers, so that a failing example shrinks to few and simple
orders) and then built through the same till and aftermath as the big worlds, so Shopify's laws hold:
ids and created_at rise together, nothing is taken back that is not there, no agreement is older than its
order or newer than the order's updated_at, signs follow the action. Orders crowd where calendars hurt: midnights,
quarter ends, the hours that clock changes skip or repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from hypothesis import strategies as st

from service.demo.model import Order, World
from service.demo.worlds import aftermath
from service.demo.worlds.days import DAY, HOUR, Days
from service.demo.worlds.till import Extra, Journey, Product, Till

FIRST_DAY, LAST_DAY = date(2025, 12, 15), date(2026, 10, 20)
# Half an hour of daylight saving (Lord Howe), clocks that change at midnight (Santiago, Cairo), odd offsets.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Santiago",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
)
CURRENCIES = (("EUR", 2), ("JPY", 0), ("KWD", 3))
SHELF = (
    Product(1, "Shirt", "Shirts", "Weber", 6_990, 19),
    Product(2, "Book", "Books", "Papierwerk", 1_001, 7),
    Product(3, "Pen", "Shirts", None, 333, 0),
    Product(None, "Poncho", "Knitwear", "Nordwind", 8_450, 19),
    Product(4, "Sample", "", "Weber", 0, 19),
    Product(5, "Coffee", "Food", "Rösterei", 1_190, 7, "PRODUCT", "Every 4 weeks"),
    Product(6, "Gift card", "Gift Cards", None, 5_000, 0, "GIFT_CARD"),
)
JOURNEYS = (
    Journey("direct", None),
    Journey("google", "SEO", "https://www.google.com/"),
    Journey("newsletter", "NEWSLETTER", None, ("spring", None, "email", "newsletter", None)),
    Journey("google", "AD", None, ("brand", "a", "cpc", "google", "shop")),
)
SOURCES = ("web", "pos", "shopify_draft_order", "3890849", None)
STATUSES = ("PAID", "PAID", "PAID", "PAID", "PENDING", "AUTHORIZED", "VOIDED", "EXPIRED", "PARTIALLY_PAID")
EVENTS = (
    "refund_units",
    "refund_everything",
    "refund_shipping",
    "refund_amount",
    "return_units",
    "exchange",
    "edit_in",
    "edit_up",
    "edit_down",
    "cancel",
)


class Event(NamedTuple):
    """Something that happens to an order; `line` and `units` are taken modulo what is there."""

    kind: str
    at: int
    line: int
    units: int


class Plan(NamedTuple):
    """An order before it is built. `early` says how much sooner it was processed than created."""

    at: int
    customer: int | None
    lines: list[tuple[Product, int]]
    early: int = 0
    off_percent: int = 0
    extras: Sequence[Extra] = ()
    source: str | None = "web"
    status: str = "PAID"
    journeys: tuple[Journey | None, Journey | None] = (None, None)
    test: bool = False
    is_b2b: bool = False
    codes: tuple[str, ...] = ()
    events: Sequence[Event] = ()


@cache
def _days(zone: str) -> Days:
    return Days(zone, FIRST_DAY, LAST_DAY)


@cache
def _sore_points(zone: str) -> tuple[int, ...]:
    """Either side of quarter starts, two plain midnights, clock changes and the hours around those."""
    days = _days(zone)
    midnights = ((1, 1), (4, 1), (7, 1), (10, 1), (2, 28), (5, 3))
    starts = [days.start(date(2026, month, day)) for month, day in midnights]
    changes = [at + by for at in days.clock_changes() for by in (-HOUR, -HOUR // 2, 0, HOUR // 2, HOUR)]
    return tuple(at + by for at in sorted([*starts, *changes]) for by in (-1, 0, 1))


@cache
def _instants(zone: str) -> st.SearchStrategy[int]:
    days = _days(zone)
    # Whole hours shrink well and collide, which ties in time need.
    opened, hours = days.starts[0], (days.starts[-1] - days.starts[0]) // HOUR
    on_the_hour = st.integers(0, hours - 1).map(lambda n: opened + n * HOUR)
    return st.one_of(on_the_hour, st.sampled_from(_sore_points(zone)))


def _events(zone: str) -> st.SearchStrategy[list[Event]]:
    event = st.builds(Event, st.sampled_from(EVENTS), _instants(zone), st.integers(0, 3), st.integers(0, 3))
    return st.lists(event, max_size=4)


_EXTRAS = st.lists(
    st.builds(
        Extra,
        st.sampled_from(("SHIPPING", "TIP", "DUTY", "FEE", "ADDITIONAL_FEE")),
        st.integers(0, 999),
        st.sampled_from((0, 7, 19)),
    ),
    max_size=3,
    unique_by=lambda extra: extra.line_type,
)


_LINES = st.lists(st.tuples(st.sampled_from(SHELF), st.integers(1, 4)), max_size=4)


@cache
def _plans(zone: str, customers: int) -> st.SearchStrategy[Plan]:
    """Plain orders and odd ones: the plain are cheap to draw and make the histories of customers longer."""
    # Not st.builds(Plan, …): it would make up values for the fields that have a default.
    parts = st.tuples(_instants(zone), st.integers(1, customers), st.sampled_from(SHELF[:2]))
    plain = parts.map(lambda part: Plan(at=part[0], customer=part[1], lines=[(part[2], 1)]))
    return st.one_of(plain, plain, _odd_plans(zone, customers))


def _odd_plans(zone: str, customers: int) -> st.SearchStrategy[Plan]:
    return st.builds(
        Plan,
        at=_instants(zone),
        early=st.sampled_from((0, 0, 0, 1, HOUR, DAY, 40 * DAY, 700 * DAY)),
        customer=st.one_of(st.none(), st.integers(1, customers)),
        lines=_LINES,
        off_percent=st.sampled_from((0, 0, 10, 33, 100)),
        extras=_EXTRAS,
        source=st.sampled_from(SOURCES),
        status=st.sampled_from(STATUSES),
        journeys=st.tuples(*[st.one_of(st.none(), st.sampled_from(JOURNEYS))] * 2),
        test=st.sampled_from((False,) * 7 + (True,)),
        is_b2b=st.sampled_from((False,) * 7 + (True,)),
        codes=st.sampled_from(((), ("AUTUMN15",), ("AUTUMN15", "FREE-SHIPPING"))),
        events=_events(zone),
    )


@st.composite
def little_worlds(draw: st.DrawFn, *, most_orders: int = 30, customers: int = 6) -> World:
    """A shop of at most 30 orders by a handful of customers over ten months, its clock past all of them."""
    zone = draw(st.sampled_from(ZONES))
    currency, exponent = draw(st.sampled_from(CURRENCIES))
    till = Till(taxes_included=draw(st.booleans()))
    # Left alone, hypothesis draws some five orders: too few for customers who come back.
    fewest = draw(st.sampled_from([few for few in (0, 3, 9, 15) if few <= most_orders]))
    plans = draw(st.lists(_plans(zone, customers), min_size=fewest, max_size=most_orders))
    days = _days(zone)
    return World(
        name="little",
        shop_id=1,
        domain="little.myshopify.com",
        timezone=zone,
        currency=currency,
        exponent=exponent,
        created_at=days.starts[0] - DAY,
        now=days.starts[-1],
        orders=[_order(till, plan, days.starts[-1]) for plan in sorted(plans, key=lambda plan: plan.at)],
        quarter="2026-Q3",
    )


def _order(till: Till, plan: Plan, now: int) -> Order:
    order = till.ring_up(plan.at, plan.customer, plan.lines, off_percent=plan.off_percent, extras=plan.extras)
    order.processed_at = plan.at - plan.early
    order.source_name, order.financial_status = plan.source, plan.status
    order.test, order.is_b2b, order.discount_codes = plan.test, plan.is_b2b, plan.codes
    _journey(till, order, plan.journeys)
    for event in sorted(plan.events, key=lambda event: event.at):
        _happen(till, order, event._replace(at=min(max(event.at, order.updated_at), now)))
    return order


def _journey(till: Till, order: Order, journeys: tuple[Journey | None, Journey | None]) -> None:
    """Both visits, or a journey that is not ready because one of them is not known yet, or none at all."""
    first, last = journeys
    order.has_journey = first is not None or last is not None
    order.journey_ready = not order.has_journey or (first is not None and last is not None)
    if first and last:
        order.first_visit = till.visit(order.created_at - 9 * DAY, first)
        order.last_visit = till.visit(order.created_at - 60, last)


def _happen(till: Till, order: Order, event: Event) -> None:
    """The event, if this order still has what it is about."""
    kind, at, line, units = event
    if kind == "cancel" and order.cancelled_at is None:
        aftermath.cancel(order, at, ("CUSTOMER", "FRAUD", "INVENTORY", "OTHER")[line])
    elif kind == "refund_everything":
        aftermath.refund_everything(till, order, at)
    elif kind == "refund_amount":
        aftermath.refund_amount(till, order, at, 1 + 100 * units)
    elif kind == "refund_shipping" and ("SHIPPING", None) in aftermath.left(order):
        aftermath.refund_shipping(till, order, at, units, 3)
    elif kind == "edit_in":
        aftermath.edit_in(till, order, at, SHELF[line], 1 + units)
    elif articles := aftermath.articles(order):
        _to_article(till, order, event, articles[line % len(articles)])


def _to_article(till: Till, order: Order, event: Event, item_id: int) -> None:
    there = sum(line[0] for (_, item), line in aftermath.left(order).items() if item == item_id)
    kind, at, units = event.kind, event.at, 1 + event.units % there
    if kind == "refund_units":
        aftermath.refund_units(till, order, at, item_id, units, kept_fee=event.line)
    elif kind == "return_units":
        aftermath.return_units(till, order, at, item_id, units)
    elif kind == "exchange":
        aftermath.return_units(till, order, at, item_id, units, swap=SHELF[event.line])
    elif kind == "edit_up":
        aftermath.edit_up(till, order, at, item_id, units)
    elif kind == "edit_down":
        aftermath.edit_down(till, order, at, [(item_id, units)])
