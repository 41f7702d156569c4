"""okrsync okr import: OKRs of a retired tool become an OKR file, and what does not fit is told row by row."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
    ConfigOption,
    Format,
    guarded,
    metrics_beside,
    quarter_named,
    say,
    text_of,
    write,
)
from service.cli.okr import print_findings
from service.errors import Misconfigured, Problem, SettingsError
from service.okr.importing import FIELDS, Imported, Record, flat, imported, quarters_in
from service.okr.lint import lint
from service.okr.plan import parse
from service.plans import known


def register(app: typer.Typer) -> None:
    app.command("import", epilog="Example: okrsync okr import export.csv --out config/okrs/2026-Q4.toml")(import_)


@guarded
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or JSON export, see docs/okr-import.md.")],
    format_: Annotated[
        Format | None, typer.Option("--format", help="csv or json; default: by the name of the file.")
    ] = None,
    quarter: Annotated[
        str | None, typer.Option("--quarter", help="Which quarter's rows; needed where there are several or none.")
    ] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="A column of theirs that is a field of ours."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The OKR file to write; default: stdout.")] = None,
    config: ConfigOption = None,
) -> int:
    """Make an OKR file of an export. Every row that does not fit is listed with a mend, and so is every unused column.

    Needs no database and no token. Exit 1 when something was left out or lint finds errors.
    """
    metrics = metrics_beside(config)
    mapping = _mapping(maps or [])
    records = _records(file, format_)
    label = quarter_named(quarter or _only_quarter(records, mapping, file), "--quarter")
    found = imported(records, label, list(metrics), mapping)
    _say_what_is_missing(found, file)
    if not found.key_results:
        raise Misconfigured([Problem(str(file), "", "holds no key result that fits", "see docs/okr-import.md")])
    if out is None:
        typer.echo(found.text, nl=False)
        wrong = [each for each in lint(parse(found.text, str(file)), known(metrics)) if each.severity == "error"]
        for each in wrong:
            say(f"{each.rule} {each.key}: {each.message}\n    hint: {each.hint}")
        return NEEDS_A_PERSON if found.misfits or wrong else FINE
    if out.exists():
        raise SettingsError([Problem(str(out), "", "is there already", "name another file with --out")])
    write(out, found.text)
    say(f"wrote {out} with {found.key_results} key results")
    is_wrong = print_findings(parse(found.text, str(out)), known(metrics))
    return NEEDS_A_PERSON if found.misfits or is_wrong else FINE


def _say_what_is_missing(found: Imported, file: Path) -> None:
    for misfit in found.misfits:
        say(f"{file}: row {misfit.row}: {misfit.told}\n    hint: {misfit.mend}")
    if found.unused:
        say(f'{file}: columns not used: {", ".join(found.unused)}\n    hint: --map "COLUMN=FIELD" uses one')


def _records(file: Path, format_: Format | None) -> list[Record]:
    text = text_of(file)
    if format_ not in (None, Format.csv, Format.json):
        raise Misconfigured([Problem("--format", str(format_), "is nothing to import from", "write csv or json")])
    if format_ is Format.json or (format_ is None and file.suffix.lower() == ".json"):
        return _json(text, file)
    return [*csv.DictReader(io.StringIO(text), dialect=_dialect(text))]


def _dialect(text: str) -> type[csv.Dialect] | str:
    """Commas, semicolons or tabs: what the heading is written with."""
    try:
        return csv.Sniffer().sniff(text.partition("\n")[0], delimiters=",;\t")
    except csv.Error:
        return "excel"


def _json(text: str, file: Path) -> list[Record]:
    try:
        document: Any = json.loads(text, parse_float=str)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Misconfigured([Problem(str(file), place, f"this is not JSON: {error.msg}")]) from None
    return [*flat(document)]


def _mapping(maps: list[str]) -> dict[str, str]:
    found = dict(each.rpartition("=")[::2] for each in maps)
    problems = [
        Problem("--map", f"{column}={name}", f"{name} is no field", f"there are {', '.join(FIELDS)}")
        for column, name in found.items()
        if name not in FIELDS or not column
    ]
    if problems:
        raise Misconfigured(problems)
    return found


def _only_quarter(records: list[Record], mapping: dict[str, str], file: Path) -> str:
    found = quarters_in(records, mapping)
    if len(found) == 1:
        return found[0]
    told = f"speaks of {', '.join(found)}" if found else "does not say which quarter it is about"
    raise Misconfigured([Problem(str(file), "quarter", told, "choose one with --quarter")])
