"""What a reckoning writes of a plan beside its readings: state, definitions, changed targets, restatements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from service.ground import Ground
from service.judging import Judged
from service.okr.lifecycle import PlanState, hindrance, state_of
from service.okr.lint import lint
from service.okr.model import Plan
from service.periods import ONE_DAY, day_start, shop_day
from service.store import late, quarters
from service.store.engine import Connection
from service.store.versions import Change


def plan_state(connection: Connection, ground: Ground, plan: Plan, *, grace_days: int, now: datetime) -> PlanState:
    """Where the quarter is in its life now."""
    shop, quarter = ground.shop, plan.quarter
    reach = ground.coverage.covered_to
    return state_of(
        quarters.state_of(connection, shop.shop_id, quarter.label),
        hindrance=hindrance(
            is_draft=plan.is_draft,
            errors=[each.rule for each in lint(plan, ground.metrics) if each.severity == "error"],
            reaches=reach is not None and reach >= day_start(quarter.start, shop.timezone),
            file=plan.file,
            label=quarter.label,
        ),
        quarter=quarter,
        grace_days=grace_days,
        today=shop_day(now, shop.timezone),
    )


def definition_row(judged: Judged, ground: Ground, plan: Plan, state: PlanState, now: datetime) -> dict[str, Any]:
    """A key result as its file has it; what was agreed stays as it stands until a new goal can be settled."""
    key_result, agreed = judged.key_result, judged.agreed
    named = {
        "key_result_id": key_result.id,
        "objective_id": judged.objective.id,
        "objective": judged.objective.title,
        "objective_owner": judged.objective.owner,
        "key_result": key_result.title,
        "owner": key_result.owner,
        "weight": key_result.weight,
        "commitment": key_result.commitment,
        "pace": judged.pace,
        "confidence": key_result.confidence,
        "held_back": agreed.held_back or None,
    }
    if agreed.before is None:
        settled_at = now if _may_settle(judged, ground, plan, state) else None
        return {
            **named,
            **_terms(judged),
            "target_reason": key_result.target_changed,
            "baseline_observed_at": settled_at,
        }
    if agreed.is_frozen:
        return named
    if not _may_settle(judged, ground, plan, state):
        return {**named, "held_back": f"the new target cannot be settled yet: {agreed.goal.because}"}
    reason = key_result.target_changed or agreed.before.target_reason
    return {**named, **_terms(judged), "target_reason": reason, "baseline_observed_at": now}


def _terms(judged: Judged) -> dict[str, Any]:
    key_result, goal = judged.key_result, judged.goal
    return {
        "metric": judged.metric.id,
        "metric_version": judged.metric.version,
        "segment": str(key_result.where),
        "population": key_result.population,
        "window_kind": judged.window_kind,
        "unit": judged.metric.unit,
        "currency": judged.facts.currency,
        "direction": goal.direction,
        "baseline_rule": str(key_result.baseline or ""),
        "target_rule": str(key_result.target),
        "definition": judged.definition,
        "baseline": goal.baseline,
        "target": goal.target,
        "form": key_result.form,
        "stretch": goal.stretch,
    }


def _may_settle(judged: Judged, ground: Ground, plan: Plan, state: PlanState) -> bool:
    """Baseline and target are settled once the quarter is active and the data reach into it."""
    begins = day_start(plan.quarter.start, ground.shop.timezone)
    reach = ground.under(judged.metric).coverage.covered_to
    return state.state != "draft" and judged.goal.is_settled and reach is not None and reach >= begins


def record_target_changes(
    connection: Connection, ground: Ground, plan: Plan, judged: Sequence[Judged], state: PlanState, now: datetime
) -> None:
    """A row for each goal that is settled anew."""
    for each in judged:
        before = each.agreed.before
        if before and not each.agreed.is_frozen and _may_settle(each, ground, plan, state):
            quarters.record_target_change(
                connection,
                ground.shop.shop_id,
                plan.quarter.label,
                key_result_id=each.key_result.id,
                changed_at=now,
                old_baseline=before.baseline,
                new_baseline=each.goal.baseline,
                old_target=before.target,
                new_target=each.goal.target,
                old_definition=before.definition,
                new_definition=each.definition,
                reason=each.key_result.target_changed if _is_asked_for(each) else "what it is measured by changed",
            )


def _is_asked_for(judged: Judged) -> bool:
    """Did a person change it, rather than a new version of its metric or the shop's calendar?"""
    before, reason = judged.agreed.before, judged.key_result.target_changed
    return before is not None and reason is not None and reason != before.target_reason


def record_restatements(
    connection: Connection, ground: Ground, judged: Sequence[Judged], changes: Iterable[Change]
) -> int:
    """A row for each past day whose answer was known whole and is another one now."""
    by_id = {each.key_result.id: each for each in judged}
    restated = [change for change in changes if _is_restatement(change, ground)]
    total = 0
    for key_result_id, group in groupby(restated, key=lambda change: str(change.new["key_result_id"])):
        mine = list(group)
        total += quarters.record_restatements(connection, mine, _cause(connection, ground, by_id[key_result_id], mine))
    return total


def _is_restatement(change: Change, ground: Ground) -> bool:
    old, new = change.old, change.new
    if old is None or old["value"] is None or old["data_as_of"] is None:
        return False
    was_whole = old["data_as_of"] >= day_start(old["as_of_date"] + ONE_DAY, ground.shop.timezone)
    is_another_goal = old["attainment"] is not None and old["attainment"] != new["attainment"]
    return was_whole and (old["value"] != new["value"] or is_another_goal)


def _cause(connection: Connection, ground: Ground, judged: Judged, changes: Sequence[Change]) -> str:
    if judged.agreed.ruling in ("retarget", "renew"):
        return "target_change" if _is_asked_for(judged) else "definition"
    first = min(change.new["as_of_date"] for change in changes)
    since = max(change.old["data_as_of"] for change in changes if change.old)
    return late.cause_of(connection, ground.shop.shop_id, first, since)
