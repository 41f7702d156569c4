"""Exports of retired tools become OKR files; every row and column that does not fit is told."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.metrics.catalogue import catalogue
from service.okr.importing import ALIASES, FIELDS, Imported, flat, imported, quarters_in
from service.okr.plan import parse
from service.okr.targets import Level
from service.okr.toml import Remarked, write
from tests.command import Command

METRICS = list(catalogue())

KEYS = st.from_regex(r"[A-Za-z_ä. -]{1,8}", fullmatch=True)
PLAIN = st.one_of(
    st.text(max_size=12), st.booleans(), st.integers(-(10**9), 10**9), st.dates(date(1900, 1, 1)),
    st.decimals(-1000, 1000, places=3), st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(KEYS, st.text(max_size=5), max_size=3),
)  # fmt: skip
TABLES = st.recursive(
    st.dictionaries(KEYS, PLAIN, max_size=4),
    lambda inner: st.dictionaries(KEYS, PLAIN | st.lists(inner.filter(bool), min_size=1, max_size=3), max_size=4),
    max_leaves=6,
)


@given(TABLES)
def test_what_is_written_is_read_again(table: dict[str, Any]) -> None:
    assert tomllib.loads(write(table), parse_float=Decimal) == table


def test_remarks_stand_beside_and_above() -> None:
    text = write({"a": Remarked(1, "one", ("first",)), "t": [Remarked({"b": 2}, above=("of t",))]})
    assert text == "# first\na = 1  # one\n\n# of t\n[[t]]\nb = 2\n"


def rows(*records: dict[str, Any], mapping: dict[str, str] | None = None, quarter: str = "2026-Q3") -> Imported:
    return imported([{"objective": "Grow", **record} for record in records], quarter, METRICS, mapping)


def only(found: Imported) -> Any:
    assert found.misfits == []
    [key_result] = parse(found.text, "x").key_results
    return key_result


def test_a_row_with_a_metric_is_measured() -> None:
    found = only(
        rows({"key_result": "More orders", "metric": "orders", "baseline": "previous_quarter", "target": "+20%"})
    )
    assert (found.id, found.metric, str(found.target)) == ("more-orders", "orders", "+20%")


@pytest.mark.parametrize(
    ("row", "form", "aim"),
    [
        ({"type": "Increase", "start": "10,000", "target": "12,000"}, "reach", "12000"),
        ({"type": "decrease_from", "initial": "70", "target": "60", "unit": "%"}, "reach", "60%"),
        ({"type": "Stay above", "target": "55", "unit": "INR"}, "at_least", "at least 55 INR"),
        ({"type": "stay below", "target": "5", "unit": "percent"}, "at_most", "at most 5%"),
        ({"type": "Keep between", "target": "1", "upper limit": "2.5"}, "keep_between", "between 1 and 2.5"),
        ({"type": "Milestone"}, "milestone", "done"),
    ],
)
def test_types_of_other_tools(row: dict[str, str], form: str, aim: str) -> None:
    found = only(rows({"key_result": "KR", **row}))
    assert found.form == form
    assert found.is_by_hand
    if form != "milestone":
        assert str(found.target) == aim


def test_what_is_not_the_files_stays_as_a_remark() -> None:
    found = rows(
        {
            "key_result": "KR",
            "target": "5",
            "Current Value": "3",
            "description": "a\nword",
            "metric": "NPS",
            "Team": "A",
        }
    )
    for line in ("# current: 3", "# note: a word", "# metric: NPS"):
        assert line in found.text
    assert found.unused == ["Team"]


@pytest.mark.parametrize(
    ("row", "told", "mend"),
    [
        ({}, "it has no key result", "fill the column key_result"),
        ({"key_result": "KR"}, "it has no target", "fill the column target"),
        ({"key_result": "KR", "target": "1,5"}, "target: 1,5 is written with separators", "12000"),
        ({"key_result": "KR", "target": "$5"}, "names no single currency", "55 INR"),
        ({"key_result": "KR", "target": "5", "type": "project"}, "project is a type", "milestone"),
        ({"key_result": "KR", "target": "5", "weight": "heavy"}, "heavy is no weight", "0.5"),
        ({"key_result": "KR", "target": "5", "quarter": "Q4 2026"}, "it is of Q4 2026", "--quarter"),
        ({"key_result": "KR", "target": "5", "key_result_id": "a b"}, '"a b" is not an id', ""),
    ],
)
def test_a_row_that_does_not_fit_is_told_and_leaves_a_draft(row: dict[str, str], told: str, mend: str) -> None:
    found = rows({"key_result": "Fine", "target": "5"}, row)
    [misfit] = found.misfits
    assert misfit.row == 2
    assert told in misfit.told
    assert mend in misfit.mend
    assert f"# not imported: row 2: {misfit.told}" in found.text
    assert parse(found.text, "x").is_draft


def test_an_id_is_used_once() -> None:
    found = rows(*[{"key_result": "KR", "target": "5"}] * 2, {"key_result": "KR", "target": "5", "id": "kr"})
    assert [each.id for each in parse(found.text, "x").key_results] == ["kr", "kr-2"]
    assert "has the id kr too" in found.misfits[0].told


def test_objectives_on_lines_of_their_own() -> None:
    lines = [
        {"Type": "Objective", "Title": "Loyalty", "Owner": "Ann"},
        {"Type": "Key result", "Title": "They come back", "Target value": "5", "Owner": "Bo"},
        {"Type": "Objective", "Title": "Nothing beneath"},
    ]
    found = imported(lines, "2026-Q3", METRICS)
    [objective] = parse(found.text, "x").objectives
    assert (objective.title, objective.owner, objective.key_results[0].owner) == ("Loyalty", "Ann", "Bo")
    assert "# not imported: Nothing beneath, an objective without key results" in found.text


def test_nested_json() -> None:
    document = {
        "items": [
            {"id": "o1", "name": "Loyalty", "keyResults": [{"id": "k1", "name": "KR", "target": 5, "tags": ["a"]}]}
        ]
    }
    found = imported([*flat(document)], "2026-Q3", METRICS)
    [key_result] = parse(found.text, "x").key_results
    assert (key_result.objective_id, key_result.id, key_result.target) == ("o1", "k1", Level(Decimal(5)))
    assert found.unused == ["tags"]


def test_a_column_of_theirs_may_be_named() -> None:
    record = {"Ziel": "5", "key_result": "KR"}
    assert rows(record).misfits[0].told == "it has no target"
    assert str(only(rows(record, mapping={"Ziel": "target"})).target) == "5"


def test_quarters_however_they_are_written() -> None:
    said = ["Q3 2026", "2026 Q3", "2026-Q3", "FY Q3/2026", "2026-Q4", ""]
    assert quarters_in([{"Time Period": each} for each in said]) == ["2026-Q3", "2026-Q4"]


def test_no_word_means_two_fields() -> None:
    words = [*(name.replace("_", " ") for name in FIELDS), *(word for several in ALIASES.values() for word in several)]
    assert len(words) == len(set(words))


CSV = """Objective;Key result;Start value;Target value;Time period
Grow;Sales;10;12;Q3 2026
;Churn;9;;Q3 2026
"""


def test_the_command(tmp_path: Path) -> None:
    okrsync = Command(tmp_path / "none.toml", "no-token")
    file, out = tmp_path / "export.csv", tmp_path / "2026-Q3.toml"
    file.write_text(CSV, encoding="utf-8-sig")
    said = okrsync("okr", "import", str(file))
    assert said.code == 1
    assert 'title    = "Sales"' in said.out
    assert f"{file}: row 2: it has no target\n    hint: fill the column target" in said.err
    said = okrsync("okr", "import", str(file), "--out", str(out), COLUMNS="300")
    assert said.code == 1
    assert parse(out.read_text(), "x").quarter.label == "2026-Q3"
    assert "OKR002" in said.out
    assert "is there already" in okrsync("okr", "import", str(file), "--out", str(out)).err
    assert "there are quarter, " in okrsync("okr", "import", str(file), "--map", "Team=group").err
    json_file = tmp_path / "export.json"
    json_file.write_text(json.dumps([{"objective": "Grow", "key_result": "KR", "target": 5}]))
    assert "choose one with --quarter" in okrsync("okr", "import", str(json_file)).err
    assert okrsync("okr", "import", str(json_file), "--quarter", "2026-Q3").code == 0
    assert "is no quarter" in okrsync("okr", "import", str(json_file), "--quarter", "autumn").err
    json_file.write_text("{")
    assert "this is not JSON" in okrsync("okr", "import", str(json_file)).err
