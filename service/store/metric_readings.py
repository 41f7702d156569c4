"""What every metric read on every day, all versions of it, and how far each has been measured."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from service.store import restating, versions
from service.store.results import as_row
from service.store.tables import metric_progress, metric_readings
from service.store.upsert import put_all, upsert

Name = tuple[str, str]
"""A metric and a segment; the empty one is everything."""

WINDOW_KINDS = ("day", "quarter_to_date", "trailing_28d", "as_of")

Key = tuple[str, date]
"""Window kind and last day of the window."""


class Reading(NamedTuple):
    """An answer as it is kept. Units: money in the shop's currency; `squares` of minor units or counts."""

    metric: str
    segment: str
    window_kind: str
    metric_date: date
    metric_version: int
    unit: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    value_low: Decimal | None
    value_high: Decimal | None
    squares: Decimal | None = None

    @property
    def key(self) -> Key:
        return self.window_kind, self.metric_date


class Restated(NamedTuple):
    """A reading that stood, and the one that stands in its place."""

    old: Reading
    new: Reading
    old_observed_at: datetime


_FIELDS = Reading._fields

_STANDING = (
    select(*(metric_readings.c[name] for name in (*_FIELDS, "observed_at")))
    .where(metric_readings.c.shop_id == bindparam("shop_id"))
    .where(metric_readings.c.metric.in_(bindparam("metrics", expanding=True)))
    .where(metric_readings.c.segment == bindparam("segment"))
    # Of every kind there is; named, so that the index is entered at the first day of each.
    .where(metric_readings.c.window_kind.in_(WINDOW_KINDS))
    .where(metric_readings.c.metric_date.between(bindparam("first"), bindparam("last")))
    .where(metric_readings.c.superseded_at.is_(None))
)

Standing = Mapping[Key, tuple[Reading, datetime]]
"""What stands of a metric, and since when."""


def standing(
    connection: Connection, shop_id: int, metrics: Collection[Name], first: date, last: date
) -> dict[Name, Standing]:
    """The readings that stand for the days from `first` to `last`, of each of the metrics."""
    found: dict[Name, dict[Key, tuple[Reading, datetime]]] = {name: {} for name in metrics}
    for segment, names in groupby(sorted(metrics, key=itemgetter(1)), key=itemgetter(1)):
        ids = [metric for metric, _ in names]
        rows = connection.execute(_STANDING, {
            "shop_id": shop_id, "metrics": ids, "segment": segment, "first": first, "last": last,
        })  # fmt: skip
        for *fields, observed_at in rows:
            reading = Reading(*fields)
            found[reading.metric, segment][reading.key] = reading, observed_at
    return dict(found)


def known_at(
    connection: Connection,
    shop_id: int,
    metric: str,
    segment: str,
    kind: str,
    first: date,
    last: date,
    moment: datetime,
) -> list[tuple[Reading, datetime]]:
    """The readings of one window kind as they stood at a moment, by day, and since when."""
    c = metric_readings.c
    held = (c.observed_at <= moment) & (c.superseded_at.is_(None) | (c.superseded_at > moment))
    rows = connection.execute(
        select(metric_readings)
        .where(_of_days(shop_id, metric, segment, first, last), c.window_kind == kind, held)
        .order_by(c.metric_date, c.observed_at)
    ).mappings()
    return [(Reading(*(row[name] for name in _FIELDS)), row["observed_at"]) for row in rows]


def differences(readings: Sequence[Reading], stood: Standing, whole_from: date) -> tuple[list[Reading], list[Restated]]:
    """Those readings that differ from what stood, and the ones that stand no more, each with what comes in its place.

    From `whole_from` on the readings are all there is: what stood there and is not among them has no answer any more.
    """
    found = {reading.key: reading for reading in readings}
    changed = [reading for key, reading in found.items() if key not in stood or stood[key][0] != reading]
    restated = [Restated(stood[new.key][0], new, stood[new.key][1]) for new in changed if new.key in stood]
    lost = [
        Restated(old, _without_answer(old), since)
        for key, (old, since) in stood.items()
        if key not in found and old.metric_date >= whole_from
    ]
    return changed, restated + lost


def record(
    connection: Connection, shop_id: int, changed: Sequence[Reading], restated: Sequence[Restated], *, now: datetime
) -> None:
    """Write readings in place of those that stand no more."""
    gone = [_keys(shop_id, each.old, each.old_observed_at) for each in restated]
    versions.supersede(connection, metric_readings, gone, now)
    upsert(connection, metric_readings, [_row(shop_id, reading, now) for reading in changed])


def _without_answer(reading: Reading) -> Reading:
    return reading._replace(value=None, numerator=None, denominator=None, value_low=None, value_high=None, squares=None)


def _of_days(shop_id: int, metric: str, segment: str, first: date, last: date) -> Any:
    c = metric_readings.c
    return (c.shop_id == shop_id) & (c.metric == metric) & (c.segment == segment) & c.metric_date.between(first, last)


def _keys(shop_id: int, reading: Reading, observed_at: datetime) -> Mapping[str, Any]:
    return {"shop_id": shop_id, "observed_at": observed_at, **reading._asdict()}


def _row(shop_id: int, r: Reading, now: datetime) -> tuple[Any, ...]:
    return as_row(
        shop_id, r.metric, r.segment, r.window_kind, r.metric_date, now, None, r.metric_version, r.unit, r.value,
        r.numerator, r.denominator, r.value_low, r.value_high, r.squares,
    )  # fmt: skip


def record_restatements(
    connection: Connection, shop_id: int, restated: Iterable[tuple[Restated, str]], *, now: datetime
) -> int:
    """A row, with its cause, for each answer that is another one now; how many."""
    rows = [
        {
            "shop_id": shop_id, "about": "metric", "name": new.metric, "segment": new.segment,
            "window_kind": new.window_kind, "restated_date": new.metric_date, "observed_at": now,
            "old_value": old.value, "new_value": new.value, "cause": cause,
        }
        for (old, new, _), cause in restated
        if old.value != new.value
    ]  # fmt: skip
    return restating.record(connection, rows)


# --- how far -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a metric was measured, and what that rested on."""

    metric_version: int
    measured_to: date
    covered_from: date | None
    fiscal_year_start: int
    batch: int


def progress(connection: Connection, shop_id: int) -> dict[Name, Progress]:
    """By metric and segment."""
    c = metric_progress.c
    rows = connection.execute(
        select(
            c.metric, c.segment, c.metric_version, c.measured_to, c.covered_from, c.fiscal_year_start, c.batch
        ).where(c.shop_id == shop_id)
    )  # fmt: skip
    return {(metric, segment): Progress(*rest) for metric, segment, *rest in rows}


def record_progress(connection: Connection, shop_id: int, reached: Mapping[Name, Progress]) -> None:
    rows = [
        {"shop_id": shop_id, "metric": metric, "segment": segment, **asdict(each)}
        for (metric, segment), each in reached.items()
    ]
    put_all(connection, metric_progress, ["shop_id", "metric", "segment"], rows)


def forget_progress(connection: Connection, shop_id: int, metric: str, segment: str) -> None:
    """The metric is measured from its beginning when it can be measured again."""
    c = metric_progress.c
    connection.execute(delete(metric_progress).where(c.shop_id == shop_id, c.metric == metric, c.segment == segment))


def retire(connection: Connection, shop_id: int, metric: str, segment: str, *, now: datetime) -> None:
    """Its readings stand no more, and none follow."""
    c = metric_readings.c
    mine = (c.shop_id == shop_id) & (c.metric == metric) & (c.segment == segment)
    versions.retire(connection, metric_readings, mine, now=now)
    forget_progress(connection, shop_id, metric, segment)
