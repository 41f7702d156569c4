"""What an OKR file holds, as its owners wrote it: nothing is measured or resolved here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from service.okr.amounts import MetricFacts
from service.okr.pace import Points
from service.okr.status import RATIO, Rule
from service.okr.targets import Aim, Baseline, Bounds, Form, Level, Target, form_of
from service.okr.windows import WindowKind, guardrail_window, natural_window
from service.periods import Quarter
from service.values import Population, Segment

Commitment = Literal["committed", "aspirational"]
Pace = Literal["linear", "seasonal"] | Points

MANUAL = "manual"
"""In place of a metric: the values are set by hand."""

MILESTONE = "milestone"
"""What a milestone has in place of a metric."""


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What must not suffer for a key result: a metric and the limits it should stay within."""

    metric: str
    where: Segment
    population: Population
    window: WindowKind | None  # None: the last 28 days, or all history for a level
    bounds: Bounds
    place: str

    def window_for(self, facts: MetricFacts) -> WindowKind:
        """The days it looks at: as written, else what fits the metric."""
        return self.window or guardrail_window(facts)


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
    target: Aim
    weight: Decimal
    window: WindowKind | None  # None: what fits the metric
    place: str  # in its file: objectives[0].key_results[1]
    stretch: Target | None = None
    commitment: Commitment | None = None
    pace: Pace | None = None  # None: what fits the metric
    confidence: Decimal | None = None  # its owner's, when the quarter was planned
    guardrails: tuple[Guardrail, ...] = ()
    target_changed: str | None = None  # why its target is another one than was agreed

    @property
    def form(self) -> Form:
        return form_of(self.target)

    @property
    def levels(self) -> tuple[tuple[str, Level], ...]:
        """The values written down for it, each with its key."""
        aim = self.target
        written = [("baseline", self.baseline), ("target", aim), ("stretch", self.stretch)]
        if isinstance(aim, Bounds):
            both = aim.low is not None and aim.high is not None
            written = [
                ("keep_between" if both else "at_least", aim.low),
                ("keep_between" if both else "at_most", aim.high),
            ]
        return tuple((key, level) for key, level in written if isinstance(level, Level))

    @property
    def is_by_hand(self) -> bool:
        """Do people set its values?"""
        return self.metric in (MANUAL, MILESTONE)

    def window_for(self, facts: MetricFacts) -> WindowKind:
        """The days it looks at: as written, else what fits the metric."""
        return self.window or natural_window(facts, self.target)


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
class Kpi:
    """A metric that is watched without a target."""

    id: str
    title: str
    owner: str | None
    metric: str
    where: Segment
    population: Population
    window: WindowKind | None
    place: str

    def window_for(self, facts: MetricFacts) -> WindowKind:
        """The days it looks at: as written, else what fits the metric."""
        return self.window or natural_window(facts)


@dataclass(frozen=True, slots=True)
class Plan:
    """One OKR file."""

    file: str
    quarter: Quarter
    shop: str | None  # None where there is one shop
    objectives: tuple[Objective, ...]
    initiatives: tuple[Initiative, ...]
    kpis: tuple[Kpi, ...] = ()
    rule: Rule = RATIO
    is_draft: bool = False  # its owners still have to decide something

    @property
    def key_results(self) -> tuple[KeyResult, ...]:
        return tuple(key_result for objective in self.objectives for key_result in objective.key_results)

    @property
    def looked_at(self) -> tuple[KeyResult | Guardrail | Kpi, ...]:
        """Everything that asks for a metric."""
        guardrails = (guardrail for key_result in self.key_results for guardrail in key_result.guardrails)
        return (*self.key_results, *self.kpis, *guardrails)
