"""The yardstick: parse every line, insert every row, nothing else. Knows no other code of this project.

    python -m bench.raw orders.jsonl store.db
    python -m bench.raw orders.jsonl parse       parse every line, and no more

Plain `orjson.loads` and `sqlite3.executemany` into fresh tables with primary keys only, 5,000 orders a transaction,
the same columns as the product stores. It trusts its input: no check, no second write, no index.
"""

from __future__ import annotations

import sqlite3
import sys
from decimal import Decimal

import orjson


def parse(path: str) -> None:
    loads = orjson.loads
    with open(path, "rb", buffering=1 << 20) as file:
        for text in file:
            loads(text)


def main(path: str, store: str) -> None:
    db = sqlite3.connect(store, isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = normal")
    db.execute("pragma cache_size = -64000")
    orders: list[tuple[object, ...]] = []
    agreements: list[tuple[object, ...]] = []
    sales: list[tuple[object, ...]] = []
    inserts = []
    for name, width, key, rows in (
        ("orders", 37, "c0, c1", orders),
        ("agreements", 7, "c0, c1, c2", agreements),
        ("sales", 21, "c0, c1, c2", sales),
    ):
        columns = ", ".join(f"c{n}" for n in range(width))
        db.execute(f"create table {name} ({columns}, primary key ({key}))")
        inserts.append((f"insert into {name} values ({', '.join('?' * width)})", rows))
    parents: dict[int, tuple[int, str, bool]] = {}
    days: dict[int, str] = {}
    loads = orjson.loads
    with open(path, "rb", buffering=1 << 20) as file:
        for text in file:
            line = loads(text)
            parent = line.get("__parentId")
            if parent is None:
                order_id = int(line["id"].rpartition("/")[2])
                day = days[order_id] = line["processedAt"][:10]
                journey = line["customerJourneySummary"]
                first, last = journey["firstVisit"], journey["lastVisit"]
                codes = line["discountCodes"]
                orders.append((
                    1, order_id, line["name"], line["createdAt"], line["processedAt"], day, line["updatedAt"],
                    line["cancelledAt"], line["closedAt"], None, line["test"], line["edited"],
                    line["purchasingEntity"]["__typename"] == "PurchasingCompany",
                    int(line["customer"]["id"].rpartition("/")[2]), line["displayFinancialStatus"], line["returnStatus"],
                    line["cancelReason"], line["sourceName"], int(line["app"]["id"].rpartition("/")[2]),
                    line["attribution"]["handle"], codes[0].lower() if codes else None, line["checkoutToken"], "EUR",
                    line["presentmentCurrencyCode"], line["taxesIncluded"],
                    int(Decimal(line["originalTotalPriceSet"]["shopMoney"]["amount"]) * 100),
                    int(Decimal(line["currentTotalPriceSet"]["shopMoney"]["amount"]) * 100),
                    int(Decimal(line["totalRefundedSet"]["shopMoney"]["amount"]) * 100),
                    journey["ready"],
                    first["source"], first["utmParameters"]["source"], first["utmParameters"]["medium"], first["utmParameters"]["campaign"],
                    last["source"], last["utmParameters"]["source"], last["utmParameters"]["medium"], last["utmParameters"]["campaign"],
                ))  # fmt: skip
            elif "lineType" not in line:
                order_id, agreement_id = int(parent.rpartition("/")[2]), int(line["id"].rpartition("/")[2])
                placing = line["reason"] == "ORDER"
                day = days[order_id] if placing else line["happenedAt"][:10]
                parents[agreement_id] = (order_id, day, placing)
                agreements.append((1, order_id, agreement_id, line["happenedAt"], day, line["reason"], placing))
            else:
                agreement_id = int(parent.rpartition("/")[2])
                order_id, day, placing = parents[agreement_id]
                item = line.get("lineItem")
                total = int(Decimal(line["totalAmount"]["shopMoney"]["amount"]) * 100)
                tax = int(Decimal(line["totalTaxAmount"]["shopMoney"]["amount"]) * 100)
                discount = int(Decimal(line["totalDiscountAmountBeforeTaxes"]["shopMoney"]["amount"]) * 100)
                kind, net = line["lineType"], total - tax
                product = kind == "PRODUCT"
                sales.append((
                    1, order_id, int(line["id"].rpartition("/")[2]), agreement_id, day, placing, line["actionType"], kind,
                    line["quantity"], item["product"]["productType"] if item else None, item["vendor"] if item else None,
                    bool(item and item["sellingPlan"]), total, tax, discount,
                    net + discount if product and net >= 0 else 0, discount if product and net >= 0 else 0,
                    -net if product and net < 0 else 0, net if kind == "SHIPPING" else 0, tax, 0,
                ))  # fmt: skip
            if len(orders) >= 5_000:
                flush(db, inserts)
    flush(db, inserts)
    db.close()


def flush(db: sqlite3.Connection, inserts: list[tuple[str, list[tuple[object, ...]]]]) -> None:
    db.execute("begin")
    for statement, rows in inserts:
        db.executemany(statement, rows)
        rows.clear()
    db.execute("commit")


if __name__ == "__main__":
    file, target = sys.argv[1:3]
    parse(file) if target == "parse" else main(file, target)
