"""A number taken apart: the rows in it and left out, what others call by its name, and the SQL. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from service.answering import measured, up_to_the_data
from service.errors import Misconfigured
from service.ground import Ground, known_ground
from service.installation import Installation
from service.judging import Judged
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric
from service.metrics.other_readings import OTHER_READINGS, OtherReading, Step, by_id
from service.metrics.scope import Scope
from service.metrics.unseen import Unseen
from service.mistyped import unseen_in
from service.questions import PlanStatus, days_asked
from service.settings import ShopSettings
from service.store.engine import Connection, reading
from service.values import Measurement, Population, Segment, Window


@dataclass(frozen=True, slots=True)
class Compared:
    """Another reading, answered for the same days."""

    other: OtherReading
    metric: Metric
    reading: metrics.Reading | None  # None: there is none, and `because` says why
    because: str = ""
    steps: Sequence[tuple[Step, Decimal]] = ()  # what leads from our parts to theirs


@dataclass(frozen=True, slots=True)
class Explained:
    """What stands behind a measurement."""

    ground: Ground
    metric: Metric
    measurement: Measurement
    window: Window  # what other readings look at where ours looks at all history
    examples: Sequence[metrics.Example]
    others: Sequence[Compared]
    parameters: Sequence[tuple[str, str]]
    sql: str  # of the answer: a row a day
    census_sql: str  # of what is in it and what is left out: a row a reason
    unseen: Sequence[Unseen]  # what its segment asks for and nothing read has


def explain_metric(
    installation: Installation,
    settings: ShopSettings,
    metric_id: str,
    *,
    first: date | None,
    last: date | None,
    segment: Segment,
    population: Population,
    most: int,
) -> Explained | None:
    """A metric from shop day `first` to `last` taken apart; None while nothing was read.

    `most` examples for each reason; days as in `show_metric`.
    """
    with reading(installation.engine) as connection:
        ground = known_ground(connection, installation, settings)
        if ground is None:
            return None
        window = days_asked(installation, ground.shop, first, last)
        found = measured(connection, ground, metric_id, window, segment, population)
        return take_apart(connection, ground, up_to_the_data(found, ground), window, most)


def explain_value(installation: Installation, each: PlanStatus, judged: Judged, most: int) -> Explained | None:
    """The value of a key result taken apart; None where nothing is measured."""
    found = judged.measurement
    if found is None or judged.key_result.is_by_hand:
        return None
    window = found.window if found.window.start else Window(each.plan.quarter.start, found.window.end)
    with reading(installation.engine) as connection:
        return take_apart(connection, each.ground, found, window, most)


def take_apart(connection: Connection, ground: Ground, found: Measurement, window: Window, most: int) -> Explained:
    """What stands behind a measurement, with `most` examples for each reason."""
    metric, dialect = ground.catalogue[found.metric], connection.dialect.name
    scope = Scope(metric, ground.shop.shop_id, found.segment, found.population)
    query = metrics.query_for(
        ground.shop, metric, found.window, dialect, segment=found.segment, population=found.population
    )
    others = [each for each in OTHER_READINGS.get(metric.id, ()) if each.population != found.population]
    return Explained(
        ground,
        metric,
        found,
        window,
        metrics.examples(connection, scope, found.window, most) if most else (),
        [_compared(connection, ground, found, window, each) for each in others],
        [(name, str(value)) for name, value in query.binds.items()],
        query.as_typed(dialect),
        scope.census(found.window, dialect).as_typed(dialect),
        unseen_in(connection, ground, found),
    )


def _compared(
    connection: Connection, ground: Ground, ours: Measurement, window: Window, other: OtherReading
) -> Compared:
    metric, population = other.definition(), other.population or ours.population

    def answer(asked: Metric) -> metrics.Reading | str:
        return _answer(connection, ground, Scope(asked, ground.shop.shop_id, ours.segment, population), window)

    theirs = answer(metric)
    if isinstance(theirs, str):
        return Compared(other, metric, None, theirs)
    return Compared(other, metric, theirs, "", tuple(_steps(other, ours, theirs, answer)))


def _answer(connection: Connection, ground: Ground, scope: Scope, window: Window) -> metrics.Reading | str:
    """A reading, or why there is none."""
    try:
        footing = ground.under(scope.metric, scope.segment)
    except Misconfigured as error:
        return f"it {error.problems[0].message}"
    if footing.because or footing.coverage.covered_from is None:
        return footing.because or "nothing was read that it is counted from"
    found = metrics.answer(connection, ground.shop, scope, window, footing.covered_from)
    return found if found.is_complete else found.incomplete_because


def _steps(
    other: OtherReading,
    ours: Measurement,
    theirs: metrics.Reading,
    answer: Callable[[Metric], metrics.Reading | str],
) -> Iterator[tuple[Step, Decimal]]:
    """Each step's amount; one whose metric cannot be split like ours is part of what is left."""
    for part, difference in (
        ("numerator", theirs.numerator - ours.numerator),
        ("denominator", (theirs.denominator or 0) - (ours.denominator or 0)),
    ):
        left = Decimal(difference)
        mine = [step for step in other.steps if step.part == part]
        for step in mine:
            if step.metric and not isinstance(found := answer(by_id(step.metric)), str):
                left -= step.sign * found.numerator
                yield step, step.sign * found.numerator
        yield from ((step, left) for step in mine if not step.metric)
