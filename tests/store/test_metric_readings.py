"""Readings of metrics: all their versions, and how far each was measured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Connection, Engine, select

from service.store import metric_readings as kept
from service.store.metric_readings import Progress, Reading, Restated
from service.store.tables import metric_readings, restatements
from tests.shop import instant

SHOP = 7
NOW, LATER = instant("2026-07-10 08:00"), instant("2026-07-11 08:00")
FIRST, SECOND = date(2026, 7, 1), date(2026, 7, 2)
READING = Reading("net_sales", "", "day", FIRST, 1, "money", Decimal("10.50"), Decimal("10.50"), None, None, None)


NAME = ("net_sales", "")


def recorded(connection: Connection, readings: list[Reading], *, whole_from: date, now: datetime) -> list[Restated]:
    first = min([whole_from, *(reading.metric_date for reading in readings)])
    stood = kept.standing(connection, SHOP, [NAME], first, date.max)[NAME]
    changed, restated = kept.differences(readings, stood, whole_from)
    kept.record(connection, SHOP, changed, restated, now=now)
    return restated


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def test_what_differs_replaces_what_stood_and_both_are_kept(connection: Connection) -> None:
    next_day = READING._replace(metric_date=SECOND)
    other = next_day._replace(value=Decimal("10.51"))
    assert recorded(connection, [READING, next_day], whole_from=FIRST, now=NOW) == []
    assert recorded(connection, [other], whole_from=SECOND, now=LATER) == [(next_day, other, NOW)]
    stands = kept.standing(connection, SHOP, [NAME], FIRST, SECOND)[NAME]
    assert stands == {("day", FIRST): (READING, NOW), ("day", SECOND): (other, LATER)}

    def known(moment: str) -> list[object]:
        of = kept.known_at(connection, SHOP, "net_sales", "", "day", FIRST, SECOND, instant(moment))
        return [reading.value for reading, _ in of]

    assert known("2026-07-10 07:59") == []
    assert known("2026-07-10 08:00") == [Decimal("10.50"), Decimal("10.50")]
    assert known("2026-07-11 07:59") == [Decimal("10.50"), Decimal("10.50")]
    assert known("2026-07-11 08:00") == [Decimal("10.50"), Decimal("10.51")]


def test_of_two_changes_in_one_second_the_first_says_what_was(connection: Connection) -> None:
    recorded(connection, [READING], whole_from=FIRST, now=NOW)
    for value in ("11", "12"):
        found = recorded(connection, [READING._replace(value=Decimal(value))], whole_from=FIRST, now=LATER)
        assert kept.record_restatements(connection, SHOP, [(each, "edit") for each in found], now=LATER) == 1
    rows = connection.execute(select(restatements.c.old_value, restatements.c.new_value, restatements.c.cause)).all()
    assert rows == [(Decimal("10.50"), 12, "edit")]
    assert connection.scalars(select(metric_readings.c.value).order_by(metric_readings.c.observed_at)).all() == [
        Decimal("10.50"), 12,
    ]  # fmt: skip


def test_what_has_no_answer_any_more_stands_no_more(connection: Connection) -> None:
    next_day = READING._replace(metric_date=SECOND)
    recorded(connection, [READING, next_day], whole_from=FIRST, now=NOW)
    [lost] = recorded(connection, [], whole_from=SECOND, now=LATER)
    assert (lost.old, lost.new.value) == (next_day, None)
    assert kept.standing(connection, SHOP, [NAME], FIRST, SECOND)[NAME] == {("day", FIRST): (READING, NOW)}
    assert len(kept.known_at(connection, SHOP, "net_sales", "", "day", FIRST, SECOND, NOW)) == 2


@pytest.mark.parametrize("value", ["0.1", "33.33333333333333333333333333", "12345678901234567890.12", "-0.005", "1E+2"])
def test_numbers_are_kept_exactly(connection: Connection, value: str) -> None:
    reading = READING._replace(value=Decimal(value))
    recorded(connection, [reading], whole_from=FIRST, now=NOW)
    found = connection.scalar(select(metric_readings.c.value))
    assert isinstance(found, Decimal)
    assert found == Decimal(value)
    recorded(connection, [reading], whole_from=FIRST, now=LATER)
    assert connection.scalars(select(metric_readings.c.observed_at)).all() == [NOW]


def test_progress_is_one_row_a_metric(connection: Connection) -> None:
    reached = Progress(1, FIRST, None, 1, 4)
    kept.record_progress(connection, SHOP, {("orders", ""): Progress(1, FIRST, None, 1, 3)})
    kept.record_progress(connection, SHOP, {("orders", ""): reached})
    assert kept.progress(connection, SHOP) == {("orders", ""): reached}
    assert kept.progress(connection, 8) == {}
    kept.forget_progress(connection, SHOP, "orders", "")
    assert kept.progress(connection, SHOP) == {}
