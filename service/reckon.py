"""Assess and record: the readings of a shop brought up to date, from the earliest day that late changes touched.

Reads are long and hold nobody up, writes are short and prove the lease. Everything can be done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from service import forecasting
from service.answering import asking
from service.books import Books
from service.errors import MetricFails
from service.gathering import HandSets, evidence_on, values_on
from service.ground import Ground
from service.judging import Judged, before, day_of, judge, probabilities
from service.measuring import measure_catalogue, segments_asked
from service.metrics.catalogue import Metric
from service.okr.assess import assess
from service.okr.lifecycle import PlanState
from service.okr.model import Plan
from service.okr.status import PERSISTS, Before
from service.periods import ONE_DAY, CheckInSchedule, day_start, days, last_complete_day
from service.records import definition_row, plan_state, record_restatements, record_target_changes
from service.store import pending, quarters, results
from service.store.engine import Connection
from service.values import CheckIn


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What one pass recorded."""

    as_of: date
    measured_from: date | None  # None: no day had to be measured again
    readings_changed: int = 0
    restatements: int = 0  # readings of days that were known whole, and differ now
    status_changes: int = 0
    check_ins: int = 0
    told: tuple[str, ...] = ()  # quarters that turned: active, waiting for their close
    failed: tuple[MetricFails, ...] = ()  # metrics of the installation's own that do not answer


def reckon(
    books: Books,
    ground: Ground,
    plans: Sequence[Plan],
    *,
    now: datetime,
    check_in: CheckInSchedule,
    fiscal_year_start: int,
    grace_days: int,
) -> Reckoned:
    """Bring all readings up to date and publish the check-ins that are due, while the caller holds the shop's lease.

    Every write can be done again, and the note of what was touched is cleared last: whoever is stopped in the middle
    is followed by one that does it all.
    """
    shop = ground.shop
    as_of = last_complete_day(now, shop.timezone)
    if ground.coverage.gap or ground.coverage.covered_to is None:
        return Reckoned(as_of, None)
    with books.reading() as connection:
        noted = pending.touched(connection, shop.shop_id)
    touched = noted.since
    measured = measure_catalogue(books, ground, now, fiscal_year_start, segments_asked(plans))
    recorded, published = [], 0
    for plan in plans:
        if plan.quarter.start > as_of:
            continue
        recorded.append(_record_plan(books, ground, plan, touched, as_of, grace_days, now))
        if recorded[-1].state.state in ("active", "waiting"):
            published += _publish_check_ins(books, ground, plan, now, check_in)
    with books.writing() as connection:
        pending.clear(connection, shop.shop_id, noted)
    return Reckoned(
        as_of,
        measured.since,
        readings_changed=sum(each.readings for each in recorded),
        restatements=sum(each.restatements for each in recorded),
        status_changes=sum(each.status_changes for each in recorded),
        check_ins=published,
        told=tuple(each.told for each in recorded if each.told),
        failed=measured.failed,
    )


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What was written of one plan."""

    state: PlanState
    readings: int = 0  # new or other than before
    restatements: int = 0
    status_changes: int = 0
    told: str = ""  # what a person should hear; empty when nothing turned


def _record_plan(
    books: Books, ground: Ground, plan: Plan, touched: date | None, as_of: date, grace_days: int, now: datetime
) -> _Recorded:
    shop_id, label = ground.shop.shop_id, plan.quarter.label
    with books.reading() as connection:
        state = plan_state(connection, ground, plan, grace_days=grace_days, now=now)
        judged, _ = judge(connection, ground, plan, as_of)
    if state.state == "closed":
        judged = [each for each in judged if each.agreed.ruling == "keep"]
    else:  # before the readings, because a status may go by the probability of reaching the target
        _record_forecasts(books, ground, plan, judged, touched, now)
    with books.reading() as connection:
        rows = [definition_row(each, ground, plan, state, now) for each in judged]
        hand_set = quarters.values_set(connection, shop_id, label)
        readings = [
            (reading, _fresh_until(reading, plan, ground, each.metric))
            for each in judged
            for reading in _new_readings(connection, ground, plan, each, touched, as_of, hand_set)
        ]
    moved = 0
    waits_at = day_start(state.waits_from, ground.shop.timezone) if state.waits_from else None
    with books.writing() as connection:
        has_turned = quarters.record_state(
            connection, shop_id, label, state.state, state.because, waits_at=waits_at, now=now
        )
        if state.state != "closed":
            record_target_changes(connection, ground, plan, judged, state, now)
            results.record_key_results(
                connection, shop_id, label, plan.quarter.start, plan.quarter.last_day, rows, now=now
            )
        changes = results.record_readings(connection, shop_id, readings, now=now)
        restated = record_restatements(connection, ground, judged, changes) if state.state != "draft" else 0
        if state.state in ("active", "waiting"):
            newest = {reading.key_result_id: reading for reading, _ in readings}  # each knows the days before it
            moved = sum(results.record_status(connection, shop_id, each, now=now) for each in newest.values())
    told = f"{label} is {state.state}" + (f": {state.because}" if state.because else "") if has_turned else ""
    return _Recorded(state, len(changes), restated, moved, told)


def _record_forecasts(
    books: Books, ground: Ground, plan: Plan, judged: Sequence[Judged], touched: date | None, now: datetime
) -> None:
    """A forecast for each key result whose newest complete day has none, or whose days have changed since."""
    for each in judged:
        with books.reading() as connection:
            found = forecasting.foresee(connection, ground, plan.quarter, each, touched)
        if found:
            with books.writing() as connection:
                forecasting.record(connection, ground.shop.shop_id, plan.quarter, found, now=now)


def _new_readings(
    connection: Connection,
    ground: Ground,
    plan: Plan,
    judged: Judged,
    touched: date | None,
    as_of: date,
    hand_set: HandSets,
) -> Iterator[CheckIn]:
    """From the earliest touched day on, and always the newest day again: its last hours may have come in since."""
    last = results.last_reading_date(connection, ground.shop.shop_id, plan.quarter.label, judged.key_result.id)
    begin = plan.quarter.start
    if last is not None and judged.is_frozen:
        is_another_measure = judged.agreed.held_back and judged.goal.because
        begin = last if is_another_measure else max(begin, min(last, touched or date.max))
    yield from _readings(connection, ground, plan, judged, begin, min(as_of, plan.quarter.last_day), hand_set)


def _readings(
    connection: Connection, ground: Ground, plan: Plan, judged: Judged, first: date, last: date, hand_set: HandSets
) -> Iterator[CheckIn]:
    """The key result on each day from `first` to `last`, measured in one query, each knowing those before it."""
    if first > last:
        return
    key_result, facts, ask = judged.key_result, judged.facts, asking(connection, ground)
    begin = day_of(ground, plan.quarter, first, judged.metric, is_by_hand=key_result.is_by_hand)
    among = [begin.another(each, ground.shop.timezone) for each in days(first, last + ONE_DAY)]
    values = values_on(ask, key_result, facts, hand_set, among)
    found = evidence_on(ask, key_result, facts, ground.metrics, hand_set, plan.rule, among)
    earlier = before(connection, ground.shop, plan, key_result, first)
    chances = probabilities(connection, ground.shop, plan, key_result, judged.goal, first, last)
    for day, evidence in zip(among, found, strict=True):
        value = values[day.as_of]
        evidence = replace(evidence, before=earlier, probability=chances.get(day.as_of))
        check_in = assess(key_result, facts, judged.goal, value, day, plan.rule, evidence)
        earlier = (Before.of(check_in), *earlier)[:PERSISTS]
        yield check_in


def _fresh_until(reading: CheckIn, plan: Plan, ground: Ground, metric: Metric) -> datetime | None:
    """When this reading stops telling how things stand: a day later the next one is due."""
    if reading.as_of_date == plan.quarter.last_day and reading.status in ("achieved", "partly_achieved", "missed"):
        return None
    return day_start(reading.as_of_date + 2 * ONE_DAY, ground.shop.timezone) + ground.under(metric).allowance


def _publish_check_ins(books: Books, ground: Ground, plan: Plan, now: datetime, schedule: CheckInSchedule) -> int:
    """The check-ins of the latest scheduled moment, if it lies in the quarter or just after its last day."""
    shop = ground.shop
    due_at = schedule.latest_due(now, shop.timezone)
    as_of = last_complete_day(due_at, shop.timezone)
    if not plan.quarter.start <= as_of <= plan.quarter.last_day:
        return 0
    with books.reading() as connection:
        judged, _ = judge(connection, ground, plan, as_of)
    with books.writing() as connection:
        return sum(
            results.publish_check_in(connection, shop.shop_id, each.check_in, due_at=due_at, now=now) for each in judged
        )
