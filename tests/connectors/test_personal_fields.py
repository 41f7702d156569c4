"""No query asks about a person: every document is held against Shopify's own schema, file by file."""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from pathlib import Path

import pytest
from graphql import (
    ExecutableDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    parse,
)

from service.settings import SUPPORTED_VERSIONS
from tests.official_schema import asked, official_schema

SERVICE = Path(str(files("service")))
DOCUMENTS = sorted(file for file in SERVICE.rglob("*.graphql") if "demo" not in file.parts)
SHOPIFYQL = sorted(SERVICE.rglob("*.shopifyql"))

ONLY_THE_ID = {"Customer", "Company", "CompanyContact", "CompanyLocation"}
"""Types that are people, or companies that may be one: which one it is may be asked, and nothing more."""

PERSONAL_TYPES = re.compile(
    r"Address|Email|Phone|StaffMember|PaymentDetails|PaymentMethod|ContactRole|CustomerMergeable|Metafield|LocalizedField"
)
"""Types that describe people, or hold whatever somebody wrote into them."""

PERSONAL_FIELDS = {
    "address1", "address2", "addresses", "addressesV2", "billingAddress", "billingAddressMatchesShippingAddress",
    "city", "clientIp", "contactEmail", "customAttributes", "customerAcceptsMarketing",
    "customerLocale", "defaultAddress", "defaultEmailAddress", "defaultPhoneNumber", "displayAddress", "displayName",
    "email", "firstName", "formatted", "formattedArea", "landingPage", "landingPageHtml", "lastName",
    "latitude", "localizedFields", "longitude", "metafield", "metafields", "note", "paymentDetails", "phone",
    "province", "provinceCode", "referrerUrl", "shippingAddress", "shopOwnerName", "staffMember", "statusPageUrl",
    "tags", "taxExempt", "zip",
}  # fmt: skip
"""Fields that tell of a person wherever they stand, addresses with search words in them, and free texts."""

PERSONAL_COLUMNS = re.compile(
    r"\b(customer_(id|name|email|phone)\w*|\w*(email|phone|address|postal)\w*|(billing|shipping)_(?!charges\b)\w+)"
)


def personal(text: str) -> list[str]:
    """What of a document's fields is about a person."""
    return [
        f"{parent}.{field}"
        for parent, field in asked(text)
        if field in PERSONAL_FIELDS
        or PERSONAL_TYPES.search(parent)
        or (parent in ONLY_THE_ID and field not in ("id", "__typename"))
    ]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.stem)
def test_a_document_asks_nothing_about_a_person(file: Path) -> None:
    assert personal(file.read_text(encoding="utf-8")) == []


def test_a_shopifyql_query_asks_nothing_about_a_person() -> None:
    for file in SHOPIFYQL:
        text = re.sub(r"#.*|--.*", "", file.read_text(encoding="utf-8").lower())
        assert not PERSONAL_COLUMNS.search(text), file.name
    assert PERSONAL_COLUMNS.search("from sales show net_sales group by customer_email")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("orders(first: 1) { nodes { customer { id email } } }", ["Customer.email"]),
        ("orders(first: 1) { nodes { customer { numberOfOrders } } }", ["Customer.numberOfOrders"]),
        ("orders(first: 1) { nodes { note tags clientIp } }", ["Order.note", "Order.tags", "Order.clientIp"]),
        (
            "orders(first: 1) { nodes { shippingAddress { country } } }",
            ["Order.shippingAddress", "MailingAddress.country"],
        ),
        (
            "orders(first: 1) { nodes { customerJourneySummary { lastVisit { landingPage } } } }",
            ["CustomerVisit.landingPage"],
        ),
        ("orders(first: 1) { nodes { purchasingEntity { ... on Customer { lastName } } } }", ["Customer.lastName"]),
        ("shop { email billingAddress { city } }", ["Shop.email", "Shop.billingAddress", "ShopAddress.city"]),
        ("shop { shopOwnerName }", ["Shop.shopOwnerName"]),
    ],
)
def test_the_check_finds_what_it_is_for(wanted: str, found: list[str]) -> None:
    assert personal(f"query Nosy {{ {wanted} }}") == found


def test_every_name_of_the_list_is_one_of_shopifys() -> None:
    schema = official_schema(SUPPORTED_VERSIONS[-1])
    types = [each for each in schema.type_map.values() if isinstance(each, GraphQLObjectType)]
    fields = {name for each in types for name in each.fields}
    assert fields >= PERSONAL_FIELDS
    assert {each.name for each in types} >= ONLY_THE_ID


def test_every_document_is_a_file_of_its_own() -> None:
    """A query within a Python module would be looked at by nobody."""
    assert DOCUMENTS
    for file in SERVICE.rglob("*.py"):
        if "demo" not in file.parts:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert not _is_document(node.value), f"{file.name}:{node.lineno}"


def _is_document(text: str) -> bool:
    try:
        return any(isinstance(each, ExecutableDefinitionNode) for each in parse(text).definitions)
    except GraphQLError:
        return False
