"""The values of a metric as rows: whole for programs, and in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.cli.common import Format, console, numbered, print_rows
from service.cli.explaining_numbers import Numbers, left_out
from service.cli.tables import print_table
from service.metrics.catalogue import Metric
from service.values import Measurement, Shop

Value = tuple[Shop, Measurement]

COLUMNS = (
    "shop", "metric", "metric_version", "segment", "population", "from", "to", "value", "numerator", "denominator",
    "value_low", "value_high", "unit", "currency", "counted", "left_out", "complete", "incomplete_because",
    "data_as_of", "doubtful",
)  # fmt: skip


def print_values(metric: Metric, values: Sequence[Value], format_: Format) -> None:
    """On stdout; json and csv hold every column, the others what differs and is not empty."""
    if format_ in (Format.json, Format.csv):
        print_rows([_row(*each) for each in values], COLUMNS, format_)
    elif values:
        _print_for_people(metric, values, format_)


def _row(shop: Shop, found: Measurement) -> dict[str, Any]:
    same = {name: getattr(found, name, None) for name in COLUMNS}
    return same | {
        "shop": shop.domain,
        "segment": str(found.segment),
        "from": found.window.start,
        "to": found.window.last_day,
        "left_out": dict(found.left_out),
        "complete": found.is_complete,
        "doubtful": found.remark,
    }


def _print_for_people(metric: Metric, rows: Sequence[Value], format_: Format) -> None:
    """Columns that would be empty in every row are left out, and so is the only shop."""
    cells = [_cells(metric, *each) for each in rows]
    shown = [name for name in cells[0] if any(row[name] for row in cells)]
    if len({shop.domain for shop, _ in rows}) == 1:
        shown.remove("shop")
    if format_ is Format.markdown:
        print_rows(cells, shown, format_)
        return
    out, first = console(), rows[0][1]
    where = f" where {first.segment}" if first.segment.where else ""
    kept = ", kept orders only" if first.population == "kept" else ""
    out.print(f"{metric.title}{where}{kept}", style="bold", markup=False)
    print_table(
        shown,
        cells,
        numbers=("value", "divided", "95 % interval", metric.things),
        wrapped={"left out": _longest_reason(cells)},
        spare=("left out", metric.things, "divided", "95 % interval"),
    )
    read = [each.data_as_of for _, each in rows if each.data_as_of and each.counted is not None]
    if read:
        out.print(f"all changes before {min(read):%Y-%m-%d %H:%M} UTC are in it", markup=False)
    for what, because in sorted({(_lacking(each), each.incomplete_because) for _, each in rows}):
        if because:
            out.print(f"{what}: {because}", markup=False)
    for remark in sorted({each.remark for _, each in rows if each.remark}):
        out.print(f"doubtful: {remark}", markup=False)


def _lacking(found: Measurement) -> str:
    return "no value" if found.is_complete else "incomplete"


def _cells(metric: Metric, shop: Shop, found: Measurement) -> dict[str, str]:
    said = Numbers(metric, shop.currency)
    low, high = said.value(found.value_low), said.value(found.value_high)
    days = {"from": str(found.window.start), "to": str(found.window.last_day)}
    return {
        "shop": shop.domain,
        **(days if found.window.start else {"as of": str(found.window.last_day)}),
        "value": said.value(found.value),
        "divided": said.division(found),
        "95 % interval": "" if found.value_low is None else f"{low} to {high}",
        metric.things: "" if found.counted is None else f"{found.counted:,}",
        "left out": _reasons(found.left_out),
        "note": "" if found.is_complete else "incomplete",
    }


def _longest_reason(cells: Sequence[Mapping[str, str]]) -> int:
    return max(len(reason) + 1 for row in cells for reason in row["left out"].split(", "))


def _reasons(reasons: Mapping[str, int]) -> str:
    return ", ".join(numbered(count, left_out(reason)) for reason, count in reasons.items() if count)
