"""What a key result is called, and in which order the reasons count.

no_data > incomplete > final (achieved, partly_achieved, missed) > stale > too_early > the pace rule

A quarter is judged finally only by data that reach its end: while they do not, its last day is `stale`, or on
the way like any other day if the schedule allows the gap. Silence is never green, and no missed target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, get_args

from service.values import CheckIn, Status

# Worst first. A known shortfall outranks silence, and silence outranks everything that looks fine.
WORST_FIRST: tuple[Status, ...] = (
    "missed", "off_track", "at_risk", "partly_achieved",
    "no_data", "incomplete", "stale",
    "too_early", "on_track", "achieved",
)  # fmt: skip


Kind = Literal["ratio", "gap", "forecast"]
OnTheWay = Literal["on_track", "at_risk", "off_track"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a status follows from the numbers. `on_track` and `at_risk` are limits of what the kind compares.

    `ratio`: attainment ÷ expected progress, from there up. `gap`: how far attainment lies behind expected progress, up
    to there. `forecast`: the probability of reaching the target, from there up.
    """

    kind: Kind = "ratio"
    on_track: Decimal = Decimal("0.9")
    at_risk: Decimal = Decimal("0.7")
    achieved: Decimal = Decimal("1")  # of attainment, once the quarter is over
    partly_achieved: Decimal = Decimal("0.7")
    too_early: Decimal = Decimal("0.1")  # part of the quarter in which nothing is judged
    committed: Decimal | None = None  # what counts as achieved where a key result is committed; None: as above
    preset: str = ""  # the name it is known by
    is_limit_at_risk: bool = False  # of a gap: is exactly `on_track` at risk already?
    begins_at_zero: bool = False  # is nothing expected on the first day and all on the last?
    keeps: Literal["weeks", "now"] = "weeks"  # limits: the share of weeks they held in, or whether they hold now
    is_strict: bool = False  # is a value on a limit outside of it?
    outside: OnTheWay = "off_track"  # what a value outside its limits is, where `keeps` looks at now

    def on_the_way(self, attained: Decimal, expected: Decimal, probability: Decimal | None = None) -> OnTheWay:
        """The status within the quarter."""
        if self.kind == "forecast" and probability is not None:
            return self._from_there_up(probability, Decimal(1))
        if attained >= 1:
            return "on_track"
        return self._behind(expected - attained) if self.kind == "gap" else self._from_there_up(attained, expected)

    def _from_there_up(self, number: Decimal, whole: Decimal) -> OnTheWay:
        """Below the baseline is off track, however little is expected."""
        if number < self.at_risk * whole:
            return "off_track"
        return "on_track" if number >= self.on_track * whole else "at_risk"

    def _behind(self, gap: Decimal) -> OnTheWay:
        if gap < self.on_track or (gap == self.on_track and not self.is_limit_at_risk):
            return "on_track"
        return "at_risk" if gap <= self.at_risk else "off_track"

    def at_the_end(self, attained: Decimal, *, is_committed: bool = False) -> Status:
        if attained >= self.achieves(is_committed=is_committed):
            return "achieved"
        return "partly_achieved" if attained >= self.partly_achieved else "missed"

    def achieves(self, *, is_committed: bool) -> Decimal:
        """The attainment that counts as achieved."""
        return self.achieved if self.committed is None or not is_committed else self.committed

    def without_forecast(self) -> Rule:
        """The same where no forecast can be made: the default limits of the pace instead."""
        return replace(self, kind=RATIO.kind, on_track=RATIO.on_track, at_risk=RATIO.at_risk)


RATIO = Rule()


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a status is decided from, and nothing that it is not."""

    attainment: Decimal | None
    expected: Decimal
    elapsed: Decimal
    is_stale: bool  # older than the schedule allows
    is_final: bool  # the quarter is over and the data reach its end
    hindrance: Literal["no_data", "incomplete"] | None = None
    is_unripe: bool = False  # no week is complete yet, so there is no attainment
    is_outside: bool = False  # of its limits, now
    is_committed: bool = False
    probability: Decimal | None = None


def judge(situation: Situation, rule: Rule = RATIO) -> Status:
    """The one status that holds by the numbers."""
    attained = situation.attainment
    if situation.hindrance or (attained is None and not situation.is_unripe):
        return situation.hindrance or "no_data"
    if situation.is_final and attained is not None:
        return rule.at_the_end(attained, is_committed=situation.is_committed)
    if situation.is_stale:
        return "stale"
    if situation.elapsed < rule.too_early or attained is None:
        return "too_early"
    status = rule.on_the_way(attained, situation.expected, situation.probability)
    if not situation.is_outside:
        return status
    if rule.keeps == "now":
        return rule.outside
    return "at_risk" if status == "on_track" else status  # what does not hold now is not on track


def is_stale(data_as_of: datetime | None, as_of_end: datetime, allowance: timedelta) -> bool:
    """Did the data end earlier than the schedule allows, seen from the end of the day they are read for?"""
    return data_as_of is None or data_as_of < as_of_end - allowance


# --- noise does not flip a status -----------------------------------------------------------------------------------

PERSISTS = 3
"""Readings in a row after which a change of status holds, whatever the interval says."""


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier reading: its status, and what that followed from."""

    status: Status
    attainment: Decimal | None
    expected: Decimal | None

    @classmethod
    def of(cls, reading: CheckIn) -> Before:
        return cls(reading.status, reading.attainment, reading.expected_progress)

    def by_numbers(self, rule: Rule) -> Status:
        if self.attainment is None or self.expected is None:
            return self.status
        return rule.on_the_way(self.attainment, self.expected)


def held(
    status: Status, ends: tuple[Decimal, Decimal] | None, expected: Decimal, before: Sequence[Before], rule: Rule
) -> Status | None:
    """The status of yesterday where it still holds against that of the numbers; None where the numbers decide.

    `ends` are the attainments at the ends of the value's interval, lower one first; `before` is newest first. A status
    holds while the interval reaches into its band, unless the numbers have said otherwise for three readings.
    """
    if ends is None or not before or before[0].status == status:
        return None
    standing = before[0].status
    if standing not in get_args(OnTheWay) or status not in get_args(OnTheWay) or rule.kind == "forecast":
        return None
    lowest, highest = (WORST_FIRST.index(rule.on_the_way(end, expected)) for end in ends)
    if not lowest <= WORST_FIRST.index(standing) <= highest:
        return None
    since = before[: PERSISTS - 1]
    has_persisted = len(since) == PERSISTS - 1 and all(
        each.status == standing != each.by_numbers(rule) for each in since
    )
    return None if has_persisted else standing
