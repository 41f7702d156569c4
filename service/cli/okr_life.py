"""okrsync okr check-in, set, close, new: what people do with a quarter while it lives."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from service import lifecycle
from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
    ConfigOption,
    ShopOption,
    guarded,
    installed,
    one_shop,
    quarter_named,
    quarter_of,
    say,
    write,
)
from service.cli.okr import print_findings
from service.drafting import next_quarter
from service.errors import Misconfigured, Problem, SettingsError
from service.lifecycle import Answers
from service.okr.explanation import WORDS
from service.okr.lifecycle import ROOT_CAUSES
from service.okr.plan import parse
from service.plans import known

QuarterOption = Annotated[
    str | None, typer.Option("--quarter", help="Such as 2026-Q3; default: the latest begun that has the key result.")
]

_FOR_EACH = "For one key result as KR=…, for all others without a name; may be repeated."


def register(app: typer.Typer) -> None:
    app.command("check-in", epilog="Example: okrsync okr check-in repeat-aov --confidence 0.7 --note 'bundles sell'")(
        check_in
    )
    app.command("set", epilog="Example: okrsync okr set warehouse-moved done --on 2026-08-14")(set_)
    app.command(
        "close",
        epilog="Example: okrsync okr close 2026-Q3 --next carry --next repeat-aov=modify "
        "--root-cause repeat-aov=wrong_initiative --learning 'bundles raise it, discounts do not'",
    )(close)
    app.command("new", epilog="Example: okrsync okr new 2026-Q4")(new)


@guarded
def check_in(
    key_result: Annotated[
        str | None, typer.Argument(metavar="[KEY_RESULT]", help="Its id; default: all of the running quarter.")
    ] = None,
    config: ConfigOption = None,
    shop: ShopOption = None,
    confidence: Annotated[
        str | None, typer.Option("--confidence", metavar="0.7", help="That it will be reached: 0.7 or 70%.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What a reader should know; no names of people.")] = None,
    quarter: QuarterOption = None,
) -> int:
    """Write a check-in now, with a person's confidence and words. It is never changed; a second one is a new row."""
    installation = installed(config)
    written = lifecycle.check_in(
        installation, one_shop(installation, shop), key_result, confidence=_confidence(confidence), note=note,
        label=quarter_of(quarter),
    )  # fmt: skip
    for each in written:
        typer.echo(f"{each.quarter} {each.key_result.id}: {each.check_in.explanation}")
    return FINE


@guarded
def set_(
    key_result: Annotated[str, typer.Argument(metavar="KEY_RESULT", help="Its id in the OKR file.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="12, 0.5, 27%, 55 INR, or done.")],
    config: ConfigOption = None,
    shop: ShopOption = None,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], metavar="DAY", help="It holds from this shop day on."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Where it comes from.")] = "",
    quarter: QuarterOption = None,
) -> int:
    """Set the value of a key result that nobody measures: a milestone or metric = "manual". Earlier values stay."""
    installation = installed(config)
    settings = one_shop(installation, shop)
    day = on.date() if on else None
    found, number, since = lifecycle.set_value(
        installation, settings, key_result, value, on=day, note=note, label=quarter_of(quarter)
    )
    typer.echo(f"{found.id} is {number.normalize():f} from {since} on; the next pass of the daemon judges it")
    return FINE


@guarded
def close(
    quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="Such as 2026-Q3.")],
    config: ConfigOption = None,
    shop: ShopOption = None,
    score: Annotated[
        list[str] | None,
        typer.Option("--score", metavar="KR=0.8", help="A final score other than the progress, 0 to 1; with --reason."),
    ] = None,
    reason: Annotated[list[str] | None, typer.Option("--reason", metavar="[KR=]TEXT", help=_FOR_EACH)] = None,
    root_cause: Annotated[
        list[str] | None,
        typer.Option("--root-cause", metavar="[KR=]CAUSE", help=f"Why it was not achieved: {', '.join(ROOT_CAUSES)}."),
    ] = None,
    learning: Annotated[list[str] | None, typer.Option("--learning", metavar="[KR=]TEXT", help=_FOR_EACH)] = None,
    next_: Annotated[
        list[str] | None, typer.Option("--next", metavar="[KR=]STEP", help="carry, modify or drop.")
    ] = None,
    early: Annotated[bool, typer.Option("--early", help="Before the grace is over; needs --reason.")] = False,
) -> int:
    """Grade a quarter and freeze it: values, final scores, why and what next. Late changes become restatements."""
    installation, quarter = installed(config), quarter_named(quarter)
    answers = Answers(*(_answers(option, said) for option, said in (
        ("--score", score), ("--reason", reason), ("--root-cause", root_cause), ("--learning", learning),
        ("--next", next_),
    )))  # fmt: skip
    for each in lifecycle.close(installation, one_shop(installation, shop), quarter, answers, early=early):
        verdict = each.verdict
        assert verdict is not None
        final = "no score" if verdict.final_score is None else f"score {verdict.final_score:.2f}"
        status = WORDS[each.check_in.status].lower()
        typer.echo(f"{each.quarter} {each.key_result.id}: {status}, {final}, {verdict.next_step}")
    say(f"{quarter} is closed; okrsync okr new drafts the next quarter from it")
    return FINE


@guarded
def new(
    quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="The quarter to draft, such as 2026-Q4.")],
    config: ConfigOption = None,
    shop: ShopOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write; default: beside the other files.")] = None,
) -> int:
    """Draft a quarter's file from the one before: what is carried or modified, baselines measured afresh.

    Exit 1 when something is left to decide; the file then says draft = true and stays one.
    """
    installation = installed(config)
    settings = one_shop(installation, shop)
    drafted, standard = next_quarter(installation, settings, quarter_named(quarter))
    path = out or standard
    if path.exists():
        raise SettingsError([Problem(str(path), "", "is there already", "name another file with --out")])
    write(path, drafted.text)
    typer.echo(f"wrote {path}")
    for question in drafted.to_decide:
        typer.echo(f"decide: {question}")
    plan = parse(drafted.text, str(path), installation.settings.calendar.fiscal_year_start)
    found = print_findings(plan, known(installation.catalogue))
    return NEEDS_A_PERSON if drafted.to_decide or found else FINE


# --- words of the command line -------------------------------------------------------------------------------------


def _answers(option: str, said: list[str] | None) -> dict[str, str]:
    """By key result; "" for those that are not named. What looks like KR=… is one only if KR could be an id."""
    found: dict[str, str] = {}
    for text in said or ():
        name, sign, rest = text.partition("=")
        is_named = sign and name and " " not in name.strip()
        key, answer = (name.strip(), rest.strip()) if is_named else ("", text.strip())
        if key in found:
            told = "is said twice" if key else "is said twice without a key result"
            raise Misconfigured([Problem(option, key or text, told, "name the key result: KR=…")])
        found[key] = answer
    return found


def _confidence(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= 1:
        raise Misconfigured([Problem("--confidence", text, "is no confidence", "write 0.7 or 70%")])
    return number
