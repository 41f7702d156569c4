"""What is doubtful about a plan that can be read: each `Finding` has a rule with a stable id, a sentence and a mend.

Errors say that the file means something else than it measures; warnings that it will be hard to live with; notes are
for knowing. Judged from the plan and the metrics alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from service.okr.amounts import MetricFacts, percent
from service.okr.benchmarks import BENCHMARKS, Benchmark, compared
from service.okr.by_hand import facts_for
from service.okr.check import complaints, looked_at
from service.okr.currencies import meant_by
from service.okr.model import KeyResult, Objective, Plan
from service.okr.noise import hidden_by_chance
from service.okr.rules import RULES, Severity
from service.okr.targets import Level, Relative
from service.okr.title_rules import Remark, currencies_of, remarks
from service.okr.vague import vague
from service.okr.windows import grows
from service.values import Measurement, Segment

NOTHING_KNOWN: Mapping[str, Measurement] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a file breaks, where, and how to mend it."""

    rule: str
    severity: Severity
    file: str
    key: str  # dotted path; empty for the whole file
    message: str
    hint: str


def lint(
    plan: Plan,
    catalogue: Mapping[str, MetricFacts],
    benchmarks: Sequence[Benchmark] = BENCHMARKS,
    known: Mapping[str, Measurement] = NOTHING_KNOWN,
) -> tuple[Finding, ...]:
    """Every finding about a plan, in the order of the file.

    `known` are the measured baselines by key result, where there are data to measure them from.
    """
    found: list[Remark] = []
    for n, objective in enumerate(plan.objectives):
        found += _objective(objective, f"objectives[{n}]")
        for key_result in objective.key_results:
            found += _key_result(key_result, catalogue, benchmarks, plan)
            found += hidden_by_chance(key_result, catalogue, known.get(key_result.id))
    found += [*_initiatives(plan), *_kpis(plan, catalogue)]
    # A sign that disagrees with its own key result is told there, and not once more for the file.
    told = {key for rule, key, *_ in found if rule == "OKR022"}
    found = [*_whole(plan, catalogue, told), *found]
    return tuple(
        Finding(rule, RULES[rule].severity, plan.file, key, message, mend or RULES[rule].mend)
        for rule, key, message, mend in found
    )


# --- the file ------------------------------------------------------------------------------------------------------


def _whole(plan: Plan, catalogue: Mapping[str, MetricFacts], told: Collection[str]) -> Iterator[Remark]:
    if len(plan.objectives) > 3:
        yield "OKR001", "objectives", f"there are {len(plan.objectives)} objectives, and a quarter bears three", ""
    groups: list[tuple[frozenset[str], list[str]]] = []
    named = [each for each in _currencies(plan, catalogue) if each[2] not in told]
    for codes, where, _ in sorted(named, key=lambda each: len(each[0])):  # INR before ₹, both before $
        for n, (shared, places) in enumerate(groups):
            if shared & codes:
                groups[n] = (shared & codes, [*places, where])
                break
        else:
            groups.append((codes, [where]))
    if len(groups) > 1:
        yield "OKR023", "", " and ".join(places[0] for _, places in groups) + " are not the same currency", ""


def _currencies(plan: Plan, catalogue: Mapping[str, MetricFacts]) -> Iterator[tuple[frozenset[str], str, str]]:
    """Everything in the file that names a currency, as it is written and with its key."""
    for n, objective in enumerate(plan.objectives):
        yield from _in_title(objective.title, f"objectives[{n}].title")
    for key_result in plan.key_results:
        yield from _in_title(key_result.title, f"{key_result.place}.title")
        for name, level in key_result.levels:
            if level.currency:
                key = f"{key_result.place}.{name}"
                yield frozenset({level.currency}), f"{level} ({key})", key
    for initiative in plan.initiatives:
        yield from _in_title(initiative.title, f"{initiative.place}.title")
        if initiative.spend and initiative.spend.currency:
            key = f"{initiative.place}.spend"
            yield meant_by(initiative.spend.currency), f"{initiative.spend} ({key})", key
    if shops := {facts.currency for facts in catalogue.values() if facts.currency}:
        yield frozenset(shops), f"{', '.join(sorted(shops))} (the shop's)", ""


def _in_title(title: str, key: str) -> Iterator[tuple[frozenset[str], str, str]]:
    for written, codes in currencies_of(title).items():
        yield codes, f"{written} ({key})", key


# --- an objective --------------------------------------------------------------------------------------------------


def _objective(objective: Objective, place: str) -> Iterator[Remark]:
    key, count = f"{place}.key_results", len(objective.key_results)
    if count < 3:
        only = "1 key result does" if count == 1 else f"{count} key results do"
        yield "OKR002", key, f"{only} not show whether {objective.id} is reached: 3 to 5 do", ""
    if count > 5:
        yield "OKR003", key, f"{count} key results for {objective.id} are more than a team can watch: 3 to 5 do", ""
    if objective.owner is None:
        yield "OKR004", f"{place}.owner", f"nobody answers for {objective.id}", ""
        if any(key_result.owner for key_result in objective.key_results):
            for orphan in (each for each in objective.key_results if each.owner is None):
                yield "OKR004", f"{orphan.place}.owner", f"nobody answers for {orphan.id}", ""
    if reason := vague(objective.title):
        yield "OKR010", f"{place}.title", f'"{objective.title}" {reason}', ""
    if objective.key_results and all(key_result.form == "milestone" for key_result in objective.key_results):
        yield "OKR011", key, f"{objective.id} has milestones only: they say what is done, not what it brings", ""
    yield from _weights(objective, place)


def _weights(objective: Objective, place: str) -> Iterator[Remark]:
    weights = [key_result.weight for key_result in objective.key_results]
    total = sum(weights)
    if total == 0:
        yield "OKR008", f"{place}.key_results", "all weights are 0, so the objective never has a progress", ""
    elif total != 1 and any(weight != 1 for weight in weights):  # 1 each is what leaving weights out means
        parts = ", ".join(percent(weight / total) for weight in weights)
        yield "OKR007", f"{place}.key_results", f"weights add up to {total:f}: they count as {parts}", ""


# --- a key result --------------------------------------------------------------------------------------------------


def _key_result(
    key_result: KeyResult, catalogue: Mapping[str, MetricFacts], benchmarks: Sequence[Benchmark], plan: Plan
) -> Iterator[Remark]:
    facts, place = facts_for(key_result, catalogue), key_result.place
    for key, message, hint in complaints(key_result, catalogue, plan.quarter):
        yield _rule_of(key, key_result, facts), f"{place}.{key}", message, hint
    if facts is None or key_result.form == "milestone":
        return
    yield from _twins(key_result, plan)
    is_growing = grows(facts, key_result.window_for(facts))
    if is_growing and key_result.baseline is None and isinstance(key_result.target, Level):
        yield "OKR006", f"{place}.baseline", f"there is none, so nothing tells how much {facts.id} grew", ""
    if key_result.window == "as_of" and facts.kind != "level":
        yield "OKR043", f"{place}.window", f"over all history {facts.id} hardly shows what this quarter changed", ""
    yield from _segment(key_result.where, facts, f"{place}.where")
    for guardrail in key_result.guardrails:
        if watched := catalogue.get(guardrail.metric):
            yield from _segment(guardrail.where, watched, f"{guardrail.place}.where")
    yield from remarks(key_result, facts, catalogue)
    for benchmark, said in compared(key_result, facts, benchmarks):
        yield "OKR050" if benchmark.is_verified else "OKR051", f"{place}.target", said, ""


def _rule_of(key: str, key_result: KeyResult, facts: MetricFacts | None) -> str:
    """The rule behind a complaint about this key of the key result."""
    if facts is None:
        return "OKR040"
    if key.partition("[")[0] in ("stretch", "pace", "guardrails"):
        return "OKR045"
    target, written = key_result.target, key_result.baseline if key == "baseline" else key_result.target
    if key == "window":
        return "OKR042"
    if key == "baseline" and written is None:
        return "OKR005"
    if facts.is_rate and isinstance(written, Relative) and not written.is_explicit:
        return "OKR030"
    if facts.unit == "money" and any(
        name == key and level.currency not in (None, facts.currency) for name, level in key_result.levels
    ):
        return "OKR022"
    start = key_result.baseline
    is_same = isinstance(target, Level) and isinstance(start, Level) and target.number == start.number
    return "OKR009" if is_same else "OKR040"


def _twins(key_result: KeyResult, plan: Plan) -> Iterator[Remark]:
    for other in plan.key_results:
        if other is key_result or key_result.is_by_hand:
            return
        if (other.metric, other.where) == (key_result.metric, key_result.where):
            where = f" where {key_result.where}" if key_result.where.where else ""
            yield "OKR044", f"{key_result.place}.metric", f"{other.id} measures {other.metric}{where} too", ""
            return


def _segment(where: Segment, facts: MetricFacts, key: str) -> Iterator[Remark]:
    for name, _ in where.where:
        if facts.segments is not None and name not in facts.segments:
            message = f"{facts.id} cannot be split by {name}"
            yield "OKR041", key, message, f"it can by {', '.join(facts.segments)}"


# --- what is only tracked ------------------------------------------------------------------------------------------


def _kpis(plan: Plan, catalogue: Mapping[str, MetricFacts]) -> Iterator[Remark]:
    aimed = {(each.metric, each.where): each.id for each in plan.key_results if each.form == "reach"}
    for kpi in plan.kpis:
        for key, message, hint in looked_at(kpi, catalogue):
            yield "OKR042" if key == "window" else "OKR040", f"{kpi.place}.{key}", message, hint
        if facts := catalogue.get(kpi.metric):
            yield from _segment(kpi.where, facts, f"{kpi.place}.where")
        if key_result := aimed.get((kpi.metric, kpi.where)):
            yield "OKR070", f"{kpi.place}.metric", f"{key_result} aims at {kpi.metric} already", ""


# --- initiatives ---------------------------------------------------------------------------------------------------


def _initiatives(plan: Plan) -> Iterator[Remark]:
    quarter = plan.quarter
    for each in plan.initiatives:
        days = f"{each.start} to {each.end}" if each.end else f"from {each.start}"
        message = f"{days}, and {quarter} is {quarter.start} to {quarter.last_day}"
        if each.start > quarter.last_day or (each.end and each.end < quarter.start):
            yield "OKR060", f"{each.place}.start", message, ""
        elif each.start < quarter.start or (each.end and each.end > quarter.last_day):
            yield "OKR061", f"{each.place}.start", message, ""
