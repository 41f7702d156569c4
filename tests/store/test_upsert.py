"""Rows written once: what is new goes in, what differs is altered, the rest costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from service.store.tables import forecast_calibrations, order_agreements, order_sales, orders, watermarks
from service.store.upsert import put, upsert
from tests.metrics.little_world import little_world
from tests.metrics.load_world import order_row
from tests.shop import instant

WORLD = little_world(0, orders=3)


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def text(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value


def order(number: int = 0, **changes: Any) -> tuple[Any, ...]:
    """An order as the connector hands it over: dates and instants as ISO text."""
    values = {name: text(value) for name, value in order_row(WORLD, WORLD.orders[number]).items()} | changes
    return tuple(values[name] for name, _ in orders.columns.items())


def agreement(number: int, reason: str = "ORDER") -> tuple[Any, ...]:
    return (7, 1, number, "2026-07-01T10:00:00Z", "2026-07-01", reason, True)


def sale(product_type: str | None, total: int = 100) -> tuple[Any, ...]:
    report = (0,) * 6
    return (7, 1, 5, 2, "2026-07-01", True, "ORDER", "PRODUCT", 1, product_type, None, False, total, 0, 0, *report)


def names(connection: Connection) -> list[str]:
    return list(connection.scalars(select(orders.c.order_name).order_by(orders.c.order_id)))


def test_new_rows_go_in(connection: Connection) -> None:
    assert upsert(connection, orders, [order(0), order(1)]) == 2
    stored = connection.execute(select(orders).order_by(orders.c.order_id)).first()
    assert stored is not None
    assert dict(stored._mapping) == order_row(WORLD, min(WORLD.orders, key=lambda o: o.id))


def test_the_same_rows_again_change_nothing(connection: Connection) -> None:
    upsert(connection, orders, [order(0), order(1)])
    assert upsert(connection, orders, [order(0), order(1)]) == 0


def test_only_rows_that_differ_are_counted(connection: Connection) -> None:
    upsert(connection, orders, [order(0), order(1)])
    assert upsert(connection, orders, [order(0), order(1, source_name="pos"), order(2)]) == 2


@pytest.mark.parametrize("value", [None, "web", "pos"])
def test_an_empty_column_is_told_from_a_filled_one(connection: Connection, value: str | None) -> None:
    upsert(connection, orders, [order(0, source_name=value)])
    for other in ("web", None, "pos"):
        before = connection.scalar(select(orders.c.source_name))
        assert upsert(connection, orders, [order(0, source_name=other)]) == (other != before)


def test_the_newer_version_stays(connection: Connection) -> None:
    upsert(connection, orders, [order(0, order_name="new", updated_at="2026-08-02T00:00:00Z")])
    assert upsert(connection, orders, [order(0, order_name="old", updated_at="2026-08-01T23:59:59Z")]) == 0
    assert names(connection) == ["new"]
    assert upsert(connection, orders, [order(0, order_name="same second", updated_at="2026-08-02T00:00:00Z")]) == 1
    assert upsert(connection, orders, [order(0, order_name="newer", updated_at="2026-08-02T00:00:01Z")]) == 1
    assert names(connection) == ["newer"]


def test_of_rows_with_one_key_the_last_wins(connection: Connection) -> None:
    assert upsert(connection, order_agreements, [agreement(2, "ORDER"), agreement(3), agreement(2, "RETURN")]) == 2
    rows = connection.execute(select(order_agreements.c.agreement_id, order_agreements.c.reason))
    assert sorted(map(tuple, rows)) == [(2, "RETURN"), (3, "ORDER")]


def test_of_versions_that_arrive_together_the_newest_wins(connection: Connection) -> None:
    versions = [
        order(0, order_name="new", updated_at="2026-08-02T00:00:00Z"),
        order(0, order_name="newest", updated_at="2026-08-02T00:00:00Z"),
        order(0, order_name="old", updated_at="2026-08-01T23:59:59Z"),
    ]
    assert upsert(connection, orders, [*versions, order(1, order_name="other")]) == 2
    assert sorted(names(connection)) == ["newest", "other"]


def test_a_product_type_once_known_is_kept(connection: Connection) -> None:
    """Shopify forgets it when the product is deleted."""
    upsert(connection, order_sales, [sale("Shirts")])
    assert upsert(connection, order_sales, [sale(None)]) == 0
    assert upsert(connection, order_sales, [sale(None, total=90)]) == 1
    row = connection.execute(select(order_sales.c.product_type, order_sales.c.total_minor)).one()
    assert tuple(row) == ("Shirts", 90)
    assert upsert(connection, order_sales, [sale("Tops", total=90)]) == 1


def test_when_something_was_found_out_makes_no_difference_by_itself(connection: Connection) -> None:
    def judged(brier: str, observed_at: str) -> tuple[Any, ...]:
        return (7, "orders", "", "all", "quarter", 30, 1, "2026-06-30", 4, 3, None, None, brier, observed_at)

    upsert(connection, forecast_calibrations, [judged("0.1", "2026-07-02T00:00:00Z")])
    assert upsert(connection, forecast_calibrations, [judged("0.1", "2026-07-03T00:00:00Z")]) == 0
    found = select(forecast_calibrations.c.observed_at)
    assert connection.scalar(found) == instant("2026-07-02 00:00")
    assert upsert(connection, forecast_calibrations, [judged("0.2", "2026-07-04T00:00:00Z")]) == 1
    assert connection.scalar(found) == instant("2026-07-04 00:00")


def test_nothing_is_nothing(connection: Connection) -> None:
    assert upsert(connection, orders, []) == 0


def test_more_rows_than_a_statement_has_parameters(connection: Connection) -> None:
    rows = [agreement(number) for number in range(40_000)]
    assert upsert(connection, order_agreements, rows) == 40_000
    assert upsert(connection, order_agreements, rows) == 0


def test_characters_that_mean_something_to_a_database(connection: Connection) -> None:
    odd = "tab\t quote' \" back\\slash \\N newline\n %s ü 日本"
    upsert(connection, orders, [order(0, order_name=odd)])
    assert names(connection) == [odd]
    assert upsert(connection, orders, [order(0, order_name=odd)]) == 0


def test_a_row_written_whole(connection: Connection) -> None:
    for position in ("2026-07-01 00:00", "2026-08-01 00:00"):
        values = {"shop_id": 7, "connector": "orders", "position": instant(position), "moved_at": instant(position)}
        put(connection, watermarks, ["shop_id", "connector"], values)
    assert list(connection.scalars(select(watermarks.c.position))) == [instant("2026-08-01 00:00")]


def test_a_column_that_a_migration_added_stands_last(connection: Connection) -> None:
    connection.exec_driver_sql("alter table order_agreements drop column reason")
    connection.exec_driver_sql("alter table order_agreements add column reason text")
    assert upsert(connection, order_agreements, [agreement(5, reason="REFUND")]) == 1
    assert connection.scalars(select(order_agreements.c.reason)).all() == ["REFUND"]
