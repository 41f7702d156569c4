"""The OKRs of a quarter as their owners wrote them, from one TOML file.

A file is taken whole or not at all: every complaint comes at once, each with its place and an example.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

from service.errors import PlanError, Problem
from service.okr.fields import Fields, day, identifier, suggestion, text, yes_or_no
from service.okr.key_results import key_result, population, where, window
from service.okr.model import Initiative, KeyResult, Kpi, Objective, Plan
from service.okr.rule_table import rule_of
from service.okr.targets import parse_level
from service.periods import Quarter

__all__ = ["Initiative", "KeyResult", "Kpi", "Objective", "Plan", "load", "parse"]


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
    is_draft = fields.parsed("draft", yes_or_no, "true") or False
    objectives = tuple(_objective(each) for each in fields.tables("objectives", "[[objectives]]"))
    initiatives = tuple(_initiative(each) for each in fields.tables("initiatives", "[[initiatives]]"))
    kpis = tuple(_kpi(each) for each in fields.tables("kpis", "[[kpis]]"))
    rule = rule_of(fields.one_table("status", "[status]"))
    fields.close()
    if not fields.table.get("objectives"):
        fields.complain("objectives", "there is none", "begin one with [[objectives]], then id and title")
    plan = Plan(fields.file, quarter, shop, objectives, initiatives, kpis, rule, is_draft)
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
    return Objective(id_, title, owner, tuple(key_result(each, id_, owner) for each in tables))


def _initiative(fields: Fields) -> Initiative:
    initiative = Initiative(
        id=fields.required("id", identifier, '"loyalty-launch"'),
        title=fields.required("title", text, '"Loyalty programme"'),
        start=fields.required("start", day, "2026-08-01"),
        end=fields.parsed("end", day, "2026-09-15"),
        key_results=fields.required("key_results", _identifiers, '["repeat-customers"]'),
        where=where(fields),
        spend=fields.parsed("spend", parse_level, '"12000 INR"'),
        place=fields.place,
    )
    if initiative.start and initiative.end and initiative.end < initiative.start:
        fields.complain("end", f"{initiative.end} is before the start, {initiative.start}", "swap the two")
    fields.close()
    return initiative


def _kpi(fields: Fields) -> Kpi:
    kpi = Kpi(
        id=fields.required("id", identifier, '"returns"'),
        title=fields.required("title", text, '"Sales taken back"'),
        owner=fields.parsed("owner", text, '"Operations"'),
        metric=fields.required("metric", text, '"reversal_rate"'),
        where=where(fields),
        population=population(fields),
        window=window(fields),
        place=fields.place,
    )
    fields.close()
    return kpi


def _complain_of_repeated_ids(plan: Plan, fields: Fields) -> None:
    """Ids name rows for years: one id, one thing, in a whole file."""
    objectives = [(f"objectives[{n}]", each.id) for n, each in enumerate(plan.objectives)]
    key_results = [(each.place, each.id) for each in plan.key_results]
    initiatives = [(each.place, each.id) for each in plan.initiatives]
    kpis = [(each.place, each.id) for each in plan.kpis]
    for named in (objectives, key_results, initiatives, kpis):
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


def _identifiers(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise ValueError("is not a list of key-result ids")
    return tuple(identifier(each) for each in raw)
