"""okrsync metrics list: the catalogue, and the definition of each metric in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from service.cli import metric_values
from service.cli.common import (
    FINE,
    ConfigOption,
    Format,
    FormatOption,
    guarded,
    metrics_beside,
    print_rows,
    print_sections,
)
from service.cli.explaining_numbers import Section
from service.cli.tables import print_table
from service.metrics.catalogue import Metric, metric
from service.metrics.docs import described
from service.metrics.other_readings import OTHER_READINGS

app = typer.Typer(help="The metric catalogue, and the values of its metrics.", no_args_is_help=True)

LISTED = (
    "id", "version", "family", "kind", "unit", "title", "question", "numerator", "denominator", "segments",
    "populations",
)  # fmt: skip

READABLE = 40
"""A sentence is broken into lines no narrower than this."""


def register(root: typer.Typer) -> None:
    app.command("list", epilog="Example: okrsync metrics list net_sales")(list_)
    metric_values.register(app)
    root.add_typer(app, name="metrics")


@guarded
def list_(
    metric_id: Annotated[
        str | None, typer.Argument(metavar="METRIC", help="Only this one, with its whole definition.")
    ] = None,
    config: ConfigOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """Every metric there is, and what it answers; those of config/metrics/ too."""
    known = metrics_beside(config)
    wanted = [metric(metric_id, known)] if metric_id else list(known.values())
    if format_ is not Format.table:
        print_rows([_listed(found) for found in wanted], LISTED, format_)
    elif metric_id:
        print_sections(_defined(wanted[0]))
    else:
        _print_catalogue(wanted)
    return FINE


def _listed(found: Metric) -> dict[str, Any]:
    row = {name: getattr(found, name, None) for name in LISTED}
    return row | {
        "family": found.family.things,
        "segments": ", ".join(found.segments),
        "populations": ", ".join(found.family.populations),
    }


def _defined(found: Metric) -> Iterator[Section]:
    yield f"{found.id}: {found.question}", [f"{name.lower():<13} {told}" for name, told in described(found).items()]
    yield "Its SQL, behind what is in scope", found.text.splitlines()
    if others := OTHER_READINGS.get(found.id):
        told = [f"{each.title}  ({each.read_by}): {each.differs}" for each in others]
        yield "What others call by its name: see okrsync metrics explain", told


def _print_catalogue(wanted: Sequence[Metric]) -> None:
    columns = ("id", "family", "kind", "unit", "question")
    rows = [_listed(found) for found in wanted]
    print_table(columns, rows, wrapped={"question": READABLE}, spare=("unit", "kind", "family"))
