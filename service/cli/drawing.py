"""The OKR board on a terminal: objectives with their key results, each with a bar, its numbers and a word.

A status is a word and a colour, never a colour alone. From 110 columns on the numbers stand side by side, below that
they stand beneath each title.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from service import board
from service.board import Board, Row
from service.judging import Tracked
from service.okr.amounts import MetricFacts, percent
from service.okr.explanation import WORDS
from service.values import Status

COLOURS = {
    "achieved": "green", "on_track": "green", "partly_achieved": "yellow", "at_risk": "yellow", "missed": "red",
    "off_track": "red", "no_data": "magenta", "incomplete": "magenta", "stale": "magenta", "too_early": "cyan",
}  # fmt: skip

LIMITS = ("at_least", "at_most", "keep_between")

WIDE = 110
"""Columns a terminal needs for titles and numbers side by side."""

BAR = 16
"""Blocks of a bar: two for each of the eight weeks that most quarters are judged in."""


def draw(out: Console, each: Board) -> None:
    """One quarter of one shop."""
    left = (each.quarter.last_day - each.as_of).days
    days = f"{left} day{'s' if left > 1 else ''} left" if left else "its last day"
    out.print(Text(f"{each.shop.domain}  {each.quarter}  {each.state}  as of {each.as_of} ({days})", style="bold"))
    if each.known_at:
        out.print(Text(f"as it was known at {each.known_at:%Y-%m-%d %H:%M:%S} UTC", style="bold"))
    if each.data_as_of:
        out.print(Text(f"all changes before {each.data_as_of:%Y-%m-%d %H:%M} UTC are in it", style="dim"))
    for line in each.unread:
        out.print(Text(line, style="dim"))
    for notice in each.notices:
        out.print(Text(f"! {notice}", style="yellow"))
    for group in each.groups:
        out.print()
        _draw_group(out, group)
    if each.kpis:
        out.print()
        out.print(_kpis(each.kpis))


def _draw_group(out: Console, group: board.Group) -> None:
    heading = Text(group.title, style="bold")
    heading.append(f"  {group.owner}" if group.owner else "", style="not bold dim")
    out.print(heading)
    summary = bar(group.progress, group.expected_progress)
    summary.append(f" {fraction(group.progress)} of {fraction(group.expected_progress)} expected  ")
    summary.append(group.explanation, style=COLOURS[group.status])
    out.print(summary)
    rows = group.key_results
    out.print(_table(rows) if out.width >= WIDE else Group(*map(_stacked, rows)))


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("key result")
    for name in ("baseline", "now", "target"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("progress", no_wrap=True)
    table.add_column("expected", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for row in rows:
        facts = _facts(row)
        table.add_row(
            Text(row["key_result"]).append("".join(f"\n{line}" for line in _beneath(row)), style="dim"),
            facts.format(row["baseline"]),
            facts.format(row["value"]),
            _aim(row),
            bar(row["progress"], row["expected_progress"]).append(f" {fraction(row['progress']):>7}"),
            fraction(row["expected_progress"]),
            word(row),
        )
    return table


def _stacked(row: Row) -> RenderableType:
    facts = _facts(row)
    lines = Text(f"\n{row['key_result']}")
    lines.append(f"  {row['key_result_id']}\n", style="dim")
    lines.append("  ").append_text(bar(row["progress"], row["expected_progress"]))
    lines.append(f" {fraction(row['progress'])} of {fraction(row['expected_progress'])} expected  ")
    lines.append_text(word(row))
    start = f"{facts.format(row['baseline'])} → " if row["baseline"] is not None else ""
    lines.append(f"\n  {start}{facts.format(row['value'])}, ")
    lines.append(_aim(row) if row["form"] in LIMITS else f"target {_aim(row)}")
    return lines.append("".join(f"\n  {line}" for line in _beneath(row)[1:]), style="dim")


def _beneath(row: Row) -> list[str]:
    """The id, and what else is said of a key result."""
    return [row["key_result_id"], *filter(None, (forecast(row), people(row)))]


def _facts(row: Row) -> MetricFacts:
    """As much of the metric as writing its numbers needs."""
    return MetricFacts(row["metric"], "flow", row["unit"], row["currency"])


def _aim(row: Row) -> str:
    """A value to reach, or limits as they are written."""
    return str(row["target_rule"]) if row["form"] in LIMITS else _facts(row).format(row["target"])


def word(row: Row) -> Text:
    """The status in words; what is said of guardrails stands in its explanation."""
    status: Status = row["status"]
    found = Text(WORDS[status].lower(), style=COLOURS[status])
    return found.append(", guardrail broken", style="red") if "Guardrail broken" in row["explanation"] else found


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


def bar(progress: Decimal | None, expected: Decimal | None) -> Text:
    """What is done in full blocks, and a line where it should be by now."""
    full = int((progress or Decimal()) * BAR)
    blocks = ["█"] * full + ["░"] * (BAR - full)
    if expected is not None:
        blocks[min(int(expected * BAR), BAR - 1)] = "┃" if expected < 1 else blocks[-1]
    return Text("".join(blocks))


def fraction(value: Decimal | None) -> str:
    return "–" if value is None else percent(value)


def forecast(row: Row) -> str:
    """The value at the end of the quarter, its interval, and how likely the target is reached."""
    if row.get("forecast") is None or row["forecast_low"] == row["forecast_high"]:  # nothing is left to foresee
        return ""
    facts = _facts(row)
    value, low, high = (facts.format(row[name]) for name in ("forecast", "forecast_low", "forecast_high"))
    chance = "" if row.get("probability") is None else f", {percent(row['probability'], 0)} likely to reach it"
    return f"forecast {value} ({low} to {high}){chance}"


def people(row: Row) -> str:
    """What people said of it: the final score once it is closed, else their confidence."""
    if row.get("closed_at"):
        score = "no score" if row["final_score"] is None else f"score {row['final_score']:.2f}"
        return f"{score}, {row['next_step']}"
    if row.get("confidence") is None:
        return ""
    said_at = row.get("confidence_at")
    return (
        f"people are {percent(row['confidence'], 0)} confident ({f'{said_at:%Y-%m-%d}' if said_at else 'as planned'})"
    )
