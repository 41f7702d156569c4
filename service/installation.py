"""A settings file with its database, environment and clock: what every verb is given."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from service import settings as settings_
from service.connectors.work import Sizes
from service.errors import Interrupted, Misconfigured, OkrsyncError, Problem
from service.metrics.catalogue import Metric, catalogue
from service.metrics.custom import custom, fingerprint, refusals, with_custom
from service.settings import Settings, ShopSettings
from service.shopify.pace import Paces
from service.store import definitions, migrate, shops
from service.store.engine import Connection, Engine, open_engine, reading
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
    catalogue: Mapping[str, Metric] = field(default_factory=catalogue)
    """Okrsync's own metrics and those of the folder beside the settings, by id."""


def install(
    file: Path, *, environment: Mapping[str, str] = os.environ, clock: Clock = wall_clock, migrated: bool = True
) -> Installation:
    """The installation that `file` describes.

    Raises SettingsError; unless told otherwise also when not migrated, and Misconfigured when a metric of its own is
    wrong. Of a database that may not be migrated nothing is asked, and only okrsync's own metrics are known.
    """
    settings = settings_.load(file, environment)
    engine = open_engine(settings.database_url, settings_file=str(file))
    found = Installation(settings, engine, environment, clock)
    if not migrated:
        return found
    try:
        migrate.require_current(engine, str(file))
        return with_metrics(found)
    except OkrsyncError:
        engine.dispose()
        raise


def with_metrics(installation: Installation) -> Installation:
    """The same with the metrics as their files are now. Raises Misconfigured with all that is wrong with them."""
    known = with_custom(installation.settings.metric_folder)
    own = custom(known)
    if own:
        with reading(installation.engine) as connection:
            used = definitions.used(connection)
            problems = [*_changed(own, used), *refusals(connection, own)]
        if problems:
            raise Misconfigured(problems)
    return installation if known == installation.catalogue else replace(installation, catalogue=known)


def _changed(own: Sequence[Metric], used: Mapping[definitions.Definition, tuple[str, datetime]]) -> Iterator[Problem]:
    """Definitions that mean something else than when they were first used."""
    for metric in own:
        before, since = used.get((metric.id, metric.version), ("", None))
        if since and before != fingerprint(metric):
            told = f"means something else than on {since:%Y-%m-%d}, when its first readings were recorded"
            newest = max(version for id_, version in used if id_ == metric.id)
            yield Problem(metric.file, f"version {metric.version}", told, f"give it version {newest + 1}")


def record_definitions(installation: Installation, connection: Connection, shop_id: int) -> None:
    """What the shop's own metrics mean, written down at their first use; whoever calls holds the shop's lease."""
    meant = {(each.id, each.version): fingerprint(each) for each in custom(installation.catalogue)}
    definitions.record(connection, shop_id, meant, now=installation.clock())


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
