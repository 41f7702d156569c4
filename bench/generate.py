"""A bulk file as Shopify writes it, of any size, the same for the same arguments; and what it must add up to.

    python -m bench.generate 100000 orders.jsonl [--grouped]

Children come after their parent but not right after it (`groupObjects: false`), slashes are escaped, round amounts
are printed as "30.0". Orders carry about 2.2 sold lines, a shipping line, and now and then a refund.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

START = datetime(2023, 10, 1, tzinfo=UTC)
SPAN = timedelta(days=3 * 365)
TYPES = ("Shirts", "Shoes", "Hats", "Bags", "Socks", "Belts")
VENDORS = ("Acme", "Globex", "Initech", "Umbrella")
SOURCES = ("web", "web", "web", "pos", "shopify_draft_order")
UTM = ((None, None, None), ("google", "cpc", "brand"), ("newsletter", "email", "spring"), ("instagram", "social", None))


def generate(orders: int, path: Path, *, seed: int = 1, grouped: bool = False) -> dict[str, int]:
    """Write `orders` orders to `path`; returns what a loader must find: rows by table and sums in minor units."""
    rng = random.Random(seed)
    summary = dict.fromkeys(("orders", "order_agreements", "order_sales", "total_minor", "original_total_minor"), 0)
    waiting: list[str] = []
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number in range(orders):
            order, children = _order(rng, number, orders, summary)
            file.write(order)
            waiting += children
            if grouped or len(waiting) > 4_000:
                _flush(file, waiting)
        _flush(file, waiting)
    return summary


def _flush(file: TextIO, waiting: list[str]) -> None:
    file.writelines(waiting)
    waiting.clear()


def _order(rng: random.Random, number: int, orders: int, summary: dict[str, int]) -> tuple[str, list[str]]:
    order_id = 5_000_000_000 + number * 7
    at = START + SPAN * (number / orders)
    children = list(_placing(rng, order_id, at))
    if rng.random() < 0.06:
        children += _refund(rng, order_id, at + timedelta(days=rng.randrange(1, 60)))
    totals = [line["total"] for line in children if "total" in line]
    placed = sum(line["total"] for line in children if line.get("placed"))
    summary["orders"] += 1
    summary["order_sales"] += len(totals)
    summary["order_agreements"] += len(children) - len(totals)
    summary["total_minor"] += sum(totals)
    summary["original_total_minor"] += placed
    return _line(_order_node(rng, number, order_id, at, placed, sum(totals))), [_line(c["node"]) for c in children]


def _order_node(
    rng: random.Random, number: int, order_id: int, at: datetime, placed: int, now: int
) -> dict[str, object]:
    source, medium, campaign = rng.choice(UTM)
    visit = {"source": "direct", "utmParameters": {"source": source, "medium": medium, "campaign": campaign}}
    # A heavy tail: a third of the orders come from customers who have ordered before.
    customer = int(rng.paretovariate(0.7)) % 400_000 if rng.random() < 0.35 else number
    return {
        "id": f"gid://shopify/Order/{order_id}",
        "name": f"#{1001 + number}",
        "createdAt": _instant(at),
        "processedAt": _instant(at),
        "updatedAt": _instant(at + timedelta(minutes=5)),
        "cancelledAt": None,
        "cancelReason": None,
        "closedAt": None,
        "test": rng.random() < 0.002,
        "edited": False,
        "taxesIncluded": False,
        "displayFinancialStatus": "PAID",
        "returnStatus": "NO_RETURN",
        "sourceName": rng.choice(SOURCES),
        "app": {"id": "gid://shopify/App/580111"},
        "attribution": {"handle": "online_store"},
        "checkoutToken": f"{order_id:032x}",
        "customer": {"id": f"gid://shopify/Customer/{7_000_000_000 + customer}"},
        "purchasingEntity": {"__typename": "Customer"},
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "EUR",
        "discountCodes": ["WELCOME10"] if rng.random() < 0.2 else [],
        "originalTotalPriceSet": {"shopMoney": {"amount": _amount(placed), "currencyCode": "EUR"}},
        "currentTotalPriceSet": _money(now),
        "totalRefundedSet": _money(placed - now),
        "customerJourneySummary": {"ready": True, "firstVisit": visit, "lastVisit": visit},
    }


def _placing(rng: random.Random, order_id: int, at: datetime) -> Iterator[dict[str, object]]:
    agreement_id = order_id * 10
    yield {"node": _agreement(order_id, agreement_id, at, "ORDER")}
    for position in range(rng.choice((1, 1, 2, 2, 3, 4))):
        net = rng.randrange(500, 9_000, 25)
        total = net + net * 19 // 100
        yield {
            "total": total,
            "placed": True,
            "node": _sale(rng, agreement_id, position, "PRODUCT", total, total - net),
        }
    yield {"total": 595, "placed": True, "node": _sale(rng, agreement_id, 9, "SHIPPING", 595, 95)}


def _refund(rng: random.Random, order_id: int, at: datetime) -> Iterator[dict[str, object]]:
    agreement_id = order_id * 10 + 1
    yield {"node": _agreement(order_id, agreement_id, at, "REFUND")}
    yield {"total": -595, "node": _sale(rng, agreement_id, 0, "PRODUCT", -595, -95)}


def _agreement(order_id: int, agreement_id: int, at: datetime, reason: str) -> dict[str, object]:
    return {
        "id": f"gid://shopify/SalesAgreement/{agreement_id}",
        "happenedAt": _instant(at),
        "reason": reason,
        "__parentId": f"gid://shopify/Order/{order_id}",
    }


def _sale(
    rng: random.Random, agreement_id: int, position: int, line_type: str, total: int, tax: int
) -> dict[str, object]:
    node: dict[str, object] = {
        "id": f"gid://shopify/Sale/{agreement_id * 10 + position}",
        "actionType": "ORDER" if total > 0 else "RETURN",
        "lineType": line_type,
        "quantity": 1 if total > 0 else -1,
        "totalAmount": _money(total),
        "totalTaxAmount": _money(tax),
        "totalDiscountAmountBeforeTaxes": _money(0),
    }
    if line_type == "PRODUCT":
        product = {"productType": rng.choice(TYPES)}
        node["lineItem"] = {"vendor": rng.choice(VENDORS), "product": product, "sellingPlan": None}
    return {**node, "__parentId": f"gid://shopify/SalesAgreement/{agreement_id}"}


def _money(minor: int) -> dict[str, object]:
    return {"shopMoney": {"amount": _amount(minor)}}


def _amount(minor: int) -> str:
    sign, units, cents = "-" if minor < 0 else "", *divmod(abs(minor), 100)
    return f"{sign}{units}.{cents:02}" if cents % 10 else f"{sign}{units}.{cents // 10}"


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _line(node: object) -> str:
    return json.dumps(node, separators=(",", ":")).replace("/", "\\/") + "\n"


if __name__ == "__main__":
    count, target = int(sys.argv[1]), Path(sys.argv[2])
    print(json.dumps(generate(count, target, grouped="--grouped" in sys.argv)))
