"""The catalogue measured: every metric on every day, and of a segment those that somebody asked for.

Here it is decided what there is to measure, from when on, and written what was found; `turns.py` finds it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from service.books import Books
from service.errors import MetricFails
from service.ground import Footing, Ground
from service.metrics.catalogue import Metric
from service.okr.model import Plan
from service.periods import ONE_DAY, last_complete_day
from service.store import changes, metric_readings, pending
from service.store.engine import Connection
from service.store.metric_readings import Name, Progress, Reading, Restated
from service.turns import Causes, Followed, Found, Turn, find, with_causes
from service.values import Segment, Shop


@dataclass(frozen=True, slots=True)
class Measured:
    """What one pass measured."""

    since: date | None = None  # the first day with a reading that is new or another one; None: all stood
    readings: int = 0
    restatements: int = 0
    failed: tuple[MetricFails, ...] = ()  # metrics of the installation's own that do not answer: their readings stay

    def __add__(self, other: Measured) -> Measured:
        since = min((day for day in (self.since, other.since) if day), default=None)
        failed = (*self.failed, *other.failed)
        return Measured(since, self.readings + other.readings, self.restatements + other.restatements, failed)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Whose catalogue is measured, and for when."""

    books: Books
    ground: Ground
    now: datetime
    fiscal_year_start: int

    @property
    def shop(self) -> Shop:
        return self.ground.shop

    def footing(self, of: Followed) -> Footing:
        return self.ground.under(of.metric, of.segment)


def measure_catalogue(
    books: Books,
    ground: Ground,
    now: datetime,
    fiscal_year_start: int,
    segments: Collection[tuple[str, Segment]] = (),
) -> Measured:
    """Every metric brought up to date with what was read so far, and those of `segments`; other segments stand no more.

    What is short comes from one view of the database and goes into one transaction, what is long metric by metric.
    """
    desk = _Desk(books, ground, now, fiscal_year_start)
    wanted = [Followed(metric) for metric in ground.catalogue.values()]
    wanted += [Followed(ground.catalogue[metric], segment) for metric, segment in _in_order(segments)]
    _retire_all_but(desk, wanted)
    short, done = _measure(desk, wanted, is_long=False)
    for each in wanted:
        if each.key not in done:
            short += _measure(desk, [each], is_long=True)[0]
    return short


def segments_asked(plans: Sequence[Plan]) -> set[tuple[str, Segment]]:
    """The metrics that key results, their guardrails and KPIs ask of a segment; readings are of all orders."""
    asked = [each for plan in plans for each in plan.looked_at]
    return {(each.metric, each.where) for each in asked if each.where.where and each.population == "all"}


def _in_order(segments: Collection[tuple[str, Segment]]) -> list[tuple[str, Segment]]:
    return sorted(segments, key=lambda asked: (asked[0], asked[1].where))


def _retire_all_but(desk: _Desk, wanted: Sequence[Followed]) -> None:
    """Nobody brings the readings of a segment up to date that nobody asks for any more.

    A metric that is missing may only be one whose file is wrong just now.
    """
    shop_id, asked = desk.shop.shop_id, {each.key for each in wanted}
    with desk.books.reading() as connection:
        measured = metric_readings.progress(connection, shop_id)
    gone = [key for key in measured if key not in asked and key[0] in desk.ground.catalogue]
    if gone:
        with desk.books.writing() as connection:
            for metric, segment in gone:
                metric_readings.retire(connection, shop_id, metric, segment, now=desk.now)


def _measure(desk: _Desk, some: Sequence[Followed], *, is_long: bool) -> tuple[Measured, set[Name]]:
    """What was measured, and what needs no more: with `is_long` all of it."""
    turns: list[Turn] = []
    unmeasurable: list[Followed] = []
    with desk.books.reading() as connection:
        view = _View.of(connection, desk)
        for each in some:
            end = _measurable_until(desk.footing(each), each.metric, desk)
            if end is None:
                unmeasurable.append(each)
                continue
            turn = _turn(view, desk, each, end)
            if is_long or not turn.is_long:
                turns.append(turn)
        found = [*find(connection, [turn for turn in turns if turn.reached != view.progress.get(turn.of.key)])]
    unmeasurable += [each.turn.of for each in found if each.failed]
    lost = [each.key for each in unmeasurable if each.key in view.progress]
    found, failed = [each for each in found if not each.failed], tuple(each.failed for each in found if each.failed)
    total = (_write(desk, found, lost) if found or lost else Measured()) + Measured(failed=failed)
    return total, {turn.of.key for turn in turns} | {each.key for each in unmeasurable}


def _write(desk: _Desk, measured: Sequence[Found], lost: Sequence[Name]) -> Measured:
    """Readings, restatements with their causes, and how far each metric has come."""
    shop_id = desk.shop.shop_id
    changed: list[Reading] = []
    restated: list[tuple[Restated, str]] = []
    with desk.books.writing() as connection:
        for metric, segment in lost:
            metric_readings.forget_progress(connection, shop_id, metric, segment)
        for found in measured:
            new, old = metric_readings.differences(found.readings, found.stood, found.turn.begin)
            changed += new
            restated += with_causes(connection, found.turn, old)
        metric_readings.record(connection, shop_id, changed, [each for each, _ in restated], now=desk.now)
        restatements = metric_readings.record_restatements(connection, shop_id, restated, now=desk.now)
        metric_readings.record_progress(connection, shop_id, {each.turn.of.key: each.turn.reached for each in measured})
    every = [reading for found in measured for reading in found.readings]
    return Measured(min((each.metric_date for each in every), default=None), len(every), restatements)


@dataclass(frozen=True, slots=True)
class _View:
    """What a view of the database says of how far readings have come and what changed since."""

    touched: pending.Touched
    progress: Mapping[Name, Progress]
    noted: Mapping[int, changes.Days]  # by the batch after which they changed

    @classmethod
    def of(cls, connection: Connection, desk: _Desk) -> _View:
        shop_id = desk.shop.shop_id
        touched = pending.touched(connection, shop_id)
        progress = metric_readings.progress(connection, shop_id)
        batches = {each.batch for each in progress.values()}
        noted = {batch: changes.days_since(connection, shop_id, batch, touched.notes) for batch in batches}
        return cls(touched, progress, noted)

    def changed(self, of: Followed, after: int) -> Causes:
        """The days of the metric's rows that changed after that batch, or on which their horizons end, and why."""
        found: dict[date, set[str]] = {}
        noted, horizon = self.noted[after], timedelta(days=of.metric.horizon_days or 0)
        read = [day for basis in (changes.ORDER_DAY, changes.ORDER_READ) for day in noted.get(basis, {})]
        since = min(read, default=date.min) if of.metric.horizon_days else date.min
        for basis in of.metric.changed_by(of.segment):
            for day, causes in noted.get(basis, {}).items():
                # What was ordered after a horizon had ended is no part of it.
                if day + horizon >= since:
                    found.setdefault(day + horizon, set()).update(causes)
        return found


def _measurable_until(footing: Footing, metric: Metric, desk: _Desk) -> date | None:
    """The first day without an answer yet: not read to its end, or not settled; None: nothing can be measured."""
    reach, zone = footing.coverage.covered_to, desk.shop.timezone
    if reach is None or footing.because:
        return None
    settled = reach - metric.family.settles_after
    return min(last_complete_day(desk.now, zone), last_complete_day(settled, zone)) + ONE_DAY


def _turn(view: _View, desk: _Desk, of: Followed, end: date) -> Turn:
    was, upto, footing = view.progress.get(of.key), view.touched.notes, desk.footing(of)
    because = _measured_anew_because(of.metric, footing, was, desk.fiscal_year_start)
    whole = Turn(
        of, desk.shop, desk.fiscal_year_start, footing.covered_from, date.min, end, None, upto, because=because
    )
    if was is None or because:
        return whole
    changed = view.changed(of, was.batch)
    begin = min(was.measured_to + ONE_DAY, end)
    if view.touched.all_since:
        begin = min(begin, view.touched.all_since)
    if not (of.metric.changes_by_rows(of.segment) or of.metric.changes_by_days(of.segment)):
        begin = min([begin, *changed])
    return replace(whole, begin=begin, was=was, changed=changed)


def _measured_anew_because(metric: Metric, footing: Footing, was: Progress | None, fiscal_year_start: int) -> str:
    """The cause, as restatements name it, when nothing that stands can be built upon; empty: it can."""
    if was is None:
        return ""
    if was.metric_version != metric.version:
        return "definition"
    if was.fiscal_year_start != fiscal_year_start:
        return "calendar"
    return "history" if was.covered_from != footing.covered_from else ""
