"""A quarter's OKRs as people see them: judged now, or as they were known at a moment. Writes nothing.

Both come as rows of the view `key_result_now`. Now, the values in them are judged afresh with today's data; for the
past the view's own text is read over what was written by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from service import questions
from service.errors import OkrsyncError
from service.ground import GAPS_BEFORE_STALE
from service.installation import Installation
from service.judging import Judged, Tracked
from service.metrics.catalogue import Metric
from service.mistyped import unseen_in
from service.okr.explanation import explain_objective
from service.okr.lifecycle import PlanState, is_overdue
from service.okr.progress import roll_up
from service.okr.status import WORST_FIRST
from service.periods import ONE_DAY, CheckInSchedule, Quarter, day_start, last_complete_day, shop_day
from service.questions import PlanStatus
from service.records import plan_state
from service.settings import ShopSettings
from service.store import quarters, runs, shops
from service.store.engine import Connection, reading
from service.store.known import Known, quarters_known, rows_as_known
from service.store.results import judgement
from service.values import Shop, Status

Row = Mapping[str, Any]
"""A key result, with the columns of the view `key_result_now`."""


@dataclass(frozen=True, slots=True)
class Group:
    """An objective with its key results."""

    title: str
    owner: str | None
    progress: Decimal | None
    expected_progress: Decimal | None
    status: Status
    explanation: str
    key_results: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Board:
    """The OKRs of one quarter of a shop."""

    shop: Shop
    quarter: Quarter
    state: str
    as_of: date
    data_as_of: datetime | None  # of the key result with the oldest data
    known_at: datetime | None  # None: known now
    groups: Sequence[Group]
    notices: Sequence[str]  # what a person should know or do
    kpis: Sequence[Tracked] = ()  # measured now, whatever was known before
    unread: Sequence[str] = ()  # why data beside the orders cannot be counted on

    @property
    def key_results(self) -> list[Row]:
        return [row for group in self.groups for row in group.key_results]


def boards(
    installation: Installation,
    *,
    quarter: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
    troubles: list[OkrsyncError] | None = None,
) -> list[Board]:
    """The OKRs of a quarter: as of a day (by default the last complete one), as known at a moment (by default now).

    `troubles` as for `questions.status`; what was known needs no file.
    """
    if known_at is None:
        judged = questions.status(installation, quarter=quarter, as_of=as_of, troubles=troubles)
        return [_judged_now(installation, each, as_of) for each in judged]
    known_at = known_at.replace(microsecond=0)  # instants are kept in whole seconds
    found = (_known(installation, each, quarter, as_of, known_at) for each in installation.settings.shops)
    return [each for each in found if each]


# --- now -----------------------------------------------------------------------------------------------------------


def _judged_now(installation: Installation, found: PlanStatus, as_of: date | None) -> Board:
    now, shop, plan = installation.clock(), found.shop, found.plan
    with reading(installation.engine) as connection:
        stored = _rows(connection, Known(shop.shop_id, plan.quarter.label, now, as_of), now)
        state = plan_state(
            connection, found.ground, plan, grace_days=installation.settings.calendar.close_grace_days, now=now
        )
        later = [*_unseen(connection, found), *_later(connection, shop, plan.quarter, now)]
    by_id = {row["key_result_id"]: row for row in stored}
    rows = [_overlaid(by_id.get(judged.key_result.id, {}), judged, n) for n, judged in enumerate(found.key_results)]
    told = [*_notices(installation, shop, plan.quarter, state, rows, now, is_present=as_of is None)]
    return replace(
        _board(shop, plan.quarter, state.state, found.as_of, None, rows, told + later),
        kpis=found.kpis,
        unread=found.unread,
    )


def _unseen(connection: Connection, found: PlanStatus) -> Iterator[str]:
    """Segments that are empty because nothing read has what they ask for."""
    looked_at = [(each.key_result.id, each.measurement) for each in found.key_results]
    looked_at += [(each.kpi.id, each.measurement) for each in found.kpis]
    for id_, measurement in looked_at:
        if measurement:
            yield from (f"{id_}: {each}" for each in unseen_in(connection, found.ground, measurement))


def _overlaid(stored: Row, judged: Judged, position: int) -> Row:
    """The stored row with what the file and today's data say; a closed one stays as it was closed."""
    if stored.get("closed_at"):
        return stored
    key_result, check_in = judged.key_result, judged.check_in
    return {
        **stored,
        "objective_id": judged.objective.id,
        "objective": judged.objective.title,
        "objective_owner": judged.objective.owner,
        "key_result_id": key_result.id,
        "key_result": key_result.title,
        "owner": key_result.owner,
        "position": position,
        "metric": judged.metric.id,
        "metric_version": judged.metric.version,
        "segment": str(key_result.where),
        "form": key_result.form,
        "unit": judged.metric.unit,
        "currency": judged.facts.currency,
        "direction": judged.goal.direction,
        "weight": key_result.weight,
        "held_back": judged.agreed.held_back or None,
        "target_rule": str(key_result.target) if not judged.agreed.held_back else stored.get("target_rule"),
        "stretch": judged.goal.stretch,
        "commitment": key_result.commitment,
        "pace": judged.pace,
        "confidence": key_result.confidence if stored.get("confidence") is None else stored["confidence"],
        "baseline": check_in.baseline,
        "target": check_in.target,
        "as_of_date": check_in.as_of_date,
        **judgement(check_in),
    }


# --- as it was known -----------------------------------------------------------------------------------------------


def _known(
    installation: Installation, settings: ShopSettings, label: str | None, as_of: date | None, known_at: datetime
) -> Board | None:
    """The board of that moment; None when no key result of it was known."""
    with reading(installation.engine) as connection:
        shop = shops.by_domain(connection, settings.domain)
        if shop is None:
            return None
        last = min(as_of or date.max, last_complete_day(known_at, shop.timezone))
        start = installation.settings.calendar.fiscal_year_start
        begun = [Quarter.parse(each, start) for each in quarters_known(connection, shop.shop_id, known_at)]
        chosen = [each for each in begun if each.start <= last and label in (None, each.label)]
        if not chosen:
            return None
        quarter = max(chosen)
        known = Known(shop.shop_id, quarter.label, known_at, as_of and last)
        # A reading of an earlier day is not stale for being of that day.
        now = min(known_at, day_start(last + ONE_DAY, shop.timezone)) if as_of else known_at
        reach = runs.reaches(connection, shop.shop_id, known_at)
        metrics = installation.catalogue
        rows = [_reaching(row, reach, metrics.get(row["metric"])) for row in _rows(connection, known, now)]
        later = _later(connection, shop, quarter, known_at)
    state = _state_known(rows[0], shop, known_at)
    told = [*_notices(installation, shop, quarter, state, rows, known_at, is_present=as_of is None)]
    return _board(shop, quarter, state.state, min(last, quarter.last_day), known_at, rows, told + later)


def _state_known(row: Row, shop: Shop, known_at: datetime) -> PlanState:
    """The quarter's state at that moment, also where the day that is looked at is an earlier one."""
    waits_at = row["waits_at"]
    if waits_at and waits_at <= known_at:
        return PlanState.waiting(row["quarter"], shop_day(waits_at, shop.timezone))
    return PlanState(row["state"] or "draft", row["state_because"] or "")


def _reaching(row: Row, reach: Mapping[str, datetime], metric: Metric | None) -> Row:
    """The row with how far the data reached then: an answer that newer data only confirmed was not written again."""
    ends = [reach.get(name) for name in metric.connectors] if metric else [None]
    known = [end for end in ends if end is not None]
    if row["closed_at"] or row["data_as_of"] is None or len(known) < len(ends):
        return row
    return {**row, "data_as_of": min(known)}


# --- both ----------------------------------------------------------------------------------------------------------


def _rows(connection: Connection, known: Known, now: datetime) -> list[Row]:
    found = rows_as_known(connection, "key_result_now", known, now=now)
    return sorted(found, key=lambda row: int(row["position"]))


def _board(
    shop: Shop,
    quarter: Quarter,
    state: str,
    as_of: date,
    known_at: datetime | None,
    rows: Sequence[Row],
    notices: Sequence[str],
) -> Board:
    whole = [{"shop": shop.domain, "quarter": quarter.label, "state": state, **_without(row, "state")} for row in rows]
    titles = dict.fromkeys(row["objective_id"] for row in rows)
    groups = [_group([row for row in whole if row["objective_id"] == id_]) for id_ in titles]
    reach = [row["data_as_of"] for row in whole if row["data_as_of"]]
    return Board(shop, quarter, state, as_of, min(reach, default=None), known_at, groups, notices)


def _without(row: Row, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}


def _group(rows: Sequence[Row]) -> Group:
    """An objective by its key results: weighed together, its status the worst of theirs."""
    statuses: dict[str, Status] = {row["key_result_id"]: row["status"] for row in rows}
    status = min(statuses.values(), key=WORST_FIRST.index)
    measured = [row for row in rows if row["progress"] is not None]
    return Group(
        rows[0]["objective"],
        rows[0]["objective_owner"],
        roll_up((row["weight"], row["progress"]) for row in measured),
        roll_up((row["weight"], row["expected_progress"]) for row in measured),
        status,
        explain_objective(status, statuses, len(measured)),
        rows,
    )


def _later(connection: Connection, shop: Shop, quarter: Quarter, now: datetime) -> list[str]:
    """What became known after the quarter was closed, and other quarters that wait for their close."""
    restated = quarters.restated_since(connection, shop.shop_id, quarter.label, now)
    waiting = quarters.waiting(connection, shop.shop_id, now)
    return [
        *(
            f"{id_} has changed since the quarter was closed ({why}): see bi_restatements"
            for id_, why in restated.items()
        ),
        *(
            f"{label} {PlanState.waiting(label, shop_day(waits_at, shop.timezone)).because}"
            for label, waits_at in waiting.items()
            if label != quarter.label
        ),
    ]


def _notices(
    installation: Installation,
    shop: Shop,
    quarter: Quarter,
    state: PlanState,
    rows: Sequence[Row],
    now: datetime,
    *,
    is_present: bool,
) -> Iterator[str]:
    """What waits for a person in this quarter; of an earlier day only what concerns its key results."""
    if state.because and (is_present or state.state == "draft"):
        yield state.because
    for row in rows:
        if row.get("held_back"):
            yield f"{row['key_result_id']}: {row['held_back']}"
    if is_present and state.state in ("active", "waiting"):
        yield from _overdue(installation, shop, quarter, rows, now)


def _overdue(
    installation: Installation, shop: Shop, quarter: Quarter, rows: Sequence[Row], now: datetime
) -> Iterator[str]:
    due_at = CheckInSchedule.parse(installation.settings.calendar.check_in).latest_due(now, shop.timezone)
    if not quarter.start <= last_complete_day(due_at, shop.timezone) <= quarter.last_day:
        return
    [settings] = [each for each in installation.settings.shops if each.domain == shop.domain]
    allowance = GAPS_BEFORE_STALE * settings.schedule.of("orders").longest_gap()
    late = [row["key_result_id"] for row in rows if is_overdue(due_at, row.get("checked_in_at"), allowance, now)]
    if late:
        which = "all key results" if len(late) == len(rows) else ", ".join(late)
        when = f"{due_at:%a %Y-%m-%d %H:%M} UTC"
        yield f"overdue: the check-in of {when} was not written for {which}: is the daemon running?"
