"""The OKRs of a quarter as their owners wrote them, from one TOML file.

A file is taken whole or not at all: every complaint comes at once, each with its place and an example.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

from service.errors import PlanError, Problem
from service.okr.fields import Fields, identifier, one_of, shown, suggestion, text
from service.okr.targets import Baseline, Level, Target, parse_baseline, parse_level, parse_target
from service.okr.windows import WindowKind
from service.periods import Quarter
from service.values import Population, Segment


@dataclass(frozen=True, slots=True)
class KeyResult:
    """A metric, where it starts and where it should get to."""

    id: str
    title: str
    owner: str | None  # its objective's, unless it has its own
    objective_id: str
    metric: str
    where: Segment
    population: Population
    baseline: Baseline | None
    target: Target
    weight: Decimal
    window: WindowKind | None  # None: the metric's own
    place: str  # in its file: objectives[0].key_results[1]


@dataclass(frozen=True, slots=True)
class Objective:
    id: str
    title: str
    owner: str | None
    key_results: tuple[KeyResult, ...]


@dataclass(frozen=True, slots=True)
class Initiative:
    """Work that is meant to move key results."""

    id: str
    title: str
    start: date
    end: date | None  # inclusive; None while it goes on
    key_results: tuple[str, ...]
    where: Segment  # its own traffic
    spend: Level | None
    place: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One OKR file."""

    file: str
    quarter: Quarter
    shop: str | None  # None where there is one shop
    objectives: tuple[Objective, ...]
    initiatives: tuple[Initiative, ...]

    @property
    def key_results(self) -> tuple[KeyResult, ...]:
        return tuple(key_result for objective in self.objectives for key_result in objective.key_results)


def load(path: Path | str, fiscal_year_start: int = 1) -> Plan:
    """The plan in a file; PlanError lists everything wrong with it."""
    try:
        source = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else "is not UTF-8 text"
        raise PlanError([Problem(str(path), "", reason, "save it as UTF-8 text that this user may read")]) from None
    return parse(source, str(path), fiscal_year_start)


def parse(source: str, file: str, fiscal_year_start: int = 1) -> Plan:
    """The plan written in `source`; `file` is named in complaints."""
    try:
        table = tomllib.loads(source, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PlanError([_syntax_problem(str(error), source, file)]) from None
    problems: list[Problem] = []
    plan = _plan(Fields(file, "", table, problems), fiscal_year_start)
    if problems:
        raise PlanError(problems)
    return plan


def _syntax_problem(message: str, source: str, file: str) -> Problem:
    """tomllib's complaint with its place taken out of the text, and the line itself."""
    lines = source.splitlines() or [""]
    match = re.fullmatch(r"(.*) \(at line ([0-9]+), column ([0-9]+)\)", message, re.DOTALL)
    what = match[1] if match else message.removesuffix(" (at end of document)")
    line, column = (int(match[2]), int(match[3])) if match else (len(lines), len(lines[-1]) + 1)
    written = lines[min(line, len(lines)) - 1].strip()
    hint = f'the line reads: {written}   (texts need quotes: target = "+20%"; days do not: start = 2026-08-01)'
    return Problem(file, f"line {line}, column {column}", f"this is not TOML: {what}", hint)


def _plan(fields: Fields, fiscal_year_start: int) -> Plan:
    quarter = fields.required("quarter", lambda raw: Quarter.parse(text(raw), fiscal_year_start), '"2026-Q3"')
    shop = fields.parsed("shop", text, '"myshopper.myshopify.com"')
    objectives = tuple(_objective(each) for each in fields.tables("objectives", "[[objectives]]"))
    initiatives = tuple(_initiative(each) for each in fields.tables("initiatives", "[[initiatives]]"))
    fields.close(later=("kpis",))
    if not fields.table.get("objectives"):
        fields.complain("objectives", "there is none", "begin one with [[objectives]], then id and title")
    plan = Plan(fields.file, quarter, shop, objectives, initiatives)
    _complain_of_repeated_ids(plan, fields)
    _complain_of_strange_key_results(plan, fields)
    return plan


def _objective(fields: Fields) -> Objective:
    id_ = fields.required("id", identifier, '"repeat-revenue"')
    title = fields.required("title", text, '"Increase revenue from repeat customers"')
    owner = fields.parsed("owner", text, '"Retention"')
    tables = fields.tables("key_results", "[[objectives.key_results]]")
    fields.close()
    if not fields.table.get("key_results"):
        fields.complain("key_results", "there is none", "begin one with [[objectives.key_results]]")
    return Objective(id_, title, owner, tuple(_key_result(each, id_, owner) for each in tables))


# Forms of a key result that a later version judges; the first four stand in place of a target.
_INSTEAD_OF_TARGET = ("at_least", "at_most", "keep_between", "milestone")
_LATER = (*_INSTEAD_OF_TARGET, "stretch", "pace", "commitment", "guardrails", "confidence")


def _key_result(fields: Fields, objective_id: str, objective_owner: str | None) -> KeyResult:
    has_later_form = any(name in fields.table for name in _INSTEAD_OF_TARGET)
    need = fields.parsed if has_later_form else fields.required
    key_result = KeyResult(
        id=fields.required("id", identifier, '"repeat-aov"'),
        title=fields.required("title", text, '"Average order value of repeat customers up 10 %"'),
        owner=fields.parsed("owner", text, '"Retention"') or objective_owner,
        objective_id=objective_id,
        metric=cast(str, need("metric", _metric, '"average_order_value"')),
        where=_where(fields),
        population=cast(Population, fields.parsed("population", one_of("all", "kept"), '"kept"') or "all"),
        baseline=fields.parsed("baseline", parse_baseline, '"previous_quarter", 10000, "20%" or "50 INR"'),
        target=cast(Target, need("target", parse_target, '"+20%", "+4pp", 12000, "60%" or "55 INR"')),
        weight=_weight(fields),
        window=cast(WindowKind | None, fields.parsed("window", one_of(*get_args(WindowKind)), '"trailing_28d"')),
        place=fields.place,
    )
    fields.close(_LATER)
    return key_result


def _initiative(fields: Fields) -> Initiative:
    initiative = Initiative(
        id=fields.required("id", identifier, '"loyalty-launch"'),
        title=fields.required("title", text, '"Loyalty programme"'),
        start=fields.required("start", _day, "2026-08-01"),
        end=fields.parsed("end", _day, "2026-09-15"),
        key_results=fields.required("key_results", _identifiers, '["repeat-customers"]'),
        where=_where(fields),
        spend=fields.parsed("spend", parse_level, '"12000 INR"'),
        place=fields.place,
    )
    if initiative.start and initiative.end and initiative.end < initiative.start:
        fields.complain("end", f"{initiative.end} is before the start, {initiative.start}", "swap the two")
    fields.close()
    return initiative


def _complain_of_repeated_ids(plan: Plan, fields: Fields) -> None:
    """Ids name rows for years: one id, one thing, in a whole file."""
    objectives = [(f"objectives[{n}]", each.id) for n, each in enumerate(plan.objectives)]
    key_results = [(each.place, each.id) for each in plan.key_results]
    initiatives = [(each.place, each.id) for each in plan.initiatives]
    for named in (objectives, key_results, initiatives):
        first: dict[str, str] = {}
        for place, id_ in named:
            if id_ is not None and first.setdefault(id_, place) != place:
                fields.complain(f"{place}.id", f"{id_!r} is also the id of {first[id_]}", "give each its own")


def _complain_of_strange_key_results(plan: Plan, fields: Fields) -> None:
    known = {key_result.id for key_result in plan.key_results if key_result.id is not None}
    for initiative in plan.initiatives:
        for id_ in initiative.key_results or ():
            if id_ not in known:
                place = f"{initiative.place}.key_results"
                fields.complain(place, f"there is no key result {id_!r} in this file", suggestion(id_, known))


def _metric(raw: object) -> str:
    if raw == "manual":
        raise ValueError("this version does not judge values set by hand")
    return text(raw)


def _where(fields: Fields) -> Segment:
    return fields.parsed("where", _segment, '{ customer_type = "returning" }') or Segment()


def _segment(raw: object) -> Segment:
    if not isinstance(raw, dict) or not all(isinstance(value, str | bool) for value in raw.values()):
        raise ValueError("is not a table of names and texts")
    return Segment.of({name: value if isinstance(value, str) else shown(value) for name, value in raw.items()})


def _weight(fields: Fields) -> Decimal:
    weight = fields.parsed("weight", _number, "2 or 0.5")
    return Decimal(1) if weight is None else weight


def _number(raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, Decimal | int) or not Decimal(raw).is_finite() or raw < 0:
        raise ValueError(f"{shown(raw)} is not a number from 0 up")
    return Decimal(raw)


def _day(raw: object) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    raise ValueError(f"{shown(raw)} is not a day: write it without quotes and without a time")


def _identifiers(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise ValueError("is not a list of key-result ids")
    return tuple(identifier(each) for each in raw)
