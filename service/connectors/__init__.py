"""What we want from Shopify: one module and one query document a resource, listed here and nowhere else."""

from __future__ import annotations

from service.connectors.checkouts import Checkouts
from service.connectors.order_passes import Orders
from service.connectors.session_passes import Sessions
from service.connectors.work import Connector

CONNECTORS: tuple[Connector, ...] = (Orders(), Checkouts(), Sessions())


def names() -> tuple[str, ...]:
    return tuple(connector.name for connector in CONNECTORS)
