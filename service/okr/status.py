"""What a key result is called, and in which order the reasons count.

no_data > incomplete > final (achieved, partly_achieved, missed) > stale > too_early > the pace rule

A quarter is judged finally only by data that reach its end: while they do not, its last day is `stale`, or on
the way like any other day if the schedule allows the gap. Silence is never green, and no missed target.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from service.values import Status

# Worst first. A known shortfall outranks silence, and silence outranks everything that looks fine.
WORST_FIRST: tuple[Status, ...] = (
    "missed", "off_track", "at_risk", "partly_achieved",
    "no_data", "incomplete", "stale",
    "too_early", "on_track", "achieved",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RatioRule:
    """The pace rule `ratio`: attainment ÷ expected progress, against bands."""

    on_track: Decimal = Decimal("0.9")
    at_risk: Decimal = Decimal("0.7")
    achieved: Decimal = Decimal("1")  # of attainment, once the quarter is over
    partly_achieved: Decimal = Decimal("0.7")
    too_early: Decimal = Decimal("0.1")  # part of the quarter in which nothing is judged

    def on_the_way(self, attained: Decimal, expected: Decimal) -> Status:
        """The status within the quarter; below the baseline is off track, however little is expected."""
        if attained >= 1:
            return "on_track"
        if attained < self.at_risk * expected:
            return "off_track"
        return "on_track" if attained >= self.on_track * expected else "at_risk"

    def at_the_end(self, attained: Decimal) -> Status:
        if attained >= self.achieved:
            return "achieved"
        return "partly_achieved" if attained >= self.partly_achieved else "missed"


RATIO = RatioRule()


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a status is decided from, and nothing that it is not."""

    attainment: Decimal | None
    expected: Decimal
    elapsed: Decimal
    is_stale: bool  # older than the schedule allows
    is_final: bool  # the quarter is over and the data reach its end
    hindrance: Literal["no_data", "incomplete"] | None = None


def judge(situation: Situation, rule: RatioRule = RATIO) -> Status:
    """The one status that holds."""
    if situation.hindrance or situation.attainment is None:
        return situation.hindrance or "no_data"
    if situation.is_final:
        return rule.at_the_end(situation.attainment)
    if situation.is_stale:
        return "stale"
    if situation.elapsed < rule.too_early:
        return "too_early"
    return rule.on_the_way(situation.attainment, situation.expected)


def is_stale(data_as_of: datetime | None, as_of_end: datetime, allowance: timedelta) -> bool:
    """Did the data end earlier than the schedule allows, seen from the end of the day they are read for?"""
    return data_as_of is None or data_as_of < as_of_end - allowance
