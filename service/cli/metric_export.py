"""okrsync metrics export: the catalogue in the language of a semantic layer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.common import FINE, ConfigOption, guarded, metrics_beside, say, write
from service.metrics.export import EXPORTS


class Language(StrEnum):
    metricflow = "metricflow"
    cube = "cube"
    osi = "osi"


def register(app: typer.Typer) -> None:
    app.command("export", epilog="Example: okrsync metrics export --format cube --out model/cubes/okrsync.yml")(export)


@guarded
def export(
    language: Annotated[Language, typer.Option("--format", help="Whose semantic layer.")],
    config: ConfigOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; default: stdout.")] = None,
) -> int:
    """Every metric for a semantic layer, over the views for BI; those of config/metrics/ too. Needs no database."""
    text = EXPORTS[language](metrics_beside(config))
    if out is None:
        typer.echo(text, nl=False)
    else:
        write(out, text)
        say(f"wrote {out}")
    return FINE
