"""The real command in a test, and a shop that is alive today: the command reads the wall clock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from service.cli import app
from service.demo.model import World
from service.periods import ONE_DAY, Quarter, shop_day
from tests.shop import LOYAL, TOKEN, WatchedStore, write_settings

ROOT = Path(__file__).resolve().parent.parent
ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def both(self) -> str:
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Command:
    """`okrsync` with a settings file and a token; no answer may ever hold the token."""

    file: Path
    token: str

    def __call__(self, *words: str, **environment: str | None) -> Said:
        """In this process, by the program's own entry."""
        asked = CliRunner().invoke(app, list(words), env=self._environment(environment), prog_name="okrsync")
        assert asked.exception is None or isinstance(asked.exception, SystemExit), asked.exception
        return self._checked(Said(asked.exit_code, asked.stdout, asked.stderr))

    def really(self, *words: str, **environment: str | None) -> Said:
        """In a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "service", *words], cwd=ROOT, env=self.environment(environment),
            capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        return self._checked(Said(done.returncode, done.stdout, done.stderr))

    def begin(self, *words: str, **environment: str | None) -> subprocess.Popen[str]:
        """A process that goes on by itself."""
        return subprocess.Popen(
            [sys.executable, "-m", "service", *words], cwd=ROOT, env=self.environment(environment),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def environment(self, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
        found = {name: value for name, value in os.environ.items() if not name.startswith("OKRSYNC_")}
        wanted = {**found, **self._environment(more or {})}
        return {name: value for name, value in wanted.items() if value is not None}

    def _environment(self, more: Mapping[str, str | None]) -> dict[str, str | None]:
        unset = {name: None for name in os.environ if name.startswith("OKRSYNC_")}
        return {**unset, "OKRSYNC_CONFIG": str(self.file), TOKEN: self.token, "COLUMNS": "200", **more}

    def _checked(self, said: Said) -> Said:
        assert self.token not in said.both, "a secret was said"
        assert "Traceback" not in said.both, said.both
        return said


def this_quarter() -> Quarter:
    """The quarter of yesterday, the last complete day, in Berlin."""
    return Quarter.containing(shop_day(datetime.now(UTC), ZONE) - ONE_DAY)


def living_shop(days: int = 40) -> World:
    """A shop that opened some days ago and has sold nothing yet."""
    now = int(time.time())
    opened = now - days * 86_400
    return World("alive", 88, "alive.myshopify.com", ZONE, "EUR", 2, created_at=opened, now=opened)


def sell(store: WatchedStore, days_ago: float, customer: int | None, price: int = 5000) -> int:
    """An order placed that long ago; its id."""
    store.now = int(time.time() - timedelta(days=days_ago).total_seconds())
    return store.order(customer, price=price).id


def live(store: WatchedStore) -> None:
    """The shop's clock set a moment ahead of ours, so that what just happened is soon in the past."""
    store.now = max(store.now, int(time.time())) + 2


@contextmanager
def living_store(**options: object) -> Iterator[WatchedStore]:
    """Its store, with five orders of three customers; two of them came back."""
    with WatchedStore(living_shop(), **options) as store:
        for days_ago, customer, price in ((35, 1, 4000), (30, 2, 6000), (20, 1, 5000), (12, 2, 8000), (3, 3, 3000)):
            sell(store, days_ago, customer, price)
        live(store)
        yield store


OKRS = f"""{LOYAL}
  [[objectives.key_results]]
  id = "buyers"
  title = "Five hundred orders"
  owner = "Sales"
  metric = "orders"
  baseline = 0
  target = 500
"""


def command_for(
    store: WatchedStore, folder: Path, database_url: str = "", schedule: str = "every 5 minutes"
) -> Command:
    """The command with settings for that store in `folder`, and OKRs for the running quarter."""
    url = database_url or f"sqlite:///{folder}/var/okrsync.db"
    okrs = OKRS.replace("2026-Q3", str(this_quarter()))
    return Command(write_settings(folder, store, url, okrs=okrs, schedule=schedule), store.token)
