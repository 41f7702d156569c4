"""okrsync status, explain: the OKR table, and where each of its numbers comes from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from service import pipeline, questions
from service.board import boards
from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
    WRONG_USAGE,
    ConfigOption,
    Format,
    FormatOption,
    KnownAtOption,
    OrdersOption,
    complain,
    console,
    guarded,
    installed,
    moment_of,
    print_rows,
    print_sections,
    quarter_of,
    say,
)
from service.cli.drawing import draw
from service.cli.explaining import explanation
from service.errors import Misconfigured, OkrsyncError, PlanError, Problem
from service.explained import explain_value
from service.store.views import views

COLUMNS = next([name for name, _ in view.columns] for view in views("sqlite") if view.name == "bi_key_results")
"""What a row of `status` holds: the columns of `bi_key_results`, in their order."""

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
    known_at: KnownAtOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """The OKR table: where each key result began, stands and should be, and its status in words."""
    installation, day = installed(config), as_of.date() if as_of else None
    moment, quarter = moment_of(known_at), quarter_of(quarter)
    troubles: list[OkrsyncError] = []
    found = boards(installation, quarter=quarter, as_of=day, known_at=moment, troubles=troubles)
    if not found and moment:
        told = f"nothing was known at {moment:%Y-%m-%d %H:%M:%S} UTC" + (f" of {quarter}" if quarter else "")
        raise Misconfigured([Problem("--known-at", str(known_at), told, "choose a later time, or another quarter")])
    if not found:
        raise _nothing_to_show(installation, quarter, day)
    if format_ is Format.table:
        out = console()
        for each in found:
            draw(out, each)
    else:
        print_rows([row for each in found for row in each.key_results], COLUMNS, format_)
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
    known, by = {plan.quarter.label for plan in plans}, f" by {as_of}" if as_of else ""
    told = f"no OKRs for {quarter} have begun{by}" if quarter else f"no quarter with OKRs has begun{by}"
    if quarter and quarter not in known:
        told = f"{quarter} has no OKRs"
    return Misconfigured([Problem(folder, "quarter", told, f"there are {', '.join(sorted(known))}")])


@guarded
def explain(
    key_result: Annotated[str, typer.Argument(metavar="KEY_RESULT", help="Its id in the OKR file.")],
    config: ConfigOption = None,
    quarter: Annotated[
        str | None, typer.Option("--quarter", help="Such as 2026-Q3; default: the latest begun.")
    ] = None,
    as_of: AsOfOption = None,
    orders: OrdersOption = 3,
) -> int:
    """Every input of a number and of its status: definition, window, what was left out, baseline, target, pace."""
    installation, quarter, day = installed(config), quarter_of(quarter), as_of.date() if as_of else None
    troubles: list[OkrsyncError] = []
    found = questions.status(installation, quarter=quarter, as_of=day, troubles=troubles)
    wanted = [(each, judged) for each in found for judged in each.key_results if judged.key_result.id == key_result]
    if not wanted and troubles:
        raise troubles[0]
    if not found:
        raise _nothing_to_show(installation, quarter, day)
    if not wanted:
        known = sorted({judged.key_result.id for each in found for judged in each.key_results})
        hint = f"there are {', '.join(known)}"
        raise Misconfigured([Problem(str(installation.settings.okr_folder), key_result, "is no key result here", hint)])
    for each, judged in wanted:
        foreseen, taken = (
            questions.foreseen(installation, each, judged),
            explain_value(installation, each, judged, orders),
        )
        print_sections(explanation(each, judged, foreseen, taken))
    return 0
