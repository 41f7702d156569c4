"""A settings file with its database, environment and clock: what every verb is given."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from service import settings as settings_
from service.connectors.work import Sizes
from service.errors import Interrupted
from service.settings import Settings, ShopSettings
from service.shopify.pace import Paces
from service.store import migrate, shops
from service.store.engine import Engine, open_engine, reading
from service.values import Shop

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The present in whole seconds, as finely as Shopify tells time."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Installation:
    """A settings file with its database, environment and clock."""

    settings: Settings
    engine: Engine
    environment: Mapping[str, str]
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    """How to wait for Shopify. A daemon that is asked to stop raises Interrupted from here."""
    sizes: Sizes = field(default_factory=Sizes)
    paces: Paces = field(default_factory=Paces)


def install(
    file: Path, *, environment: Mapping[str, str] = os.environ, clock: Clock = wall_clock, migrated: bool = True
) -> Installation:
    """The installation that `file` describes. Raises SettingsError; unless told otherwise also when not migrated."""
    settings = settings_.load(file, environment)
    engine = open_engine(settings.database_url, settings_file=str(file))
    if migrated:
        migrate.require_current(engine, str(file))
    return Installation(settings, engine, environment, clock)


def shop_of(installation: Installation, settings: ShopSettings) -> Shop | None:
    """The shop as last seen; None before anything was read from it."""
    with reading(installation.engine) as connection:
        return shops.by_domain(connection, settings.domain)


def stopped_by(installation: Installation, stopping: Event) -> Installation:
    """The same, which raises Interrupted from its next wait, or at its next batch, once `stopping` is set."""

    def sleep(seconds: float) -> None:
        if stopping.wait(seconds):
            raise Interrupted("asked to stop: what has landed stays")

    return replace(installation, sleep=sleep)
