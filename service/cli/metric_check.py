"""okrsync metrics check: metrics tried on the data of an installation, a line for each promise."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from service import questions
from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
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
from service.metrics.catalogue import metric
from service.metrics.custom import custom

COLUMNS = ("shop", "metric", "what", "verdict", "told")
VERDICTS = {True: "ok", False: "FAILED", None: "no data"}


def register(app: typer.Typer) -> None:
    app.command("check", epilog="Example: okrsync metrics check large_order_share")(check)


@guarded
def check(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[METRIC]…", help="Their ids; default: those of config/metrics/.")
    ] = None,
    config: ConfigOption = None,
    shop: ShopOption = None,
    every: Annotated[bool, typer.Option("--all", help="Okrsync's own too.")] = False,
    format_: FormatOption = Format.table,
) -> int:
    """Try metrics on the data of this installation: what holds for every metric, a line each. Writes nothing.

    Exit 1 when a promise is broken. What is wrong with a file is told before that, as by every command.
    """
    installation = installed(config)
    known = installation.catalogue
    chosen = [metric(id_, known) for id_ in ids or []] or (list(known.values()) if every else custom(known))
    if not chosen:
        say(f"there is no metric in {installation.settings.metric_folder}; --all tries okrsync's own")
    found = [
        {"shop": settings.domain, "verdict": VERDICTS[each.is_kept], **asdict(each)}
        for settings in chosen_shops(installation, shop)
        for each in questions.check_metrics(installation, settings, chosen)
    ]
    if format_ is not Format.table:
        print_rows(found, COLUMNS, format_)
    for row in found if format_ is Format.table else ():
        line = f"{row['verdict']:<8}{row['metric']}: {row['what']}" + (f": {row['told']}" if row["told"] else "")
        console().print(line, markup=False, soft_wrap=True)
    return NEEDS_A_PERSON if any(row["is_kept"] is False for row in found) else FINE
