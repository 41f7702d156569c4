"""The pages are held to the program: what they name exists, what they show is what it prints, what exists is told."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from sqlalchemy import Engine, text
from typer.main import get_command
from typer.testing import CliRunner

from service import settings as settings_
from service.cli import app
from service.cli.explaining_numbers import LEFT_OUT
from service.errors import PlanError
from service.metrics.catalogue import catalogue
from service.okr import plan
from service.okr.importing import ALIASES, FIELDS
from service.okr.lifecycle import ROOT_CAUSES
from service.okr.status import RATIO
from service.settings import Settings
from service.store import runs
from service.values import Status
from tests.generated_docs import FOLDER, commands, pages

ROOT = FOLDER.parent
WRITTEN = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
WRITTEN |= {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CHANGELOG.md")}
BY_HAND = {name: page for name, page in WRITTEN.items() if Path(name).name not in pages()}


def blocks(language: str, written: dict[str, str] = BY_HAND) -> Iterator[tuple[str, str]]:
    """Every code block of a language with the page it stands on."""
    for name, page in written.items():
        for block in re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
            yield name, block


def shell_lines(written: dict[str, str] = WRITTEN) -> list[tuple[str, str]]:
    """Every line of every `sh` example with the page it stands on."""
    return [(name, line) for name, block in blocks("sh", written) for line in block.splitlines() if line.strip()]


def first_cells(page: str, section: str) -> list[str]:
    """What stands in backticks in the first column of the first table after the words `section`."""
    table = re.search(r"(?:^\|.*\n)+", page[page.index(section) :], re.MULTILINE)
    assert table
    cells = [row.split("|")[1] for row in table[0].splitlines()[2:]]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


# --- generated pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", pages())
def test_a_generated_page_is_what_the_program_says_now(name: str) -> None:
    assert WRITTEN[f"docs/{name}"] == pages()[name], f"docs/{name} is out of date: run ./run docs and read the diff"


# --- links ---------------------------------------------------------------------------------------------------------


def anchors(page: str) -> set[str]:
    """The anchors of its headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_link_between_pages_leads_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", WRITTEN[name]):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / name).parent / path).resolve().relative_to(ROOT).as_posix() if path else name
        assert target in WRITTEN, f"{name}: {link} leads to no page"
        assert not anchor or anchor in anchors(WRITTEN[target]), f"{name}: {link} leads to no heading"


def test_every_metric_s_decision_is_written_down() -> None:
    for metric in catalogue().values():
        page, _, anchor = metric.decision.partition("#")
        assert anchor in anchors(WRITTEN[page]), f"{metric.id}: {metric.decision} is not written"


@pytest.mark.parametrize("name", WRITTEN)
def test_no_page_names_a_place_of_somebody_s_machine(name: str) -> None:
    foreign = re.findall(r"(?<![\w./:])/(?:home|root|work|Users|mnt)/\S*|pypi\.org|registry\.\S+", WRITTEN[name])
    assert not foreign


# --- commands ------------------------------------------------------------------------------------------------------


def okrsync_words(line: str) -> list[str] | None:
    """The words after the program's name; None for a line that is about something else."""
    words = shlex.split(line, comments=True)
    for start in (["okrsync"], ["./run", "okrsync"]):
        if words[: len(start)] == start:
            return words[len(start) :]
    return ["demo", *words[2:]] if words[:2] == ["./run", "demo"] else None


def parsed(words: list[str]) -> str:
    """The full name of the command that `words` call; fails as the program does on a wrong option or value."""
    command: Any = get_command(app)
    name, context = "okrsync", None
    while hasattr(command, "commands"):
        while words and words[0].startswith("-"):
            assert words.pop(0) in [option for each in command.params for option in each.opts]
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
        assert words, f"{name} needs a command"
        assert words[0] in command.commands, f"there is no {name} {words[0]}"
        command, name = command.commands[words[0]], f"{name} {words.pop(0)}"
    command.make_context(name, words, parent=context)
    return name


@pytest.mark.parametrize(("name", "line"), shell_lines())
def test_every_command_in_an_example_exists_with_its_options(name: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    if (told := okrsync_words(line)) is not None:
        parsed([word for word in told if word != "…"])
    elif words[0] == "./run":
        verbs = re.findall(r"^    ([a-z]+)\)", (ROOT / "run").read_text(), re.MULTILINE)
        assert words[1] in verbs, f"{name}: there is no ./run {words[1]}"
    else:
        assert words[0] in ("export", "docker"), f"{name}: nothing checks {line!r}"


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_has_an_example_of_itself(name: str, command: Any) -> None:
    told = okrsync_words(command.epilog.removeprefix("Example: "))
    assert told
    assert parsed(told) == name


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_every_chore_is_in_the_run_script_s_own_help(page: str) -> None:
    help_ = subprocess.run(["sh", "run"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for _, line in shell_lines({page: WRITTEN[page]}):
        if line.startswith("./run "):
            assert f"./run {line.split()[1]}" in help_


# --- settings and OKR files ----------------------------------------------------------------------------------------


def keys(model: type[BaseModel], place: str = "") -> Iterator[tuple[str, str]]:
    """Every key a person may write, with its default as TOML writes it."""
    for name, field in model.model_fields.items():
        if name in ("file", "root"):
            continue
        inner = next((t for t in [field.annotation, *get_args(field.annotation)] if _is_model(t)), None)
        if inner:
            yield from keys(inner, f"{place}{name}{'[]' if get_args(field.annotation) else ''}.")
        else:
            yield f"{place}{name}", _default(field.default)


def _is_model(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return "none" if value is None else f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def test_every_setting_is_told_with_its_default() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (\S.*?) \|", WRITTEN["docs/settings.md"], re.MULTILINE)
    assert [row for row in rows if "." in row[0]] == list(keys(Settings))
    for version in settings_.SUPPORTED_VERSIONS:
        assert version in WRITTEN["docs/settings.md"]


def test_the_sample_settings_hold_every_setting_and_its_default() -> None:
    sample = (ROOT / "config" / "okrsync.sample.toml").read_text(encoding="utf-8")
    for key, default in keys(Settings):
        name = key.rpartition(".")[2]
        written = re.search(rf"^(?:# )?{name}\s*= (\"[^\"]*\"|\S+)", sample, re.MULTILINE)
        assert written, f"the sample lacks {key}"
        assert default in (f"`{written[1]}`", "required", "none")


def test_the_sample_a_person_gets_is_the_one_in_the_repository() -> None:
    for ours, theirs in (("okrsync.sample.toml", "okrsync.toml"), ("okrs/2026-Q3.toml", "okrs.toml")):
        text_ = (ROOT / "service" / "cli" / "samples" / theirs).read_text(encoding="utf-8")
        assert (ROOT / "config" / ours).read_text(encoding="utf-8") == text_.replace("QUARTER", "2026-Q3")


@pytest.mark.parametrize(("name", "block"), list(blocks("toml")))
def test_every_toml_example_is_accepted(name: str, block: str, tmp_path: Path) -> None:
    if "quarter" in tomllib.loads(block):
        plan.parse(block, name)
    else:
        (tmp_path / "okrsync.toml").write_text(block, encoding="utf-8")
        assert settings_.load(tmp_path / "okrsync.toml", {}).shops


EMPTY_PLAN = """
{}
[[objectives]]
{}
  [[objectives.key_results]]
  {}
[[initiatives]]
{}
[[kpis]]
{}
[status]
{}
"""


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ("At the top", 0),
        ("Of an objective", 1),
        ("Of a key result", 2),
        ("Of an initiative", 3),
        ("Of a KPI", 4),
        ("Of the status rule", 5),
    ],
)
def test_every_key_of_an_okr_file_is_told(section: str, place: int) -> None:
    unknown = [""] * 6
    unknown[place] = "zzz = 1"
    with pytest.raises(PlanError) as refused:
        plan.parse(EMPTY_PLAN.format(*unknown), "okrs.toml")
    [hint] = [problem.hint for problem in refused.value.problems if problem.message == "unknown key"]
    known = hint.partition("known: ")[2].split(", ")
    assert sorted(first_cells(WRITTEN["docs/okr-files.md"], section)) == known


# --- words ---------------------------------------------------------------------------------------------------------


def test_every_status_is_told_with_its_limits() -> None:
    page = WRITTEN["docs/okr-files.md"]
    assert set(first_cells(page, "The first line that applies")) == set(get_args(Status))
    for limit in (RATIO.on_track, RATIO.at_risk):
        assert re.search(rf"at least {limit}(?!\d)", page)
    for limit in (RATIO.achieved, RATIO.partly_achieved):
        assert f"at least {limit:.0%}".replace("%", " %") in page
    assert f"less than {RATIO.too_early:.0%}".replace("%", " %") in page


def test_every_outcome_and_every_reason_to_leave_out_is_told() -> None:
    page = WRITTEN["docs/operations.md"]
    assert first_cells(page, "| outcome |") == list(get_args(runs.Outcome))
    assert sorted(first_cells(page, "| left out |")) == sorted(LEFT_OUT)


# --- examples, run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "block"), list(blocks("sql", {n: p for n, p in WRITTEN.items() if "metrics" not in n}))
)
def test_every_query_runs(name: str, block: str, database: Engine) -> None:
    with database.connect() as connection:
        connection.execute(text(block.strip().rstrip(";"))).all()


def test_the_first_steps_to_an_own_shop_run_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's lines up to the first that asks Shopify, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    ran = []
    for _, line in shell_lines({"README.md": WRITTEN["README.md"].partition("## Your own shop")[2]}):
        if line.startswith("export "):
            monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))
        elif told := okrsync_words(line):
            if told == ["check"]:
                break
            result = CliRunner().invoke(app, told)
            assert result.exit_code == 0, result.output
            ran.append(told[0])
    assert ran == ["init", "db"]
    assert settings_.load(tmp_path / "my-shop" / "config" / "okrsync.toml", {}).okr_folder.is_dir()
    assert (tmp_path / "my-shop" / "var" / "okrsync.db").exists()


@pytest.mark.slow
def test_the_readme_shows_what_the_program_prints(tmp_path: Path) -> None:
    readme = {"README.md": WRITTEN["README.md"].partition("## Your own shop")[0]}
    lines = [line for _, line in shell_lines(readme) if okrsync_words(line) is not None]
    assert lines[0] == "./run demo"
    printed = " ".join(_words(output) for output in (_run(line, tmp_path) for line in lines))
    for _, block in blocks("text", readme):
        for line in block.splitlines():
            pattern = re.escape(_words(line)).replace("…", r"\S+")
            assert re.search(pattern, printed), f"the program does not print {line!r}"


def _run(line: str, folder: Path) -> str:
    """What a line of the README prints, run in `folder` as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "service", *(okrsync_words(line) or [])]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout


def _words(printed: str) -> str:
    """The text with every run of blanks as one."""
    return " ".join(printed.split())


def test_every_root_cause_and_every_field_of_an_import_is_told() -> None:
    operations, importing = ((ROOT / "docs" / page).read_text() for page in ("operations.md", "okr-import.md"))
    for cause, meaning in ROOT_CAUSES.items():
        assert f"| `{cause}` | {meaning} |" in operations
    for name, holds in FIELDS.items():
        assert f"| `{name}` | {holds} | {', '.join(ALIASES.get(name, ()))} |" in importing
