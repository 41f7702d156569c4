"""A customer given out, a customer forgotten, a shop wiped: nothing is missed, and nothing comes back by itself.

Ann (7051420893) has bought three times, once as 7051420999, a record merged into hers; Bob (7051421001) twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, select

from service import privacy, questions
from service.errors import Busy, Misconfigured
from service.store import customers, leases
from service.store.redactions import customer_columns
from service.store.tables import metadata, order_facts, orders, privacy_audit
from service.values import Segment
from tests.command import command_for, living_store
from tests.shop import OKRS, SOURCE, OpenShop, corner_shop, done, dump, on_sqlite, open_shop

ANN, ANN_BEFORE, BOB = 7_051_420_893, 7_051_420_999, 7_051_421_001
METRICS = ("customers", "new_customers", "repeat_customers", "returning_customer_rate", "orders", "net_sales")


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop(), database_url, tmp_path, okrs=OKRS) as shop:
        shop.sell("2026-07-02 10:00", ANN, 4000)
        shop.sell("2026-07-03 10:00", BOB, 3000)
        shop.sell("2026-07-05 10:00", ANN_BEFORE, 2000)
        shop.sell("2026-07-07 10:00", BOB, 1000)
        shop.sell("2026-07-09 10:00", ANN, 6000)
        shop.at("2026-07-20 08:00")
        shop.turn()
        with shop.engine.begin() as connection:
            customers.note_merge(connection, shop.store.world.shop_id, ANN_BEFORE, ANN, shop.installation.clock())
        shop.turn()
        yield shop


def answers(shop: OpenShop) -> dict[str, Any]:
    found = {}
    for metric in METRICS:
        rows = questions.show_metric(
            shop.installation, shop.settings, metric, first=date(2026, 7, 1), last=date(2026, 7, 19), by="week",
            segment=Segment(), population="all",
        )  # fmt: skip
        assert rows is not None
        found[metric] = [row.value for row in rows]
    return found


def where_it_stands(shop: OpenShop, *customer_ids: int) -> list[str]:
    """Every place of the whole database that holds one of these ids, as a number or within a text."""
    found = []
    with shop.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                found += [
                    f"{table.name}.{name}"
                    for name, value in row.items()
                    for each in customer_ids
                    if value == each or (isinstance(value, str) and str(each) in value)
                ]
    return found


def audited(shop: OpenShop) -> list[tuple[Any, ...]]:
    return sorted(shop.rows(privacy_audit, "action", "shop", "row_counts"))


# --- redact --------------------------------------------------------------------------------------------------------


def test_a_redacted_customer_is_nobody_and_still_one_customer(shop: OpenShop) -> None:
    before, readings = answers(shop), dump(shop.engine, [metadata.tables["key_result_readings"]])
    assert set(where_it_stands(shop, ANN, ANN_BEFORE)) == {
        "orders.customer_id", "order_facts.customer_id", "customer_aliases.customer_id",
        "customer_aliases.merged_into", "customer_aliases.kept_id",
    }  # fmt: skip
    [outcome] = privacy.redact(shop.installation, ANN)
    assert outcome.counts == {"orders": 3, "customer_aliases": 1, "order_facts": 3}
    assert where_it_stands(shop, ANN, ANN_BEFORE) == []
    assert where_it_stands(shop, BOB) != []
    assert answers(shop) == before
    shop.turn()
    assert dump(shop.engine, [metadata.tables["key_result_readings"]]) == readings
    [(action, domain, counts)] = audited(shop)
    assert (action, domain) == ("redact", shop.store.domain)
    assert counts == "customer_aliases 1, order_facts 3, orders 3"


def test_orders_read_again_and_orders_to_come_do_not_bring_the_id_back(shop: OpenShop) -> None:
    privacy.redact(shop.installation, ANN)
    before = dump(shop.engine, SOURCE, leave_out=("updated_at",))
    for order in list(shop.store.world.orders):
        shop.store.touch(order.id)
    shop.later(minutes=10)
    done(shop.sync())
    done(shop.backfill(restart=True))
    assert dump(shop.engine, SOURCE, leave_out=("updated_at",)) == before
    shop.sell("2026-07-21 10:00", ANN)
    shop.sell("2026-07-22 10:00", ANN_BEFORE)
    shop.later(minutes=10)
    shop.turn()
    assert where_it_stands(shop, ANN, ANN_BEFORE) == []
    numbers = shop.sql("select nth from order_facts where customer_id < 0 order by order_date")
    assert numbers == [(1,), (2,), (3,), (4,), (5,)]


@on_sqlite
def test_whoever_is_redacted_before_anything_was_read_never_arrives(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.sell("2026-07-02 10:00", BOB)
        shop.later(minutes=10)
        done(shop.sync())
        [outcome] = privacy.redact(shop.installation, ANN)
        assert outcome.counts == {}
        shop.sell("2026-07-03 10:00", ANN)
        shop.later(minutes=10)
        done(shop.sync())
        assert where_it_stands(shop, ANN) == []
        assert len(shop.rows(orders)) == 2


@on_sqlite
def test_a_merge_heard_of_later_stays_among_surrogates(shop: OpenShop) -> None:
    """Bob is redacted, and Shopify then says that he is Ann's other record."""
    privacy.redact(shop.installation, BOB)
    with shop.engine.begin() as connection:
        customers.note_merge(connection, shop.store.world.shop_id, ANN, BOB, shop.installation.clock())
    assert where_it_stands(shop, BOB) == []
    assert len(shop.sql("select distinct customer_id from order_facts")) == 1


@on_sqlite
def test_a_surrogate_stays_what_it_is_when_the_customer_it_was_merged_into_is_redacted_too(shop: OpenShop) -> None:
    """One person whose records were merged: their orders go on being one history."""
    privacy.redact(shop.installation, BOB)
    with shop.engine.begin() as connection:
        customers.note_merge(connection, shop.store.world.shop_id, ANN, BOB, shop.installation.clock())
    privacy.redact(shop.installation, ANN)
    before = shop.rows(order_facts, "customer_id", "nth")
    done(shop.backfill(restart=True))
    assert shop.rows(order_facts, "customer_id", "nth") == before
    assert len({customer for customer, _ in before}) == 1


@on_sqlite
def test_comparing_takes_no_order_of_a_surrogate_for_moved(shop: OpenShop) -> None:
    privacy.redact(shop.installation, ANN)
    shop.later(days=1, hours=2)
    asked = {name: shop.store.count(name) for name in ("nodes", "orders")}
    done(shop.sync())
    assert shop.store.count("orders") > asked["orders"]
    assert shop.store.count("nodes") == asked["nodes"]


@on_sqlite
def test_shopify_is_not_asked_about_a_surrogate(shop: OpenShop) -> None:
    privacy.redact(shop.installation, ANN)
    shop.store.world.orders[0].customer_id = BOB
    shop.store.touch(shop.store.world.orders[0].id)
    shop.later(minutes=10)
    done(shop.sync())
    with shop.engine.connect() as connection:
        assert customers.moves(connection, shop.store.world.shop_id, 10) == {}


@on_sqlite
def test_redacting_twice_changes_nothing(shop: OpenShop) -> None:
    privacy.redact(shop.installation, ANN)
    before = dump(shop.engine)
    [outcome] = privacy.redact(shop.installation, ANN)
    assert outcome.counts == {}
    assert dump(shop.engine) == before


@on_sqlite
def test_nobody_else_writes_meanwhile(shop: OpenShop) -> None:
    shop_id, now = shop.store.world.shop_id, shop.installation.clock()
    with leases.lease(shop.engine, shop_id, "orders", now), pytest.raises(Busy):
        privacy.redact(shop.installation, ANN)
    assert where_it_stands(shop, ANN) != []
    assert audited(shop) == []


# --- export --------------------------------------------------------------------------------------------------------


def test_an_export_holds_every_row_of_the_customer_and_of_nobody_else(shop: OpenShop) -> None:
    [found] = privacy.export(shop.installation, ANN)
    assert found.customer_ids == [ANN, ANN_BEFORE]
    counts = {name: len(rows) for name, rows in found.tables.items()}
    assert counts == {
        "orders": 3, "order_agreements": 3, "order_sales": 3, "order_facts": 3, "customer_aliases": 1,
    }  # fmt: skip
    mine = {row["order_id"] for row in found.tables["orders"]}
    assert {row["order_id"] for row in found.tables["order_sales"]} == mine
    assert {row["customer_id"] for row in found.tables["orders"]} == {ANN, ANN_BEFORE}
    assert [action for action, _, _ in audited(shop)] == ["export"]
    privacy.redact(shop.installation, ANN)
    assert privacy.export(shop.installation, ANN)[0].tables == {}


# --- wipe ----------------------------------------------------------------------------------------------------------


def test_a_wiped_shop_leaves_nothing_but_the_note_of_it(shop: OpenShop) -> None:
    other = 4711
    with shop.engine.begin() as connection:
        for table in (orders, metadata.tables["watermarks"], metadata.tables["shops"]):
            row = dict(connection.execute(select(table).limit(1)).mappings().one())
            connection.execute(table.insert().values({**row, "shop_id": other} | _other_domain(row)))
    privacy.redact(shop.installation, BOB, shop.store.domain)
    outcome = privacy.wipe(shop.installation, shop.store.domain)
    assert outcome.counts["orders"] == 5
    assert {"key_result_readings", "metric_readings", "sync_runs", "leases", "redaction_keys"} <= set(outcome.counts)
    with shop.engine.connect() as connection:
        for table in metadata.sorted_tables:
            if "shop_id" in table.c:
                ids = set(connection.scalars(select(table.c.shop_id)))
                assert ids <= {other}, table.name
        assert connection.scalar(select(orders.c.shop_id)) == other
    assert [action for action, _, _ in audited(shop)] == ["redact", "wipe"]
    done(shop.sync())
    assert len(shop.sql(f"select order_id from orders where shop_id <> {other}")) == 5


def _other_domain(row: dict[str, Any]) -> dict[str, str]:
    return {"domain": "other.myshopify.com"} if "domain" in row else {}


@on_sqlite
def test_an_unknown_shop_is_not_wiped(shop: OpenShop) -> None:
    with pytest.raises(Misconfigured, match=r"nothing of it is in this database\n +hint: it knows corner"):
        privacy.wipe(shop.installation, "nowhere.myshopify.com")


# --- the commands --------------------------------------------------------------------------------------------------


def test_the_commands(tmp_path: Path) -> None:
    with living_store() as store:
        okrsync = command_for(store, tmp_path)
        okrsync("db", "upgrade")
        assert okrsync("sync").code == 0
        exported = okrsync("privacy", "export", "--customer", "gid://shopify/Customer/1")
        assert exported.code == 0
        [held] = json.loads(exported.out)
        assert (held["shop"], len(held["tables"]["orders"])) == (store.domain, 2)
        assert okrsync("privacy", "redact", "--customer", "one").code == 2
        redacted = okrsync("privacy", "redact", "--customer", "1", "--shop", store.domain)
        assert redacted.code == 0
        assert "4 rows redacted" in redacted.err
        assert "nothing was held" in okrsync("privacy", "redact", "--customer", "1").err
        hesitant = okrsync("privacy", "wipe", "--shop", store.domain)
        assert (hesitant.code, "cannot be undone" in hesitant.err) == (2, True)
        wiped = okrsync("privacy", "wipe", "--shop", store.domain, "--yes")
        assert wiped.code == 0
        assert "is still in" in wiped.err
        assert okrsync("status").code == 2
        assert okrsync("privacy", "wipe", "--shop", store.domain, "--yes").code == 2


# --- what is to come -----------------------------------------------------------------------------------------------

NOT_A_CUSTOMER = {
    "shop_id", "order_id", "agreement_id", "sale_id", "app_id", "quantity", "units", "rows", "rows_changed",
    "expected_rows", "notes", "fence", "surrogate_id", "sessions", "with_cart_additions", "reached_checkout",
    "completed_checkout", "reached_and_completed", "checkout_id", "batch",
}  # fmt: skip
"""Whole numbers that name no person. A new one belongs here, or is made by `_customer` in tables.py."""


def test_every_number_is_known_to_be_a_customer_or_none() -> None:
    for table in metadata.sorted_tables:
        marked = customer_columns(table)
        for column in table.columns:
            if isinstance(column.type, BigInteger) and not column.name.endswith("_minor"):
                assert (column.name in marked) is not (column.name in NOT_A_CUSTOMER), f"{table.name}.{column.name}"
        assert not marked or "shop_id" in table.c, table.name


def test_every_table_is_about_a_shop_or_known_to_outlive_it() -> None:
    assert {table.name for table in metadata.sorted_tables if "shop_id" not in table.c} == {
        "privacy_audit", "view_definitions",
    }  # fmt: skip
