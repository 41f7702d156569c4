"""What we ask Shopify: valid in every API version we support, and nothing that we ignore."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
from graphql import (
    NoDeprecatedCustomRule,
    parse,
    validate,
)

from service.connectors import checkouts, order_list, orders
from service.connectors.documents import operation, shopifyql
from service.demo.bulk_rules import bulk_plan
from service.settings import SUPPORTED_VERSIONS
from service.shopify.documents import known_to
from tests.official_schema import asked, official_schema

OPERATIONS = {
    orders.DOCUMENTS: (
        "OrdersPage", "OrdersById", "OrderAgreements", "AgreementSales", "DeletedOrders", "CustomersById",
        "OrdersBulk",
    ),
    checkouts.DOCUMENTS: ("CheckoutsPage", "CheckoutsCount"),
    order_list.DOCUMENTS: ("OrderList", "OrderListById"),
}  # fmt: skip
SERVICE = Path(str(files("service")))


def texts(version: str = SUPPORTED_VERSIONS[-1]) -> dict[str, str]:
    """Every document this program can send to that version, by name."""
    found = {name: operation(file, name, version) for file, names in OPERATIONS.items() for name in names}
    shopify = SERVICE / "shopify"
    return found | {file.stem: known_to(file.read_text(), version) for file in sorted(shopify.glob("*.graphql"))}


def test_every_graphql_file_is_looked_at() -> None:
    names = {str(file.relative_to(SERVICE)) for file in SERVICE.rglob("*.graphql")}
    known = {"demo/schema.graphql", *(f"connectors/{file}" for file in OPERATIONS)}
    assert {name for name in names if not name.startswith("shopify/")} == known
    for file, operations in OPERATIONS.items():
        defined = [line.split()[1].split("(")[0] for line in _lines(file) if line.startswith("query ")]
        assert tuple(defined) == operations


def _lines(name: str) -> list[str]:
    return (SERVICE / "connectors" / name).read_text().splitlines()


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_every_document_is_valid_in_the_official_schema(version: str) -> None:
    schema = official_schema(version)
    for name, text in texts(version).items():
        assert validate(schema, parse(text)) == [], name


def test_nothing_deprecated_is_asked_of_the_newest_version() -> None:
    schema = official_schema(SUPPORTED_VERSIONS[-1])
    for name, text in texts().items():
        assert validate(schema, parse(text), [NoDeprecatedCustomRule]) == [], name


def test_the_check_for_deprecations_finds_one() -> None:
    text = texts()["OrdersPage"].replace("discountCodes", "discountCode totalPrice")
    schema = official_schema(SUPPORTED_VERSIONS[-1])
    assert "totalPrice is deprecated" in str(validate(schema, parse(text), [NoDeprecatedCustomRule]))


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_the_bulk_query_keeps_the_rules_of_bulk_operations(version: str) -> None:
    text = operation(orders.DOCUMENTS, "OrdersBulk", version).replace("WINDOW", "created_at:>='2026-01-01T00:00:00Z'")
    assert bulk_plan(version, text)[1] == []


def test_no_field_is_asked_that_is_not_read() -> None:
    """The fields of a bulk line and those of the structs that read it are the same."""
    text = operation(orders.DOCUMENTS, "OrdersBulk", SUPPORTED_VERSIONS[-1])
    by_type: dict[str, set[str]] = {}
    for parent, field in asked(text):
        by_type.setdefault(parent, set()).add(field)
    read = {
        "Order": orders.OrderLine, "SalesAgreement": orders.AgreementLine, "Sale": orders.SaleLine,
        "LineItem": orders.SoldItem, "CustomerJourneySummary": orders.Journey, "CustomerVisit": orders.Visit,
        "UTMParameters": orders.Utm, "MoneyBag": orders.MoneyBag, "MoneyV2": orders.Money,
        "Customer": orders.Reference, "Product": orders.Product,
    }  # fmt: skip
    for name, struct in read.items():
        fields = {each.encode_name for each in msgspec.structs.fields(struct)} - {"__parentId", "lineItem"}
        assert by_type[name] - {"agreements", "sales"} == fields, name
    assert by_type["ProductSale"] == {"lineItem"}
    assert get_args(orders.AnyLine) == (orders.OrderLine, orders.AgreementLine, orders.SaleLine)
    assert "line_item" in get_type_hints(orders.SaleLine)


def test_no_field_of_a_checkout_is_asked_that_is_not_read() -> None:
    found = [field for parent, field in asked(texts()["CheckoutsPage"]) if parent == "AbandonedCheckout"]
    assert sorted(found) == sorted(each.encode_name for each in msgspec.structs.fields(checkouts.Checkout))


def test_an_older_version_is_not_asked_for_what_it_does_not_know() -> None:
    assert "attribution" not in operation(orders.DOCUMENTS, "OrdersBulk", "2026-04")
    assert "attribution" in operation(orders.DOCUMENTS, "OrdersBulk", "2026-07")


def test_comments_and_fragments_do_not_travel() -> None:
    for text in (operation(file, name, SUPPORTED_VERSIONS[-1]) for file, names in OPERATIONS.items() for name in names):
        assert "#" not in text
        assert "...OrderFields" not in text
        assert "fragment " not in text


def test_a_shopifyql_query_is_filled_with_dates_zones_and_numbers_only(tmp_path: Path) -> None:
    file = tmp_path / "x.shopifyql"
    file.write_text("""# What is sold.
# query: by_day
FROM sales SHOW orders
  TIMESERIES day WITH TIMEZONE '{timezone}'  # the shop's own
  SINCE {first} UNTIL {last} LIMIT {limit}

# query: names
FROM sales SHOW {reversals}
""")
    words = {"timezone": "America/Port-au-Prince", "first": date(2026, 10, 1), "last": date(2026, 10, 2), "limit": 9}
    assert shopifyql(file, "by_day", **words) == (
        "FROM sales SHOW orders\n  TIMESERIES day WITH TIMEZONE 'America/Port-au-Prince'\n"
        "  SINCE 2026-10-01 UNTIL 2026-10-02 LIMIT 9"
    )
    assert shopifyql(file, "names", reversals="returns") == "FROM sales SHOW returns"
    for wrong in ("UTC' UNTIL 2026-01-01", "", "a b"):
        with pytest.raises(ValueError, match="has no place in a query"):
            shopifyql(file, "by_day", **(words | {"timezone": wrong}))
