"""okrsync metrics show, explain: a metric's value over any window, and what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from service import pipeline, questions
from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
    ConfigOption,
    Format,
    FormatOption,
    KnownAtOption,
    OrdersOption,
    ShopOption,
    chosen_shops,
    guarded,
    installed,
    metrics_beside,
    moment_of,
    print_sections,
    say,
)
from service.cli.explaining_numbers import explanation
from service.cli.metric_rows import print_values
from service.errors import Misconfigured, Problem
from service.explained import Explained, explain_metric
from service.metrics.catalogue import metric
from service.mistyped import unseen_values
from service.pipeline import Installation
from service.settings import ShopSettings
from service.values import Measurement, Segment, Shop

T = TypeVar("T")


class Period(StrEnum):
    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"


class BackTo(StrEnum):
    quarter_to_date = "quarter_to_date"
    trailing_28d = "trailing_28d"


MetricArgument = Annotated[str, typer.Argument(metavar="METRIC", help="Its id: see okrsync metrics list.")]
FromOption = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First shop day; default: the quarter's."),
]
ToOption = Annotated[
    datetime | None,
    typer.Option(
        "--to", formats=["%Y-%m-%d"], metavar="DAY",
        help="Last shop day, and the one a level is read as of; default: the last complete one.",
    ),
]  # fmt: skip
WhereOption = Annotated[list[str] | None, typer.Option("--where", metavar="K=V", help="Only this segment; repeatable.")]
PopulationOption = Annotated[str, typer.Option("--population", help="all, or kept: no cancelled, voided, expired.")]


def register(app: typer.Typer) -> None:
    app.command("show", epilog="Example: okrsync metrics show net_sales --from 2026-07-01 --to 2026-09-30 --by month")(
        show
    )
    app.command("explain", epilog="Example: okrsync metrics explain returning_order_rate --from 2026-07-01 --orders 3")(
        explain
    )


@guarded
def show(
    metric_id: MetricArgument,
    config: ConfigOption = None,
    shop: ShopOption = None,
    first: FromOption = None,
    last: ToOption = None,
    by: Annotated[Period | None, typer.Option("--by", help="A row for each.")] = None,
    window: Annotated[
        BackTo | None,
        typer.Option(
            "--window",
            help="Each row looks back from its last day: to the quarter's first day, or over 28 days. Named as in "
            "bi_metrics_daily.",
        ),
    ] = None,
    where: WhereOption = None,
    population: PopulationOption = "all",
    known_at: KnownAtOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """A metric's value, with what it was counted from and what was left out."""
    found_metric, segment = metric(metric_id, metrics_beside(config)), _segment(where or [])
    _require_population(population)
    moment = moment_of(known_at)
    if moment and population != "all":
        told = "readings are kept of all orders together"
        raise Misconfigured([Problem("--known-at", str(known_at), told, "leave out --population")])
    if window and found_metric.kind == "level":
        told = f"{metric_id} is a level: it looks at all history up to a day"
        raise Misconfigured([Problem("--window", window.value, told, "leave it out")])

    def ask(installation: Installation, settings: ShopSettings) -> list[Measurement] | None:
        answers = questions.show_metric(
            installation,
            settings,
            metric_id,
            first=first.date() if first else None,
            last=last.date() if last else None,
            by=by.value if by else None,
            segment=segment,
            population=population,  # type: ignore[arg-type]
            back_to=window.value if window else None,
            known_at=moment,
        )
        for each in unseen_values(installation, settings, answers or ()):
            say(f"{settings.domain}: {each}")
        return answers

    found, is_whole = _of_each_shop(config, shop, ask)
    rows = [(of, each) for of, answers in found for each in answers]
    print_values(found_metric, rows, format_)
    return FINE if is_whole and all(each.is_complete for _, each in rows) else NEEDS_A_PERSON


def _of_each_shop(
    config: Path | None, shop: str | None, ask: Callable[[Installation, ShopSettings], T | None]
) -> tuple[list[tuple[Shop, T]], bool]:
    """What is answered of each shop, and whether of all; of one that was not read yet that is said."""
    installation = installed(config)
    found: list[tuple[Shop, T]] = []
    is_whole = True
    for settings in chosen_shops(installation, shop):
        seen, answered = pipeline.shop_of(installation, settings), ask(installation, settings)
        if seen is None or answered is None:
            say(f"{settings.domain}: nothing was read yet (run: okrsync backfill)")
            is_whole = False
        else:
            found.append((seen, answered))
    return found, is_whole


def _require_population(population: str) -> None:
    if population not in ("all", "kept"):
        raise Misconfigured([Problem("--population", population, "is no population", "write all or kept")])


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


# --- what stands behind them -----------------------------------------------------------------------------------------


@guarded
def explain(
    metric_id: MetricArgument,
    config: ConfigOption = None,
    shop: ShopOption = None,
    first: FromOption = None,
    last: ToOption = None,
    where: WhereOption = None,
    population: PopulationOption = "all",
    orders: OrdersOption = 3,
) -> int:
    """A value taken apart: definition, orders in and left out, why other tools show another number, and the SQL."""
    metric(metric_id, metrics_beside(config))
    _require_population(population)
    segment = _segment(where or [])

    def ask(installation: Installation, settings: ShopSettings) -> Explained | None:
        return explain_metric(
            installation,
            settings,
            metric_id,
            first=first.date() if first else None,
            last=last.date() if last else None,
            segment=segment,
            population=population,  # type: ignore[arg-type]
            most=orders,
        )

    found, is_whole = _of_each_shop(config, shop, ask)
    for _, taken in found:
        print_sections(explanation(taken))
    return FINE if is_whole and all(taken.measurement.is_complete for _, taken in found) else NEEDS_A_PERSON
