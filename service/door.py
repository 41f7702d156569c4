"""Who lets us in: a shop asked what it is now, and what must be so before anything is read from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service import settings as settings_
from service.connectors import CONNECTORS, orders, sessions
from service.connectors.windows import search
from service.connectors.work import Connector
from service.errors import AccessDenied, NeedsAPerson, OkrsyncError, Problem, SettingsError, Throttled
from service.installation import Installation, shop_of
from service.periods import ONE_DAY, last_complete_day
from service.plans import check_currencies, plans_of
from service.settings import ShopSettings
from service.shopify.client import PATIENCE_SECONDS, Client
from service.shopify.credentials import ClientCredentials, Credentials, CustomAppToken, ExpiringToken
from service.shopify.faults import NoReports
from service.shopify.probe import orders_count, probe
from service.store import landing, runs, shops
from service.values import Shop, Window

CUT_AFTER = timedelta(days=60)
"""What `read_orders` alone shows. Source: https://shopify.dev/docs/api/usage/access-scopes"""

LOOK_PATIENCE_SECONDS = 3.0
"""A person waits for `check`: a fault that passes later is told as it is now."""

CLOCKS_MAY_DIFFER = timedelta(minutes=1)

MISSING_SCOPE = "add the scope to the app, release it, and approve it in the store"


def _client(installation: Installation, settings: ShopSettings, patience: float = PATIENCE_SECONDS) -> Client:
    return Client(
        settings.domain,
        credentials(installation, settings),
        api_version=settings.api_version,
        api_url=settings.api_url,
        patience=patience,
        pace=installation.paces.of(settings.domain),
        sleep=installation.sleep,
        wall_clock=lambda: installation.clock().timestamp(),
    )


@dataclass(frozen=True, slots=True)
class Entered:
    """A shop that lets us in, as it is now."""

    client: Client
    shop: Shop
    is_cut: bool  # orders older than 60 days are hidden from us
    now: datetime  # the earlier of our clock and Shopify's: nothing beyond it is claimed to be read
    is_read_anew: bool = False  # what is stored may mean other days or amounts than the shop's, and goes

    @property
    def visible_from(self) -> datetime | None:
        """Orders created before this are hidden from us; None when none are."""
        return self.now - CUT_AFTER if self.is_cut else None


@contextmanager
def connected(
    installation: Installation, settings: ShopSettings, connector: Connector, *, is_read_anew: bool = False
) -> Iterator[Entered]:
    """The shop, recorded as it is now. Who is turned away at the door leaves a run that says why.

    Raises AccessDenied when a scope the connector needs is missing; NeedsAPerson when the shop's days or amounts have
    changed their meaning, unless its history `is_read_anew`: then the shop is recorded with the new plan.
    """
    with _client(installation, settings) as client:
        try:
            entered = _enter(installation, settings, client, connector, is_read_anew=is_read_anew)
        except OkrsyncError as trouble:
            _note_refusal(installation, settings, connector, trouble)
            raise
        yield entered


def _enter(
    installation: Installation, settings: ShopSettings, client: Client, connector: Connector, *, is_read_anew: bool
) -> Entered:
    shop, known = _probed(installation, settings, client), shop_of(installation, settings)
    missing = sorted(connector.required_scopes - shop.scopes)
    if missing:
        raise AccessDenied(f"the app was not granted {', '.join(missing)}", about=settings.domain, hint=MISSING_SCOPE)
    shop = replace(shop, denied=_denied(client, shop, known, connector))
    now = min(installation.clock(), client.shopify_time or installation.clock())
    entered = Entered(client, shop, history_is_cut(client, shop, now), now, is_read_anew)
    if known and is_read_anew:
        return entered
    with installation.engine.begin() as connection:
        _require_same_meaning(shop, shops.meaning(connection, shop.shop_id, is_to_change=True) or shop.meaning)
        shops.record_shop(connection, shop, now=now, history_is_cut=entered.is_cut)
        shops.record_online_sources(connection, shop, settings.online_sources)
    return entered


def _require_same_meaning(shop: Shop, stored: tuple[str, str]) -> None:
    for what, before, after in zip(("time zone", "currency"), stored, shop.meaning, strict=True):
        if before != after:
            raise NeedsAPerson(
                f"the shop's {what} has changed from {before} to {after}, and what is stored means the old one",
                about=shop.domain,
                hint="run: okrsync backfill --restart",
            )


def _denied(client: Client, shop: Shop, known: Shop | None, connector: Connector) -> frozenset[str]:
    """What is refused to us: what no scope was granted for, and what was refused before and is not shown again."""
    without_scope = connector.optional.without_scope(shop.scopes)
    before = known.denied if known else frozenset()
    doubtful = before & {part.name for part in connector.optional.parts} - without_scope
    shown = connector.optional.look(client).shown if doubtful else frozenset()
    return before - shown | without_scope


def _probed(installation: Installation, settings: ShopSettings, client: Client) -> Shop:
    """The shop as it is now. Raises SettingsError when it goes by another name: readings are looked up by it."""
    shop = probe(client)
    if shop.domain == settings.domain:
        return shop
    file, key = str(installation.settings.file), f"shops ({settings.domain}).domain"
    told = f"the store that answers is called {shop.domain}"
    raise SettingsError([Problem(file, key, told, f'write domain = "{shop.domain}", or check token and api_url')])


def _note_refusal(
    installation: Installation, settings: ShopSettings, connector: Connector, trouble: OkrsyncError
) -> None:
    """A run that ended at the door, if the shop was ever seen."""
    shop, now = shop_of(installation, settings), installation.clock()
    if shop is None:
        return
    with installation.engine.begin() as connection:
        position = landing.watermark(connection, shop.shop_id, connector.name)
        run_id = runs.start(connection, shop.shop_id, connector.name, "connect", now=now, watermark=position)
        runs.finish(connection, shop.shop_id, run_id, runs.outcome_of(trouble), now=now, error=str(trouble))


@dataclass(frozen=True, slots=True)
class Part:
    """One thing looked at by `check`."""

    what: str
    is_fine: bool
    message: str
    hint: str = ""
    is_vital: bool = True  # else it can be done without


def look_at(installation: Installation, settings: ShopSettings, *, record: bool) -> list[Part]:
    """Token, scopes, history, clock and currency of one shop, asked of Shopify now."""
    with _client(installation, settings, patience=LOOK_PATIENCE_SECONDS) as client:
        shop = _probed(installation, settings, client)
        parts = [
            Part("token", True, f"{settings.domain} lets us in, API version {settings.api_version}"),
            *(part for connector in CONNECTORS for part in _access(client, shop, connector)),
            *([_reports(client, shop, installation.clock())] if shop.scopes >= sessions.REQUIRED_SCOPES else []),
            *([_history(client, shop, installation.clock())] if shop.scopes >= orders.REQUIRED_SCOPES else []),
            _clock(client, installation.clock()),
        ]
    if record:
        check_currencies(plans_of(installation, settings), shop, installation.catalogue)
    return parts


def _clock(client: Client, now: datetime) -> Part:
    theirs = client.shopify_time or now
    apart = abs((theirs - now).total_seconds())
    if apart > CLOCKS_MAY_DIFFER.total_seconds():
        told = f"ours shows {now:%Y-%m-%d %H:%M:%S} UTC, Shopify's {theirs:%Y-%m-%d %H:%M:%S} UTC"
        return Part("clock", False, told, "set this machine's clock, by NTP for example")
    return Part("clock", True, f"within {apart:.0f} s of Shopify's")


def _access(client: Client, shop: Shop, connector: Connector) -> Iterator[Part]:
    """Whether the connector may read what it must, and a line for each part that it has to do without."""
    name, optional = connector.name, connector.optional
    missing = sorted(connector.required_scopes - shop.scopes)
    if missing:
        told = f"not granted: {', '.join(missing)}, so {name} cannot be read"
        # Every answer is read beside the orders; the other connectors can be done without.
        yield Part("scopes", False, told, MISSING_SCOPE, is_vital=name == orders.NAME)
        return
    yield Part("scopes", True, f"granted: {', '.join(sorted(connector.required_scopes))}, for {name}")
    refused = optional.without_scope(shop.scopes) | (optional.look(client).refused if optional.parts else frozenset())
    for part in optional.named(refused):
        yield Part(
            "access", False, f"{part} is denied, so nothing tells {part.lost}", part.mend(shop.scopes), is_vital=False
        )


def _reports(client: Client, shop: Shop, now: datetime) -> Part:
    """Whether Shopify answers when it is asked for yesterday's sessions: the scope alone does not settle it."""
    yesterday = last_complete_day(now, shop.timezone)
    try:
        sessions.Reader(client, shop).totals(Window(yesterday, yesterday + ONE_DAY))
    except NoReports as denied:
        told = f"{denied.message}, so {sessions.NAME} cannot be read"
        return Part("reports", False, told, denied.hint, is_vital=False)
    except Throttled:
        return Part("reports", True, "Shopify's reports answer, but not now: their minute's points are spent")
    return Part("reports", True, "Shopify's reports answer")


def _history(client: Client, shop: Shop, now: datetime) -> Part:
    if history_is_cut(client, shop, now):
        return Part(
            "history",
            False,
            "orders older than 60 days are hidden, so lifetime numbers are incomplete",
            f"ask for the scope {orders.HISTORY_SCOPE} and approve it in the store",
        )
    return Part("history", True, "orders older than 60 days are visible, or the shop is younger")


def credentials(installation: Installation, shop: ShopSettings) -> Credentials:
    """The shop's way in. Raises SettingsError naming the environment variable that is not set."""

    def secret(name: str, key: str) -> str:
        at = f"shops ({shop.domain}).{key}"
        return settings_.secret(name, installation.environment, file=installation.settings.file, key=at)

    if shop.access_token_env:
        return CustomAppToken(secret(shop.access_token_env, "access_token_env"))
    assert shop.client_id
    assert shop.client_secret_env
    client_secret = secret(shop.client_secret_env, "client_secret_env")
    if not shop.refresh_token_env:
        return ClientCredentials(shop.client_id, client_secret)
    file, first = installation.settings.token_file(shop.domain), None
    if not file.exists() or settings_.is_given(shop.refresh_token_env, installation.environment):
        first = secret(shop.refresh_token_env, "refresh_token_env")
    return ExpiringToken(shop.client_id, client_secret, file, first)


def history_is_cut(client: Client, shop: Shop, now: datetime) -> bool:
    """Are orders older than 60 days hidden from us? Shopify hides them without a word.

    An app made in the admin sees them without the scope, so a single old order settles it.
    """
    edge = now - CUT_AFTER - timedelta(days=1)
    if orders.HISTORY_SCOPE in shop.scopes or shop.created_at >= edge:
        return False
    return orders_count(client, search("created_at", shop.created_at, edge)) == 0
