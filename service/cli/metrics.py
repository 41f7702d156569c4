"""okrsync metrics list, show: the catalogue, and a metric's value over any window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from service import pipeline
from service.cli.common import (
    ConfigOption,
    Format,
    FormatOption,
    ShopOption,
    chosen_shops,
    console,
    guarded,
    installed,
    print_rows,
    say,
)
from service.errors import Misconfigured, Problem
from service.metrics.catalogue import catalogue, metric
from service.okr.amounts import format_value
from service.values import Measurement, Segment

app = typer.Typer(help="The metric catalogue, and the values of its metrics.", no_args_is_help=True)

COLUMNS = (
    "metric", "metric_version", "segment", "from", "to", "value", "numerator", "denominator", "value_low",
    "value_high", "counted", "left_out", "complete",
)  # fmt: skip

LISTED = ("id", "version", "kind", "unit", "title", "question", "segments")


class Period(StrEnum):
    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"


def register(root: typer.Typer) -> None:
    app.command("list", epilog="Example: okrsync metrics list --format markdown")(list_)
    app.command("show", epilog="Example: okrsync metrics show net_sales --from 2026-07-01 --to 2026-09-30 --by month")(
        show
    )
    root.add_typer(app, name="metrics")


@guarded
def list_(format_: FormatOption = Format.table) -> int:
    """Every metric there is, and what it answers."""
    rows = [
        {**{name: getattr(found, name) for name in LISTED}, "segments": ", ".join(found.segments)}
        for found in catalogue().values()
    ]
    if format_ is not Format.table:
        print_rows(rows, LISTED, format_)
        return 0
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("id", "kind", "unit", "question"):
        table.add_column(name, no_wrap=name != "question")
    for row in rows:
        table.add_row(row["id"], row["kind"], row["unit"], row["question"])
    console().print(table)
    return 0


@guarded
def show(
    metric_id: Annotated[str, typer.Argument(metavar="METRIC", help="Its id: see okrsync metrics list.")],
    config: ConfigOption = None,
    shop: ShopOption = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First shop day; default: the quarter's."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last shop day; default: the last complete one."
        ),
    ] = None,
    by: Annotated[Period | None, typer.Option("--by", help="A row for each.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="K=V", help="Only this segment; repeatable.")
    ] = None,
    population: Annotated[
        str, typer.Option("--population", help="all, or kept: no cancelled, voided, expired.")
    ] = "all",
    format_: FormatOption = Format.table,
) -> int:
    """A metric's value, with what it was counted from and what was left out."""
    metric(metric_id)
    if population not in ("all", "kept"):
        raise Misconfigured([Problem("--population", population, "is no population", "write all or kept")])
    installation = installed(config)
    rows: list[Measurement] = []
    is_whole = True
    for settings in chosen_shops(installation, shop):
        found = pipeline.show_metric(
            installation,
            settings,
            metric_id,
            first=first.date() if first else None,
            last=last.date() if last else None,
            by=by.value if by else None,
            segment=_segment(where or []),
            population=population,  # type: ignore[arg-type]
        )
        if found is None:
            say(f"{settings.domain}: nothing was read yet (run: okrsync backfill)")
            is_whole = False
            continue
        rows += found
    if format_ is Format.table and rows:
        _print_table(rows)
    elif format_ is not Format.table:
        print_rows([_row(row) for row in rows], COLUMNS, format_)
    return 0 if is_whole and all(row.is_complete for row in rows) else 1


def _segment(pairs: list[str]) -> Segment:
    def split() -> Iterator[tuple[str, str]]:
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not equals or not name:
                raise Misconfigured(
                    [Problem("--where", pair, "is no NAME=VALUE", "write --where customer_type=returning")]
                )
            yield name.strip(), value.strip()

    return Segment.of(split())


def _row(found: Measurement) -> dict[str, Any]:
    return {
        "metric": found.metric,
        "metric_version": found.metric_version,
        "segment": str(found.segment),
        "from": found.window.start,
        "to": found.window.last_day,
        "value": found.value,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "value_low": found.value_low,
        "value_high": found.value_high,
        "counted": found.counted,
        "left_out": dict(found.left_out),
        "complete": found.is_complete,
    }


def _print_table(rows: list[Measurement]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("from", no_wrap=True)
    table.add_column("to", no_wrap=True)
    for name in ("value", "95 % interval", "counted"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("left out")
    for row in rows:
        interval = f"{_shown(row, row.value_low)} to {_shown(row, row.value_high)}" if row.value_low is not None else ""
        table.add_row(
            row.window.start.isoformat() if row.window.start else "all history",
            row.window.last_day.isoformat(),
            _shown(row, row.value) + ("" if row.is_complete else " incomplete"),
            interval,
            f"{row.counted:,}",
            _left_out(row.left_out),
        )
    out = console()
    found = metric(rows[0].metric)
    out.print(f"{found.title}" + (f" where {rows[0].segment}" if rows[0].segment.where else ""), style="bold")
    out.print(table)
    for because in sorted({row.incomplete_because for row in rows if not row.is_complete}):
        out.print(f"incomplete: {because}", markup=False)


def _shown(row: Measurement, value: Any) -> str:
    return format_value(value, row.unit, row.currency)


def _left_out(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
