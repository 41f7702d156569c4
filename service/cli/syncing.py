"""okrsync backfill, sync, run: data in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Event
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from service import pipeline
from service.cli.common import (
    ConfigOption,
    OnlyOption,
    ShopOption,
    chosen_shops,
    complain,
    guarded,
    installed,
    say,
    worst,
)
from service.connectors.work import Connector
from service.errors import Misconfigured, OkrsyncError, PlanError, Problem, Unreachable
from service.installation import stopped_by
from service.pipeline import Installation, Outcome
from service.reckon import Reckoned
from service.settings import ShopSettings

SHOPS_AT_ONCE = 32
"""Read side by side, so that a shop that is down waits alone."""


class Bars:
    """A progress bar for each connector of each shop, on stderr; plain lines when that is no terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self.shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rows]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> Bars:
        self.shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shown.stop()

    def bar(self, shop: str, connector: str) -> Bar:
        return Bar(self.shown, shop, connector, is_seen=self._console.is_terminal)


class Bar:
    """How far one connector of one shop has come."""

    def __init__(self, shown: Progress, shop: str, rows: str, *, is_seen: bool) -> None:
        self._shown, self._shop, self._rows, self._is_seen = shown, shop, rows, is_seen
        self._task: TaskID | None = None
        self._begun = time.monotonic()
        self._landed = 0

    def planned(self, expected: int, already: int) -> None:
        if self._task is None:
            self._task = self._shown.add_task(self._shop, rows=self._rows, rate="")
        self._shown.update(self._task, total=expected, completed=already)
        if not self._is_seen:
            resumed = f", {already:,} of them verified before" if already else ""
            say(f"{self._shop}: {expected:,} {self._rows} to read{resumed}")

    def landed(self, rows: int) -> None:
        self._landed += rows
        rate = self._landed / max(time.monotonic() - self._begun, 0.001)
        if self._task is not None:
            self._shown.update(self._task, advance=rows, rate=f"{rate:,.0f}/s")


Read: TypeAlias = Callable[[Installation, ShopSettings, Connector, Bar], Outcome]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: okrsync backfill --from 2025-01-01")(backfill)
    app.command(epilog="Example: okrsync sync --shop myshopper.myshopify.com")(sync)
    app.command(epilog="Example: okrsync run --config /etc/okrsync/config/okrsync.toml")(run)


@guarded
def backfill(
    config: ConfigOption = None,
    shop: ShopOption = None,
    only: OnlyOption = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First shop day of order creation."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last shop day of order creation, inclusive."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many orders there are to read.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Forget how far an earlier backfill came.")] = False,
) -> int:
    """Read the history through bulk operations. Resumes after any interruption; verifies counts before it says done."""
    installation = installed(config)
    days = {"first": _day(first), "last": _day(last)}
    chosen = [(each, connector) for each in chosen_shops(installation, shop) for connector in _connectors(only)]
    if dry_run:
        return worst([_counted(installation, each, connector, days) for each, connector in chosen])

    def read(stoppable: Installation, each: ShopSettings, connector: Connector, bar: Bar) -> Outcome:
        return pipeline.backfill(stoppable, each, connector, restart=restart, progress=bar, **days)

    return _read(installation, chosen, read)


@guarded
def sync(config: ConfigOption = None, shop: ShopOption = None, only: OnlyOption = None) -> int:
    """One incremental pass of every connector; where history was never read, its backfill comes first."""
    installation = installed(config)
    chosen = [(each, connector) for each in chosen_shops(installation, shop) for connector in _connectors(only)]

    def read(stoppable: Installation, each: ShopSettings, connector: Connector, bar: Bar) -> Outcome:
        return pipeline.sync(stoppable, each, connector, progress=bar)

    return _read(installation, chosen, read)


@guarded
def run(config: ConfigOption = None) -> int:
    """The daemon: every connector on its schedule, then measure and assess. Stops cleanly on SIGTERM."""
    from service import daemon

    return daemon.run(installed(config))


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _connectors(only: str | None) -> Sequence[Connector]:
    """All connectors, or those named. Raises Misconfigured for a name there is none of."""
    wanted = [name.strip() for name in only.split(",")] if only else [c.name for c in pipeline.CONNECTORS]
    known = {connector.name: connector for connector in pipeline.CONNECTORS}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        hint = f"there are {', '.join(known)}"
        raise Misconfigured([Problem("--only", name, "is no connector", hint) for name in unknown])
    return [connector for name, connector in known.items() if name in wanted]


def _read(installation: Installation, chosen: Sequence[tuple[ShopSettings, Connector]], read: Read) -> int:
    """Every chosen connector of every chosen shop, shops side by side; the trouble of one holds up no other."""
    connectors: dict[str, list[Connector]] = {}
    for shop, connector in chosen:
        connectors.setdefault(shop.domain, []).append(connector)
    shops = [shop for shop in installation.settings.shops if shop.domain in connectors]
    stopping = Event()
    stoppable = stopped_by(installation, stopping) if len(shops) > 1 else installation

    def work(shop: ShopSettings) -> list[Outcome]:
        return _work(stoppable, shop, connectors[shop.domain], read, bars)

    with Bars() as bars:
        if len(shops) == 1:
            return worst(work(shops[0]))
        with ThreadPoolExecutor(min(len(shops), SHOPS_AT_ONCE)) as threads:
            try:
                found = [outcome for outcomes in threads.map(work, shops) for outcome in outcomes]
            except BaseException:
                stopping.set()  # the others finish the batch in hand
                raise
    if stray := pipeline.stray_problems(installation):
        found.append(_failed("", PlanError(stray)))
    return worst(found)


def _work(
    installation: Installation, shop: ShopSettings, connectors: Sequence[Connector], read: Read, bars: Bars
) -> list[Outcome]:
    """One shop read, measured and assessed, whatever becomes of the others."""
    try:
        plans = pipeline.plans_of(installation, shop)
    except OkrsyncError as error:
        return [_failed(shop.domain, error)]
    outcomes: list[Outcome] = []
    for connector in connectors:
        if not any(map(_is_silent, outcomes)):
            outcomes.append(_attempt(installation, shop, connector, read, bars))
    if any(outcome.error is None for outcome in outcomes):
        try:
            reckoned = pipeline.reckon(installation, shop, plans)
            _say_reckoned(shop, reckoned)
            outcomes += [_failed(shop.domain, each) for each in reckoned.failed] if reckoned else []
        except OkrsyncError as error:
            outcomes.append(_failed(shop.domain, error))
    return outcomes


def _attempt(installation: Installation, shop: ShopSettings, connector: Connector, read: Read, bars: Bars) -> Outcome:
    try:
        outcome = read(installation, shop, connector, bars.bar(shop.domain, connector.name))
    except OkrsyncError as error:
        # The shop could not even be reached, or did not let us in.
        return _failed(shop.domain, error)
    if outcome.error:
        complain(outcome.error)
        return outcome
    reach = f"; all changes before {outcome.watermark:%Y-%m-%d %H:%M:%S} UTC are read" if outcome.watermark else ""
    told = f"{outcome.kind} of {outcome.connector} done"
    say(f"{outcome.shop}: {told}, {outcome.rows:,} rows read, {outcome.rows_changed:,} changed{reach}")
    for notice in outcome.notices:
        say(f"{outcome.shop}: {outcome.connector}: noticed: {notice}")
    return outcome


def _counted(
    installation: Installation, shop: ShopSettings, connector: Connector, days: Mapping[str, date | None]
) -> Outcome:
    """Say how many rows there are to read."""
    try:
        count = pipeline.expected_rows(installation, shop, connector, **days)
    except OkrsyncError as error:
        return _failed(shop.domain, error)
    typer.echo(f"{shop.domain}: {count:,} {connector.name} to read")
    return Outcome(shop.domain, connector.name, "", "done")


def _failed(domain: str, error: OkrsyncError) -> Outcome:
    complain(error)
    return Outcome(domain, "", "", "failed", error=error)


def _is_silent(outcome: Outcome) -> bool:
    """Did the shop not even answer at the door? It was waited for once, and that is enough."""
    return not outcome.kind and isinstance(outcome.error, Unreachable)


def _say_reckoned(shop: ShopSettings, reckoned: Reckoned | None) -> None:
    if reckoned is not None:
        since = f"measured again from {reckoned.measured_from}" if reckoned.measured_from else "nothing to measure"
        say(f"{shop.domain}: {since}, {reckoned.status_changes} status changes, {reckoned.check_ins} check-ins")
        for told in reckoned.told:
            say(f"{shop.domain}: {told}")
