"""What a store says about itself, and how many of a thing it counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from service.errors import UnexpectedShape
from service.shapes import taken_as
from service.shopify.client import Client
from service.shopify.documents import document
from service.values import Shop

# Decimals of the minor unit where they are not 2. Source: ISO 4217, list one (six-group.com, "CcyMnrUnts").
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS = dict.fromkeys(_NO_DECIMALS.split(), 0) | dict.fromkeys(_THREE_DECIMALS.split(), 3)

T = TypeVar("T")


class _Plan(msgspec.Struct, rename="camel"):
    public_display_name: str


class _Shop(msgspec.Struct, rename="camel"):
    id: str
    myshopify_domain: str
    iana_timezone: str
    currency_code: str
    created_at: datetime
    plan: _Plan


class _Scope(msgspec.Struct):
    handle: str


class _Installation(msgspec.Struct, rename="camel"):
    access_scopes: list[_Scope]


class _Probe(msgspec.Struct, rename="camel"):
    shop: _Shop
    current_app_installation: _Installation


class _Count(msgspec.Struct):
    count: int
    precision: str


_to_probe = taken_as(_Probe)
_to_count = taken_as(_Count)


def currency_exponent(currency: str) -> int:
    """Decimals of a currency's minor unit."""
    return EXPONENTS.get(currency, 2)


def probe(client: Client) -> Shop:
    """The shop as it is now, with the scopes granted to us."""
    answer = _shaped(client, "Probe", dict(client.execute(document("probe")).data), _to_probe)
    shop = answer.shop
    if shop.myshopify_domain.lower() != client.domain.lower():
        client.log.warning("%s: the store's permanent name is %s", client.domain, shop.myshopify_domain)
    return Shop(
        shop_id=_number(client, shop.id),
        domain=shop.myshopify_domain,
        timezone=shop.iana_timezone,
        currency=shop.currency_code,
        currency_exponent=currency_exponent(shop.currency_code),
        created_at=shop.created_at.astimezone(UTC),
        scopes=frozenset(scope.handle for scope in answer.current_app_installation.access_scopes),
        plan=shop.plan.public_display_name,
    )


def orders_count(client: Client, query: str) -> int:
    """How many orders match a search filter, exactly."""
    return count(client, document("orders_count"), query)


def count(client: Client, text: str, query: str) -> int:
    """How many of what the document counts match a search filter; a count that is not exact is refused."""
    answer = client.execute(text, {"query": query})
    [(name, value)] = answer.data.items()
    found = _shaped(client, name, value, _to_count)
    if found.precision != "EXACT":
        raise UnexpectedShape(f"{name}: {found.count} is not exact ({found.precision})", about=client.domain)
    return found.count


def _shaped(client: Client, name: str, value: Any, shape: Callable[[Any], T]) -> T:
    try:
        return shape(value)
    except msgspec.ValidationError as error:
        raise UnexpectedShape(f"{name}: {error}", about=client.domain) from None


def _number(client: Client, gid: str) -> int:
    tail = gid.rpartition("/")[2]
    if not tail.isdecimal():
        raise UnexpectedShape(f"Probe: {gid!r} is no id of a shop", about=client.domain)
    return int(tail)
