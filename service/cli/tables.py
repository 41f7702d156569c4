"""Tables for people, as wide as the terminal is: columns that do not fit are left out whole, and that is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rich import box
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from service.cli.common import console

GAP = 3
"""Between two columns of the box below."""


def print_table(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, str]],
    *,
    numbers: Collection[str] = (),
    wrapped: Mapping[str, int],
    spare: Sequence[str],
) -> None:
    """On stdout. What has to go goes in the order of `spare`; every other column stays whole, however narrow it gets.

    The cells of `wrapped` columns are broken into lines, no narrower than said there.
    """
    out, shown = console(), list(columns)
    widths = {name: min(_width(name, rows), wrapped.get(name, 10_000)) for name in columns}
    for name in (each for each in spare if each in columns):
        if _needed(shown, widths) > out.width:
            shown.remove(name)
    missing, out.width = [name for name in columns if name not in shown], max(out.width, _needed(shown, widths))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in shown:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=name not in wrapped)
    for row in rows:
        table.add_row(*(escape(row[name]) for name in shown))
    out.print(table)
    if missing:
        told = f"no room for: {', '.join(missing)} (they are in --format csv, or in a wider terminal)"
        out.print(told, markup=False, soft_wrap=True)


def _width(name: str, rows: Sequence[Mapping[str, str]]) -> int:
    return max(cell_len(text) for text in (name, *(row[name] for row in rows)))


def _needed(shown: Sequence[str], widths: Mapping[str, int]) -> int:
    return sum(widths[name] for name in shown) + GAP * (len(shown) - 1)
