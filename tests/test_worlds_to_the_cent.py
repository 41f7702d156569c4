"""The shops of the demonstration, read over HTTP: every metric equals a second answer, to the cent and to the customer.

Orders, checkouts and sessions, by windows from a day to everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from service.demo.worlds import build
from service.metrics.catalogue import Metric, catalogue
from service.metrics.measure import answers
from service.store import shops
from service.values import Population, Segment, Window
from tests.conftest import BACKENDS, migrated
from tests.metrics.second_answer import Second, second
from tests.shop import OpenShop, done, open_shop

PARTS: tuple[dict[str, str], ...] = (
    {"customer_type": "returning"},
    {"source": "web"},
    {"discount_code": "welcome10"},
    {"product_type": "Shirts"},
    {"first_utm_source": "newsletter"},
    {"device": "mobile"},
)
# The first days that are read whole: sessions of the hours before a shop was opened are nobody's.
FIRST = {"boutique": date(2024, 9, 30), "myshopper": date(2025, 7, 5)}
END = date(2026, 10, 1)


@contextmanager
def read_whole(
    world: str, orders: int | None, backend: str, folder: Path, request: pytest.FixtureRequest
) -> Iterator[OpenShop]:
    """The shop with orders, checkouts and sessions in the database."""
    with migrated(backend, folder, request) as url, open_shop(build(world, orders=orders), url, folder) as shop:
        done(shop.backfill())
        done(shop.backfill("checkouts"))
        done(shop.sync("sessions"))
        yield shop


def some_windows(world: str, count: int) -> list[Window]:
    """Everything, a quarter, and windows of a day to more than a year."""
    random, first = Random(world), FIRST[world]
    starts = [first + timedelta(days=random.randrange((END - first).days)) for _ in range(count)]
    drawn = [Window(start, min(END, start + timedelta(days=random.choice((1, 7, 31, 91, 400))))) for start in starts]
    return [Window(first, END), Window(date(2026, 7, 1), END), *drawn]


Question = tuple[Metric, Segment, Population]


def wrong_answers(shop: OpenShop, windows: list[Window], asked: list[Question]) -> list[object]:
    """The answers that differ."""
    readers: dict[object, Second] = {}
    wrong: list[object] = []
    with shop.engine.connect() as connection:
        known = shops.by_domain(connection, shop.settings.domain)
        assert known is not None
        for metric, segment, population in asked:
            key = metric.family.things, segment, population
            if key not in readers:
                readers[key] = second(shop.store.world, metric.id, dict(segment.where), population)
            found = answers(connection, known, metric.id, windows, segment=segment, population=population)
            for each in found:
                expected = readers[key].answer(metric.id, each.window.start, each.window.end)
                if (each.numerator, each.denominator) != expected:
                    wrong.append((metric.id, segment, population, each, expected))
    return wrong


def questions() -> Iterator[Question]:
    """Every metric whole, in each population and by every part of `PARTS` that it has."""
    for metric in catalogue().values():
        for population in metric.family.populations:
            yield metric, Segment(), population
        for where in PARTS:
            if {*where} <= {*metric.segments}:
                yield metric, Segment.of(where), "all"


@pytest.mark.parametrize("backend", [BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.slow)])
@pytest.mark.parametrize("world", ["boutique", "myshopper"])
def test_a_part_of_a_small_one(world: str, backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with read_whole(world, 1000, backend, tmp_path, request) as shop:
        asked = Random(world).sample([*questions()], 60)
        assert wrong_answers(shop, some_windows(world, 1), asked) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("world", "most"), [("boutique", 1000), ("myshopper", 60)])
def test_the_whole_of_it(world: str, most: int, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Of a hundred thousand orders a second answer takes its time, so fewer questions are asked."""
    asked = [*questions()]
    with read_whole(world, None, BACKENDS[0], tmp_path, request) as shop:
        assert wrong_answers(shop, some_windows(world, 3), Random(9).sample(asked, min(most, len(asked)))) == []
