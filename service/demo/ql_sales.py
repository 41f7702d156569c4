"""The `sales` table of reports: the ledger of a shop added up by day, as Shopify's help centre defines its columns.

Sales count on the day of their order, everything later on the day it is processed; test orders, gift cards and tips
are no sales. Discounts and reversals are negative.
Source: https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-report
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from service.demo.model import Order, Sale, World
from service.demo.money import amount


@dataclass(slots=True)
class SalesDay:
    """What a day, or several, came to."""

    minor: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    units: int = 0
    at_order_time: int = 0  # gross sales less discounts, nothing later
    customers: set[int] = field(default_factory=set)
    returning: set[int] = field(default_factory=set)

    def add(self, other: SalesDay) -> None:
        self.minor.update(other.minor)
        self.orders += other.orders
        self.units += other.units
        self.at_order_time += other.at_order_time
        self.customers |= other.customers
        self.returning |= other.returning

    @property
    def net(self) -> int:
        return self.minor["gross"] + self.minor["discounts"] + self.minor["reversals"]

    @property
    def total(self) -> int:
        return self.net + sum(self.minor[name] for name in ("shipping", "taxes", "duties", "fees"))


@dataclass(slots=True)
class Habits:
    """What nobody has promised about these reports, as it is taken to be; a story may have it otherwise."""

    zone: str | None = None  # days are cut in it, whatever the query asks for
    tests_count: bool = False
    reversals_on_order_day: bool = False


def events(world: World, habits: Habits) -> Iterator[tuple[int, SalesDay]]:
    """Everything that counts, each with its instant."""
    bought: Counter[int] = Counter()
    for order in sorted(world.orders, key=lambda each: (each.processed_at, each.id)):
        if order.test and not habits.tests_count:
            continue
        yield order.processed_at, _placed(order, bought)
        for agreement in order.agreements:
            for sale in agreement.sales:
                is_of_order = agreement.reason == "ORDER" or (habits.reversals_on_order_day and sale.total < 0)
                at = order.processed_at if is_of_order else agreement.happened_at
                yield at, SalesDay(Counter(_columns(sale)))


def _placed(order: Order, bought: Counter[int]) -> SalesDay:
    found = SalesDay(orders=1)
    sold = [sale for each in order.agreements if each.reason == "ORDER" for sale in each.sales]
    products = [sale for sale in sold if sale.line_type == "PRODUCT"]
    found.at_order_time = sum(sale.total - sale.tax for sale in products)
    found.units = sum(sale.quantity or 0 for sale in products)
    if order.customer_id is not None:
        found.customers.add(order.customer_id)
        if bought[order.customer_id]:
            found.returning.add(order.customer_id)
        bought[order.customer_id] += 1
    return found


def _columns(sale: Sale) -> dict[str, int]:
    before_tax = sale.total - sale.tax
    found = {"taxes": sale.tax}
    if sale.line_type == "PRODUCT" and before_tax + sale.discount >= 0:
        return {**found, "gross": before_tax + sale.discount, "discounts": -sale.discount}
    place = {
        "PRODUCT": "reversals", "ADJUSTMENT": "reversals", "SHIPPING": "shipping", "DUTY": "duties", "FEE": "fees",
        "ADDITIONAL_FEE": "fees", "TIP": "tips",
    }.get(sale.line_type)  # fmt: skip
    return {**found, place: before_tax} if place else found


Metric = tuple[str, Callable[[SalesDay, int], str | None]]


def _money(read: Callable[[SalesDay], int]) -> Metric:
    return "MONEY", lambda day, exponent: amount(read(day), exponent)


def _column(name: str) -> Metric:
    return _money(lambda day: day.minor[name])


def _count(read: Callable[[SalesDay], int]) -> Metric:
    return "INTEGER", lambda day, _exponent: str(read(day))


def metrics(version: str) -> dict[str, Metric]:
    """Every column by name; the family of returns was renamed in 2026-04 and its old names went in 2026-07."""
    found: dict[str, Metric] = {
        "gross_sales": _column("gross"),
        "discounts": _column("discounts"),
        "net_sales": _money(lambda day: day.net),
        "shipping_charges": _column("shipping"),
        "taxes": _column("taxes"),
        "duties": _column("duties"),
        "additional_fees": _column("fees"),
        "tips": _column("tips"),
        "total_sales": _money(lambda day: day.total),
        "average_order_value": _money(lambda day: round(day.at_order_time / day.orders) if day.orders else 0),
        "orders": _count(lambda day: day.orders),
        "quantity_ordered": _count(lambda day: day.units),
        "customers": _count(lambda day: len(day.customers)),
        "returning_customers": _count(lambda day: len(day.returning)),
    }
    if version >= "2026-04":
        found["sales_reversals"] = _column("reversals")
    if version < "2026-07":
        found["returns"] = _column("reversals")
    return found
