"""What every judgement of a shop stands on: what is read of it, how late that may be, and what nobody shows us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import reduce

from service.connectors import CONNECTORS, names, orders
from service.installation import Installation
from service.metrics.catalogue import Metric, catalogue
from service.metrics.scope import Scope
from service.metrics.segments import EVERYTHING
from service.okr.amounts import MetricFacts
from service.okr.model import Plan
from service.periods import first_whole_day
from service.plans import known, plans_for
from service.settings import ConnectorSchedule, ShopSettings
from service.store import reconciliations, shops, spend
from service.store.coverage import coverage
from service.store.engine import Connection
from service.values import Comparison, Coverage, Segment, Shop

SPEND_MAY_WAIT = timedelta(days=8)
"""Until spend is stale: people import it, a week at a time, and have a day to do it."""

GAPS_BEFORE_STALE = 3
"""Missed runs of a connector before its data count as stale: one may fail in passing, and one may be under way."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What the answers of a metric stand on: the data of the connectors it is counted from."""

    coverage: Coverage
    allowance: timedelta  # how late data may be before they are stale
    covered_from: date | None  # the first shop day that is read whole; None when the whole history is
    blind_to: str = ""  # why something that belongs to the answer cannot be seen

    @property
    def because(self) -> str:
        """Why no answer is complete now; empty when one can be."""
        return self.coverage.gap or self.blind_to

    def and_on(self, other: Footing) -> Footing:
        """Both at once: what is read is what both have read."""
        mine, theirs = self.coverage, other.coverage
        starts = [each.covered_from for each in (mine, theirs) if each.covered_from is not None]
        ends = [each.covered_to for each in (mine, theirs) if each.covered_to is not None]
        both = replace(
            mine, connector=f"{mine.connector}, {theirs.connector}", gap=mine.gap or theirs.gap,
            covered_from=max(starts) if len(starts) == 2 else None, covered_to=min(ends) if len(ends) == 2 else None,
        )  # fmt: skip
        begins = [day for day in (self.covered_from, other.covered_from) if day is not None]
        allowance = max(self.allowance, other.allowance)
        return Footing(both, allowance, max(begins, default=None), self.blind_to or other.blind_to)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every judgement of a shop stands on."""

    shop: Shop
    coverages: Mapping[str, Coverage]  # by connector
    allowances: Mapping[str, timedelta]
    is_cut: bool  # orders older than 60 days are hidden from us now
    unexplained: Sequence[Comparison] = ()  # differences from Shopify's own figures, by day
    catalogue: Mapping[str, Metric] = field(default_factory=catalogue)  # with the installation's own metrics

    @property
    def coverage(self) -> Coverage:
        """Of the orders, which every other answer is read beside."""
        return self.coverages[orders.NAME]

    @property
    def metrics(self) -> Mapping[str, MetricFacts]:
        """What judging needs to know of every metric, by id."""
        return known(self.catalogue, self.shop.currency)

    def under(self, metric: Metric, segment: Segment = EVERYTHING) -> Footing:
        return reduce(Footing.and_on, (self._footing(name, metric, segment) for name in metric.connectors))

    def _footing(self, connector: str, metric: Metric, segment: Segment) -> Footing:
        read = self.coverages[connector]
        blind_to = self._denied(connector, metric, segment) or self._blind_to(connector, metric)
        return Footing(read, self.allowances[connector], self._whole_from(read), blind_to)

    def _denied(self, connector: str, metric: Metric, segment: Segment) -> str:
        """Which fields that the answer reads are refused to us; what people set reads none."""
        if not metric.text or connector == spend.NAME:
            return ""
        optional = next(each.optional for each in CONNECTORS if each.name == connector)
        reads = Scope(metric, self.shop.shop_id, segment).reads
        return "; ".join(optional.unknown(self.shop.denied, reads))

    def _whole_from(self, read: Coverage) -> date | None:
        begins = read.covered_from
        if begins is None or begins <= self.shop.created_at:
            return None
        return first_whole_day(begins, self.shop.timezone)

    def _blind_to(self, connector: str, metric: Metric) -> str:
        """Why later events of old orders cannot be seen, where the metric counts events by their own day."""
        if connector != orders.NAME or not self.is_cut or metric.date_basis != "event_day":
            return ""
        return "changes to orders older than 60 days are hidden from this app: scope read_all_orders is missing"


def known_ground(connection: Connection, installation: Installation, settings: ShopSettings) -> Ground | None:
    """What answers about a shop stand on now; None while nothing is known of it."""
    shop = shops.by_domain(connection, settings.domain)
    return ground_of(connection, shop, settings.schedule, installation.catalogue) if shop else None


def ground_under(connection: Connection, installation: Installation, plan: Plan) -> Ground | None:
    """The same of a plan's shop."""
    [settings, *_] = [each for each in installation.settings.shops if plans_for([plan], each)]
    return known_ground(connection, installation, settings)


def ground_of(connection: Connection, shop: Shop, schedule: ConnectorSchedule, metrics: Mapping[str, Metric]) -> Ground:
    read = {name: coverage(connection, shop.shop_id, name) for name in names()}
    return Ground(
        shop,
        {**read, spend.NAME: _spend_beside(spend.coverage(connection, shop), read[orders.NAME])},
        {
            **{name: GAPS_BEFORE_STALE * schedule.of(name).longest_gap() for name in names()},
            spend.NAME: SPEND_MAY_WAIT,
        },
        shops.history_is_cut(connection, shop.shop_id),
        reconciliations.unexplained(connection, shop.shop_id),
        metrics,
    )


def _spend_beside(spend: Coverage, orders: Coverage) -> Coverage:
    """As far as orders are read too: what is planned is known long before its day."""
    if spend.covered_to is None or orders.covered_to is None:
        return spend
    return replace(spend, covered_to=min(spend.covered_to, orders.covered_to))
