"""Headers: read whole, checked at once, and told apart from what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import Misconfigured
from service.metrics.catalogue import catalogue, load, metric, split
from service.metrics.docs import described, markdown

GOOD = """-- id: pieces
-- version: 2
-- title: Pieces
-- question: How many pieces were sold, however long the
--   question is?
-- kind: flow
-- unit: count
-- numerator: units at order time (count)
-- population: counted orders
-- date_basis: order_day
-- segments: source, utm_*
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source: https://example.com/pieces
-- decision: docs/decisions.md#pieces

-- A piece is a unit.
select metric_date, sum(units) as numerator
from counted_orders
group by metric_date
"""


def written(folder: Path, text: str = GOOD, name: str = "pieces.sql") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def complaints(path: Path) -> str:
    with pytest.raises(Misconfigured) as raised:
        load([path])
    return str(raised.value)


def test_a_header_becomes_a_metric(tmp_path: Path) -> None:
    pieces = load([written(tmp_path)])["pieces"]
    assert (pieces.id, pieces.version, pieces.kind, pieces.unit) == ("pieces", 2, "flow", "count")
    assert pieces.question == "How many pieces were sold, however long the question is?"
    assert pieces.segments == ("source", "utm_source", "utm_medium", "utm_campaign")
    assert pieces.leaves_out == ("test", "deleted")
    assert pieces.denominator is None
    assert pieces.text.startswith("-- A piece is a unit.\nselect")
    assert "piece" not in pieces.words
    assert pieces.adds_up
    assert not pieces.needs_all_history()
    assert pieces.needs_all_history(["customer_type"])


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("-- title: Pieces\n", "", "title: is missing from the header"),
        ("-- kind: flow", "-- kind: stream", "kind: cannot be 'stream'\n    hint: write flow, distinct, level, ratio"),
        ("-- id: pieces", "-- id: parts", "id: 'parts' is not the file's name"),
        ("-- version: 2", "-- version: two", "version: is not a whole number from 1 on"),
        ("time (count)", "time", "numerator: does not end in (count) or (money)"),
        ("source, utm_*", "source, mood_*, colour", "segments: 'mood_*' is no segment"),
        ("test, deleted", "test, boring", "leaves_out: 'boring' is no reason"),
        ("-- unit: count", "-- unit: count\n-- colour: red", "colour: is no header key"),
        ("-- unit: count", "-- unit: count\n-- denominator: orders (count)", "text: answers no denominator"),
        ("as numerator", "as pieces_sold", "text: answers no numerator"),
        ("interval: none", "interval: normal", "text: answers no squares"),
        (
            "from counted_orders",
            "from orders",
            "reading 'orders' is not of a metric's language: there are counted_orders",
        ),
        ("-- unit: count", "-- unit: count\n-- horizon_days: 30", "text: reads nothing that has horizon_days"),
        ("-- unit: count", "-- unit: count\n-- horizon_days: month", "horizon_days: is not a whole number"),
        ("-- unit: count", "-- unit: count\n-- horizon_days: 400", "horizon_days: is more than 366"),
        ("from counted_orders", "from counted_horizons", "text: reads horizons, and the header has no horizon_days"),
        ("from counted_orders", "from counted_horizons where window_start > '2'", "window_start tells nothing"),
        ("sum(units)", "sum(:units)", "without parameters or templating"),
        ("sum(units)", "SUM(units)", "is not lower case"),
        ("select metric_date", "select min(metric_date) as metric_date", "answers no row a day"),
        ("group by metric_date", "group by metric_date, source", "answers no row a day"),
        ("group by metric_date", "", "answers no row a day"),
        (
            "select metric_date",
            "delete metric_date",
            "line 2: 'delete' is not of a metric's language: select is expected",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new))
    found = complaints(path)
    assert complaint in found
    assert f"{path}: " in found


def test_all_complaints_come_at_once(tmp_path: Path) -> None:
    worse = GOOD.replace("-- unit: count", "-- unit: pounds").replace("-- kind: flow", "-- kind: stream")
    assert complaints(written(tmp_path, worse)).count("cannot be") == 2


def test_a_file_without_a_header_has_only_text() -> None:
    assert split("select 1") == ({}, "select 1")
    assert split("-- id: x\n-- version: 1") == ({"id": "x", "version": "1"}, "")


def test_an_unknown_metric_is_answered_with_what_was_meant() -> None:
    with pytest.raises(Misconfigured, match="did you mean repeat_customers"):
        metric("repeat_customer")
    with pytest.raises(Misconfigured, match="there are abandoned_checkout_rate, abandoned_checkouts"):
        metric("weather")


def test_what_the_catalogue_knows_of_its_metrics() -> None:
    known = catalogue()
    assert list(known) == sorted(known)
    with_horizon = {m.id for m in known.values() if m.date_basis == "horizon_day"}
    assert with_horizon == {
        *(f"repurchase_rate_{days}d" for days in (30, 60, 90, 180)),
        *(f"lifetime_value_{days}d" for days in (90, 180, 365)),
    }
    assert {m.id for m in known.values() if m.kind == "level"} == {"repeat_customers", "repeat_purchase_rate"}
    assert {m.id for m in known.values() if not m.adds_up} == {
        "customers", "returning_customers", "returning_customer_rate", "orders_per_customer",
        "repeat_customers", "repeat_purchase_rate",
    }  # fmt: skip
    assert {m.id for m in known.values() if m.needs_all_history()} == {
        "new_customers", "returning_customers", "returning_customer_rate", "returning_order_rate",
        "repeat_customers", "repeat_purchase_rate", *with_horizon,
    }  # fmt: skip
    assert {m.default_window for m in known.values()} == {"quarter", "as_of"}
    for m in known.values():
        assert set(m.segments) <= set(m.family.dimensions)
        assert (f"_{m.horizon_days}d" in m.id) == (m.id in with_horizon) == (m.horizon_days is not None)
        assert (m.unit == "ratio" or m.kind == "ratio") == (m.denominator is not None), m.id
        assert (m.unit == "money") <= m.is_money("numerator"), m.id


@pytest.mark.parametrize(
    ("condition", "is_by_rows"),
    [
        ("nth = 1 and customer_id is not null", True),
        ("customer_id in (7, 8)", False),  # of a changed row it is not known whose it was
        ("units > (select 3 from counted_orders where nth = 99)", False),  # looks at other rows
    ],
)
def test_only_what_sums_rows_one_by_one_is_brought_up_to_date_by_rows(
    tmp_path: Path, condition: str, is_by_rows: bool
) -> None:
    pieces = load([written(tmp_path, GOOD.replace("group by", f"where {condition}\ngroup by"))])["pieces"]
    assert pieces.changes_by_rows() == is_by_rows


@pytest.mark.parametrize(
    ("condition", "needs_all"),
    [
        ("prev_date is null or prev_date < window_start", False),  # nobody's order before lies in the window
        ("o.prev_date is null or o.prev_date < o.window_start", False),
        ("prev_date is null", True),  # a first order ever
        ("prev_date < window_start", True),  # somebody who had ordered before
        ("units > 1 and (prev_date is null or prev_date < window_start)", False),
        ("prev_date is null or prev_date < window_start and units > 1", True),  # `and` binds closer
        ("prev_nth = 1", True),
    ],
)
def test_whoever_asks_for_an_order_before_the_window_needs_all_history(
    tmp_path: Path, condition: str, needs_all: bool
) -> None:
    text = GOOD.replace("counted_orders\ngroup by", f"counted_orders as o where {condition}\ngroup by")
    assert load([written(tmp_path, text)])["pieces"].needs_all_history() == needs_all


def test_the_page_has_a_section_for_each_metric() -> None:
    page = markdown(catalogue())
    for m in catalogue().values():
        assert f"| [`{m.id}`](#{m.id}) | {m.title} | {m.kind} | {m.unit} |" in page
        assert f"## {m.id}\n\n{m.question}\n" in page
        assert m.text in page
    assert described(metric("orders")).keys() & {"Denominator", "Interval"} == set()
    assert described(metric("repeat_purchase_rate"))["Interval"] == "95 %, Wilson's score interval"
