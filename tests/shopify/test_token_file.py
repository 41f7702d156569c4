"""Expiring tokens over real HTTP: exchanged in pairs, shared by processes, and never lost on the way to the disk."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec
import pytest

from service.demo.server import DemoStore
from service.errors import AccessDenied, SettingsError
from service.shopify.client import Client
from service.shopify.credentials import ExpiringToken
from service.shopify.probe import probe
from service.shopify.token_file import Pair
from tests.shop import corner_shop, doze

HOUR, DAY = 3600, 86400


@pytest.fixture
def store() -> Iterator[DemoStore]:
    with DemoStore(corner_shop()) as running:
        yield running


def app(folder: Path, refresh_token: str | None) -> ExpiringToken:
    return ExpiringToken("demo-app", "demo-secret", folder / "tokens" / "shop.json", refresh_token)


def visit(store: DemoStore, credentials: ExpiringToken, **options: object) -> Client:
    return Client(
        store.domain, credentials, api_url=store.url, sleep=doze, jitter=lambda: 0.0,
        wall_clock=lambda: float(store.now), **options,
    )  # fmt: skip


def ask(store: DemoStore, credentials: ExpiringToken) -> None:
    with visit(store, credentials) as client:
        assert probe(client).domain == store.domain


def exchanges(store: DemoStore, status: int = 200) -> int:
    return sum(seen.operation == "refresh_token" and seen.status == status for seen in store.requests)


def kept(folder: Path) -> Pair:
    return msgspec.json.decode((folder / "tokens" / "shop.json").read_bytes(), type=Pair)


def test_the_first_refresh_token_opens_the_shop_and_later_ones_keep_it_open(store: DemoStore, tmp_path: Path) -> None:
    first = store.new_pair().refresh_token
    ask(store, app(tmp_path, first))
    began = kept(tmp_path)
    assert exchanges(store) == 1
    ask(store, app(tmp_path, first))
    assert exchanges(store) == 1
    store.now += HOUR
    ask(store, app(tmp_path, None))  # it need not be given any longer
    assert exchanges(store) == 2
    now = kept(tmp_path)
    assert len({first, began.refresh_token, now.refresh_token}) == 3
    assert now.access_token != began.access_token


def test_a_token_is_exchanged_before_it_grows_old(store: DemoStore, tmp_path: Path) -> None:
    with visit(store, app(tmp_path, store.new_pair().refresh_token)) as client:
        probe(client)
        store.now += int(0.79 * HOUR)
        probe(client)
        assert exchanges(store) == 1
        store.now += int(0.02 * HOUR)
        probe(client)
    assert exchanges(store) == 2
    assert {seen.status for seen in store.requests} == {200}


def test_a_refused_token_is_exchanged_once(store: DemoStore, tmp_path: Path) -> None:
    with visit(store, app(tmp_path, store.new_pair().refresh_token)) as client:
        probe(client)
        store.expire_token()
        probe(client)
    assert exchanges(store) == 2


def test_a_client_whose_token_another_has_exchanged_takes_the_new_one(store: DemoStore, tmp_path: Path) -> None:
    credentials = app(tmp_path, store.new_pair().refresh_token)
    with visit(store, credentials) as daemon:
        probe(daemon)
        store.now += int(0.9 * HOUR)
        ask(store, credentials)  # a backfill; the daemon's token is dead from now on
        probe(daemon)
    assert exchanges(store) == 2


def test_the_file_is_its_owners_alone(store: DemoStore, tmp_path: Path) -> None:
    ask(store, app(tmp_path, store.new_pair().refresh_token))
    folder = tmp_path / "tokens"
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.iterdir())}
    assert modes == {"tokens": 0o700, "shop.json": 0o600, "shop.lock": 0o600}


def test_a_lost_answer_is_asked_for_again(store: DemoStore, tmp_path: Path) -> None:
    store.lose_grant_next(2)
    ask(store, app(tmp_path, store.new_pair().refresh_token))
    assert exchanges(store) == 3
    store.now += HOUR
    ask(store, app(tmp_path, None))


def test_a_refresh_token_that_is_done_with_needs_the_merchant(store: DemoStore, tmp_path: Path) -> None:
    first = store.new_pair().refresh_token
    ask(store, app(tmp_path, first))
    stolen = app(tmp_path / "elsewhere", first)
    with pytest.raises(AccessDenied, match=r"used up, expired or revoked \(invalid_grant\)") as caught:
        ask(store, stolen)
    assert "authorise the app again" in caught.value.hint
    assert first not in str(caught.value)
    assert exchanges(store, 400) == 1


def test_after_ninety_days_of_silence_the_merchant_authorises_again(store: DemoStore, tmp_path: Path) -> None:
    first = store.new_pair().refresh_token
    ask(store, app(tmp_path, first))
    store.now += 91 * DAY
    with pytest.raises(AccessDenied, match="invalid_grant"):
        ask(store, app(tmp_path, first))
    ask(store, app(tmp_path, store.new_pair().refresh_token))


def test_a_token_without_a_file_is_named(store: DemoStore, tmp_path: Path) -> None:
    with pytest.raises(AccessDenied, match="no refresh token is given"):
        ask(store, app(tmp_path, None))
    assert store.requests == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"access_token": "t"}'])
def test_a_damaged_file_is_named_and_not_shown(content: bytes, store: DemoStore, tmp_path: Path) -> None:
    credentials = app(tmp_path, store.new_pair().refresh_token)
    credentials.file.parent.mkdir()
    credentials.file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"shop\.json: is damaged"):
        ask(store, credentials)


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_exchanged(
    store: DemoStore, tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text("a file is in the way")
    with pytest.raises(SettingsError, match="cannot be locked"):
        ask(store, app(tmp_path, store.new_pair().refresh_token))
    assert store.requests == []


# --- other processes -----------------------------------------------------------------------------------------------

spawn = multiprocessing.get_context("spawn")


def go_and_ask(url: str, domain: str, credentials: ExpiringToken, now: float, ready: Event, go: Event) -> None:
    """What another process does, as soon as it may."""
    ready.set()
    go.wait(30)
    with Client(domain, credentials, api_url=url, wall_clock=lambda: now) as client:
        probe(client)


def test_processes_that_find_it_old_together_exchange_it_once(store: DemoStore, tmp_path: Path) -> None:
    credentials = app(tmp_path, store.new_pair().refresh_token)
    ask(store, credentials)
    store.now += HOUR
    go, others = spawn.Event(), []
    for _ in range(3):
        ready = spawn.Event()
        process = spawn.Process(
            target=go_and_ask, args=(store.url, store.domain, credentials, float(store.now), ready, go)
        )
        process.start()
        others.append((process, ready))
    assert all(ready.wait(60) for _, ready in others)
    go.set()
    for process, _ in others:
        process.join(60)
    assert [process.exitcode for process, _ in others] == [0, 0, 0]
    assert exchanges(store) == 2
    assert {seen.status for seen in store.requests} == {200}


class DeadlyStore(DemoStore):
    """A store whose next grant is the last thing a process hears: `kill_next` names the process."""

    kill_next = 0

    def next_lost_grant(self) -> bool:
        if self.kill_next:
            os.kill(self.kill_next, signal.SIGKILL)
            self.kill_next = 0
        return super().next_lost_grant()


def test_a_process_killed_between_granted_and_saved_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    with DeadlyStore(corner_shop()) as store:
        credentials = app(tmp_path, store.new_pair().refresh_token)
        ask(store, credentials)
        before = kept(tmp_path)
        store.now += HOUR
        ready, go = spawn.Event(), spawn.Event()
        victim = spawn.Process(
            target=go_and_ask, args=(store.url, store.domain, credentials, float(store.now), ready, go)
        )
        victim.start()
        assert ready.wait(60) and victim.pid
        store.kill_next = victim.pid
        go.set()
        victim.join(60)
        assert victim.exitcode == -signal.SIGKILL
        assert (kept(tmp_path), exchanges(store)) == (before, 2)
        ask(store, credentials)
        assert exchanges(store) == 3
        assert kept(tmp_path).refresh_token != before.refresh_token
