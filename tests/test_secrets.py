"""No token, secret, refresh token or signed link reaches a log, an error, the database or a screen, whatever happens.

Every logger is at DEBUG, those of the libraries too, while a shop is backfilled, synced and refused in all three ways
of getting in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from service import pipeline
from service.demo.server import DemoStore
from service.errors import OkrsyncError
from service.pipeline import Installation
from service.store.tables import metadata
from tests.command import command_for, living_store
from tests.shop import TOKEN, OpenShop, WatchedStore, corner_shop, installed, write_settings

CLIENT_SECRET = "5f0d4c1b9e7a4f6d8b2c3a1e0f9d8c7b"
WAYS = {
    "custom app": f'access_token_env = "{TOKEN}"',
    "client credentials": 'client_id = "demo-app"\nclient_secret_env = "SECRET"',
    "expiring": 'client_id = "demo-app"\nclient_secret_env = "SECRET"\nrefresh_token_env = "FIRST"',
}


@pytest.fixture
def store() -> Iterator[WatchedStore]:
    with WatchedStore(corner_shop(), client_secret=CLIENT_SECRET) as store:
        yield store


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything anybody logs: a logger with a level of its own must not hide what it says."""
    names = ("httpx", "httpcore", "okrsync", "service", "sqlalchemy", "alembic", "apscheduler")
    with caplog.at_level(logging.DEBUG):
        for name in names:
            caplog.set_level(logging.DEBUG, logger=name)
        yield caplog


def secrets_of(store: DemoStore, *more: str) -> set[str]:
    """All that opens anything: tokens of every kind that were ever handed out, and what signs a link."""
    signatures = {each.signature for each in store.shop.bulk.operations if each.signature}
    assert signatures, "nothing was downloaded, so nothing is proved"
    return {CLIENT_SECRET, *store.pairs._by_access, *store.pairs._by_refresh, *store.tokens, *signatures, *more}


def live(store: WatchedStore, installation: Installation) -> list[str]:
    """A shop's life with troubles; what its errors said."""
    shop, told = OpenShop(store, installation), []
    for trouble in (
        lambda: None,
        lambda: store.truncate_bulk_next(),
        lambda: store.fail_next(503, 2),
        lambda: store.reset_next(2),
        lambda: store.bulk_fail_next("INTERNAL_SERVER_ERROR"),
        lambda: store.lose_grant_next(),
        lambda: store.expire_token(),
        lambda: store.uninstall(),
    ):
        shop.sell(datetime.fromtimestamp(store.now + 3600, UTC).strftime("%Y-%m-%d %H:%M"), 1)
        shop.later(hours=2)
        trouble()
        try:
            error = shop.backfill(restart=True).error or shop.sync().error
        except OkrsyncError as refused:
            error = refused
        told.append(f"{error} {error!r} {error.__cause__!r}" if error else "")
    return told


def database_text(installation: Installation) -> str:
    with installation.engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    return "\n".join(map(str, rows))


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_is_ever_said(
    way: str, store: WatchedStore, tmp_path: Path, sqlite_template: bytes, heard: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "okrsync.db").write_bytes(sqlite_template)
    file = write_settings(tmp_path, store, f"sqlite:///{tmp_path}/okrsync.db")
    file.write_text(file.read_text().replace(WAYS["custom app"], WAYS[way]))
    token = store.token
    environment = {TOKEN: token, "SECRET": CLIENT_SECRET, "FIRST": store.new_pair().refresh_token}
    with installed(file, store, environment=environment) as installation:
        told = live(store, installation)
        said = "\n".join([heard.text, *(record.getMessage() for record in heard.records), *told])
        said += database_text(installation) + repr(pipeline.credentials(installation, installation.settings.shops[0]))
    assert told[-1], "an app that was removed is refused"
    assert {"httpx", "httpcore.http11", "service.shopify.patience"} & {record.name for record in heard.records}
    assert "/files/" in said, "a download was heard of"
    for secret in secrets_of(store, token):
        assert secret not in said


def test_no_secret_is_on_the_screen(tmp_path: Path) -> None:
    with living_store() as store:
        okrsync = command_for(store, tmp_path)
        said = [okrsync.really("db", "upgrade"), okrsync.really("--verbose", "sync")]
        store.truncate_bulk_next()
        said.append(okrsync.really("--verbose", "backfill", "--restart"))
        assert [each.code for each in said] == [0, 0, 0]
        text = "".join(each.both for each in said)
        assert "/files/" in text
        for secret in secrets_of(store):
            assert secret not in text
