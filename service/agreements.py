"""Baseline and target of a key result: as they were agreed, or resolved from what is known now. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from service.metrics.catalogue import Metric
from service.okr.amounts import MetricFacts
from service.okr.goals import Goal, resolve, settled
from service.okr.lifecycle import Ruling, Terms, held_back, rule_on
from service.okr.model import KeyResult
from service.okr.targets import Level
from service.okr.windows import WindowKind, baseline_window, grows
from service.periods import Quarter
from service.store.results import StoredGoal
from service.values import Measurement, Window


@dataclass(frozen=True, slots=True)
class Agreed:
    """A goal and where it comes from."""

    goal: Goal
    past: Measurement | None  # what the baseline was resolved from, when it was now
    ruling: Ruling
    before: StoredGoal | None = None  # as it was settled until now
    held_back: str = ""  # a change of the file that does not count, and why

    @property
    def is_frozen(self) -> bool:
        """Do baseline and target come from the store?"""
        return self.ruling in ("keep", "hold")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a goal depends on beside its own key result."""

    facts: MetricFacts
    metric: Metric
    kind: WindowKind
    quarter: Quarter
    currency: str
    is_closed: bool


def agree(
    key_result: KeyResult, setting: Setting, stored: StoredGoal | None, measure: Callable[[Window], Measurement | None]
) -> Agreed:
    """The goal that counts; `measure` answers for a past window."""
    before = stored if stored and stored.baseline_observed_at else None
    wanted, agreed = terms_of(key_result, setting.kind), _agreed_terms(before)
    ruling = rule_on(
        agreed,
        wanted,
        is_same=before is not None and before.definition == definition(key_result, setting),
        is_closed=setting.is_closed,
        reason=key_result.target_changed,
        last_reason=before.target_reason if before else None,
    )
    facts, aim, stretch = setting.facts, key_result.target, key_result.stretch
    growing = grows(facts, setting.kind)
    if before is None or agreed is None or ruling in ("open", "renew"):
        window = baseline_window(key_result.baseline, setting.kind, setting.quarter)
        past = measure(window) if window else None
        return Agreed(resolve(key_result.baseline, aim, facts, growing, past, stretch), past, ruling, before)
    if ruling == "retarget":
        baseline = None if before.baseline is None else Level(before.baseline)
        return Agreed(resolve(baseline, aim, facts, growing, None, stretch), None, ruling, before)
    goal = settled(aim, before.baseline, before.target, growing, stretch)
    if ruling == "keep":
        return Agreed(goal, None, ruling, before)
    told = held_back(agreed, wanted, is_closed=setting.is_closed, is_old_reason=bool(key_result.target_changed))
    if not agreed.is_judged_like(wanted):
        goal = Goal(None, None, growing, told)
    return Agreed(goal, None, ruling, before, told)


def terms_of(key_result: KeyResult, kind: WindowKind) -> Terms:
    """The words of the file that its owner answers for."""
    return Terms(
        key_result.metric, str(key_result.where), key_result.population, kind, key_result.form,
        str(key_result.baseline or ""), str(key_result.target),
    )  # fmt: skip


def _agreed_terms(before: StoredGoal | None) -> Terms | None:
    return Terms(*(getattr(before, field.name) for field in fields(Terms))) if before else None


def definition(key_result: KeyResult, setting: Setting) -> str:
    """All that baseline and target depend on, the metric's version and the calendar included."""
    metric = setting.metric
    parts = (
        f"{setting.quarter.start} to {setting.quarter.last_day}", setting.currency,
        f"{metric.id} version {metric.version}", str(key_result.where), key_result.population, setting.kind,
        f"from {key_result.baseline}", f"to {key_result.target}",
    )  # fmt: skip
    return "; ".join(part for part in parts if part)
