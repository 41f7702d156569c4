"""okrsync spend import: what campaigns cost, from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service import spending
from service.cli.common import FINE, ConfigOption, ShopOption, guarded, installed, numbered, one_shop, say, text_of

commands = typer.Typer(help="What campaigns cost, for spend and return on ad spend.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    commands.command("import", epilog="Example: okrsync spend import july.csv --dry-run")(import_)
    app.add_typer(commands, name="spend")


@commands.callback()
def _root() -> None:
    """A command group, though it has one command."""


@guarded
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV: date,utm_source,utm_medium,utm_campaign,amount,currency."),
    ],
    config: ConfigOption = None,
    shop: ShopOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> int:
    """Import what campaigns cost, a row for each day and campaign; a row that was imported before is replaced.

    What the file does not name stays. A file with anything wrong is told line by line, and nothing of it is imported.
    """
    installation = installed(config)
    settings = one_shop(installation, shop)
    said, changes = spending.import_file(installation, settings, text_of(file), str(file), is_dry_run=dry_run)
    days = {each.day for each in said}
    imported = f"{numbered(len(said), 'rows')} of {numbered(len(days), 'days')}"
    typer.echo(f"{settings.domain}: {imported}, {min(days)} to {max(days)}")
    known = len(said) - len(changes.rows)
    would = "would be " if dry_run else ""
    typer.echo(
        f"{would}new: {len(changes.new):,}, {would}replaced: {len(changes.altered):,}, as they were: {known:,}; "
        f"{numbered(len(changes.days), 'days')} {'would change' if dry_run else 'changed'}"
    )
    if changes.rows and not dry_run:
        say("the next pass of the daemon, or okrsync sync, measures them again")
    return FINE
