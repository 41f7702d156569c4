"""What was expected of each key result on each day, and how well such forecasts did on the shop's own past quarters.

A forecast keeps every version, so that what was known at any moment can be told; of a calibration the newest stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, and_, select

from service.store.results import as_row
from service.store.tables import forecast_calibrations, forecasts
from service.store.upsert import upsert
from service.store.versions import record


@dataclass(frozen=True, slots=True)
class StoredForecast:
    """A key result's value at its quarter's end, as expected on a day; no forecast where history is too short."""

    key_result_id: str
    as_of_date: date
    forecast: Decimal | None
    forecast_low: Decimal | None  # 80 % interval
    forecast_high: Decimal | None
    target: Decimal | None  # as it stood
    probability: Decimal | None  # of reaching it
    method: str  # how it was made, or why there is none
    history_days: int


@dataclass(frozen=True, slots=True)
class Question:
    """What a calibration is about: all key results that ask this share it."""

    metric: str
    segment: str
    population: str
    window_kind: str


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """How forecasts made so many days before the end of past quarters did."""

    horizon_days: int
    metric_version: int
    judged_to: date  # last day of the newest past quarter
    judged: int
    held: int  # outcomes within the 80 % interval
    error_of_pace: Decimal | None  # mean absolute error ÷ that of carrying on the quarter's days so far
    error_of_recent: Decimal | None  # … ÷ that of carrying on the last 28 days
    brier: Decimal | None  # mean squared error of the probability


def record_forecast(
    connection: Connection, shop_id: int, quarter: str, found: StoredForecast, *, now: datetime
) -> bool:
    """Whether the forecast is new or says something else than before."""
    day = _of(shop_id, quarter, found.key_result_id) & (forecasts.c.as_of_date == found.as_of_date)
    row = {"shop_id": shop_id, "quarter": quarter, **asdict(found)}
    return bool(record(connection, forecasts, day, [row], now=now))


def forecast_of(
    connection: Connection, shop_id: int, quarter: str, key_result_id: str, as_of: date
) -> StoredForecast | None:
    """The newest forecast made on that day or before; None while there was none."""
    c = forecasts.c
    row = connection.execute(
        select(
            c.key_result_id, c.as_of_date, c.forecast, c.forecast_low, c.forecast_high, c.target, c.probability,
            c.method, c.history_days,
        )
        .where(_of(shop_id, quarter, key_result_id), c.as_of_date <= as_of, c.superseded_at.is_(None))
        .order_by(c.as_of_date.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip
    return row and StoredForecast(*row)


def probabilities(
    connection: Connection, shop_id: int, quarter: str, key_result_id: str, first: date, last: date
) -> dict[date, tuple[Decimal | None, Decimal]]:
    """The target as it stood and the probability of reaching it, on each day on which there was one."""
    c = forecasts.c
    rows = connection.execute(
        select(c.as_of_date, c.target, c.probability).where(
            _of(shop_id, quarter, key_result_id), c.as_of_date.between(first, last), c.superseded_at.is_(None),
            c.probability.is_not(None),
        )
    )  # fmt: skip
    return {day: (target, probability) for day, target, probability in rows}


def _of(shop_id: int, quarter: str, key_result_id: str) -> ColumnElement[bool]:
    c = forecasts.c
    return and_(c.shop_id == shop_id, c.quarter == quarter, c.key_result_id == key_result_id)


def record_calibrations(
    connection: Connection, shop_id: int, question: Question, found: Sequence[StoredCalibration], *, now: datetime
) -> int:
    """How many horizons are new or were judged differently before."""
    rows = [as_row(shop_id, *astuple(question), *astuple(each), now) for each in found]
    return upsert(connection, forecast_calibrations, rows)


def calibrations_of(connection: Connection, shop_id: int, question: Question) -> list[StoredCalibration]:
    """By horizon, the longest first."""
    c = forecast_calibrations.c
    rows = connection.execute(
        select(
            c.horizon_days, c.metric_version, c.judged_to, c.judged, c.held, c.error_of_pace, c.error_of_recent,
            c.brier,
        )
        .where(
            c.shop_id == shop_id, c.metric == question.metric, c.segment == question.segment,
            c.population == question.population, c.window_kind == question.window_kind,
        )
        .order_by(c.horizon_days.desc())
    )  # fmt: skip
    return [StoredCalibration(*row) for row in rows]
