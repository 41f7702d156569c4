"""`okrsync okr lint`, and what `okrsync check` says of it: no database, no token, no shop."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.store import migrate, shops
from service.store.engine import open_engine
from service.values import Shop
from tests.command import Command, Said

CARELESS = (Path(__file__).parent / "okr" / "files" / "careless.toml").read_text(encoding="utf-8")
SOUND = """
quarter = "2026-Q3"
[[objectives]]
id = "loyal"
title = "People come back"
owner = "Retention"
""" + "".join(
    f'[[objectives.key_results]]\nid = "{metric}"\ntitle = "{metric} up 12 %"\nmetric = "{metric}"\n'
    'baseline = "previous_quarter"\ntarget = "+12%"\n'
    for metric in ("orders", "repeat_customers", "average_order_value")
)
DOUBTFUL = SOUND.replace('title = "People come back"', 'title = "Increase sales"')
BROKEN = 'quarter = "2026-Q9"\n'
SETTINGS = (
    '[database]\nurl = "sqlite:///var/okrsync.db"\n[[shops]]\ndomain = "a.myshopify.com"\naccess_token_env = "T"\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with config/okrs, and the program in it."""
    (tmp_path / "config" / "okrs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def okr_file(folder: Path, text: str, name: str = "q.toml") -> Path:
    path = folder / "config" / "okrs" / name
    path.write_text(text, encoding="utf-8")
    return path


def okrsync(*words: str, config: str | None = None) -> Said:
    return Command(Path("nowhere"), "no-token-needed")(*words, OKRSYNC_CONFIG=config)


def lint(*words: str, config: str | None = None) -> Said:
    return okrsync("okr", "lint", *words, config=config)


@pytest.mark.parametrize(("text", "code", "strict"), [(SOUND, 0, 0), (DOUBTFUL, 0, 1), (CARELESS, 1, 1)])
def test_errors_end_with_1_and_warnings_only_when_strict(folder: Path, text: str, code: int, strict: int) -> None:
    okr_file(folder, text)
    assert lint().code == code
    assert lint("--strict").code == strict


def test_a_sound_file_says_so(folder: Path) -> None:
    okr_file(folder, SOUND)
    said = lint()
    assert said.both == "config/okrs/q.toml: nothing to mend\n"


def test_what_is_doubtful_is_told_with_place_and_mend(folder: Path) -> None:
    okr_file(folder, CARELESS)
    said = lint()
    assert said.err == ""
    assert said.out.startswith("config/okrs/q.toml: 3 errors\n")
    assert re.search(r'OKR020  error +objectives\[0\]\.key_results\[0\]\.title: "percentage of" speaks', said.out)
    assert 'mend: take metric = "repeat_purchase_rate"' in said.out


def test_rows_in_every_format(folder: Path) -> None:
    okr_file(folder, CARELESS)
    rows = json.loads(lint("--format", "json").out)
    assert list(rows[0]) == ["file", "rule", "severity", "key", "message", "hint"]
    assert {row["rule"] for row in rows} == {"OKR020", "OKR022", "OKR030"}
    assert list(csv.DictReader(io.StringIO(lint("--format", "csv").out))) == rows
    assert lint("--format", "markdown").out.splitlines()[0] == "| file | rule | severity | key | message | hint |"
    okr_file(folder, SOUND)
    assert json.loads(lint("--format", "json").out) == []


def test_named_files_only(folder: Path) -> None:
    okr_file(folder, CARELESS, "a.toml")
    fine = okr_file(folder, SOUND, "b.toml")
    assert lint(str(fine)).code == 0
    assert "a.toml" not in lint(str(fine)).both
    assert lint("config/okrs/a.toml", str(fine)).code == 1


def test_a_file_that_cannot_be_read_ends_with_2_and_the_others_are_told(folder: Path) -> None:
    okr_file(folder, BROKEN, "a.toml")
    okr_file(folder, CARELESS, "b.toml")
    said = lint("--format", "json")
    assert said.code == 2
    assert "config/okrs/a.toml: quarter: " in said.err
    assert {row["file"] for row in json.loads(said.out)} == {"config/okrs/b.toml"}


def test_no_file_at_all(folder: Path) -> None:
    assert lint().code == 2
    assert "there is no OKR file" in lint().err
    assert "cannot be read" in lint("missing.toml").err


def test_the_settings_say_where_and_which_fiscal_year(folder: Path) -> None:
    other = folder / "other"
    (other / "config" / "okrs").mkdir(parents=True)
    settings = other / "config" / "okrsync.toml"
    settings.write_text("[calendar]\nfiscal_year_start = 4\n" + SETTINGS)
    initiative = '[[initiatives]]\nid = "i"\ntitle = "A mailing"\nstart = 2025-10-01\nkey_results = ["orders"]\n'
    okr_file(other, SOUND + initiative)
    assert lint(config=str(settings)).out.endswith("nothing to mend\n")
    assert "OKR060" not in lint(config=str(settings)).out
    okr_file(folder, SOUND + initiative)
    assert "OKR061" in lint().out
    assert not (other / "var").exists(), "lint opened a database"


def test_settings_that_are_named_must_be_there(folder: Path) -> None:
    okr_file(folder, SOUND)
    assert lint("--config", "config/none.toml").code == 2


# --- check ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def installation(folder: Path) -> str:
    """A migrated database that has seen its shop, which sells in INR."""
    settings = folder / "config" / "okrsync.toml"
    settings.write_text(SETTINGS)
    engine = open_engine(f"sqlite:///{folder}/var/okrsync.db")
    migrate.upgrade(engine)
    now = datetime(2026, 8, 1, tzinfo=UTC)
    shop = Shop(1, "a.myshopify.com", "Asia/Kolkata", "INR", 2, now)
    with engine.begin() as connection:
        shops.record_shop(connection, shop, now=now, history_is_cut=False)
    engine.dispose()
    return str(settings)


def check(config: str) -> Said:
    return okrsync("check", "--offline", config=config)


def test_check_counts_what_lint_warns_of(folder: Path, installation: str) -> None:
    path = okr_file(folder, DOUBTFUL)
    said = check(installation)
    assert said.code == 0
    assert re.search(r"^ok +OKRs +q\.toml: objectives 1, key results 3$", said.out, re.MULTILINE)
    assert re.search(r"^WARNING +lint +q\.toml: 1 warning \(OKR010\)$", said.out, re.MULTILINE)
    assert f"hint: run: okrsync okr lint {path}" in said.out


def test_check_needs_a_person_for_an_error_and_knows_the_shop_s_currency(folder: Path, installation: str) -> None:
    okr_file(folder, SOUND.replace("average_order_value up 12 %", "AOV in $ up 12 %"))
    assert lint().code == 0, "without a shop $ may be right"
    said = check(installation)
    assert said.code == 1
    assert re.search(r"^PROBLEM +lint +q\.toml: 1 error \(OKR022\)$", said.out, re.MULTILINE)


def test_check_says_nothing_of_a_sound_file_nor_of_notes(folder: Path, installation: str) -> None:
    okr_file(folder, SOUND.replace('target = "+12%"', 'target = "+12%"\nweight = 2'))
    assert "OKR007" in lint().out
    said = check(installation)
    assert said.code == 0
    assert " lint " not in said.out
