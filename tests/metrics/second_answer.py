"""Every metric answered a second time, from first principles: sets of customers, sums of integers, a calendar.

Nothing here knows the tables, the facts or the SQL. A second answer reads the simulated records the way the sentences
of the definitions do and says numerator and denominator, money in the shop's currency.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo

from service.demo.model import Agreement, Order, Sale, Visit, Visits, World
from tests.metrics.little_world import spend_of

Answer = tuple[Decimal, Decimal | None]

_NET = ("PRODUCT", "ADJUSTMENT")
"""Lines that net sales are made of."""


class Second(Protocol):
    """One segment of one population of a world; answers many windows."""

    def answer(self, metric: str, start: date | None, end: date) -> Answer:
        """Numerator and denominator (None for a plain count or sum) of a metric over [start, end)."""
        ...


def second(world: World, metric: str, where: Mapping[str, str], population: str = "all") -> Second:
    """Who answers that metric."""
    if metric in _CHECKOUTS:
        return SecondCheckouts(world)
    if metric in _MARKETING:
        return SecondMarketing(world, where)
    return SecondSessions(world, where) if metric in _SESSIONS else SecondAnswer(world, where, population)


class SecondAnswer:
    """About orders."""

    def __init__(self, world: World, where: Mapping[str, str], population: str = "all") -> None:
        self.world, self.where = world, dict(where)
        counted = [o for o in world.orders if not o.test and (population == "all" or _is_kept(o))]
        self.numbers = _order_numbers(counted)
        self.orders = [o for o in counted if self._matches(o)]
        self.day = {o.id: shop_day_of(world, o.processed_at) for o in counted}
        self.lives: dict[int | None, list[Order]] = {}
        for o in counted:
            self.lives.setdefault(o.customer_id, []).append(o)

    def answer(self, metric: str, start: date | None, end: date) -> Answer:
        first = start or date.min
        numerator, denominator = _METRICS[metric](self, first, end)
        return Decimal(numerator), None if denominator is None else Decimal(denominator)

    # --- which orders and which lines -----------------------------------------------------------------------------

    def _matches(self, order: Order) -> bool:
        return all(_order_value(order, k, self.numbers) == v for k, v in self.where.items() if k not in _OF_LINES)

    def _has_product_condition(self) -> bool:
        return any(k in _OF_LINES for k in self.where)

    def _line_matches(self, order: Order, sale: Sale) -> bool:
        if not self._has_product_condition():
            return True
        return sale.line_type == "PRODUCT" and all(
            _line_value(order, sale, k) == v for k, v in self.where.items() if k in _OF_LINES
        )

    def placed(self, first: date, end: date) -> list[Order]:
        """Orders in scope by order day; with a product condition, those that were placed with such a line."""
        return [
            o
            for o in self.orders
            if first <= self.day[o.id] < end
            and (not self._has_product_condition() or any(True for _ in self.placing_products(o)))
        ]

    def placing_products(self, order: Order) -> Iterator[Sale]:
        for agreement in order.agreements:
            if agreement.reason == "ORDER":
                for sale in agreement.sales:
                    if sale.line_type == "PRODUCT" and self._line_matches(order, sale):
                        yield sale

    def ledger(self, first: date, end: date) -> Iterator[Sale]:
        for order in self.orders:
            for agreement in order.agreements:
                if first <= self._event_day(order, agreement) < end:
                    yield from (sale for sale in agreement.sales if self._line_matches(order, sale))

    def _event_day(self, order: Order, agreement: Agreement) -> date:
        return self.day[order.id] if agreement.reason == "ORDER" else shop_day_of(self.world, agreement.happened_at)

    # --- sums and sets --------------------------------------------------------------------------------------------

    def money(self, minor: int) -> Decimal:
        return Decimal(minor) / 10**self.world.exponent

    def ledger_sum(self, what: str, first: date, end: date) -> Decimal:
        return self.money(sum(_in_report(sale)[what] for sale in self.ledger(first, end)))

    def net_sales(self, first: date, end: date) -> Decimal:
        # Not by way of the columns: every product line and adjustment, without its tax.
        return self.money(sum(s.total - s.tax for s in self.ledger(first, end) if s.line_type in _NET))

    def order_time_sales(self, orders: Iterable[Order]) -> Decimal:
        sales = (_in_report(sale) for order in orders for sale in self.placing_products(order))
        return self.money(sum(shown["gross"] - shown["discounts"] for shown in sales))

    def customers(self, orders: Iterable[Order], wanted: Callable[[int], bool] = lambda number: True) -> int:
        """How many different customers are behind the orders whose number in the customer's life is wanted."""
        return len({o.customer_id for o in orders if o.customer_id is not None and wanted(self.numbers[o.id])})

    def known(self, orders: Iterable[Order]) -> list[Order]:
        return [o for o in orders if o.customer_id is not None]

    def bought_at_least(self, times: int, end: date) -> int:
        purchases = Counter(o.customer_id for o in self.known(self.placed(date.min, end)))
        return sum(1 for count in purchases.values() if count >= times)

    def cohort(self, days: int, first: date, end: date) -> Iterator[list[Order]]:
        """What each customer bought in the so many days after a first order in scope, if the last of them is in."""
        for begun in self.known(self.placed(date.min, date.max)):
            since = self.day[begun.id]
            if self.numbers[begun.id] == 1 and first <= since + timedelta(days) < end:
                yield [o for o in self.lives[begun.customer_id] if (self.day[o.id] - since).days <= days]


def _sum_of(what: str) -> Callable[[SecondAnswer, date, date], tuple[Decimal | int, Decimal | int | None]]:
    return lambda s, a, b: (s.ledger_sum(what, a, b), None)


def total_sales_of(s: SecondAnswer, a: date, b: date) -> Decimal:
    """What every line came to, tips, gift cards and the unknown aside: of those only the tax."""
    foreign = ("TIP", "GIFT_CARD", "UNKNOWN")
    return s.money(sum(e.tax if e.line_type in foreign else e.total for e in s.ledger(a, b)))


def _repurchase_rate(days: int) -> Callable[[SecondAnswer, date, date], tuple[int, int]]:
    def answer(s: SecondAnswer, a: date, b: date) -> tuple[int, int]:
        baskets = [*s.cohort(days, a, b)]
        return sum(len(bought) > 1 for bought in baskets), len(baskets)

    return answer


def _lifetime_value(days: int) -> Callable[[SecondAnswer, date, date], tuple[Decimal, int]]:
    def answer(s: SecondAnswer, a: date, b: date) -> tuple[Decimal, int]:
        baskets = [*s.cohort(days, a, b)]
        entries = (sale for bought in baskets for o in bought for agreement in o.agreements for sale in agreement.sales)
        return s.money(sum(e.total - e.tax for e in entries if e.line_type in _NET)), len(baskets)

    return answer


_METRICS: Mapping[str, Callable[[SecondAnswer, date, date], tuple[Decimal | int, Decimal | int | None]]] = {
    "orders": lambda s, a, b: (len(s.placed(a, b)), None),
    "gross_sales": _sum_of("gross"),
    "discounts": _sum_of("discounts"),
    "sales_reversals": _sum_of("reversals"),
    "net_sales": lambda s, a, b: (s.net_sales(a, b), None),
    "shipping": _sum_of("shipping"),
    "taxes": _sum_of("taxes"),
    "fees": _sum_of("fees"),
    "total_sales": lambda s, a, b: (total_sales_of(s, a, b), None),
    "average_order_value": lambda s, a, b: (s.order_time_sales(s.placed(a, b)), len(s.placed(a, b))),
    "average_net_order_value": lambda s, a, b: (s.net_sales(a, b), len(s.placed(a, b))),
    "units_per_order": lambda s, a, b: (
        sum(sale.quantity or 0 for order in s.placed(a, b) for sale in s.placing_products(order)),
        len(s.placed(a, b)),
    ),
    "discount_rate": lambda s, a, b: (s.ledger_sum("discounts", a, b), s.ledger_sum("gross", a, b)),
    "reversal_rate": lambda s, a, b: (s.ledger_sum("reversals", a, b), s.ledger_sum("gross", a, b)),
    "customers": lambda s, a, b: (s.customers(s.placed(a, b)), None),
    "new_customers": lambda s, a, b: (s.customers(s.placed(a, b), lambda number: number == 1), None),
    "returning_customers": lambda s, a, b: (s.customers(s.placed(a, b), lambda number: number >= 2), None),
    "returning_customer_rate": lambda s, a, b: (
        s.customers(s.placed(a, b), lambda number: number >= 2),
        s.customers(s.placed(a, b)),
    ),
    "returning_order_rate": lambda s, a, b: (
        sum(1 for o in s.known(s.placed(a, b)) if s.numbers[o.id] >= 2),
        len(s.known(s.placed(a, b))),
    ),
    "orders_per_customer": lambda s, a, b: (len(s.known(s.placed(a, b))), s.customers(s.placed(a, b))),
    "unidentified_order_share": lambda s, a, b: (
        len(s.placed(a, b)) - len(s.known(s.placed(a, b))),
        len(s.placed(a, b)),
    ),
    # Levels: all history before the end, wherever the window starts.
    "repeat_customers": lambda s, a, b: (s.bought_at_least(2, b), None),
    "repeat_purchase_rate": lambda s, a, b: (s.bought_at_least(2, b), s.bought_at_least(1, b)),
    **{f"repurchase_rate_{days}d": _repurchase_rate(days) for days in (30, 60, 90, 180)},
    **{f"lifetime_value_{days}d": _lifetime_value(days) for days in (90, 180, 365)},
}


class SecondSessions:
    """About people's sessions."""

    def __init__(self, world: World, where: Mapping[str, str]) -> None:
        self.visits = [
            (shop_day_of(world, visits.began_at), visits)
            for visits in world.visits()
            if visits.is_human and all((getattr(visits, name) or "") == value for name, value in where.items())
        ]

    def answer(self, metric: str, start: date | None, end: date) -> Answer:
        part, whole = _SESSIONS[metric]
        found = [visits for day, visits in self.visits if (start or date.min) <= day < end]
        return Decimal(sum(map(part, found))), Decimal(sum(map(whole, found))) if whole else None


_SESSIONS: Mapping[str, tuple[Callable[[Visits], int], Callable[[Visits], int] | None]] = {
    "sessions": (lambda v: v.sessions, None),
    "conversion_rate": (lambda v: v.completed_checkout, lambda v: v.sessions),
    "added_to_cart_rate": (lambda v: v.with_cart_additions, lambda v: v.sessions),
    "reached_checkout_rate": (lambda v: v.reached_checkout, lambda v: v.sessions),
    "cart_abandonment_rate": (
        lambda v: v.with_cart_additions - v.completed_checkout,
        lambda v: v.with_cart_additions,
    ),
    "checkout_completion_rate": (lambda v: v.completed_checkout, lambda v: v.reached_checkout),
    "checkout_abandonment_rate": (lambda v: v.reached_checkout - v.completed_checkout, lambda v: v.reached_checkout),
}


class SecondCheckouts:
    """About checkouts that were left, and online orders beside them, a day after each."""

    def __init__(self, world: World) -> None:
        settled = world.now - 24 * 60 * 60
        left = [each for each in world.checkouts if each.created_at <= settled]
        self.abandoned = [shop_day_of(world, each.created_at) for each in left if each.completed_at is None]
        self.recovered = [shop_day_of(world, each.created_at) for each in left if each.completed_at is not None]
        self.bought = [
            shop_day_of(world, order.processed_at)
            for order in world.orders
            if order.source_name == "web" and not order.test and order.processed_at <= settled
        ]

    def answer(self, metric: str, start: date | None, end: date) -> Answer:
        part, whole = _CHECKOUTS[metric]
        counts = [
            sum((start or date.min) <= day < end for name in names for day in getattr(self, name))
            for names in (part, whole)
        ]
        return Decimal(counts[0]), Decimal(counts[1]) if whole else None


_CHECKOUTS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "abandoned_checkouts": (["abandoned"], []),
    "recovered_checkouts": (["recovered"], []),
    "abandoned_checkout_rate": (["abandoned"], ["abandoned", "bought"]),
    "checkout_recovery_rate": (["recovered"], ["abandoned", "recovered"]),
}


class SecondMarketing:
    """About what was spent and what is credited to it, day after day up to the last that was imported."""

    def __init__(self, world: World, where: Mapping[str, str]) -> None:
        self.spent = spend_of(world)
        self.where = where
        self.orders = SecondAnswer(world, where)
        imported = [each.day for each in self.spent if not each.initiative_id]
        self.end = max(imported, default=date.min) + timedelta(days=1)

    def answer(self, metric: str, start: date | None, end: date) -> Answer:
        part, whole = _MARKETING[metric]
        window = start or date.min, min(end, self.end)
        return part(self, *window), whole(self, *window) if whole else None

    def spend(self, first: date, end: date) -> Decimal:
        rows = (
            each
            for each in self.spent
            if first <= each.day < end
            and all(getattr(each.campaign, name) == value for name, value in self.where.items())
        )
        return self.orders.money(sum(each.amount_minor for each in rows))

    def sales(self, first: date, end: date) -> Decimal:
        return self.orders.order_time_sales(o for o in self.orders.placed(first, end) if self._was_paid_for(o))

    def _was_paid_for(self, order: Order) -> bool:
        for each in self.spent:
            named = {name: value for name, value in asdict(each.campaign).items() if value}
            is_there = named and all(_visit_value(order, name) == value for name, value in named.items())
            if is_there and each.amount_minor and each.day <= self.orders.day[order.id]:
                return True
        return False


_Sum = Callable[[SecondMarketing, date, date], Decimal]
_MARKETING: Mapping[str, tuple[_Sum, _Sum | None]] = {
    "spend": (SecondMarketing.spend, None),
    "last_click_sales": (SecondMarketing.sales, None),
    "return_on_ad_spend": (SecondMarketing.sales, SecondMarketing.spend),
}
METRIC_IDS = frozenset({*_METRICS, *_SESSIONS, *_CHECKOUTS, *_MARKETING})

_OF_LINES = ("product_type", "vendor")
_UTM_PLACES = {"campaign": 0, "medium": 2, "source": 3}


def _is_kept(order: Order) -> bool:
    return order.cancelled_at is None and order.financial_status not in ("VOIDED", "EXPIRED")


def _order_numbers(counted: Iterable[Order]) -> dict[int, int]:
    """Order id → its place in the customer's life; strangers' orders have none and read 0."""
    numbers: dict[int, int] = {}
    lives: Counter[int] = Counter()
    for order in sorted(counted, key=lambda o: (o.processed_at, o.id)):
        if order.customer_id is not None:
            lives[order.customer_id] += 1
            numbers[order.id] = lives[order.customer_id]
        else:
            numbers[order.id] = 0
    return numbers


def _order_value(order: Order, dimension: str, numbers: Mapping[int, int]) -> str:
    if dimension == "customer_type":
        number = numbers[order.id]
        return "unknown" if number == 0 else "first_time" if number == 1 else "returning"
    if dimension == "source":
        return order.source_name or ""
    if dimension == "channel":
        return order.channel[0] if order.channel else ""
    if dimension == "discount_code":
        return order.discount_codes[0].lower() if order.discount_codes else ""
    if dimension == "is_b2b":
        return str(order.is_b2b).lower()
    if dimension == "is_subscription":
        return str(any(_is_subscription(order, sale) for sale in _sold_when_placed(order))).lower()
    return _visit_value(order, dimension)


def _visit_value(order: Order, dimension: str) -> str:
    visit: Visit | None = order.first_visit if dimension.startswith("first_") else order.last_visit
    name = dimension.removeprefix("first_")
    if visit is None:
        return ""
    if name == "referrer":
        return visit.source or ""
    return (visit.utm[_UTM_PLACES[name.removeprefix("utm_")]] if visit.utm else None) or ""


def _sold_when_placed(order: Order) -> Iterator[Sale]:
    for agreement in order.agreements:
        if agreement.reason == "ORDER":
            yield from (sale for sale in agreement.sales if sale.line_type == "PRODUCT")


def _is_subscription(order: Order, sale: Sale) -> bool:
    return any(item.selling_plan is not None for item in order.line_items if item.id == sale.line_item_id)


def _line_value(order: Order, sale: Sale, dimension: str) -> str:
    item = next(item for item in order.line_items if item.id == sale.line_item_id)
    if dimension == "vendor":
        return item.vendor or ""
    return item.product_type if item.product_id is not None else ""  # a deleted product has lost its type


def _in_report(sale: Sale) -> dict[str, int]:
    before_tax = sale.total - sale.tax
    is_taken_back = sale.line_type == "PRODUCT" and before_tax + sale.discount < 0
    is_sold = sale.line_type == "PRODUCT" and not is_taken_back
    return {
        "gross": before_tax + sale.discount if is_sold else 0,
        "discounts": sale.discount if is_sold else 0,
        "reversals": -before_tax if is_taken_back or sale.line_type == "ADJUSTMENT" else 0,
        "shipping": before_tax if sale.line_type == "SHIPPING" else 0,
        "taxes": sale.tax,
        "fees": before_tax if sale.line_type in ("DUTY", "FEE", "ADDITIONAL_FEE") else 0,
    }


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def shop_day_of(world: World, seconds: int) -> date:
    return datetime.fromtimestamp(seconds, _zone(world.timezone)).date()
