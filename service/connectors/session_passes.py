"""The sessions connector: its history by months, then in every pass the days that are new, recent or different now.

Only complete shop days are read, so the watermark is always a midnight. Shopify answers with today's view of the past:
late events and visitors found out as bots change days that were read before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from service.connectors import sessions
from service.connectors.optional import OptionalFields
from service.connectors.sessions import FIRST_DAY, NAME, Reader, Rows, first_of
from service.connectors.work import Asked, Work, is_whole
from service.periods import ONE_DAY, day_start, shop_day
from service.shopify.client import Client
from service.store import landing, runs, slices
from service.store import sessions as stored
from service.store.engine import Connection, reading
from service.store.slices import Slice
from service.values import Shop, Watermark, Window

PLAN = NAME

READ_AGAIN = timedelta(days=7)
"""Read again by every pass before its watermark: reports of behaviour may miss the last 72 hours."""

LOOKED_AT_AGAIN = timedelta(days=100)
"""Before today: a quarter and some days. Of these every pass asks the totals, and days that differ are read again."""

MONTH = timedelta(days=30)
"""Days of history that are verified at once, and what a kill can cost."""


class Sessions:
    """The session funnel by day."""

    name = NAME
    required_scopes = sessions.REQUIRED_SCOPES
    optional = OptionalFields()

    def is_whole(self, connection: Connection, shop: Shop, visible_from: datetime | None) -> bool:
        return is_whole(connection, shop, PLAN, visible_from)

    def backfill(self, work: Work, asked: Asked) -> None:
        """Read the days asked for, by a plan that is stored; a stretch within what is planned is read again."""
        reader, begun = Reader(work.client, work.shop), _begun(work)
        wanted = _complete(work.shop, *asked.bounds(work.shop, work.now))
        is_part = asked.first is not None and begun is not None and first_of(wanted) >= begun
        if asked.last is not None or (is_part and not asked.is_restarted):
            # A part claims nothing: what is covered is what the plan of the whole history says.
            _read(work, reader, wanted)
            return
        if asked.is_restarted:
            _plan(work, reader, wanted, anew=work.record_shop)
        elif begun is None:
            _plan(work, reader, wanted)
        elif first_of(wanted) < begun and not asked.is_resumed:
            _plan(work, reader, Window(wanted.start, begun))
        _read_plan(work, reader)

    def increment(self, work: Work) -> None:
        begun, today = _begun(work), shop_day(work.now, work.shop.timezone)
        with reading(work.engine) as connection:
            position = landing.watermark(connection, work.shop.shop_id, NAME)
        assert begun is not None
        assert position is not None, "an increment follows a backfill"
        reader = Reader(work.client, work.shop)
        recent = max(begun, min(shop_day(position, work.shop.timezone), today) - READ_AGAIN)
        for window in _differing(work, reader, max(begun, today - LOOKED_AT_AGAIN), recent):
            _read(work, reader, window)
        for part, days in reader.read(Window(min(recent, today), today)):
            _land(work, days, max(position, day_start(part.end, work.shop.timezone)))

    def expected(self, client: Client, shop: Shop, start: datetime, end: datetime) -> int:
        return _counted(Reader(client, shop).totals(_complete(shop, start, end)))


def _complete(shop: Shop, start: datetime, end: datetime) -> Window:
    """The complete shop days from the day of `start` to before that of `end`, as far back as there are any."""
    last = shop_day(end, shop.timezone)
    return Window(min(max(shop_day(start, shop.timezone), FIRST_DAY), last), last)


def _begun(work: Work) -> date | None:
    """The first day of the plan; None without one."""
    with reading(work.engine) as connection:
        start = slices.start_of(connection, work.shop.shop_id, PLAN)
    return shop_day(start, work.shop.timezone) if start else None


def _counted(totals: sessions.Totals) -> int:
    """Sessions in all, bots too."""
    return sum(counts[0] for (_, bots_excluded), counts in totals.items() if not bots_excluded)


# --- history -------------------------------------------------------------------------------------------------------


def _plan(work: Work, reader: Reader, window: Window, *, anew: Callable[[Connection], None] | None = None) -> None:
    """Store the months of a window, with what Shopify counts in them.

    `anew` throws an earlier plan away in the same transaction, and does what else must happen with it.
    """
    totals, zone = reader.totals(window), work.shop.timezone

    def expected(part: Window) -> int:
        return _counted({key: counts for key, counts in totals.items() if first_of(part) <= key[0] < part.end})

    # A shop that opened today has no complete day yet, and a plan all the same.
    parts = [*_months(window)] or [window]
    pieces = [Slice(day_start(first_of(p), zone), day_start(p.end, zone), expected(p)) for p in parts]
    with work.engine.begin() as connection:
        work.renew(connection)
        if anew:
            slices.forget(connection, work.shop.shop_id, PLAN)
            anew(connection)
        slices.save_plan(connection, work.shop.shop_id, PLAN, pieces, now=work.now)


def _months(window: Window) -> Iterator[Window]:
    start = first_of(window)
    while start < window.end:
        yield Window(start, min(start + MONTH, window.end))
        start += MONTH


def _read_plan(work: Work, reader: Reader) -> None:
    """Land every month that is not verified yet, then say how far the history reaches."""
    shop_id, zone = work.shop.shop_id, work.shop.timezone
    with reading(work.engine) as connection:
        todo = slices.open_slices(connection, shop_id, PLAN)
        expected, already = slices.totals(connection, shop_id, PLAN)
    if work.progress:
        work.progress.planned(expected, already)
    for piece in todo:
        counted = _read(work, reader, Window(shop_day(piece.start, zone), shop_day(piece.end, zone)))
        with work.engine.begin() as connection:
            work.renew(connection)
            slices.verified(connection, shop_id, PLAN, piece, counted, now=work.clock())
    with work.engine.begin() as connection:
        work.renew(connection)
        planned_at = slices.planned_at(connection, shop_id, PLAN)
        if planned_at and landing.watermark(connection, shop_id, NAME) is None:
            reach = day_start(shop_day(planned_at, zone), zone)
            landing.move_watermark(connection, shop_id, Watermark(NAME, reach), work.clock())


# --- what changed --------------------------------------------------------------------------------------------------


def _differing(work: Work, reader: Reader, start: date, end: date) -> Iterator[Window]:
    """Stretches of [start, end) of which Shopify now counts something else than we hold."""
    if start >= end:
        return
    theirs = reader.totals(Window(start, end))
    with reading(work.engine) as connection:
        ours = stored.totals(connection, work.shop.shop_id, start, end)
    yield from stretches(sorted({key[0] for key, counts in theirs.items() if ours.get(key) != counts}))


def stretches(days: Sequence[date]) -> Iterator[Window]:
    """Days, in order, as windows: neighbours together."""
    start: date | None = None
    for place, day in enumerate(days):
        start = start or day
        if place + 1 == len(days) or days[place + 1] != day + ONE_DAY:
            yield Window(start, day + ONE_DAY)
            start = None


# --- both ----------------------------------------------------------------------------------------------------------


def _read(work: Work, reader: Reader, window: Window) -> int:
    """How many sessions the days of a window hold; all of them have landed, and the watermark stays where it is."""
    return sum(_land(work, days) for _, days in reader.read(window))


def _land(work: Work, days: Mapping[date, Rows], position: datetime | None = None) -> int:
    """How many sessions the days hold. They land in one transaction with the watermark, which moves to `position`."""
    work.check_stop()
    shop_id, now = work.shop.shop_id, work.clock()
    moved = Watermark(NAME, position) if position else None
    with work.engine.begin() as connection:
        work.renew(connection)
        landed = landing.land_days(connection, shop_id, days, moved, now=now)
        runs.progress(connection, shop_id, work.run_id, landed.rows, landed.changed, moved)
    counted = sessions.counted(days)
    if work.progress:
        work.progress.landed(counted)
    return counted
