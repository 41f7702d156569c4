"""okrsync status, explain: the OKR table, and where each of its numbers comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from service import pipeline
from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
    WRONG_USAGE,
    ConfigOption,
    Format,
    FormatOption,
    complain,
    console,
    guarded,
    installed,
    print_rows,
    say,
)
from service.cli.explaining import explanation
from service.errors import Misconfigured, OkrsyncError, PlanError, Problem
from service.judging import Judged, Tracked
from service.okr.amounts import percent
from service.okr.explanation import WORDS
from service.pipeline import PlanStatus

COLUMNS = (
    "shop", "quarter", "objective_id", "objective", "key_result_id", "key_result", "owner", "metric", "metric_version",
    "segment", "form", "unit", "currency", "direction", "baseline", "target", "stretch", "commitment", "pace", "value",
    "value_low", "value_high", "attainment", "progress", "expected_progress", "status", "confidence", "as_of_date",
    "data_as_of", "explanation",
)  # fmt: skip
"""The columns of `bi_key_results`, in their order."""

COLOURS = {
    "achieved": "green", "on_track": "green", "partly_achieved": "yellow", "at_risk": "yellow", "missed": "red",
    "off_track": "red", "no_data": "magenta", "incomplete": "magenta", "stale": "magenta", "too_early": "cyan",
}  # fmt: skip

AsOfOption = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DAY", help="As this shop day ended, with today's data."),
]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: okrsync status --quarter 2026-Q3 --as-of 2026-08-15")(status)
    app.command(epilog="Example: okrsync explain repeat-aov")(explain)


@guarded
def status(
    config: ConfigOption = None,
    quarter: Annotated[
        str | None, typer.Option("--quarter", help="Such as 2026-Q3; default: the latest begun.")
    ] = None,
    as_of: AsOfOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """The OKR table: where each key result began, stands and should be, and its status in words."""
    installation = installed(config)
    troubles: list[OkrsyncError] = []
    found = pipeline.status(installation, quarter=quarter, as_of=as_of.date() if as_of else None, troubles=troubles)
    if not found:
        raise _nothing_to_show(installation, quarter, as_of.date() if as_of else None)
    if format_ is Format.table:
        out = console()
        for each in found:
            print_status(out, each)
    else:
        print_rows([_row(each, judged) for each in found for judged in each.key_results], COLUMNS, format_)
    unread = [shop.domain for shop in installation.settings.shops if pipeline.shop_of(installation, shop) is None]
    for domain in unread:
        say(f"{domain}: nothing was read yet (run: okrsync backfill)")
    if stray := pipeline.stray_problems(installation):
        troubles.append(PlanError(stray))
    for trouble in troubles:
        complain(trouble)
    return WRONG_USAGE if troubles else NEEDS_A_PERSON if unread else FINE


def _nothing_to_show(installation: pipeline.Installation, quarter: str | None, as_of: date | None) -> Misconfigured:
    folder = str(installation.settings.okr_folder)
    plans = pipeline.plans_of(installation)
    if all(pipeline.shop_of(installation, shop) is None for shop in installation.settings.shops):
        return Misconfigured(
            [Problem(str(installation.settings.file), "shops", "nothing was read yet", "run: okrsync backfill")]
        )
    if not plans:
        return Misconfigured([Problem(folder, "", "holds no OKR file", "run: okrsync init, or write one")])
    known = ", ".join(sorted({plan.quarter.label for plan in plans}))
    by = f" by {as_of}" if as_of else ""
    told = f"no OKRs for {quarter} have begun{by}" if quarter else f"no quarter with OKRs has begun{by}"
    return Misconfigured([Problem(folder, "quarter", told, f"there are {known}")])


@guarded
def explain(
    key_result: Annotated[str, typer.Argument(metavar="KEY_RESULT", help="Its id in the OKR file.")],
    config: ConfigOption = None,
    quarter: Annotated[
        str | None, typer.Option("--quarter", help="Such as 2026-Q3; default: the latest begun.")
    ] = None,
    as_of: AsOfOption = None,
) -> int:
    """Every input of a number and of its status: definition, window, what was left out, baseline, target, pace."""
    installation = installed(config)
    troubles: list[OkrsyncError] = []
    found = pipeline.status(installation, quarter=quarter, as_of=as_of.date() if as_of else None, troubles=troubles)
    wanted = [(each, judged) for each in found for judged in each.key_results if judged.key_result.id == key_result]
    if not wanted and troubles:
        raise troubles[0]
    if not wanted:
        known = sorted({judged.key_result.id for each in found for judged in each.key_results})
        hint = f"there are {', '.join(known)}" if known else "run: okrsync status"
        raise Misconfigured([Problem(str(installation.settings.okr_folder), key_result, "is no key result here", hint)])
    out = console()
    for each, judged in wanted:
        for title, lines in explanation(each, judged):
            out.print(Text(title, style="bold"))
            for line in lines:
                out.print(Text(f"  {line}"), soft_wrap=True)
            out.print()
    return 0


# --- the table -----------------------------------------------------------------------------------------------------


def print_status(out: Console, each: PlanStatus) -> None:
    quarter = each.plan.quarter
    left = (quarter.last_day - each.as_of).days
    when = f"{left} days left" if left else "its last day"
    out.print(Text(f"{each.shop.domain}  {quarter}  as of {each.as_of} ({when})", style="bold"))
    for line in (_reach(each), *each.unread):
        out.print(Text(line, style="dim"))
    for objective, reading in zip(each.plan.objectives, each.objectives, strict=True):
        out.print()
        heading = Text(objective.title, style="bold")
        heading.append(f"  {objective.owner}" if objective.owner else "", style="dim")
        out.print(heading)
        summary = Text("progress ")
        summary.append(_percent(reading.progress))
        summary.append(f", expected {_percent(reading.expected_progress)}; ")
        summary.append(reading.explanation, style=COLOURS[reading.status])
        out.print(summary)
        out.print(_key_results(out, [judged for judged in each.key_results if judged.objective is objective]))
    if each.kpis:
        out.print()
        out.print(_kpis(each.kpis))


def _reach(each: PlanStatus) -> str:
    reach = each.coverage.covered_to
    return f"all changes before {reach:%Y-%m-%d %H:%M} UTC are in it" if reach else each.coverage.gap


WIDE = 110
"""Columns a terminal needs for titles and numbers side by side; on a narrower one the numbers stand below."""


def _key_results(out: Console, judged: Sequence[Judged]) -> Table | Group:
    if out.width < WIDE:
        return Group(*(_stacked(each) for each in judged))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("key result")
    for name in ("baseline", "now", "target"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("progress", no_wrap=True)
    table.add_column("expected", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for each in judged:
        check_in, facts = each.check_in, each.facts
        table.add_row(
            Text(each.key_result.title) + Text(f"\n{each.key_result.id}", style="dim"),
            facts.format(check_in.baseline),
            facts.format(check_in.value),
            _target(each),
            f"{_bar(check_in.progress)} {_percent(check_in.progress):>7}",
            _percent(check_in.expected_progress),
            _word(each),
        )
    return table


def _stacked(each: Judged) -> Text:
    check_in, facts = each.check_in, each.facts
    lines = Text(f"\n{each.key_result.title}")
    lines.append(f"  {each.key_result.id}\n", style="dim")
    lines.append(f"  {_bar(check_in.progress)} {_percent(check_in.progress)}, ")
    lines.append(f"expected {_percent(check_in.expected_progress)}: ").append_text(_word(each))
    start = "" if each.goal.bounds else f"{facts.format(check_in.baseline)} → "
    lines.append(f"\n  {start}{facts.format(check_in.value)}, ")
    return lines.append(_target(each) if each.goal.bounds else f"target {_target(each)}")


def _target(judged: Judged) -> str:
    """What it aims at: a value, or limits as they are written."""
    return str(judged.goal.bounds or judged.facts.format(judged.check_in.target))


def _word(judged: Judged) -> Text:
    status = judged.check_in.status
    word = Text(WORDS[status].lower(), style=COLOURS[status])
    return word.append("\nguardrail broken", style="red") if judged.evidence.broken else word


def _kpis(tracked: Sequence[Tracked]) -> Table:
    """KPIs: what is watched without a target."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("tracked without a target")
    table.add_column("now", justify="right", no_wrap=True)
    for each in tracked:
        found = each.measurement
        value = each.facts.format(found.value) if found and found.is_complete else "–"
        table.add_row(Text(each.kpi.title) + Text(f"\n{each.kpi.id}", style="dim"), value)
    return table


def _bar(progress: Decimal | None, width: int = 10) -> str:
    full = int((progress or Decimal()) * width)
    return "█" * full + "░" * (width - full)


def _percent(fraction: Decimal | None) -> str:
    return "–" if fraction is None else percent(fraction)


# --- rows ----------------------------------------------------------------------------------------------------------


def _row(each: PlanStatus, judged: Judged) -> dict[str, Any]:
    check_in, key_result = judged.check_in, judged.key_result
    return {
        "shop": each.shop.domain,
        "quarter": each.plan.quarter.label,
        "objective_id": judged.objective.id,
        "objective": judged.objective.title,
        "key_result_id": key_result.id,
        "key_result": key_result.title,
        "owner": key_result.owner,
        "metric": judged.metric.id,
        "metric_version": judged.metric.version,
        "segment": str(key_result.where),
        "form": key_result.form,
        "unit": judged.metric.unit,
        "currency": judged.facts.currency,
        "direction": judged.goal.direction,
        "baseline": check_in.baseline,
        "target": check_in.target,
        "stretch": judged.goal.stretch,
        "commitment": key_result.commitment,
        "pace": judged.pace,
        "value": check_in.value,
        "value_low": check_in.value_low,
        "value_high": check_in.value_high,
        "attainment": check_in.attainment,
        "progress": check_in.progress,
        "expected_progress": check_in.expected_progress,
        "status": check_in.status,
        "confidence": key_result.confidence,
        "as_of_date": check_in.as_of_date,
        "data_as_of": check_in.data_as_of,
        "explanation": check_in.explanation,
    }
