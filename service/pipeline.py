"""The flow, and the page to read first.

     fetch          to_rows         land            measure         assess         record
    Shopify ─▶ page, file line ─▶ Batch ─▶ source tables ─▶ Measurement ─▶ CheckIn ─▶ readings, check-ins, changes
    shopify/       connectors/     store/          metrics/        okr/           store/
    network        pure            1 transaction   read only       pure           1 transaction

Each verb takes an `Installation` (settings, database, clock) and returns what a person wants to be told. One shop's
trouble becomes its outcome and never stops the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service import reckon as reckoning
from service.connectors import backfill as history
from service.connectors import incremental, orders
from service.connectors.windows import search
from service.door import Entered, connected, credentials, look_at
from service.errors import Misconfigured, OkrsyncError, Problem, TryAgain
from service.installation import Installation, Sizes, install, shop_of, wall_clock
from service.judging import Judged, ground_of, judge, measured, up_to_the_data
from service.metrics import measure as metrics
from service.okr.assess import ObjectiveReading
from service.okr.plan import Plan
from service.periods import ONE_DAY, CheckInSchedule, Quarter, Schedule, day_start, last_complete_day
from service.plans import check_currencies, plans_for, plans_of
from service.reckon import Reckoned
from service.settings import ShopSettings
from service.shopify.probe import orders_count
from service.store import landing, leases, pending, runs, shops, slices
from service.store.engine import Connection, reading
from service.values import Coverage, Measurement, Population, Segment, Shop

__all__ = [
    "Installation",
    "Outcome",
    "PlanStatus",
    "Sizes",
    "backfill",
    "connected",
    "credentials",
    "expected_orders",
    "install",
    "look_at",
    "plans_of",
    "reckon",
    "shop_of",
    "show_metric",
    "status",
    "sync",
    "wall_clock",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one shop's run ended. `error` is None when it is done."""

    shop: str
    kind: str  # backfill, incremental
    outcome: runs.Outcome
    rows: int = 0
    rows_changed: int = 0
    watermark: datetime | None = None
    error: OkrsyncError | None = None
    notices: tuple[str, ...] = ()  # what was odd about the data, but no reason to stop


# --- fetch and land ------------------------------------------------------------------------------------------------


def sync(installation: Installation, shop: ShopSettings, progress: history.Progress | None = None) -> Outcome:
    """One incremental pass; a shop whose history is not read whole gets its backfill first."""
    with connected(installation, shop) as entered:
        if not _is_whole(installation, entered):
            done = _run(installation, entered, "backfill", lambda work: _backfill(work, progress, is_resumed=True))
            if done.error:
                return done
        return _run(installation, entered, "incremental", _increment)


def _is_whole(installation: Installation, entered: Entered) -> bool:
    """Is the planned history read, and was nothing hidden from the plan that could be read now?"""
    shop_id = entered.shop.shop_id
    with reading(installation.engine) as connection:
        return (
            landing.watermark(connection, shop_id, orders.NAME) is not None
            and slices.start_of(connection, shop_id, history.PLAN) is not None
            and not slices.open_slices(connection, shop_id, history.PLAN)
            and (entered.is_cut or not slices.was_cut(connection, shop_id, history.PLAN))
        )


def backfill(
    installation: Installation,
    shop: ShopSettings,
    *,
    first: date | None = None,
    last: date | None = None,
    restart: bool = False,
    progress: history.Progress | None = None,
) -> Outcome:
    """History read whole through bulk operations, or the part of it created on the shop days `first` to `last`."""
    _require_order(first, last)
    is_read_anew = restart and last is None

    def work_on(work: Work) -> None:
        _backfill(work, progress, first, last, is_restarted=restart)

    with connected(installation, shop, is_read_anew=is_read_anew) as entered:
        return _run(installation, entered, "backfill", work_on)


def expected_orders(
    installation: Installation, shop: ShopSettings, *, first: date | None = None, last: date | None = None
) -> int:
    """How many orders a backfill of those shop days would read, by Shopify's own count."""
    _require_order(first, last)
    with connected(installation, shop) as entered:
        start, end = _bounds(entered.shop, first, last, entered.now)
        return orders_count(entered.client, search("created_at", start, end))


@dataclass(frozen=True, slots=True)
class Work:
    """What a run works with while it holds the shop's lease."""

    installation: Installation
    entered: Entered
    lease: leases.Lease
    run_id: str
    doubts: Counter[str]

    def check_stop(self) -> None:
        """Raises Interrupted when we were asked to stop."""
        self.installation.sleep(0)


def _run(installation: Installation, entered: Entered, kind: str, work_on: Callable[[Work], None]) -> Outcome:
    """Hold the lease, open a run, do the work, and close the run with how it ended."""
    engine, clock, shop = installation.engine, installation.clock, entered.shop
    error: OkrsyncError | None = None
    outcome: runs.Outcome = "interrupted"
    told: str | None = None
    doubts: Counter[str] = Counter()
    try:
        with leases.lease(engine, shop.shop_id, orders.NAME, clock()) as lease:
            with engine.begin() as connection:
                runs.close_abandoned(connection, shop.shop_id, orders.NAME, now=clock())
                before = landing.watermark(connection, shop.shop_id, orders.NAME)
                run_id = runs.start(connection, shop.shop_id, orders.NAME, kind, now=clock(), watermark=before)
            try:
                work_on(Work(installation, entered, lease, run_id, doubts))
                outcome, told = "done", "; ".join(_told(doubts)) or None
            except OkrsyncError as trouble:
                error, outcome, told = trouble, runs.outcome_of(trouble), str(trouble)
            except Exception as bug:
                outcome, told = "failed", f"a fault of okrsync: {type(bug).__name__}"
                raise
            finally:
                with engine.begin() as connection:
                    runs.finish(connection, shop.shop_id, run_id, outcome, now=clock(), error=told)
    except TryAgain as busy:
        return Outcome(shop.domain, kind, "interrupted", error=busy)
    with reading(engine) as connection:
        rows, changed = runs.totals(connection, shop.shop_id, run_id)
        after = landing.watermark(connection, shop.shop_id, orders.NAME)
    return Outcome(shop.domain, kind, outcome, rows, changed, after, error, _told(doubts))


def _told(doubts: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{count:,} {what}" for what, count in sorted(doubts.items()))


def _backfill(
    work: Work,
    progress: history.Progress | None,
    first: date | None = None,
    last: date | None = None,
    *,
    is_resumed: bool = False,
    is_restarted: bool = False,
) -> None:
    """Plan what is asked for, unless a plan stands (which `is_resumed` goes on with as it is), and read it."""
    entered, sizes, now = work.entered, work.installation.sizes, work.entered.now
    start, end = _bounds(entered.shop, first, last, now)
    job = history.Reading(
        work.installation.engine, entered.client, entered.shop, work.lease, work.run_id, work.installation.clock,
        progress=progress, slice_rows=sizes.slice_rows, batch_lines=sizes.batch_lines, check_stop=work.check_stop,
        doubts=work.doubts,
    )  # fmt: skip
    begun = _start_of(work, history.PLAN)
    was_cut = _was_cut(work)

    def record(connection: Connection) -> None:
        shops.record_shop(connection, entered.shop, now=now, history_is_cut=entered.is_cut)

    if last is not None or (begun is not None and first is not None and start >= begun and not is_restarted):
        job.plan = f"{history.PLAN} created {first or ''} to {last or ''}"
        if is_restarted or _start_of(work, job.plan) is None:
            history.plan(job, start, end, now=now, anew=_nothing_else)
    elif is_restarted or (was_cut and not entered.is_cut):
        history.plan(job, start, end, now=now, visible_from=entered.visible_from, anew=record)
    elif begun is None or (start < begun and not is_resumed):
        history.plan(job, start, begun or end, now=now, visible_from=entered.visible_from)
    history.read(job)
    history.finish(job)


def _nothing_else(_connection: Connection) -> None:
    """A bounded re-read replaces its own earlier plan and nothing more."""


def _start_of(work: Work, plan: str) -> datetime | None:
    with reading(work.installation.engine) as connection:
        return slices.start_of(connection, work.entered.shop.shop_id, plan)


def _was_cut(work: Work) -> bool:
    with reading(work.installation.engine) as connection:
        return slices.was_cut(connection, work.entered.shop.shop_id, history.PLAN)


def _require_order(first: date | None, last: date | None) -> None:
    if first and last and first > last:
        raise Misconfigured([Problem("--from", str(first), f"is after the last day, {last}")])


def _bounds(shop: Shop, first: date | None, last: date | None, now: datetime) -> tuple[datetime, datetime]:
    """The creation instants of the shop days `first` to `last`; all there can be where they are not given."""
    start = day_start(first, shop.timezone) if first else shop.created_at
    end = min(day_start(last + timedelta(days=1), shop.timezone), now) if last else now
    return min(start, end), end


def _increment(work: Work) -> None:
    engine, entered = work.installation.engine, work.entered
    with reading(engine) as connection:
        position = landing.watermark(connection, entered.shop.shop_id, orders.NAME)
    assert position is not None, "an increment follows a backfill"
    clock = work.installation.clock
    increment = incremental.Increment(
        engine, entered.client, entered.shop, work.lease, work.run_id, clock,
        window_rows=work.installation.sizes.window_rows, check_stop=work.check_stop, doubts=work.doubts,
    )  # fmt: skip
    incremental.read(increment, position, entered.now)
    pending.catch_up(engine, entered.shop.shop_id, lambda connection: work.lease.renew(connection, clock()))


# --- measure, assess, record ---------------------------------------------------------------------------------------


def reckon(installation: Installation, settings: ShopSettings, plans: Sequence[Plan]) -> Reckoned | None:
    """Readings, statuses and due check-ins of one shop, brought up to date; None while nothing is known of it."""
    engine, now = installation.engine, installation.clock()
    shop = shop_of(installation, settings)
    if shop is None:
        return None
    mine = plans_for(plans, settings)
    check_currencies(mine, shop)
    calendar = installation.settings.calendar
    with leases.lease(engine, shop.shop_id, orders.NAME, now) as lease:

        def renew(connection: Connection) -> None:
            lease.renew(connection, installation.clock())

        pending.catch_up(engine, shop.shop_id, renew)
        with reading(engine) as connection:
            ground = ground_of(connection, shop, Schedule.parse(settings.schedule.orders).longest_gap())
        return reckoning.reckon(
            engine,
            renew,
            ground,
            mine,
            now=now,
            check_in=CheckInSchedule.parse(calendar.check_in),
            fiscal_year_start=calendar.fiscal_year_start,
        )


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """One OKR file judged as of a day."""

    plan: Plan
    shop: Shop
    as_of: date
    coverage: Coverage
    key_results: Sequence[Judged]
    objectives: Sequence[ObjectiveReading]


def status(installation: Installation, *, quarter: str | None = None, as_of: date | None = None) -> list[PlanStatus]:
    """The OKRs of a quarter, judged as of a day with the data as they are now. Writes nothing.

    Without a quarter: the one `as_of` lies in if there are OKRs for it, else the latest that has begun.
    """
    plans, found = plans_of(installation), []
    with reading(installation.engine) as connection:
        for settings in installation.settings.shops:
            shop = shops.by_domain(connection, settings.domain)
            if shop is None:
                continue
            mine = plans_for(plans, settings)
            check_currencies(mine, shop)
            last = min(as_of or date.max, last_complete_day(installation.clock(), shop.timezone))
            ground = ground_of(connection, shop, Schedule.parse(settings.schedule.orders).longest_gap())
            for plan in _chosen(mine, quarter, last):
                judged, objectives = judge(connection, ground, plan, last)
                day = min(last, plan.quarter.last_day)
                found.append(PlanStatus(plan, shop, day, ground.coverage, judged, objectives))
    return found


def show_metric(
    installation: Installation,
    settings: ShopSettings,
    metric_id: str,
    *,
    first: date | None,
    last: date | None,
    by: metrics.Period | None,
    segment: Segment,
    population: Population,
) -> list[Measurement] | None:
    """A metric from shop day `first` to `last`, whole or by period; None while nothing was read.

    Without days: the running quarter up to the last complete day.
    """
    with reading(installation.engine) as connection:
        shop = shops.by_domain(connection, settings.domain)
        if shop is None:
            return None
        ground = ground_of(connection, shop, Schedule.parse(settings.schedule.orders).longest_gap())
        last = last or last_complete_day(installation.clock(), shop.timezone)
        fiscal_year_start = installation.settings.calendar.fiscal_year_start
        first = first or Quarter.containing(last, fiscal_year_start).start
        _require_order(first, last)
        windows = metrics.windows(first, last + ONE_DAY, by, fiscal_year_start)
        found = [measured(connection, ground, metric_id, window, segment, population) for window in windows]
        return [up_to_the_data(each, ground) for each in found]


def _chosen(plans: Sequence[Plan], quarter: str | None, day: date) -> list[Plan]:
    begun = [plan for plan in plans if plan.quarter.start <= day]
    if quarter is not None:
        return [plan for plan in begun if plan.quarter.label == quarter]
    latest = max((plan.quarter for plan in begun), default=None)
    return [plan for plan in begun if plan.quarter == latest]
