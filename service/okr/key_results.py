"""One key result of an OKR file, read key by key: what it aims at, and what else its owners say of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import cast, get_args

from service.okr.fields import Fields, day, identifier, number, one_of, share, shown, text
from service.okr.model import MANUAL, MILESTONE, Commitment, Guardrail, KeyResult, Pace
from service.okr.pace import Points
from service.okr.targets import (
    Aim,
    Bounds,
    Milestone,
    PastQuarter,
    parse_baseline,
    parse_level,
    parse_target,
)
from service.okr.windows import WindowKind
from service.values import Population, Segment

_TARGET = '"+20%", "+4pp", 12000, "60%" or "55 INR"'
_LIMIT = '"2%", 100 or "55 INR"'
_INSTEAD = ("at_least", "at_most", "keep_between", "milestone")


def key_result(fields: Fields, objective_id: str, objective_owner: str | None) -> KeyResult:
    """The key result of one table; what is wrong with it is told to `fields`."""
    found = KeyResult(
        id=fields.required("id", identifier, '"repeat-aov"'),
        title=fields.required("title", text, '"Average order value of repeat customers up 10 %"'),
        owner=fields.parsed("owner", text, '"Retention"') or objective_owner,
        objective_id=objective_id,
        metric=_metric(fields),
        where=where(fields),
        population=population(fields),
        baseline=fields.parsed("baseline", parse_baseline, '"previous_quarter", 10000, "20%" or "50 INR"'),
        target=_aim(fields),
        weight=_or(fields.parsed("weight", number, "2 or 0.5"), Decimal(1)),
        window=window(fields),
        place=fields.place,
        stretch=fields.parsed("stretch", parse_target, _TARGET),
        commitment=cast(Commitment | None, fields.parsed("commitment", one_of(*get_args(Commitment)), '"committed"')),
        pace=fields.parsed("pace", _pace, '"linear", "seasonal" or [[2026-08-15, 0.3], [2026-09-15, 0.8]]'),
        confidence=fields.parsed("confidence", share, "0.5"),
        guardrails=tuple(_guardrail(each) for each in fields.tables("guardrails", "{ metric = …, at_least = … }")),
        target_changed=fields.parsed("target_changed", text, '"our supplier failed; agreed on 2026-08-15"'),
    )
    _complain_of_what_does_not_fit(found, fields)
    fields.close()
    return found


def where(fields: Fields) -> Segment:
    return fields.parsed("where", _segment, '{ customer_type = "returning" }') or Segment()


def population(fields: Fields) -> Population:
    return cast(Population, fields.parsed("population", one_of("all", "kept"), '"kept"') or "all")


def window(fields: Fields) -> WindowKind | None:
    return cast(WindowKind | None, fields.parsed("window", one_of(*get_args(WindowKind)), '"trailing_28d"'))


def _or(found: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if found is None else found


# --- what it aims at -----------------------------------------------------------------------------------------------


def _metric(fields: Fields) -> str:
    if "milestone" not in fields.table:
        return fields.required("metric", text, '"average_order_value", or "manual"')
    if fields.value("metric") is not None:
        fields.complain("metric", "a milestone has none: people say how far it is", "leave metric or milestone out")
    return MILESTONE


def _aim(fields: Fields) -> Aim:
    """What stands in place of a target, or the target; more than one is a complaint."""
    written = [name for name in ("target", *_INSTEAD) if fields.value(name) is not None]
    if written == ["at_least", "at_most"]:
        low, high = (shown(fields.table[name]) for name in written)
        fields.complain("at_most", "there is an at_least too", f"write keep_between = [{low}, {high}]")
    elif len(written) > 1:
        fields.complain(written[1], f"there is a {written[0]} too", "leave one of the two out")
    if not written or written[0] == "target":
        return fields.required("target", parse_target, _TARGET)
    if written[0] == "milestone":
        fields.parsed("milestone", _milestone, "true")
        return Milestone()
    return bounds(fields)


def bounds(fields: Fields) -> Bounds:
    """The limits of at_least, at_most or keep_between."""
    if fields.value("keep_between") is not None:
        return fields.parsed("keep_between", _between, '["20%", "30%"]') or Bounds()
    return Bounds(fields.parsed("at_least", parse_level, _LIMIT), fields.parsed("at_most", parse_level, _LIMIT))


def _milestone(raw: object) -> None:
    if raw is not True:
        raise ValueError(f"{shown(raw)} is not how far it is: that is set by hand")


def _between(raw: object) -> Bounds:
    if not isinstance(raw, list) or len(raw) != 2:
        raise ValueError("is not a pair of limits")
    low, high = parse_level(raw[0]), parse_level(raw[1])
    if low.number >= high.number:
        raise ValueError(f"{low} is not below {high}")
    return Bounds(low, high)


def _guardrail(fields: Fields) -> Guardrail:
    guardrail = Guardrail(
        metric=fields.required("metric", text, '"conversion_rate"'),
        where=where(fields),
        population=population(fields),
        window=window(fields),
        bounds=bounds(fields),
        place=fields.place,
    )
    if not any(name in fields.table for name in ("at_least", "at_most", "keep_between")):
        fields.complain("at_least", "is missing, and so are at_most and keep_between", f"for example {_LIMIT}")
    fields.close()
    return guardrail


# --- what else is said of it ---------------------------------------------------------------------------------------


def _pace(raw: object) -> Pace:
    if raw in ("linear", "seasonal"):
        return cast(Pace, raw)
    if not isinstance(raw, list) or not raw:
        raise ValueError(f"{shown(raw)} is no pace")
    points: Points = tuple(_point(each) for each in raw)
    for (earlier, low), (later, high) in pairwise(points):
        if later <= earlier or high < low:
            raise ValueError(f"{later} and {high} do not follow {earlier} and {low}: days and shares must rise")
    return points


def _point(raw: object) -> tuple[date, Decimal]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise ValueError(f"{shown(raw)} is not a day and a share")
    return day(raw[0]), share(raw[1])


def _segment(raw: object) -> Segment:
    if not isinstance(raw, dict) or not all(isinstance(value, str | bool) for value in raw.values()):
        raise ValueError("is not a table of names and texts")
    return Segment.of({name: value if isinstance(value, str) else shown(value) for name, value in raw.items()})


def _complain_of_what_does_not_fit(found: KeyResult, fields: Fields) -> None:
    """Keys that say something about another form of key result than this one."""
    has_way = not isinstance(found.target, Bounds | Milestone)
    if not has_way:
        for name in ("baseline", "stretch"):
            if name in fields.table:
                fields.complain(name, f"there is no way from a baseline to {found.target}", f"leave {name} out")
    if isinstance(found.target, Bounds) and "pace" in fields.table:
        fields.complain("pace", "limits are to be kept from the first week on", "leave pace out")
    if found.is_by_hand:
        for name in ("where", "population", "window"):
            if name in fields.table:
                fields.complain(name, "nothing is measured: the values are set by hand", f"leave {name} out")
    if found.metric == MANUAL and isinstance(found.baseline, PastQuarter):
        fields.complain("baseline", f"nothing was measured in the {found.baseline.words}", "write the value it had")
