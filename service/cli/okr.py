"""okrsync okr lint: what is doubtful about the OKR files, before a quarter depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from service import settings as settings_
from service.cli.common import (
    FINE,
    NEEDS_A_PERSON,
    ConfigOption,
    Format,
    FormatOption,
    console,
    guarded,
    metrics_beside,
    print_rows,
)
from service.errors import PlanError, Problem
from service.okr.amounts import MetricFacts
from service.okr.lint import Finding, lint
from service.okr.plan import Plan, load
from service.plans import known

app = typer.Typer(help="The OKR files themselves.", no_args_is_help=True)

COLUMNS = ("file", "rule", "severity", "key", "message", "hint")
COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def register(root: typer.Typer) -> None:
    app.command("lint", epilog="Example: okrsync okr lint config/okrs/2026-Q3.toml")(lint_)
    root.add_typer(app, name="okr")


@app.callback()
def _group() -> None:
    """The OKR files themselves."""


@guarded
def lint_(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="OKR files; default: all beside the settings.")
    ] = None,
    config: ConfigOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on warnings too.")] = False,
    format_: FormatOption = Format.table,
) -> int:
    """What is doubtful about OKR files, each with a rule, a sentence and a mend; exit 1 on errors.

    Needs no database and no token.
    """
    folder, fiscal_year_start = _where(config)
    metrics = known(metrics_beside(config))
    chosen = files or sorted(folder.glob("*.toml"))
    if not chosen:
        raise PlanError([Problem(str(folder), "", "there is no OKR file", "run: okrsync init, or name a file")])
    plans, problems = _read(chosen, fiscal_year_start)
    findings = [finding for plan in plans for finding in lint(plan, metrics)]
    if format_ is Format.table:
        _print([plan.file for plan in plans], findings)
    else:
        print_rows([asdict(finding) for finding in findings], COLUMNS, format_)
    if problems:
        raise PlanError(problems)
    is_bad = {"error", "warning"} if strict else {"error"}
    return NEEDS_A_PERSON if any(finding.severity in is_bad for finding in findings) else FINE


def counted(findings: Iterable[Finding]) -> str:
    """1 error, 2 warnings."""
    severities: list[str] = [finding.severity for finding in findings]
    counts = [(severities.count(severity), severity) for severity in COLOURS]
    return ", ".join(f"{n} {severity}{'s' if n > 1 else ''}" for n, severity in counts if n) or "nothing to mend"


def _where(config: Path | None) -> tuple[Path, int]:
    """The folder of OKR files and the fiscal year's first month; without settings, those of a new installation."""
    file = config or Path(settings_.DEFAULT_FILE)
    if config is None and not file.exists():
        return file.parent / "okrs", 1
    settings = settings_.load(file)
    return settings.okr_folder, settings.calendar.fiscal_year_start


def _read(files: Sequence[Path], fiscal_year_start: int) -> tuple[list[Plan], list[Problem]]:
    """The plans that can be read, and what is wrong with the others."""
    plans: list[Plan] = []
    problems: list[Problem] = []
    for file in files:
        try:
            plans.append(load(file, fiscal_year_start))
        except PlanError as error:
            problems += error.problems
    return plans, problems


def _print(files: Sequence[str], findings: Sequence[Finding]) -> None:
    for file in files:
        _print_file(file, [finding for finding in findings if finding.file == file])


def print_findings(plan: Plan, catalogue: Mapping[str, MetricFacts]) -> bool:
    """What lint finds in one file, printed; whether there are errors."""
    findings = lint(plan, catalogue)
    _print_file(plan.file, findings)
    return any(finding.severity == "error" for finding in findings)


def _print_file(file: str, findings: Sequence[Finding]) -> None:
    out = console()
    out.print(f"{file}: {counted(findings)}", markup=False, soft_wrap=True)
    for finding in findings:
        mark = Text(f"  {finding.rule}  {finding.severity:<8}", style=COLOURS[finding.severity])
        place = f"{finding.key}: " if finding.key else ""
        out.print(mark.append(f" {place}{finding.message}", style="default"), soft_wrap=True)
        out.print(f"{'':19}mend: {finding.hint}", markup=False, soft_wrap=True)
