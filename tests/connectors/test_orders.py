"""Orders as Shopify writes them become rows as the tables keep them: a golden pair, and what always holds.

`orders.jsonl` is the file of a bulk operation over the little shop of `tests/demo/shops.py`, with three ledger lines
added of kinds that are rare or unknown; `orders.rows.json` is what becomes of it. `./run golden` accepts a change.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from service.connectors import orders
from service.connectors.convert import Converter
from service.connectors.orders import AnyLine, Parents, Rows, flatten, parse, to_rows
from service.errors import UnexpectedShape
from service.store.tables import metadata
from service.values import Shop

HERE = Path(__file__).parent
FILE, ROWS = HERE / "orders.jsonl", HERE / "orders.rows.json"
SHOP = Shop(1, "little.myshopify.com", "Europe/Berlin", "EUR", 2, datetime(2024, 1, 1, tzinfo=UTC))


def all_lines() -> list[AnyLine]:
    return [parse(line) for line in FILE.read_bytes().splitlines()]


def rows_of(lines: list[AnyLine]) -> Rows:
    return to_rows(lines, Converter(SHOP), Parents())


def named(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Rows with the names of their columns, by key."""
    return {
        table: [dict(zip(metadata.tables[table].columns.keys(), row, strict=True)) for row in sorted(found)]
        for table, found in rows.by_table().items()
    }


def written(rows: dict[str, list[dict[str, Any]]]) -> str:
    """A line for each row, so that a difference reads as one."""
    tables = (
        f'"{name}": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False) for row in found) + "\n]"
        for name, found in rows.items()
    )
    return "{\n" + ",\n".join(tables) + "\n}\n"


def test_the_golden_pair() -> None:
    found = written(named(rows_of(all_lines())))
    if os.environ.get("OKRSYNC_ACCEPT_GOLDEN"):
        ROWS.write_text(found, encoding="utf-8")
    assert found == ROWS.read_text(encoding="utf-8"), "run ./run golden and read the difference"


def test_the_same_lines_give_the_same_rows() -> None:
    """Whatever was converted before, and without a trace in the lines."""
    lines, convert = all_lines(), Converter(SHOP)
    before = [msgspec.json.encode(line) for line in lines]
    first = to_rows(lines, convert, Parents())
    again = to_rows(lines, convert, Parents())
    assert first == again == rows_of(all_lines())
    assert [msgspec.json.encode(line) for line in lines] == before


def test_rows_do_not_depend_on_how_the_lines_are_cut() -> None:
    lines, whole = all_lines(), rows_of(all_lines())
    for size in (1, 4, 7):
        convert, parents, found = Converter(SHOP), Parents(), Rows()
        for start in range(0, len(lines), size):
            part = to_rows(lines[start : start + size], convert, parents)
            assert part.orphans == []
            for name, rows in part.by_table().items():
                found.by_table()[name].extend(rows)
        assert named(found) == named(whole)


def test_children_met_before_their_parents_wait() -> None:
    lines = all_lines()[::-1]
    convert, parents = Converter(SHOP), Parents()
    first = to_rows(lines, convert, parents)
    assert len(first.orders) == 6
    assert first.order_sales == []
    second = to_rows(first.orphans, convert, parents)
    third = to_rows(second.orphans, convert, parents)
    assert third.orphans == []
    found = Rows(first.orders, second.order_agreements, [*second.order_sales, *third.order_sales])
    assert named(found) == named(rows_of(all_lines()))


def test_a_page_gives_the_rows_of_a_file() -> None:
    """Nested in an answer, or as lines of their own: the same rows."""
    lines = [line for node in _nodes() for line in flatten(node)]
    assert named(rows_of(lines)) == named(rows_of(all_lines()))


def _nodes() -> Iterator[dict[str, Any]]:
    """The file's orders as a page nests them."""
    read = [json.loads(line) for line in FILE.read_bytes().splitlines()]
    below: dict[str, list[dict[str, Any]]] = {}
    for node in read:
        below.setdefault(node.pop("__parentId", ""), []).append(node)
    for order in below[""]:
        agreements = [
            {**agreement, "sales": {"nodes": below.get(agreement["id"], [])}} for agreement in below[order["id"]]
        ]
        yield {**order, "agreements": {"edges": [{"node": agreement} for agreement in agreements]}}


# --- what a ledger line is to the sales report ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line_type", "total", "tax", "discount", "expected"),
    [
        ("PRODUCT", 5400, 900, 500, (5000, 500, 0, 0, 900, 0)),
        ("PRODUCT", -2700, -450, -250, (0, 0, 2250, 0, -450, 0)),
        ("PRODUCT", 0, 0, 0, (0, 0, 0, 0, 0, 0)),
        ("PRODUCT", 0, 0, 500, (500, 500, 0, 0, 0, 0)),
        ("PRODUCT", 0, 0, -500, (0, 0, 0, 0, 0, 0)),
        ("ADJUSTMENT", -100, 0, 0, (0, 0, 100, 0, 0, 0)),
        ("ADJUSTMENT", 100, 0, 0, (0, 0, -100, 0, 0, 0)),
        ("SHIPPING", 600, 100, 0, (0, 0, 0, 500, 100, 0)),
        ("SHIPPING", -600, -100, 0, (0, 0, 0, -500, -100, 0)),
        ("DUTY", 1250, 0, 0, (0, 0, 0, 0, 0, 1250)),
        ("FEE", 300, 50, 0, (0, 0, 0, 0, 50, 250)),
        ("ADDITIONAL_FEE", 300, 50, 0, (0, 0, 0, 0, 50, 250)),
        ("TIP", 200, 0, 0, (0, 0, 0, 0, 0, 0)),
        ("GIFT_CARD", 5000, 0, 0, (0, 0, 0, 0, 0, 0)),
        ("UNKNOWN", 595, 95, 0, (0, 0, 0, 0, 95, 0)),
        ("SOMETHING_NEW", 300, 50, 0, (0, 0, 0, 0, 50, 0)),
    ],
)
def test_where_the_report_shows_a_line(
    line_type: str, total: int, tax: int, discount: int, expected: tuple[int, ...]
) -> None:
    """Gross sales, discounts, sales reversals, shipping, taxes, fees."""
    assert orders.report_columns(line_type, total, tax, discount) == expected


def test_placing_agreements_add_up_to_the_order() -> None:
    """Σ of the placing agreement's totals is the original total; of all agreements, the current one."""
    rows = named(rows_of([line for line in all_lines() if _number(line.id) not in (115, 116, 117)]))
    for order in rows["orders"]:
        lines = [sale for sale in rows["order_sales"] if sale["order_id"] == order["order_id"]]
        assert sum(sale["total_minor"] for sale in lines if sale["is_placing"]) == order["original_total_minor"]
        assert sum(sale["total_minor"] for sale in lines) == order["current_total_minor"]


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2])


def test_the_placing_agreement_is_dated_like_the_order() -> None:
    """An import may be processed years before its agreement happened; what came later keeps its own day."""
    lines = all_lines()
    for line in lines:
        if isinstance(line, orders.OrderLine) and line.name == "#1001":
            line.processed_at = "2023-12-31T23:30:00Z"
    rows = named(rows_of(lines))
    days = {row["agreement_id"]: row["event_date"] for row in rows["order_agreements"]}
    assert (days[71], days[72]) == ("2024-01-01", "2026-09-20")
    assert {row["event_date"] for row in rows["order_sales"] if row["agreement_id"] == 71} == {"2024-01-01"}


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["id", "processedAt", "originalTotalPriceSet", "discountCodes", "currencyCode"])
def test_an_order_without_a_field_we_asked_for_is_refused(name: str) -> None:
    line = json.loads(FILE.read_bytes().splitlines()[0])
    del line[name]
    with pytest.raises(msgspec.ValidationError, match=name):
        parse(json.dumps(line).encode())


def test_fields_we_did_not_ask_for_are_skipped() -> None:
    line = json.loads(FILE.read_bytes().splitlines()[0])
    assert parse(json.dumps({**line, "news": [1]}).encode()) == parse(json.dumps(line).encode())


def test_amounts_of_another_currency_are_refused() -> None:
    """The shop changed its currency since it was probed."""
    lines = all_lines()
    assert isinstance(lines[0], orders.OrderLine)
    lines[0].original_total_price_set.shop_money.currency_code = "USD"
    with pytest.raises(UnexpectedShape, match="amounts are in USD, the shop in EUR"):
        rows_of(lines)


def test_a_name_that_looks_like_a_key_does_not_confuse_the_reading() -> None:
    line = json.loads(FILE.read_bytes().splitlines()[0])
    tricky = parse(json.dumps({**line, "name": 'x","__parentId":"y', "sourceName": '"lineType"'}).encode())
    assert isinstance(tricky, orders.OrderLine)
    assert tricky.name == 'x","__parentId":"y'


def test_an_older_version_knows_neither_channel_nor_checkout() -> None:
    line = json.loads(FILE.read_bytes().splitlines()[1])
    del line["attribution"], line["checkoutToken"]
    [row] = named(rows_of([parse(json.dumps(line).encode())]))["orders"]
    assert (row["channel"], row["checkout_token"], row["order_name"]) == (None, None, "#1001")


def test_memory_of_parents_is_bounded() -> None:
    parents = Parents({f"gid://shopify/Order/{n}": "2026-01-01" for n in range(orders.REMEMBERED_PARENTS + 10)}, {})
    parents.forget_old()
    assert len(parents.orders) <= orders.REMEMBERED_PARENTS
    assert f"gid://shopify/Order/{orders.REMEMBERED_PARENTS + 9}" in parents.orders
    assert "gid://shopify/Order/0" not in parents.orders


def test_any_order_of_lines_loses_none() -> None:
    lines = all_lines()
    for seed in range(5):
        rows = rows_of(Random(seed).sample(lines, len(lines)))
        placed = len(rows.orders) + len(rows.order_agreements) + len(rows.order_sales)
        assert placed + len(rows.orphans) == len(lines)
