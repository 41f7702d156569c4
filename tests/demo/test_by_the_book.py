"""What the compiled answers say is what a general GraphQL executor says with the same functions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import GraphQLEnumType

from service.demo.admin import execute_by_the_book
from service.demo.bulk_rules import bulk_plan, nodes
from service.demo.plan import operation
from service.demo.projection import Projector
from service.demo.schema import checked, schema
from service.demo.server import DemoStore
from service.demo.shop import Shop
from service.demo.text_projection import TextProjector
from service.demo.worlds import build
from tests.demo.shops import VERSION, Client, open_shop

MONEY = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
EVERYTHING = f"""
query Everything($first: Int!, $after: String, $full: Boolean = true) {{
  orders(first: $first, after: $after, sortKey: UPDATED_AT, reverse: true) {{
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
    edges {{ cursor node {{ ...words again: name ...money @include(if: $full) }} }}
    nodes {{ id ...parts }}
  }}
  shop {{ id name ianaTimezone currencyCode createdAt taxesIncluded enabledPresentmentCurrencies
    plan {{ publicDisplayName shopifyPlus partnerDevelopment }} }}
  currentAppInstallation {{ id accessScopes {{ handle description }} }}
  ordersCount(query: "status:open") {{ count precision }}
}}
fragment words on Order {{
  __typename id legacyResourceId name createdAt processedAt updatedAt cancelledAt closedAt closed cancelReason
  confirmed test edited displayFinancialStatus returnStatus sourceName checkoutToken cartToken currencyCode
  presentmentCurrencyCode taxesIncluded discountCode discountCodes app {{ id name }}
  attribution {{ handle displayName }} customer {{ id legacyResourceId numberOfOrders }}
  purchasingEntity {{ __typename ... on Customer {{ id }} ... on PurchasingCompany {{ company {{ id name }} }} }}
  customerJourneySummary {{ ready customerOrderIndex daysToConversion
    firstVisit {{ ...visit }} lastVisit {{ ...visit }} }}
}}
fragment visit on CustomerVisit {{
  id occurredAt source sourceType referrerUrl utmParameters {{ campaign content medium source term }}
}}
fragment money on Order {{
  originalTotalPriceSet {MONEY} totalPriceSet {MONEY} currentTotalPriceSet {MONEY} subtotalPriceSet {MONEY}
  currentSubtotalPriceSet {MONEY} totalDiscountsSet {MONEY} currentTotalDiscountsSet {MONEY} totalTaxSet {MONEY}
  currentTotalTaxSet {MONEY} totalShippingPriceSet {MONEY} totalTipReceivedSet {MONEY} totalRefundedSet {MONEY}
}}
fragment parts on Order {{
  agreements(first: 5) {{ pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {{
    __typename id happenedAt reason app {{ id title }}
    ... on RefundAgreement {{ sales(first: 1) {{ nodes {{ quantity }} }} }}
    sales(first: 1) {{ edges {{ node {{ __typename id actionType lineType quantity totalAmount {MONEY}
      totalDiscountAmountBeforeTaxes {MONEY} totalDiscountAmountAfterTaxes {MONEY} totalTaxAmount {MONEY}
      ... on ProductSale {{ lineItem {{ ...line }} }} ... on GiftCardSale {{ lineItem {{ ...line }} }} }} }} }} }} }} }}
  lineItems(last: 3, reverse: true) {{ nodes {{ ...line }} }}
  refunds(first: 2) {{ id createdAt processedAt updatedAt legacyResourceId totalRefundedSet {MONEY}
    refundLineItems(first: 2) {{ nodes {{ id quantity subtotalSet {MONEY} totalTaxSet {MONEY} lineItem {{ id }} }} }} }}
}}
fragment line on LineItem {{
  id name title vendor sku quantity currentQuantity isGiftCard originalUnitPriceSet {MONEY} originalTotalSet {MONEY}
  sellingPlan {{ name sellingPlanId }} product {{ id legacyResourceId productType title vendor }}
}}
"""


def values(name: str) -> set[str]:
    kind = schema(VERSION).type_map[name]
    assert isinstance(kind, GraphQLEnumType)
    return set(kind.values)


@pytest.mark.parametrize("world", ["myshopper", "boutique"])
def test_a_world_uses_only_words_that_shopify_has(world: str) -> None:
    orders = build(world, orders=1500).orders
    agreements = [agreement for order in orders for agreement in order.agreements]
    sales = [sale for agreement in agreements for sale in agreement.sales]
    visits = [visit for order in orders for visit in (order.first_visit, order.last_visit) if visit]
    assert {order.financial_status for order in orders} <= values("OrderDisplayFinancialStatus")
    assert {order.return_status for order in orders} <= values("OrderReturnStatus")
    assert {order.cancel_reason for order in orders} - {None} <= values("OrderCancelReason")
    assert {agreement.reason for agreement in agreements} <= values("OrderActionType")
    assert {sale.action_type for sale in sales} <= values("SaleActionType")
    assert {sale.line_type for sale in sales} <= values("SaleLineType")
    assert {visit.source_type for visit in visits} - {None} <= values("MarketingTactic")


def by_the_book(store: DemoStore, document: str, variables: dict[str, Any]) -> Any:
    parsed, errors = checked(VERSION, document)
    assert parsed is not None
    assert errors == []
    chosen = operation(parsed, None)
    assert chosen is not None
    return execute_by_the_book(store.shop, VERSION, parsed, variables, chosen)


def test_every_field_of_the_little_shop_is_as_the_executor_makes_it(store: DemoStore, client: Client) -> None:
    variables = {"first": 6}
    answer = client.data(EVERYTHING, **variables)
    assert answer == by_the_book(store, EVERYTHING, variables)
    assert json.dumps(answer).count("null") > 20  # the shop has gaps to show


@pytest.mark.parametrize("world", ["myshopper", "boutique"])
def test_a_stretch_of_each_world_is_as_the_executor_makes_it(world: str) -> None:
    with open_shop(build(world, orders=1500)) as (store, client):
        cursor = client.data("{ orders(first: 200, sortKey: UPDATED_AT, reverse: true) { pageInfo { endCursor } } }")
        variables = {"first": 5, "after": cursor["orders"]["pageInfo"]["endCursor"], "full": False}
        assert client.data(EVERYTHING, **variables) == by_the_book(store, EVERYTHING, variables)


def test_lines_of_text_say_what_dicts_say() -> None:
    """Every field of an order that is no connection, for whole worlds, and the ledger below it."""
    selection = EVERYTHING[EVERYTHING.index("fragment words") : EVERYTHING.index("fragment parts")]
    document = f"{{ orders {{ edges {{ node {{ ...words ...money nested: refunds {{ id }} }} }} }} }} {selection}"
    for world in ("myshopper", "boutique"):
        shop = Shop(build(world, orders=1500))
        root, complaints = bulk_plan(VERSION, document)
        assert root is not None, complaints
        (node,) = nodes(root)
        scopes = frozenset(shop.scopes)
        dicts = Projector(shop.table, scopes, frozenset()).fields(node.below["Order"], ())
        lines = TextProjector(shop.table, scopes, frozenset()).fields(node.below["Order"], ())
        assert [json.loads(lines(order)) for order in shop.world.orders] == [
            dicts(order) for order in shop.world.orders
        ]


def test_questions_about_the_schema_are_answered(client: Client) -> None:
    answer = client.data('{ __schema { queryType { name } } __type(name: "Count") { fields { name } } }')
    fields = [{"name": "count"}, {"name": "precision"}]
    assert answer == {"__schema": {"queryType": {"name": "QueryRoot"}}, "__type": {"fields": fields}}
