"""What a judgement rests on besides the value itself: pace, weeks, guardrails, what was said before, a forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from service.okr.amounts import MetricFacts
from service.okr.model import Guardrail
from service.okr.pace import Expectation
from service.okr.status import Before, Rule
from service.okr.targets import Bounds
from service.values import Measurement


@dataclass(frozen=True, slots=True)
class Kept:
    """How limits were kept: in how many of the complete weeks, and now."""

    weeks: int  # with a value
    held: int
    is_held_now: bool

    def attainment(self, rule: Rule) -> Decimal | None:
        """The share of weeks, or all or nothing now, as the rule looks at it; None before the first week is over."""
        if rule.keeps == "now":
            return Decimal(self.is_held_now)
        return Decimal(self.held) / self.weeks if self.weeks else None


def kept(bounds: Bounds, weeks: Sequence[Decimal | None], now: Decimal, rule: Rule) -> Kept:
    """A week without a value neither kept nor broke its limits."""
    held = [bounds.holds(value, is_strict=rule.is_strict) for value in weeks if value is not None]
    return Kept(len(held), sum(held), bounds.holds(now, is_strict=rule.is_strict))


@dataclass(frozen=True, slots=True)
class Watched:
    """A guardrail on a day."""

    guardrail: Guardrail
    facts: MetricFacts
    measurement: Measurement | None

    @property
    def is_broken(self) -> bool | None:
        """None where nothing is known."""
        found = self.measurement
        if found is None or found.value is None or not found.is_complete:
            return None
        return not self.guardrail.bounds.holds(found.value)

    def __str__(self) -> str:
        name = f"{self.facts.id} ({self.guardrail.where})" if self.guardrail.where.where else self.facts.id
        if self.is_broken is None:
            because = self.measurement.incomplete_because if self.measurement else ""
            return f"Guardrail not judged: {name}: {because or 'it has no value'}."
        assert self.measurement is not None
        shown, asked = self.facts.format(self.measurement.value), self.guardrail.bounds
        return f"Guardrail {'broken' if self.is_broken else 'kept'}: {name} is {shown}, and {asked} is asked."


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a key result on a day besides its value."""

    expectation: Expectation | None = None  # None: an even pace
    weeks: tuple[Measurement, ...] = ()  # of limits: at the end of each complete week
    guardrails: tuple[Watched, ...] = ()
    before: tuple[Before, ...] = ()  # earlier readings, newest first
    probability: Decimal | None = None  # of reaching the target, by a forecast

    @property
    def broken(self) -> tuple[Watched, ...]:
        return tuple(each for each in self.guardrails if each.is_broken)
