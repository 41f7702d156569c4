"""What the numbers were: readings restated only where they differ, check-ins never, a change of status once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from service.store import results
from service.store.tables import check_ins, key_result_readings, key_results, status_changes
from service.values import CheckIn
from tests.shop import instant, standing

SHOP, QUARTER = 7, "2026-Q3"
DAYS = (date(2026, 7, 1), date(2026, 9, 30))
NOW, LATER = instant("2026-07-10 08:00"), instant("2026-07-11 08:00")
CHECK_IN = CheckIn(
    QUARTER, "o", "kr", date(2026, 7, 1), Decimal("55.005"), None, None, Decimal(50), Decimal(60), Decimal("0.5"),
    Decimal("0.5"), Decimal("0.01"), "on_track", "Fine.", NOW,
)  # fmt: skip


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def definition(key_result_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "key_result_id": key_result_id, "objective_id": "o", "objective": "O", "objective_owner": None,
        "key_result": "KR", "owner": None, "metric": "orders", "metric_version": 1, "segment": "", "population": "all",
        "window_kind": "quarter", "unit": "count", "currency": None, "direction": "increase", "weight": Decimal(1),
        "baseline_rule": "0", "target_rule": "10", "definition": "orders", "baseline": Decimal(0),
        "target": Decimal(10), **changes,
    }  # fmt: skip


# --- key results ---------------------------------------------------------------------------------------------------


def test_key_results_stand_in_the_order_of_their_file(connection: Connection) -> None:
    results.record_key_results(connection, SHOP, QUARTER, *DAYS, [definition("b"), definition("a")], now=NOW)
    results.record_key_results(
        connection, SHOP, QUARTER, *DAYS, [definition("a"), definition("b"), definition("c")], now=NOW
    )
    rows = standing(connection, key_results, "position", "key_result_id")
    assert sorted(rows) == [(0, "a"), (1, "b"), (2, "c")]


def test_a_key_result_that_left_the_file_is_gone(connection: Connection) -> None:
    results.record_key_results(connection, SHOP, QUARTER, *DAYS, [definition("kr"), definition("other")], now=NOW)
    results.record_readings(connection, SHOP, [(CHECK_IN, None)], now=NOW)
    results.publish_check_in(connection, SHOP, CHECK_IN, due_at=NOW, now=NOW)
    results.record_key_results(connection, SHOP, QUARTER, *DAYS, [definition("other")], now=LATER)
    assert standing(connection, key_results, "key_result_id") == [("other",)]
    assert standing(connection, key_result_readings) == []
    assert connection.scalars(select(check_ins.c.key_result_id)).all() == ["kr"]


def test_other_quarters_and_shops_are_left_alone(connection: Connection) -> None:
    results.record_key_results(connection, SHOP, "2026-Q2", *DAYS, [definition("kr")], now=NOW)
    results.record_key_results(connection, 8, QUARTER, *DAYS, [definition("kr")], now=NOW)
    results.record_key_results(connection, SHOP, QUARTER, *DAYS, [], now=NOW)
    assert len(standing(connection, key_results)) == 2


def test_a_settled_goal_is_found_again(connection: Connection) -> None:
    settled = definition("kr", baseline=Decimal("50.005"), baseline_observed_at=NOW)
    results.record_key_results(connection, SHOP, QUARTER, *DAYS, [settled], now=NOW)
    found = results.stored_goals(connection, SHOP, QUARTER)["kr"]
    assert (found.definition, found.baseline, found.target) == ("orders", Decimal("50.005"), Decimal(10))
    assert found.baseline_observed_at == NOW
    results.record_key_results(connection, SHOP, QUARTER, *DAYS, [definition("kr")], now=NOW)
    assert results.stored_goals(connection, SHOP, QUARTER)["kr"].baseline_observed_at == NOW, "once settled, it stays"


# --- readings ------------------------------------------------------------------------------------------------------


def test_readings_are_restated_where_they_differ(connection: Connection) -> None:
    assert len(results.record_readings(connection, SHOP, [(CHECK_IN, LATER)], now=NOW)) == 1
    from_newer_data = replace(CHECK_IN, data_as_of=LATER)
    assert results.record_readings(connection, SHOP, [(from_newer_data, LATER)], now=LATER) == []
    better = replace(CHECK_IN, value=Decimal(56))
    [change] = results.record_readings(connection, SHOP, [(better, LATER)], now=LATER)
    assert change.old
    assert (change.old["value"], change.new["value"]) == (CHECK_IN.value, 56)
    assert standing(connection, key_result_readings, "value", "observed_at", "fresh_until") == [(56, LATER, LATER)]
    versions = connection.execute(
        select(key_result_readings.c.value, key_result_readings.c.superseded_at).order_by("observed_at")
    )
    assert list(map(tuple, versions)) == [(CHECK_IN.value, LATER), (56, None)]
    assert results.last_reading_date(connection, SHOP, QUARTER, "kr") == date(2026, 7, 1)
    assert results.last_reading_date(connection, SHOP, QUARTER, "other") is None


def test_a_check_in_is_written_once(connection: Connection) -> None:
    def publish(reading: CheckIn, due_at: object = NOW) -> bool:
        return results.publish_check_in(connection, SHOP, reading, due_at=due_at, now=LATER)  # type: ignore[arg-type]

    assert publish(CHECK_IN)
    assert not publish(replace(CHECK_IN, value=Decimal(1)))
    assert publish(replace(CHECK_IN, value=Decimal(2)), NOW + timedelta(days=7))
    rows = connection.execute(select(check_ins.c.value, check_ins.c.target).order_by(check_ins.c.checked_in_at))
    assert list(map(tuple, rows)) == [(Decimal("55.005"), Decimal(60)), (Decimal(2), Decimal(60))]


def test_a_change_of_status_is_written_once(connection: Connection) -> None:
    def record(status: str, now: object) -> bool:
        return results.record_status(connection, SHOP, replace(CHECK_IN, status=status), now=now)  # type: ignore[arg-type]

    moments = [NOW + timedelta(days=n) for n in range(5)]
    told = ("too_early", "too_early", "on_track", "at_risk", "on_track")
    assert [record(status, now) for status, now in zip(told, moments, strict=True)] == [True, False, True, True, True]
    rows = connection.execute(
        select(status_changes.c.old_status, status_changes.c.new_status).order_by(status_changes.c.changed_at)
    )
    assert list(map(tuple, rows)) == [
        (None, "too_early"), ("too_early", "on_track"), ("on_track", "at_risk"), ("at_risk", "on_track"),
    ]  # fmt: skip
