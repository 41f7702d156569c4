"""Shops and questions drawn for properties of metrics, and the parts of the answers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from service.demo.model import World
from service.metrics.catalogue import Metric, catalogue
from service.metrics.measure import answers
from service.values import Population, Segment, Shop, Window
from tests.metrics.little_world import little_world
from tests.metrics.load_world import load_world
from tests.metrics.test_conformance import VALUES
from tests.strategies import little_worlds

EXAMPLES = int(os.environ.get("OKRSYNC_TEST_EXAMPLES", "5"))
"""How many examples a property is shown. Before a release: hundreds, some minutes each."""

METRICS = list(catalogue().values())
POPULATIONS: tuple[Population, ...] = ("all", "kept")
ALL_DAYS = Window(date(2023, 1, 1), date(2028, 1, 1))

Question = tuple[str, Population, Segment]
Parts = tuple[Decimal, Decimal | None]  # numerator and denominator

# Not shrunk: a shop takes a tenth of a second, and what differs is told by the question and not by the shop.
shown = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _visited(world: World, seed: int) -> World:
    """With sessions, checkouts and the spending that goes by its name, as drawn worlds have orders only."""
    other = little_world(seed, orders=0)
    world.name, world.visits, world.checkouts = other.name, other.visits, other.checkouts
    return world


seeds = st.integers(0, 10**6)
shops = st.one_of(
    st.builds(_visited, little_worlds(most_orders=20), seeds), seeds.map(lambda seed: little_world(seed, orders=30))
)
randoms = seeds.map(Random)
some_days = st.dates(date(2026, 2, 15), date(2026, 7, 1))
spans = st.tuples(some_days, some_days).map(lambda ends: Window(min(ends), max(ends) + timedelta(days=1)))


def questions(random: Random, metrics: Iterable[Metric] = METRICS) -> list[Question]:
    """Each metric as a whole, and every other one of a part that it can be split by."""
    found: list[Question] = []
    for metric in metrics:
        found.append((metric.id, random.choice(metric.family.populations), Segment()))
        if metric.segments and random.random() < 0.5:
            name = random.choice(metric.segments)
            where = Segment.of({name: random.choice(VALUES[name])})
            found.append((metric.id, random.choice(metric.family.populations), where))
    return found


def asked(connection: Connection, shop: Shop, question: Question, windows: Sequence[Window]) -> list[Parts]:
    metric, population, segment = question
    found = answers(connection, shop, metric, windows, segment=segment, population=population)
    return [(each.numerator, each.denominator) for each in found]


def told(
    connection: Connection, shop: Shop, wanted: Sequence[Question], windows: Sequence[Window]
) -> dict[Question, list[Parts]]:
    return {question: asked(connection, shop, question, windows) for question in wanted}


def told_of(
    engine: Engine, world: World, wanted: Sequence[Question], windows: Sequence[Window]
) -> dict[Question, list[Parts]]:
    """The answers of a shop that is put into the tables for them and is gone afterwards."""
    with engine.connect() as connection:
        found = told(connection, load_world(connection, world), wanted, windows)
        connection.rollback()
    return found


def total(parts: Iterable[Parts]) -> Parts:
    """All numerators, and all denominators where there are any."""
    numerators, denominators = zip(*parts, strict=True)
    return sum(numerators, Decimal()), None if None in denominators else sum(denominators, Decimal())
