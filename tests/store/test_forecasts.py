"""Forecasts stand by the day they were made on, and go with their key result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, Engine, select

from service.store import results
from service.store.forecasts import (
    Question,
    StoredCalibration,
    StoredForecast,
    calibrations_of,
    forecast_of,
    probabilities,
    record_calibrations,
    record_forecast,
)
from service.store.tables import forecasts
from tests.shop import instant
from tests.store.test_results import definition

SHOP, QUARTER = 7, "2026-Q3"
FIRST, LAST = date(2026, 7, 1), date(2026, 9, 30)
NOW, LATER = instant("2026-07-10 08:00"), instant("2026-07-11 08:00")
FORECAST = StoredForecast(
    "kr", date(2026, 7, 9), Decimal("1200.5"), Decimal(1100), Decimal(1300), Decimal(1250), Decimal("0.3"),
    "local level", 400,
)  # fmt: skip
QUESTION = Question("orders", "", "all", "quarter")
CALIBRATION = StoredCalibration(
    46, 1, date(2026, 6, 30), 6, 5, Decimal("0.6"), Decimal("0.8"), Decimal("0.09")
)  # fmt: skip


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def test_the_forecast_of_a_day_is_the_newest_made_by_then(connection: Connection) -> None:
    next_day = replace(FORECAST, as_of_date=date(2026, 7, 10), probability=Decimal("0.4"))
    for moment, is_new in ((NOW, True), (LATER, False)):
        assert record_forecast(connection, SHOP, QUARTER, FORECAST, now=moment) is is_new
        assert record_forecast(connection, SHOP, QUARTER, next_day, now=moment) is is_new
    for day, found in ((8, None), (9, FORECAST), (10, next_day), (20, next_day)):
        assert forecast_of(connection, SHOP, QUARTER, "kr", date(2026, 7, day)) == found
    assert forecast_of(connection, SHOP, QUARTER, "another", date(2026, 7, 10)) is None


def test_a_forecast_that_changes_is_told_and_the_one_before_it_kept(connection: Connection) -> None:
    record_forecast(connection, SHOP, QUARTER, FORECAST, now=NOW)
    restated = replace(FORECAST, forecast=None, forecast_low=None, forecast_high=None, probability=None, method="none")
    assert record_forecast(connection, SHOP, QUARTER, restated, now=LATER)
    versions = select(forecasts.c.forecast, forecasts.c.superseded_at).order_by(forecasts.c.observed_at)
    assert connection.execute(versions).all() == [(Decimal("1200.5"), LATER), (None, None)]
    assert forecast_of(connection, SHOP, QUARTER, "kr", FORECAST.as_of_date) == restated


def test_forecasts_go_with_their_key_result_and_its_quarter(connection: Connection) -> None:
    before = replace(FORECAST, as_of_date=FIRST - timedelta(days=1))
    for each in (before, FORECAST, replace(FORECAST, key_result_id="gone")):
        record_forecast(connection, SHOP, QUARTER, each, now=NOW)
    results.record_key_results(connection, SHOP, QUARTER, FIRST, LAST, [definition("kr")], now=LATER)
    assert forecast_of(connection, SHOP, QUARTER, "gone", LAST) is None
    assert forecast_of(connection, SHOP, QUARTER, "kr", before.as_of_date) is None
    assert forecast_of(connection, SHOP, QUARTER, "kr", LAST) == FORECAST


def test_the_probabilities_of_days_come_with_their_targets(connection: Connection) -> None:
    next_day = replace(FORECAST, as_of_date=date(2026, 7, 10), target=Decimal(1300), probability=Decimal("0.1"))
    unknown = replace(FORECAST, as_of_date=date(2026, 7, 11), probability=None)
    for each in (FORECAST, next_day, unknown):
        record_forecast(connection, SHOP, QUARTER, each, now=NOW)
    found = probabilities(connection, SHOP, QUARTER, "kr", date(2026, 7, 9), LAST)
    assert found == {
        date(2026, 7, 9): (Decimal(1250), Decimal("0.3")),
        date(2026, 7, 10): (Decimal(1300), Decimal("0.1")),
    }
    assert probabilities(connection, SHOP, QUARTER, "kr", date(2026, 7, 10), date(2026, 7, 10)).keys() == {
        date(2026, 7, 10)
    }


def test_calibrations_are_kept_by_question_and_horizon(connection: Connection) -> None:
    early = replace(CALIBRATION, horizon_days=69, error_of_pace=None)
    assert record_calibrations(connection, SHOP, QUESTION, [CALIBRATION, early], now=NOW) == 2
    assert record_calibrations(connection, SHOP, QUESTION, [CALIBRATION, early], now=LATER) == 0
    assert calibrations_of(connection, SHOP, QUESTION) == [early, CALIBRATION]
    assert calibrations_of(connection, SHOP, replace(QUESTION, segment="utm_medium=email")) == []
