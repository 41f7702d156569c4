"""What people ask of an installation: how a plan stands, what a metric was, whether it keeps its promises.

Everything is answered with the data as they are now. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from service import forecasting, standing
from service.answering import measured, up_to_the_data
from service.connectors import CONNECTORS, orders
from service.errors import Misconfigured, OkrsyncError, Problem
from service.forecasting import Foreseen
from service.ground import Ground, ground_under, known_ground
from service.installation import Installation
from service.judging import Judged, Tracked, baselines, judge, track
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric, metric
from service.metrics.checks import Checked, Trial, check
from service.okr.assess import ObjectiveReading
from service.okr.model import Plan
from service.periods import ONE_DAY, Quarter, last_complete_day
from service.plans import check_currencies, plans_of
from service.settings import ShopSettings
from service.store.engine import Connection, reading, within
from service.values import Coverage, Measurement, Population, Segment, Shop, Window

METRIC_SECONDS = 20
"""What one question of a metric's trial may take: the weeks tried are asked for dozens of times a day."""


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """One OKR file judged as of a day."""

    plan: Plan
    shop: Shop
    as_of: date
    ground: Ground
    key_results: Sequence[Judged]
    objectives: Sequence[ObjectiveReading]
    kpis: Sequence[Tracked] = ()

    @property
    def coverage(self) -> Coverage:
        """Of the orders, which every other answer is read beside."""
        return self.ground.coverage

    @property
    def unread(self) -> Sequence[str]:
        """Why the data of the other connectors cannot be counted on, where they cannot."""
        coverages = (self.ground.coverages[each.name] for each in CONNECTORS if each.name != orders.NAME)
        return [each.gap for each in coverages if each.gap]


def status(
    installation: Installation,
    *,
    quarter: str | None = None,
    as_of: date | None = None,
    troubles: list[OkrsyncError] | None = None,
) -> list[PlanStatus]:
    """The OKRs of a quarter, judged as of a day with the data as they are now. Writes nothing.

    Without a quarter: the one `as_of` lies in if there are OKRs for it, else the latest that has begun. A shop whose
    files are wrong adds its complaint to `troubles` and stops no other; where nobody collects them it is raised.
    """
    found: list[PlanStatus] = []
    with reading(installation.engine) as connection:
        for settings in installation.settings.shops:
            try:
                found += _status(connection, installation, settings, quarter, as_of)
            except Misconfigured as trouble:
                if troubles is None:
                    raise
                troubles.append(trouble)
    return found


def _status(
    connection: Connection, installation: Installation, settings: ShopSettings, quarter: str | None, as_of: date | None
) -> Iterator[PlanStatus]:
    mine = plans_of(installation, settings)
    ground = known_ground(connection, installation, settings)
    if ground is None:
        return
    shop = ground.shop
    check_currencies(mine, shop, installation.catalogue)
    last = min(as_of or date.max, last_complete_day(installation.clock(), shop.timezone))
    for plan in _chosen(mine, quarter, last):
        judged, objectives = judge(connection, ground, plan, last)
        day = min(last, plan.quarter.last_day)
        kpis = track(connection, ground, plan, last)
        yield PlanStatus(plan, shop, day, ground, judged, objectives, kpis)


def _chosen(plans: Sequence[Plan], quarter: str | None, day: date) -> list[Plan]:
    begun = [plan for plan in plans if plan.quarter.start <= day]
    if quarter is not None:
        return [plan for plan in begun if plan.quarter.label == quarter]
    latest = max((plan.quarter for plan in begun), default=None)
    return [plan for plan in begun if plan.quarter == latest]


def baselines_of(installation: Installation, plan: Plan) -> Mapping[str, Measurement]:
    """What the key results of a plan begin at, as far as the shop was read."""
    with reading(installation.engine) as connection:
        ground = ground_under(connection, installation, plan)
        return baselines(connection, ground, plan) if ground else {}


def foreseen(installation: Installation, each: PlanStatus, judged: Judged) -> Foreseen | None:
    """The newest forecast of a key result by that day, with how such forecasts did; None while there is none."""
    with reading(installation.engine) as connection:
        return forecasting.on_record(connection, each.shop, each.plan.quarter, judged)


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
    back_to: metrics.BackTo | None = None,
    known_at: datetime | None = None,
) -> list[Measurement] | None:
    """A metric from shop day `first` to `last`, whole or by period; None while nothing was read.

    Without days: the running quarter up to the last complete day. With `back_to` each answer looks at the days up to
    the end of its period, however long that is; with `known_at` they are those that stood at that moment.
    """
    with reading(installation.engine) as connection:
        ground = known_ground(connection, installation, settings)
        if ground is None:
            return None
        asked = days_asked(installation, ground.shop, first, last)
        fiscal_year_start = installation.settings.calendar.fiscal_year_start
        windows = metrics.windows(asked.start or date.min, asked.end, by, fiscal_year_start)
        if back_to:
            windows = [metrics.reaching_back(window, back_to, fiscal_year_start) for window in windows]
        if known_at is not None:
            wanted = metric(metric_id, installation.catalogue)
            return standing.known_at(connection, ground.shop, wanted, segment, windows, known_at, fiscal_year_start)
        found = [measured(connection, ground, metric_id, window, segment, population) for window in windows]
        return [up_to_the_data(each, ground) for each in found]


def days_asked(installation: Installation, shop: Shop, first: date | None, last: date | None) -> Window:
    """From shop day `first` to `last`; what is not said: the running quarter up to the last complete day."""
    last = last or last_complete_day(installation.clock(), shop.timezone)
    first = first or Quarter.containing(last, installation.settings.calendar.fiscal_year_start).start
    require_order(first, last)
    return Window(first, last + ONE_DAY)


def require_order(first: date | None, last: date | None) -> None:
    if first and last and first > last:
        raise Misconfigured([Problem("--from", str(first), f"is after the last day, {last}")])


def check_metrics(installation: Installation, settings: ShopSettings, chosen: Sequence[Metric]) -> Iterator[Checked]:
    """Each metric tried on the last weeks that were read of a shop; a line for each promise."""
    for each in chosen:
        with reading(installation.engine) as connection:
            ground = known_ground(connection, installation, settings)
            reach = ground.under(each).coverage.covered_to if ground else None
            if ground is None or reach is None:
                yield Checked(each.id, "numbers", None, "nothing was read yet (run: okrsync backfill)")
                continue
            end = last_complete_day(reach, ground.shop.timezone) + ONE_DAY
            yield from check(Trial(connection, ground.shop, each, end, partial(within, connection, METRIC_SECONDS)))
