"""Every key result of a plan as of a day, with the data as they are now. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce

from service.connectors import CONNECTORS, names, orders
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric, catalogue
from service.metrics.scope import Scope
from service.metrics.segments import EVERYTHING
from service.okr.amounts import MetricFacts
from service.okr.assess import ObjectiveReading, assess, assess_objective
from service.okr.pace import Day
from service.okr.plan import KeyResult, Objective, Plan
from service.okr.targets import Goal, resolve
from service.okr.windows import WindowKind, baseline_window, grows, natural_window, reading_window
from service.periods import ONE_DAY, Quarter, day_start, shop_day
from service.plans import facts_of
from service.settings import ConnectorSchedule
from service.store import results
from service.store import shops as shops_
from service.store.coverage import coverage
from service.store.engine import Connection
from service.values import CheckIn, Coverage, Measurement, Population, Segment, Shop, Window

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
        ends = [each.covered_to for each in (mine, theirs) if each.covered_to is not None]
        both = replace(
            mine, connector=f"{mine.connector}, {theirs.connector}", gap=mine.gap or theirs.gap,
            covered_to=min(ends) if len(ends) == 2 else None,
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

    @property
    def coverage(self) -> Coverage:
        """Of the orders, which every other answer is read beside."""
        return self.coverages[orders.NAME]

    def under(self, metric: Metric, segment: Segment = EVERYTHING) -> Footing:
        return reduce(Footing.and_on, (self._footing(name, metric, segment) for name in metric.connectors))

    def _footing(self, connector: str, metric: Metric, segment: Segment) -> Footing:
        read = self.coverages[connector]
        blind_to = self._denied(connector, metric, segment) or self._blind_to(connector, metric)
        return Footing(read, self.allowances[connector], self._whole_from(read), blind_to)

    def _denied(self, connector: str, metric: Metric, segment: Segment) -> str:
        """Which fields that the answer reads are refused to us."""
        optional = next(each.optional for each in CONNECTORS if each.name == connector)
        reads = Scope(metric, self.shop.shop_id, segment).reads
        return "; ".join(optional.unknown(self.shop.denied, reads))

    def _whole_from(self, read: Coverage) -> date | None:
        begins = read.covered_from
        if begins is None or begins <= self.shop.created_at:
            return None
        day = shop_day(begins, self.shop.timezone)
        return day if day_start(day, self.shop.timezone) == begins else day + ONE_DAY

    def _blind_to(self, connector: str, metric: Metric) -> str:
        """Why later events of old orders cannot be seen, where the metric counts events by their own day."""
        if connector != orders.NAME or not self.is_cut or metric.date_basis != "event_day":
            return ""
        return "changes to orders older than 60 days are hidden from this app: scope read_all_orders is missing"


@dataclass(frozen=True, slots=True)
class Judged:
    """A key result on a day with everything its status rests on."""

    objective: Objective
    key_result: KeyResult
    metric: Metric
    facts: MetricFacts
    window_kind: WindowKind
    goal: Goal
    past: Measurement | None  # what the baseline was resolved from, when it was now
    is_frozen: bool  # baseline and target come from the store
    measurement: Measurement | None
    check_in: CheckIn


def ground_of(connection: Connection, shop: Shop, schedule: ConnectorSchedule) -> Ground:
    return Ground(
        shop,
        {name: coverage(connection, shop.shop_id, name) for name in names()},
        {name: GAPS_BEFORE_STALE * schedule.of(name).longest_gap() for name in names()},
        shops_.history_is_cut(connection, shop.shop_id),
    )


def judge(
    connection: Connection, ground: Ground, plan: Plan, as_of: date
) -> tuple[list[Judged], list[ObjectiveReading]]:
    """Every key result and objective of a plan as of a day, with the data as they are now."""
    stored = results.stored_goals(connection, ground.shop.shop_id, plan.quarter.label)
    judged = [
        _judge(connection, ground, objective, key_result, stored, plan.quarter, as_of)
        for objective in plan.objectives
        for key_result in objective.key_results
    ]
    day = day_of(ground, plan.quarter, as_of)
    readings = [assess_objective(objective, [each.check_in for each in judged], day) for objective in plan.objectives]
    return judged, readings


def day_of(ground: Ground, quarter: Quarter, as_of: date, metric: Metric | None = None) -> Day:
    """The day of judgement; how late data may be depends on what `metric` is counted from (none: on orders)."""
    allowance = ground.under(metric).allowance if metric else ground.allowances[orders.NAME]
    return Day.of(quarter, as_of, ground.shop.timezone, allowance)


def _judge(
    connection: Connection,
    ground: Ground,
    objective: Objective,
    key_result: KeyResult,
    stored: Mapping[str, results.StoredGoal],
    quarter: Quarter,
    as_of: date,
) -> Judged:
    metric = catalogue()[key_result.metric]
    day = day_of(ground, quarter, as_of, metric)
    facts = facts_of(metric, ground.shop.currency)
    kind = key_result.window or natural_window(facts)
    goal, past, is_frozen = _goal(connection, ground, key_result, stored.get(key_result.id), day.quarter)
    window = reading_window(kind, day.quarter, day.as_of)
    measurement = _measure(connection, ground, key_result, window)
    check_in = assess(key_result, facts, goal, measurement, day)
    return Judged(objective, key_result, metric, facts, kind, goal, past, is_frozen, measurement, check_in)


def _goal(
    connection: Connection,
    ground: Ground,
    key_result: KeyResult,
    stored: results.StoredGoal | None,
    quarter: Quarter,
) -> tuple[Goal, Measurement | None, bool]:
    """Baseline and target: as they were frozen, else resolved from what is known now."""
    facts = facts_of(catalogue()[key_result.metric], ground.shop.currency)
    kind = key_result.window or natural_window(facts)
    if (
        stored
        and stored.definition == definition(key_result, kind, quarter, ground.shop.currency)
        and stored.baseline_observed_at
    ):
        return Goal(stored.baseline, stored.target, grows(facts, kind)), None, True
    window = baseline_window(key_result.baseline, kind, quarter)
    past = _measure(connection, ground, key_result, window) if window else None
    return resolve(key_result.baseline, key_result.target, facts, grows(facts, kind), past), past, False


def definition(key_result: KeyResult, kind: WindowKind, quarter: Quarter, currency: str) -> str:
    """All that baseline and target depend on; when it changes they are resolved anew."""
    metric = catalogue()[key_result.metric]
    parts = (
        f"{quarter.start} to {quarter.last_day}", currency, f"{metric.id} version {metric.version}",
        str(key_result.where), key_result.population, kind,
        f"from {key_result.baseline}", f"to {key_result.target}",
    )  # fmt: skip
    return "; ".join(part for part in parts if part)


def _measure(connection: Connection, ground: Ground, key_result: KeyResult, window: Window) -> Measurement | None:
    if ground.under(catalogue()[key_result.metric]).coverage.covered_from is None:
        return None
    return measured(connection, ground, key_result.metric, window, key_result.where, key_result.population)


def measured(
    connection: Connection, ground: Ground, metric_id: str, window: Window, segment: Segment, population: Population
) -> Measurement:
    """A metric over a window; while a backfill is under way no number is complete, whatever it looks like."""
    footing = ground.under(catalogue()[metric_id], segment)
    found = metrics.measure(
        connection, ground.shop, metric_id, window, segment=segment, population=population,
        covered_from=footing.covered_from,
    )  # fmt: skip
    because = footing.because
    return replace(found, is_complete=False, incomplete_because=because) if because else found


def up_to_the_data(found: Measurement, ground: Ground) -> Measurement:
    """The same, incomplete when the window reaches beyond what was read."""
    reach = ground.under(catalogue()[found.metric]).coverage.covered_to
    if reach is not None and reach >= day_start(found.window.end, ground.shop.timezone):
        return found
    because = f"the data end at {reach:%Y-%m-%d %H:%M} UTC" if reach else "nothing was read yet"
    return replace(found, is_complete=False, incomplete_because=found.incomplete_because or because)
