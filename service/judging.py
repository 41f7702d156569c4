"""Every key result of a plan as of a day, with the data as they are now. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce

from service import standing
from service.agreements import Agreed, Setting, agree, definition
from service.connectors import CONNECTORS, names, orders
from service.gathering import Ask, HandSets, evidence_on, values_on
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric, catalogue
from service.metrics.scope import Scope
from service.metrics.segments import EVERYTHING
from service.okr.amounts import MetricFacts
from service.okr.assess import ObjectiveReading, assess, assess_objective
from service.okr.by_hand import facts_by_hand, with_patience
from service.okr.evidence import Evidence
from service.okr.goals import Goal
from service.okr.model import KeyResult, Kpi, Objective, Plan
from service.okr.pace import Day
from service.okr.status import Before
from service.okr.windows import WindowKind, baseline_window, reading_window
from service.periods import ONE_DAY, Quarter, day_start, days, first_whole_day
from service.plans import facts_of, known, metric_of
from service.settings import ConnectorSchedule
from service.store import forecasts, quarters, reconciliations, results, spend
from service.store import shops as shops_
from service.store.coverage import coverage
from service.store.engine import Connection
from service.unexplained import doubt_of
from service.values import CheckIn, Comparison, Coverage, Measurement, Population, Segment, Shop, Window

FORECAST_LASTS = timedelta(days=2)
"""How long a forecast goes on being the newest: a day of checkouts is forecast a day after it is over."""

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


@dataclass(frozen=True, slots=True)
class Judged:
    """A key result on a day with everything its status rests on."""

    objective: Objective
    key_result: KeyResult
    metric: Metric
    facts: MetricFacts
    window_kind: WindowKind
    agreed: Agreed
    definition: str  # all that baseline and target depend on
    measurement: Measurement | None
    evidence: Evidence
    check_in: CheckIn

    @property
    def goal(self) -> Goal:
        return self.agreed.goal

    @property
    def is_frozen(self) -> bool:
        """Do baseline and target come from the store?"""
        return self.agreed.is_frozen

    @property
    def pace(self) -> str | None:
        """What is expected by; nothing where limits are to hold all along."""
        expectation = self.evidence.expectation
        return None if self.goal.bounds or not expectation else expectation.pace


@dataclass(frozen=True, slots=True)
class Tracked:
    """A KPI on a day: a value and no verdict."""

    kpi: Kpi
    metric: Metric
    facts: MetricFacts
    measurement: Measurement | None


def ground_of(connection: Connection, shop: Shop, schedule: ConnectorSchedule, metrics: Mapping[str, Metric]) -> Ground:
    read = {name: coverage(connection, shop.shop_id, name) for name in names()}
    return Ground(
        shop,
        {**read, spend.NAME: _spend_beside(spend.coverage(connection, shop), read[orders.NAME])},
        {
            **{name: GAPS_BEFORE_STALE * schedule.of(name).longest_gap() for name in names()},
            spend.NAME: SPEND_MAY_WAIT,
        },
        shops_.history_is_cut(connection, shop.shop_id),
        reconciliations.unexplained(connection, shop.shop_id),
        metrics,
    )


def _spend_beside(spend: Coverage, orders: Coverage) -> Coverage:
    """As far as orders are read too: what is planned is known long before its day."""
    if spend.covered_to is None or orders.covered_to is None:
        return spend
    return replace(spend, covered_to=min(spend.covered_to, orders.covered_to))


def judge(
    connection: Connection, ground: Ground, plan: Plan, as_of: date
) -> tuple[list[Judged], list[ObjectiveReading]]:
    """Every key result and objective of a plan as of a day, with the data as they are now."""
    shop_id, label = ground.shop.shop_id, plan.quarter.label
    stored = results.stored_goals(connection, shop_id, label)
    is_closed = quarters.state_of(connection, shop_id, label) == "closed"
    hand_set = quarters.values_set(connection, shop_id, label)
    judged = [
        _judge(connection, ground, plan, objective, key_result, as_of, stored.get(key_result.id), is_closed, hand_set)
        for objective in plan.objectives
        for key_result in objective.key_results
    ]
    day = Day.of(plan.quarter, as_of, ground.shop.timezone, ground.allowances[orders.NAME])
    readings = [assess_objective(objective, [each.check_in for each in judged], day) for objective in plan.objectives]
    return judged, readings


def track(connection: Connection, ground: Ground, plan: Plan, as_of: date) -> list[Tracked]:
    """Every KPI of a plan as of a day."""
    day = min(as_of, plan.quarter.last_day)
    found = []
    for kpi in plan.kpis:
        metric = ground.catalogue[kpi.metric]
        facts = facts_of(metric, ground.shop.currency)
        window = reading_window(kpi.window_for(facts), plan.quarter, day)
        found.append(Tracked(kpi, metric, facts, _measure(connection, ground, kpi, window)))
    return found


def baselines(connection: Connection, ground: Ground, plan: Plan) -> dict[str, Measurement]:
    """The measured baseline of every key result that begins at one."""
    found = {}
    for key_result in plan.key_results:
        kind = key_result.window_for(_facts(key_result, ground))
        window = baseline_window(key_result.baseline, kind, plan.quarter)
        if window and (past := _measure(connection, ground, key_result, window)):
            found[key_result.id] = past
    return found


def day_of(ground: Ground, quarter: Quarter, as_of: date, metric: Metric, *, is_by_hand: bool) -> Day:
    """The day of judgement; how late data may be depends on what `metric` is counted from, or on people."""
    day = Day.of(quarter, as_of, ground.shop.timezone, ground.under(metric).allowance)
    return with_patience(day) if is_by_hand else day


def _judge(
    connection: Connection,
    ground: Ground,
    plan: Plan,
    objective: Objective,
    key_result: KeyResult,
    as_of: date,
    stored: results.StoredGoal | None,
    is_closed: bool,
    hand_set: HandSets,
) -> Judged:
    facts = _facts(key_result, ground)
    metric = metric_of(key_result, facts, ground.catalogue)
    day = day_of(ground, plan.quarter, as_of, metric, is_by_hand=key_result.is_by_hand)
    setting = Setting(facts, metric, key_result.window_for(facts), plan.quarter, ground.shop.currency, is_closed)
    agreed = agree(key_result, setting, stored, lambda window: _measure(connection, ground, key_result, window))
    ask = asking(connection, ground)
    if key_result.is_by_hand:
        measurement = values_on(ask, key_result, facts, hand_set, [day])[day.as_of]
    else:
        measurement = _measure(connection, ground, key_result, reading_window(setting.kind, plan.quarter, day.as_of))
    [evidence] = evidence_on(ask, key_result, facts, ground.metrics, hand_set, plan.rule, [day])
    chances = probabilities(connection, ground.shop, plan, key_result, agreed.goal, day.as_of, day.as_of)
    evidence = replace(
        evidence,
        before=before(connection, ground.shop, plan, key_result, day.as_of),
        probability=chances.get(day.as_of),
    )
    check_in = assess(key_result, facts, agreed.goal, measurement, day, plan.rule, evidence)
    words = definition(key_result, setting)
    return Judged(objective, key_result, metric, facts, setting.kind, agreed, words, measurement, evidence, check_in)


def _facts(key_result: KeyResult, ground: Ground) -> MetricFacts:
    return facts_by_hand(key_result) if key_result.is_by_hand else ground.metrics[key_result.metric]


def before(connection: Connection, shop: Shop, plan: Plan, key_result: KeyResult, day: date) -> tuple[Before, ...]:
    """What was said on the days before, newest first."""
    earlier = results.readings_before(connection, shop.shop_id, plan.quarter.label, key_result.id, day)
    return tuple(Before(each.status, each.attainment, each.expected_progress) for each in earlier)


def probabilities(
    connection: Connection, shop: Shop, plan: Plan, key_result: KeyResult, goal: Goal, first: date, last: date
) -> dict[date, Decimal]:
    """Of reaching that very target, by the newest forecast of each day; what settles late is forecast late."""
    quarter, target = plan.quarter.label, goal.target
    found = forecasts.probabilities(connection, shop.shop_id, quarter, key_result.id, first - FORECAST_LASTS, last)
    made = {day: probability for day, (aimed_at, probability) in found.items() if aimed_at == target}
    newest = {day: max((each for each in made if day - FORECAST_LASTS <= each <= day), default=None)
              for day in days(first, last + ONE_DAY)}  # fmt: skip
    return {day: made[each] for day, each in newest.items() if each is not None}


def _measure(connection: Connection, ground: Ground, asked: KeyResult | Kpi, window: Window) -> Measurement | None:
    if ground.coverage.covered_from is None:
        return None
    return measured(connection, ground, asked.metric, window, asked.where, asked.population)


def measured(
    connection: Connection, ground: Ground, metric_id: str, window: Window, segment: Segment, population: Population
) -> Measurement:
    """A metric over a window; while a backfill is under way no number is complete, whatever it looks like.

    Where nothing was ever read there is no value, not even zero.
    """
    metric = ground.catalogue[metric_id]
    footing = ground.under(metric, segment)
    found = metrics.measure(
        connection, ground.shop, metric, window, segment=segment, population=population,
        covered_from=footing.covered_from,
    )  # fmt: skip
    found = replace(found, data_as_of=footing.coverage.covered_to)
    if footing.coverage.covered_from is None:
        found = replace(found, value=None, value_low=None, value_high=None)
    because = footing.because
    found = replace(found, is_complete=False, incomplete_because=because) if because else found
    return _doubted(found, ground)


def asking(connection: Connection, ground: Ground) -> Ask:
    """As `measured`, of many windows at once, and without what was counted and left out."""

    def ask(
        metric_id: str, windows: Sequence[Window], segment: Segment, population: Population
    ) -> list[Measurement | None]:
        metric = ground.catalogue[metric_id]
        footing = ground.under(metric, segment)
        if footing.coverage.covered_from is None:
            return [None for _ in windows]
        found = standing.answers(
            connection, ground.shop, metric, windows, segment=segment, population=population,
            covered_from=footing.covered_from,
        )  # fmt: skip
        answers = (_as_measurement(each, metric, segment, population, footing, ground.shop) for each in found)
        return [_doubted(each, ground) for each in answers]

    return ask


def _as_measurement(
    found: metrics.Reading, metric: Metric, segment: Segment, population: Population, footing: Footing, shop: Shop
) -> Measurement:
    return Measurement(
        metric.id,
        metric.version,
        segment,
        population,
        found.window,
        metric.unit,
        shop.currency if metric.unit == "money" else None,
        found.value,
        found.numerator,
        found.denominator,
        found.value_low,
        found.value_high,
        is_complete=found.is_complete and not footing.because,
        incomplete_because=found.incomplete_because or footing.because,
        data_as_of=footing.coverage.covered_to,
    )


def _doubted(found: Measurement, ground: Ground) -> Measurement:
    """The same with what comparing with Shopify left unexplained of its days."""
    doubt = doubt_of(ground.unexplained, ground.catalogue[found.metric], found.window, ground.shop.currency)
    found = replace(found, remark=doubt.remark)
    if not doubt.hindrance:
        return found
    return replace(found, is_complete=False, incomplete_because=found.incomplete_because or doubt.hindrance)


def up_to_the_data(found: Measurement, ground: Ground) -> Measurement:
    """The same, incomplete when the window reaches beyond what was read, without a value when all of it does."""
    footing, zone = ground.under(ground.catalogue[found.metric], found.segment), ground.shop.timezone
    reach, start, end = footing.coverage.covered_to, found.window.start, found.window.end
    if reach is None or reach < day_start(end, zone):
        because = f"the data end at {reach:%Y-%m-%d %H:%M} UTC" if reach else "nothing was read yet"
        found = replace(found, is_complete=False, incomplete_because=found.incomplete_because or because)
    is_after = reach is not None and start is not None and day_start(start, zone) >= reach
    is_before = footing.covered_from is not None and end <= footing.covered_from
    return replace(found, value=None, value_low=None, value_high=None) if is_after or is_before else found
