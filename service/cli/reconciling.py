"""okrsync reconcile: our counts and sales beside Shopify's own, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from service import pipeline
from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
    ConfigOption,
    Format,
    FormatOption,
    ShopOption,
    chosen_shops,
    complain,
    console,
    exit_code,
    guarded,
    installed,
    print_rows,
    say,
)
from service.errors import OkrsyncError
from service.pipeline import Installation
from service.reconcile import Reconciled
from service.reconcile import reconcile as compare
from service.reconcile.causes import CAUSES
from service.settings import ShopSettings

COLUMNS = ("shop", "day", "figure", "ours", "shopify", "difference", "cause")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: okrsync reconcile --from 2026-07-01 --to 2026-09-30")(reconcile)


@guarded
def reconcile(
    config: ConfigOption = None,
    shop: ShopOption = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First shop day; default: what is due."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last shop day; default: the last complete one."
        ),
    ] = None,
    format_: FormatOption = Format.table,
) -> int:
    """Our counts and sales against Shopify's own, day by day, with a named cause for each difference.

    Days that differ for no known cause are read again and compared once more. Days asked for that cannot be compared
    are told with the reason. Exit code 1 when a difference stays unexplained, or when days are left out because their
    orders are not read. Without days: the last 35, and a part of the older ones, so that all come up within four weeks.
    """
    installation = installed(config)
    days = {"first": first.date() if first else None, "last": last.date() if last else None}
    found, codes = [], {FINE}
    for each in chosen_shops(installation, shop):
        try:
            one = compare(installation, each, **days)
        except OkrsyncError as error:
            complain(error)
            codes.add(exit_code(error))
            continue
        found.append(one)
        codes |= {_told(one), _reckoned(installation, each)}
    _print(found, format_)
    return max(codes, key=(FINE, 3, NEEDS_A_PERSON, 2).index)


def _told(one: Reconciled) -> int:
    """What there is to say beside the rows."""
    for each in one.left_out:
        say(f"{one.shop}: {each}")
    if one.not_yet:
        say(f"{one.shop}: nothing to compare yet: {one.not_yet}")
        return NEEDS_A_PERSON
    if one.no_reports:
        say(f"{one.shop}: only counts were compared: {one.no_reports}")
    if one.read_again:
        say(f"{one.shop}: orders were read again for {', '.join(map(str, one.read_again))}")
    if one.error:
        complain(one.error)
    if one.unexplained or any(each.is_gap for each in one.left_out):
        return NEEDS_A_PERSON
    return exit_code(one.error) if one.error else FINE


def _reckoned(installation: Installation, settings: ShopSettings) -> int:
    """Readings and statuses follow what was found."""
    try:
        pipeline.reckon(installation, settings, pipeline.plans_of(installation, settings))
    except OkrsyncError as error:
        complain(error)
        return exit_code(error)
    return FINE


def _print(found: Sequence[Reconciled], format_: Format) -> None:
    rows: list[dict[str, Any]] = [
        {"shop": one.shop, **{name: getattr(each, name) for name in COLUMNS[1:]}}
        for one in found
        for each in one.differing
    ]
    if format_ is not Format.table:
        print_rows(rows, COLUMNS, format_)
        return
    if rows:
        _print_table(rows)
    for one in found:
        if not one.not_yet:
            console().print(f"{one.shop}: {one.verdict}", markup=False)


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in COLUMNS:
        is_number = name in ("ours", "shopify", "difference")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=name != "cause")
    for row in rows:
        cells = [f"{row[name]:,f}" if name in ("ours", "shopify", "difference") else str(row[name]) for name in COLUMNS]
        table.add_row(*cells[:-1], f"{row['cause']}: {CAUSES[row['cause']]}")
    console().print(table)
