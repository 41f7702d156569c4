"""Every key result of a plan as of a day, with the data as they are now. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from service.agreements import Agreed, Setting, agree, definition
from service.answering import asking, measured
from service.connectors import orders
from service.gathering import HandSets, evidence_on, values_on
from service.ground import Ground
from service.metrics.catalogue import Metric
from service.okr.amounts import MetricFacts
from service.okr.assess import ObjectiveReading, assess, assess_objective
from service.okr.by_hand import facts_by_hand, with_patience
from service.okr.evidence import Evidence
from service.okr.goals import Goal
from service.okr.model import KeyResult, Kpi, Objective, Plan
from service.okr.pace import Day
from service.okr.status import Before
from service.okr.windows import WindowKind, baseline_window, reading_window
from service.periods import ONE_DAY, Quarter, days
from service.plans import facts_of, metric_of
from service.store import forecasts, quarters, results
from service.store.engine import Connection
from service.values import CheckIn, Measurement, Shop, Window

FORECAST_LASTS = timedelta(days=2)
"""How long a forecast goes on being the newest: a day of checkouts is forecast a day after it is over."""


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
