"""The next quarter's file drafted from this one's: what is carried, what is modified, baselines measured afresh.

Works on the file's own table, so that whatever a key result says is carried too. Where something is left to decide,
the file says `draft = true` and a remark says what; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from service.okr.toml import Remarked, write
from service.periods import Quarter

Step = Literal["carry", "modify", "drop", "undecided"]

_OF_ITS_QUARTER = ("target_changed", "confidence")
"""What was said of the old quarter only."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What is known of a key result when its successor is drafted."""

    step: Step
    ended: str  # where it ended and how, for people
    baseline: str | int | Decimal | None = None  # measured afresh, as the file writes it; None where a rule stands
    measured: str = ""  # the baseline of the new quarter as it is measured now, for people
    is_reached: bool = False  # the target is a level, and the baseline is there already


@dataclass(frozen=True, slots=True)
class Draft:
    """A file's text, and what is left to decide in it."""

    text: str
    to_decide: tuple[str, ...]


def draft(table: Mapping[str, Any], quarter: Quarter, carried: Mapping[str, Carried], today: date) -> Draft:
    """The file of `quarter` from the table of the one before."""
    to_decide: list[str] = []
    objectives = []
    dropped = []
    for objective in table["objectives"]:
        key_results = []
        for key_result in objective["key_results"]:
            known = carried[key_result["id"]]
            if known.step == "drop":
                dropped.append(f"dropped: {key_result['id']}, {known.ended}")
                continue
            questions = [f"{key_result['id']}: {each}" for each in _questions(key_result, known)]
            to_decide += questions
            key_results.append(_successor(key_result, known, questions, today))
        if key_results:
            objectives.append({**_plain(objective, "key_results"), "key_results": key_results})
    head: dict[str, Any] = {"quarter": quarter.label}
    if to_decide or not objectives:
        to_decide = to_decide or ["nothing is carried over: write objectives"]
        why = 'take this line out once everything marked "decide" is settled'
        head["draft"] = Remarked(value=True, beside=why)
    head |= {key: value for key, value in table.items() if key not in ("quarter", "draft", "objectives", "initiatives")}
    above = (f"Drafted by okrsync on {today} from {quarter.previous()}; initiatives are not carried over.", *dropped)
    return Draft(
        write({"quarter": Remarked(head.pop("quarter"), above=above), **head, "objectives": objectives}),
        tuple(to_decide),
    )


def _plain(table: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in without}


def _questions(key_result: Mapping[str, Any], known: Carried) -> Sequence[str]:
    if known.step == "undecided":
        return [f"its quarter is not closed: carry, modify or drop it? So far: {known.ended}"]
    aim = f"the target was {key_result['target']}" if "target" in key_result else "its limits stand as they were"
    asked = []
    if known.step == "modify":
        asked.append(f"{aim}, {known.ended}: what should it be now?")
    elif known.is_reached:
        asked.append(f"{aim}, and {known.measured} is there already: what should it be now?")
    if _has_dated_pace(key_result):
        asked.append("its pace had days of the old quarter: is it linear now, or which days?")
    return asked


def _has_dated_pace(key_result: Mapping[str, Any]) -> bool:
    """Points of a pace are days of the old quarter."""
    return isinstance(key_result.get("pace"), list)


def _successor(key_result: Mapping[str, Any], known: Carried, questions: Sequence[str], today: date) -> Remarked:
    fresh = _plain(key_result, *_OF_ITS_QUARTER, *(["pace"] if _has_dated_pace(key_result) else []))
    if known.is_reached and "baseline" in fresh:
        # The new baseline would lie at the target or beyond it, and such a file cannot be read.
        fresh["baseline"] = Remarked(fresh["baseline"], f"as it was; {known.measured} when measured on {today}")
    elif known.baseline is not None:
        fresh["baseline"] = Remarked(known.baseline, f"measured on {today}; it was {key_result['baseline']}")
    elif "baseline" in fresh and known.measured:
        fresh["baseline"] = Remarked(fresh["baseline"], f"{known.measured} when measured on {today}")
    ended = (f"{key_result['id']} {known.ended}",) if known.step == "carry" else ()
    return Remarked(fresh, above=(*ended, *(f"decide: {each}" for each in questions)))
