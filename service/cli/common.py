"""What every command shares: the settings option, exit codes, and rows printed in four formats."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from service.errors import Misconfigured, OkrsyncError, Problem, SettingsError, TryAgain
from service.metrics.catalogue import Metric
from service.metrics.custom import with_custom
from service.periods import Quarter
from service.pipeline import Installation, Outcome, install
from service.settings import DEFAULT_FILE, FILE_VARIABLE, ShopSettings

FINE, NEEDS_A_PERSON, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 3

_closing = ExitStack()

P = ParamSpec("P")
T = TypeVar("T")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar=FILE_VARIABLE, help="The settings file.", show_default=DEFAULT_FILE),
]
ShopOption = Annotated[str | None, typer.Option("--shop", help="Only this shop (its permanent domain).")]

OnlyOption = Annotated[
    str | None, typer.Option("--only", metavar="CONNECTOR,…", help="Only these connectors; all of them otherwise.")
]


class Format(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


KnownAtOption = Annotated[
    str | None,
    typer.Option(
        "--known-at", metavar="TIME", help="Exactly what was known then: 2026-08-14 or 2026-08-14T09:30, UTC."
    ),
]
OrdersOption = Annotated[
    int,
    typer.Option("--orders", min=0, metavar="N", help="How many orders to name for each reason, in and left out."),
]

FormatOption = Annotated[Format, typer.Option("--format", help="How rows are printed.")]


def say(message: str) -> None:
    """Progress and remarks go to stderr, so that stdout holds the answer alone."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)


def numbered(count: int, things: str) -> str:
    """`1 test order`, `1,200 test orders`; words that begin with no such plural stay."""
    one = re.sub(r"^((?:test )?(?:order|row|session|checkout|day))s\b", r"\1", things)
    return f"{count:,} {one if count == 1 else things}"


def console() -> Console:
    """Stdout; wide enough for a table when it is a file or a pipe."""
    is_terminal = sys.stdout.isatty()
    return Console(highlight=False, width=None if is_terminal or "COLUMNS" in os.environ else 140)


def installed(config: Path | None, *, migrated: bool = True) -> Installation:
    """The installation of a command; its database is closed when the command ends."""
    found = install(config or Path(DEFAULT_FILE), migrated=migrated)
    _closing.callback(found.engine.dispose)
    return found


def metrics_beside(config: Path | None) -> Mapping[str, Metric]:
    """Okrsync's own metrics and those of the folder beside the settings, which need not be there."""
    return with_custom((config or Path(DEFAULT_FILE)).parent / "metrics")


def write(path: Path, text: str) -> None:
    """A file and its folder made. Raises SettingsError where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError([Problem(str(path), "", f"cannot be written: {error.strerror}")]) from None


def text_of(path: Path) -> str:
    """What stands in a person's file. Raises Misconfigured where that cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        hint = "may you read it?" if isinstance(error, PermissionError) else "is the path right?"
        raise Misconfigured([Problem(str(path), "", f"cannot be read: {error.strerror}", hint)]) from None
    except UnicodeDecodeError:
        told = "cannot be read: it is not UTF-8 text"
        raise Misconfigured([Problem(str(path), "", told, "save it as UTF-8 text")]) from None


def one_shop(installation: Installation, domain: str | None) -> ShopSettings:
    """The shop named, or the only one."""
    shops: Sequence[ShopSettings] = installation.settings.shops
    found = [each for each in shops if domain in (None, each.domain)]
    if len(found) != 1:
        told = f"{domain} is not listed" if domain else "there are several"
        hint = f"write --shop with one of {', '.join(each.domain for each in shops)}"
        raise SettingsError([Problem(str(installation.settings.file), "shops", told, hint)])
    return found[0]


def chosen_shops(installation: Installation, domain: str | None) -> Sequence[ShopSettings]:
    """All shops, or the one named. Raises SettingsError for a name that is not configured."""
    shops = installation.settings.shops
    if domain is None:
        return shops
    found = [shop for shop in shops if shop.domain == domain]
    if not found:
        known = ", ".join(shop.domain for shop in shops)
        raise SettingsError(
            [Problem(str(installation.settings.file), "shops", f"{domain} is not listed", f"there are {known}")]
        )
    return found


def guarded(command: Callable[P, int | None]) -> Callable[P, None]:
    """The command with errors turned into a sentence on stderr and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except OkrsyncError as error:
            complain(error)
            code = exit_code(error)
        except KeyboardInterrupt:
            say("interrupted: nothing is lost, run it again")
            code = INTERRUPTED
        except BrokenPipeError:
            # The reader of our output is gone (`| head`): not our error, and nothing more to say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = FINE
        finally:
            _closing.close()
        raise typer.Exit(code or FINE)

    return run


def complain(error: OkrsyncError) -> None:
    if isinstance(error, Misconfigured):
        for problem in error.problems:
            say(f"error: {problem}")
        return
    about = f"{error.about}: " if error.about else ""
    say(f"error: {about}{error.message}" + (f"\n    hint: {error.hint}" if error.hint else ""))


def exit_code(error: OkrsyncError) -> int:
    if isinstance(error, Misconfigured):
        return WRONG_USAGE
    return INTERRUPTED if isinstance(error, TryAgain) else NEEDS_A_PERSON


def worst(outcomes: Sequence[Outcome]) -> int:
    """The exit code of a run over several shops: what needs a person outranks what only has to be run again."""
    codes = {exit_code(outcome.error) for outcome in outcomes if outcome.error}
    return next((code for code in (WRONG_USAGE, NEEDS_A_PERSON, INTERRUPTED) if code in codes), FINE)


def print_sections(sections: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Titles with plain lines beneath, on stdout; a long line is the terminal's to break."""
    out = console()
    for title, lines in sections:
        out.print(Text(title, style="bold"))
        for line in lines:
            out.print(Text(f"  {line}"), soft_wrap=True)
        out.print()


# --- rows ----------------------------------------------------------------------------------------------------------


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], format_: Format) -> None:
    """Rows as json, csv or markdown, on stdout."""
    if format_ is Format.json:
        encoded = msgspec.json.encode([{c: _json(row.get(c)) for c in columns} for row in rows])
        sys.stdout.write(msgspec.json.format(encoded).decode() + "\n")
    elif format_ is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_plain(row.get(c)) for c in columns] for row in rows)
    else:
        sys.stdout.write(_markdown(columns, [[_plain(row.get(c)) for c in columns] for row in rows]))


def _markdown(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in cells)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _json(value: Any) -> Any:
    """Numbers stay exact: a Decimal is written digit by digit, never through a float."""
    if isinstance(value, Decimal):
        return msgspec.Raw(_plain(value).encode())
    if isinstance(value, Mapping):
        return {key: _json(inner) for key, inner in value.items()}
    return value if value is None or isinstance(value, bool | int | str) else _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={inner}" for key, inner in value.items())
    return str(value)


def quarter_of(text: str | None) -> str | None:
    """The name of the quarter that was asked for, if any."""
    return None if text is None else quarter_named(text, "--quarter")


def quarter_named(text: str, place: str = "QUARTER") -> str:
    """The name of a quarter that is one, whether there are OKRs for it or not."""
    try:
        return Quarter.parse(text).label
    except ValueError:
        hint = "write year and quarter, such as 2026-Q3"
        raise Misconfigured([Problem(place, text, "is no quarter", hint)]) from None


def moment_of(text: str | None) -> datetime | None:
    """The instant written as a date or a time; without an offset it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Misconfigured(
            [Problem("--known-at", text, "is no time", "write 2026-08-14, 2026-08-14T09:30 or 2026-08-14T09:30+02:00")]
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
