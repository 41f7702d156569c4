"""A shop in a test: a demo store over real HTTP, a settings file, a database, and the program between them.

    with open_shop(world, database_url, tmp_path) as shop:
        shop.backfill()
        shop.at("2026-07-03 10:00")
        shop.store.order(7, price=5000)
        shop.sync()

The shop's clock is the program's clock, and it stands still until a story moves it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, select, update

from service import pipeline, questions
from service.connectors.orders import NAME
from service.connectors.work import Connector
from service.demo.admin import Reply
from service.demo.model import Agreement, LineItem, Order, Sale, World
from service.demo.server import DemoStore, Seen
from service.judging import Judged
from service.pipeline import Installation, Outcome, Sizes
from service.questions import PlanStatus
from service.reckon import Reckoned
from service.reconcile import Reconciled, reconcile
from service.settings import ShopSettings
from service.store import landing
from service.store.coverage import coverage
from service.store.engine import open_engine
from service.store.tables import backfill_slices, metadata, order_agreements, order_facts, order_sales, orders
from service.values import Coverage
from tests.metrics.load_world import load_world

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For a story that no database can change: PostgreSQL would only tell it again."""

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""For a story about what SQLite does not have: roles, comments."""

STEPS = int(os.environ.get("OKRSYNC_TEST_STEPS", "100"))
"""How many steps the longest stories take. Before a release: a thousand, ten minutes and more each."""

TOKEN = "CORNER_TOKEN"
SAID = (orders, order_agreements, order_sales)
SOURCE = (*SAID, order_facts)

LOYAL = """
quarter = "2026-Q3"

[[objectives]]
id = "loyal"
title = "People come back"
owner = "Retention"

  [[objectives.key_results]]
  id = "repeat-customers"
  title = "Ten customers who came back"
  metric = "repeat_customers"
  baseline = 0
  target = 10
"""
OKRS = f"""{LOYAL}
  [[objectives.key_results]]
  id = "sales"
  title = "Net sales of 1,000"
  metric = "net_sales"
  baseline = 0
  target = "1000 EUR"
"""


def at(text: str) -> int:
    """`2026-09-01 10:00` UTC in epoch seconds."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def instant(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def corner_shop(opened: str = "2026-06-15 00:00") -> World:
    """A shop in Berlin that has sold nothing yet."""
    at_first = at(opened)
    return World("corner", 77, "corner.myshopify.com", "Europe/Berlin", "EUR", 2, created_at=at_first, now=at_first)


def doze(seconds: float) -> None:
    """Everything happens sooner here."""
    time.sleep(min(seconds, 0.005))


class WatchedStore(DemoStore):
    """A demo store that tells `on_answer` of everything it was asked, just before its answer leaves."""

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(world, **{"bucket": 100_000, "restore_rate": 100_000, "ql_points": 100_000, **options})
        self.on_answer: Callable[[Seen], None] = lambda _seen: None

    def saw(self, kind: str, reply: Reply) -> None:
        super().saw(kind, reply)
        self.on_answer(self.requests[-1])

    def recover(self) -> None:
        """No trouble any more."""
        self.on_answer = lambda _seen: None
        self._waiting.clear()
        self._broken.clear()
        self._lost_cursors = 0
        self._truncations.clear()
        self.shop.bulk.failures.clear()
        self.shop.bulk.limit = None
        self.shop.bulk.least_seconds = 0.0
        self.tokens.add(self.token)


class OpenShop:
    """One shop with the program installed for it; verbs move time, the shop and the program."""

    def __init__(self, store: DemoStore, installation: Installation) -> None:
        self.store, self.installation = store, installation

    # --- time ---------------------------------------------------------------------------------------------------

    def at(self, text: str) -> None:
        """Move the clock to an instant such as `2026-07-03 10:00` UTC."""
        self.store.now = at(text)

    def later(self, **words: float) -> None:
        """Move the clock on: `days=1`, `minutes=5`."""
        self.store.now += int(timedelta(**words).total_seconds())

    def sell(self, when: str, customer: int | None = None, price: int = 5000, **words: Any) -> Order:
        """An order placed at that instant, which becomes the present."""
        self.store.now = at(when) - 1
        return self.store.order(customer, price=price, **words)

    # --- the program --------------------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        return self.installation.engine

    @property
    def settings(self) -> ShopSettings:
        return self.installation.settings.shops[0]

    def backfill(self, connector: str = NAME, **words: Any) -> Outcome:
        return pipeline.backfill(self.installation, self.settings, named(connector), **words)

    def sync(self, connector: str = NAME) -> Outcome:
        return pipeline.sync(self.installation, self.settings, named(connector))

    def reckon(self) -> Reckoned:
        found = pipeline.reckon(self.installation, self.settings, pipeline.plans_of(self.installation))
        assert found is not None, "nothing is known of the shop"
        return found

    def reconcile(self, first: str | None = None, last: str | None = None) -> Reconciled:
        days = (date.fromisoformat(each) if each else None for each in (first, last))
        return reconcile(self.installation, self.settings, **dict(zip(("first", "last"), days, strict=True)))

    def turn(self) -> Reckoned:
        """What the daemon does on its schedule."""
        done(self.sync())
        return self.reckon()

    def status(self, as_of: str | None = None) -> PlanStatus:
        [found] = questions.status(self.installation, as_of=date.fromisoformat(as_of) if as_of else None)
        return found

    def judged(self, key_result: str, as_of: str | None = None) -> Judged:
        [found] = [each for each in self.status(as_of).key_results if each.key_result.id == key_result]
        return found

    # --- what the database says ---------------------------------------------------------------------------------

    @property
    def watermark(self) -> datetime | None:
        return self.position(NAME)

    def position(self, connector: str) -> datetime | None:
        with self.engine.connect() as connection:
            return landing.watermark(connection, self.store.world.shop_id, connector)

    @property
    def coverage(self) -> Coverage:
        return self.covered(NAME)

    def covered(self, connector: str) -> Coverage:
        with self.engine.connect() as connection:
            return coverage(connection, self.store.world.shop_id, connector)

    def rows(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        """The rows of a table by key, or some of their columns."""
        wanted = [table.c[name] for name in columns] or list(table.columns)
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*wanted).order_by(*table.primary_key))]

    def standing(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        """As `rows`, of the versions that stand now."""
        with self.engine.connect() as connection:
            return standing(connection, table, *columns)

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(text)]


def named(connector: str) -> Connector:
    return next(each for each in pipeline.CONNECTORS if each.name == connector)


def standing(connection: Connection, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """The versions of a table that stand, by key, or some of their columns."""
    wanted = [table.c[name] for name in columns] or list(table.columns)
    stands = table.c.superseded_at.is_(None)
    return [tuple(row) for row in connection.execute(select(*wanted).where(stands).order_by(*table.primary_key))]


@contextmanager
def open_shop(
    world: World | DemoStore,
    database_url: str,
    folder: Path,
    *,
    okrs: str | None = None,
    sizes: Sizes | None = None,
    schedule: str = "every 5 minutes",
    sleep: Callable[[float], None] = doze,
    **options: Any,
) -> Iterator[OpenShop]:
    """A running store of that world (or one that waits to be started) and the program installed for it."""
    with world if isinstance(world, DemoStore) else WatchedStore(world, **options) as store:
        file = write_settings(folder, store, database_url, okrs=okrs, schedule=schedule)
        with installed(file, store, sizes=sizes, sleep=sleep) as installation:
            yield OpenShop(store, installation)


@contextmanager
def shop_of_summer(database_url: str, folder: Path, okrs: str | None = None) -> Iterator[OpenShop]:
    """Two customers, three orders since the quarter began, one of them a second one; judged on the tenth of August."""
    with open_shop(corner_shop("2026-06-25 00:00"), database_url, folder, okrs=okrs) as shop:
        shop.sell("2026-07-02 10:00", 1, 4000)
        shop.sell("2026-07-20 10:00", 2, 6000)
        shop.sell("2026-08-05 10:00", 1, 5000)
        shop.at("2026-08-10 08:00")
        shop.turn()
        yield shop


@contextmanager
def installed(
    file: Path,
    store: DemoStore,
    *,
    sizes: Sizes | None = None,
    sleep: Callable[[float], None] = doze,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Installation]:
    """The program as that settings file describes it, on the store's clock."""
    found = pipeline.install(
        file, environment=environment or {TOKEN: store.token}, clock=lambda: datetime.fromtimestamp(store.now, UTC)
    )
    yield replace(found, sleep=sleep, sizes=sizes or Sizes())
    found.engine.dispose()


def write_settings(
    folder: Path, store: DemoStore, database_url: str, *, okrs: str | None = None, schedule: str = "every 5 minutes"
) -> Path:
    """`config/okrsync.toml` in `folder`, and the OKRs of its quarter beside it."""
    config = folder / "config"
    (config / "okrs").mkdir(parents=True, exist_ok=True)
    if okrs:
        (config / "okrs" / "quarter.toml").write_text(okrs, encoding="utf-8")
    file = config / "okrsync.toml"
    file.write_text(
        f'[database]\nurl = "{database_url}"\n\n[[shops]]\ndomain = "{store.domain}"\napi_url = "{store.url}"\n'
        f'access_token_env = "{TOKEN}"\n\n[shops.schedule]\norders = "{schedule}"\n',
        encoding="utf-8",
    )
    return file


def done(outcome: Outcome) -> Outcome:
    """The outcome of a run that went well; its error otherwise."""
    if outcome.error:
        raise outcome.error
    assert outcome.outcome == "done"
    return outcome


# --- further things that happen in a shop --------------------------------------------------------------------------


def edit(store: DemoStore, order: Order, *, lines: int = 1, price: int = 1000) -> Order:
    """An agreement of `lines` more product lines at `price` each, added to the order now."""
    items = [LineItem(store._next_id(), "Extra", store._next_id(), "Extras", "Corner", 1, price) for _ in range(lines)]
    sales = tuple(Sale(store._next_id(), "ORDER", "PRODUCT", 1, price, 0, 0, item.id) for item in items)
    agreement = Agreement(store._next_id(), "OrderEditAgreement", "ORDER_EDIT", store.now + 1, sales)
    with store.shop.lock:
        order.line_items += items
        order.agreements.append(agreement)
        order.edited = True
        return store.touch(order.id)


# --- databases compared --------------------------------------------------------------------------------------------

Dump = Mapping[str, Sequence[tuple[Any, ...]]]


def dump(engine: Engine, tables: Iterable[Table] = SOURCE, leave_out: Sequence[str] = ()) -> Dump:
    """All rows of the tables, by key."""
    found = {}
    with engine.connect() as connection:
        for table in tables:
            columns = [column for column in table.columns if column.name not in leave_out]
            rows = connection.execute(select(*columns).order_by(*table.primary_key))
            found[table.name] = [tuple(row) for row in rows]
    return found


def world_dump(world: World) -> Dump:
    """The source rows and facts of a world, found without HTTP and without the connector."""
    engine = open_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        load_world(connection, world)
        _add_what_metrics_do_not_need(connection, world)
    found = dump(engine)
    engine.dispose()
    return found


def _add_what_metrics_do_not_need(connection: Connection, world: World) -> None:
    """When orders were closed; and only a product sale says which product it sold."""
    closed = [(o.id, datetime.fromtimestamp(o.closed_at, UTC)) for o in world.orders if o.closed_at is not None]
    for order_id, closed_at in closed:
        connection.execute(update(orders).where(orders.c.order_id == order_id).values(closed_at=closed_at))
    no_product = update(order_sales).where(order_sales.c.line_type != "PRODUCT")
    connection.execute(no_product.values(product_type=None, vendor=None))


def differences(ours: Dump, theirs: Dump, most: int = 5) -> list[str]:
    """Rows that only one of two dumps holds; a long list would take a test minutes to print."""
    assert ours.keys() == theirs.keys()
    found = []
    for name in ours:
        left, right = set(ours[name]), set(theirs[name])
        assert len(left) == len(ours[name]), f"{name} holds a row twice"
        found += [f"- {name} {row}" for row in sorted(left - right, key=str)[:most]]
        found += [f"+ {name} {row}" for row in sorted(right - left, key=str)[:most]]
    return found


def broken_claims(shop: OpenShop) -> list[str]:
    """What the database claims to have read and does not hold: verified slices, and all before the watermark."""
    world, watermark = shop.store.world, shop.watermark
    verified = [
        (start.timestamp(), end.timestamp())
        for start, end, verified_at in shop.rows(backfill_slices, "slice_from", "slice_to", "verified_at")
        if verified_at is not None
    ]

    def is_claimed(order: Order) -> bool:
        if watermark is not None and order.updated_at < watermark.timestamp():
            return True
        return watermark is None and any(start <= order.created_at < end for start, end in verified)

    claimed = {order.id for order in world.orders if is_claimed(order)}
    ours, theirs = dump(shop.engine, SAID), world_dump(world)
    return [
        f"{name} lacks {row}"
        for name in ours
        for row in sorted(set(theirs[name]) - set(ours[name]), key=str)
        if row[1] in claimed
    ]
