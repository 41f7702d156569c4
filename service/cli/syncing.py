"""okrsync backfill, sync, run: data in."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service import pipeline
from service.cli.common import (
    ConfigOption,
    ShopOption,
    chosen_shops,
    complain,
    guarded,
    installed,
    say,
    worst,
)
from service.errors import OkrsyncError
from service.pipeline import Installation, Outcome
from service.reckon import Reckoned
from service.settings import ShopSettings


class Bar:
    """A progress bar on stderr; plain lines when that is no terminal."""

    def __init__(self, shop: str) -> None:
        self.shop = shop
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("orders"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(shop, total=None, rate="")
        self._begun = time.monotonic()
        self._landed = 0

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, expected: int, already: int) -> None:
        self._bar.update(self._task, total=expected, completed=already)
        if not self._console.is_terminal:
            resumed = f", {already:,} of them verified before" if already else ""
            say(f"{self.shop}: {expected:,} orders to read{resumed}")

    def landed(self, orders: int) -> None:
        self._landed += orders
        rate = self._landed / max(time.monotonic() - self._begun, 0.001)
        self._bar.update(self._task, advance=orders, rate=f"{rate:,.0f}/s")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: okrsync backfill --from 2025-01-01")(backfill)
    app.command(epilog="Example: okrsync sync --shop myshopper.myshopify.com")(sync)
    app.command(epilog="Example: okrsync run --config /etc/okrsync/config/okrsync.toml")(run)


@guarded
def backfill(
    config: ConfigOption = None,
    shop: ShopOption = None,
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
    if dry_run:
        for each in chosen_shops(installation, shop):
            count = pipeline.expected_orders(installation, each, **days)
            typer.echo(f"{each.domain}: {count:,} orders to read")
        return 0
    pipeline.plans_of(installation)
    outcomes = []
    for each in chosen_shops(installation, shop):
        with Bar(each.domain) as bar:
            outcomes.append(
                _attempt(
                    each, lambda e=each, b=bar: pipeline.backfill(installation, e, restart=restart, progress=b, **days)
                )
            )
    return _report(installation, outcomes)


@guarded
def sync(config: ConfigOption = None, shop: ShopOption = None) -> int:
    """One incremental pass; a shop whose history was never read gets its backfill first."""
    installation = installed(config)
    pipeline.plans_of(installation)
    outcomes = []
    for each in chosen_shops(installation, shop):
        with Bar(each.domain) as bar:
            outcomes.append(_attempt(each, lambda e=each, b=bar: pipeline.sync(installation, e, progress=b)))
    return _report(installation, outcomes)


@guarded
def run(config: ConfigOption = None) -> int:
    """The daemon: every connector on its schedule, then measure and assess. Stops cleanly on SIGTERM."""
    from service import daemon

    return daemon.run(installed(config))


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _attempt(shop: ShopSettings, work: object) -> Outcome:
    """The outcome, also when the shop could not even be reached."""
    try:
        return work()  # type: ignore[operator,no-any-return]
    except OkrsyncError as error:
        return Outcome(shop.domain, "sync", "failed", error=error)


def _report(installation: Installation, outcomes: list[Outcome]) -> int:
    """Say what was read and how far it reaches; measure and assess what is new."""
    for outcome in outcomes:
        if outcome.error:
            complain(outcome.error)
            continue
        reach = f"; all changes before {outcome.watermark:%Y-%m-%d %H:%M:%S} UTC are read" if outcome.watermark else ""
        say(f"{outcome.shop}: {outcome.kind} done, {outcome.rows:,} rows read, {outcome.rows_changed:,} changed{reach}")
        for notice in outcome.notices:
            say(f"{outcome.shop}: noticed: {notice}")
    done = {outcome.shop for outcome in outcomes if outcome.error is None}
    plans = pipeline.plans_of(installation)
    for each in installation.settings.shops:
        if each.domain in done:
            try:
                _say_reckoned(each, pipeline.reckon(installation, each, plans))
            except OkrsyncError as error:
                complain(error)
                outcomes.append(Outcome(each.domain, "reckon", "failed", error=error))
    return worst(outcomes)


def _say_reckoned(shop: ShopSettings, reckoned: Reckoned | None) -> None:
    if reckoned is not None:
        since = f"measured again from {reckoned.measured_from}" if reckoned.measured_from else "nothing to measure"
        say(f"{shop.domain}: {since}, {reckoned.status_changes} status changes, {reckoned.check_ins} check-ins")
