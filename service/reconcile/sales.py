"""Sales by day, beside Shopify's own report of them, where the app may read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from service.connectors import sales_report
from service.connectors.order_list import CUSTOMER
from service.periods import ONE_DAY
from service.reconcile import causes
from service.reconcile.days import Span
from service.reconcile.evidence import Evidence, Witness
from service.reconcile.rules import AS_PUBLISHED, RULES, ByDay, holding, reckon
from service.shopify.faults import NoReports
from service.shopify.shopifyql import SCOPE
from service.store import figures
from service.store.engine import reading
from service.store.figures import Entry
from service.values import Comparison, Shop


def sales(witness: Witness, span: Span) -> list[Comparison]:
    """Every figure of the report on every day of a span. Raises NoReports when the app may not read it."""
    work, shop = witness.work, witness.work.shop
    if SCOPE not in shop.scopes:
        raise NoReports(f"scope {SCOPE} is missing", about=shop.domain, hint="grant it to the app and approve it")
    theirs = sales_report.sales_by_day(witness.ask(), shop, span.first, span.last)
    with reading(work.engine) as connection:
        known = figures.sales_of_days(connection, shop.shop_id, span.first, span.last)
    found = [
        Comparison(day, figure, _amount(shop, known, day, figure), theirs[day][figure])
        for day in span.days
        for figure in sales_report.COLUMNS
        if figure != "customers" or CUSTOMER not in shop.denied
    ]
    if not any(each.difference for each in found):
        return found
    with reading(work.engine) as connection:
        ledger = [*figures.entries(connection, shop.shop_id, span.first - ONE_DAY, span.last + ONE_DAY)]
    inquiry = _Inquiry(witness, span, ledger, found)
    return [inquiry.explained(each) if each.difference else each for each in found]


def _amount(shop: Shop, known: Mapping[date, Mapping[str, int]], day: date, figure: str) -> Decimal:
    number = Decimal(known.get(day, {}).get(figure, 0))
    return number.scaleb(-shop.currency_exponent) if figure in figures.MONEY else number


class _Inquiry:
    """Looks for the causes of the differences of one span; a day's orders are listed once for all its figures."""

    def __init__(self, witness: Witness, span: Span, ledger: Sequence[Entry], found: Sequence[Comparison]) -> None:
        self.witness, self.span, self.ledger = witness, span, ledger
        self.shop = witness.work.shop
        self.rules_on = self._rules(found)
        self.seen: dict[date, Evidence] = {}

    def explained(self, found: Comparison) -> Comparison:
        day, figure = found.day, found.figure
        of_day = [entry for entry in self.ledger if AS_PUBLISHED(entry) == day]
        if day not in self.seen:
            self.seen[day] = self.witness.of_sales(day, {entry.order_id for entry in of_day})
        seen = self.seen[day]
        without = reckon(of_day, AS_PUBLISHED, seen.troubles.gone)
        evidence = causes.Evidence(
            ours=found.ours,
            shopify=found.shopify,
            rules={rule for rule, held in self.rules_on.items() if (day, figure) in held},
            without_gone=_amount(self.shop, without, day, figure),
            by_their_customers=_by_their_customers(of_day, seen) if figure == "customers" else None,
            unit=Decimal(1).scaleb(-self.shop.currency_exponent),
            is_cut=self.witness.work.visible_from is not None,
            troubles=seen.troubles,
        )
        return replace(found, cause=self.witness.noted(causes.of_report(evidence), day, seen))

    def _rules(self, found: Sequence[Comparison]) -> dict[str, set[tuple[date, str]]]:
        """Rule → where it accounts for a difference."""
        held: dict[str, set[tuple[date, str]]] = {}
        for name, rule in RULES.items():
            otherwise = reckon(self.ledger, rule)
            for figure in sales_report.COLUMNS:
                of_figure = [each for each in found if each.figure == figure]
                ours = {each.day: each.ours for each in of_figure}
                theirs = {each.day: each.shopify for each in of_figure}
                by_rule: ByDay = {day: _amount(self.shop, otherwise, day, figure) for day in self.span.days}
                held.setdefault(name, set()).update((day, figure) for day in holding(ours, by_rule, theirs))
        return held


def _by_their_customers(of_day: Sequence[Entry], seen: Evidence) -> Decimal:
    """How many customers placed the day's orders, by the names in which Shopify has them now."""
    ours = {entry.order_id: entry.customer_id for entry in of_day if entry.is_placing}
    now = {number: order.customer_id for number, order in seen.theirs.items() if number in ours}
    return Decimal(len({*(ours | now).values()} - {None}))
