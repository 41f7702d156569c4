"""What the law asks for by hand: a customer's rows given out, a customer forgotten, a shop wiped.

Each works on the database alone, so it needs no token and also serves a shop that is no longer in the settings. Whoever
writes is alone with the shop meanwhile, and leaves a note that names no person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from service.connectors import names
from service.errors import Misconfigured, Problem
from service.installation import Installation
from service.store import leases, privacy, shops
from service.store.engine import Connection, reading
from service.values import Shop


@dataclass(frozen=True, slots=True)
class Done:
    """What was done in one shop: how many rows of which tables."""

    shop: str
    counts: Mapping[str, int]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Held:
    """Every row one shop holds about a customer, by table."""

    shop: str
    customer_ids: Sequence[int]  # the one asked for, and others merged with it
    tables: Mapping[str, Sequence[Mapping[str, Any]]]


def export(installation: Installation, customer_id: int, domain: str | None = None) -> list[Held]:
    """What is held about a customer, shop by shop."""
    found = []
    for shop in _shops(installation, domain):
        with reading(installation.engine) as connection:
            known_as = privacy.names_of(connection, shop.shop_id, customer_id)
            held = Held(shop.domain, known_as, privacy.held(connection, shop.shop_id, known_as))
        with installation.engine.begin() as connection:
            counts = {name: len(rows) for name, rows in held.tables.items()}
            privacy.audit(connection, shop.domain, "export", counts, installation.clock())
        found.append(held)
    return found


def redact(installation: Installation, customer_id: int, domain: str | None = None) -> list[Done]:
    """The customer's id, and those merged with it, replaced for good. Raises Busy while a shop is being read."""
    done = []
    for shop in _shops(installation, domain):
        with _alone(installation, shop) as prove, installation.engine.begin() as connection:
            prove(connection)
            known_as, now = privacy.names_of(connection, shop.shop_id, customer_id), installation.clock()
            counts = privacy.redact(connection, shop.shop_id, known_as, now)
            privacy.audit(connection, shop.domain, "redact", counts, now)
        done.append(Done(shop.domain, counts))
    return done


def wipe(installation: Installation, domain: str) -> Done:
    """Every row of the shop deleted. Raises Busy while it is being read."""
    [shop] = _shops(installation, domain)
    with _alone(installation, shop) as prove, installation.engine.begin() as connection:
        prove(connection)
        counts = privacy.wipe(connection, shop.shop_id)
        privacy.audit(connection, shop.domain, "wipe", counts, installation.clock())
    return Done(shop.domain, counts)


def _shops(installation: Installation, domain: str | None) -> list[Shop]:
    """The shop named, or all. Raises Misconfigured when the database knows none of that name."""
    with reading(installation.engine) as connection:
        known = shops.every(connection)
    found = [shop for shop in known if domain in (None, shop.domain)]
    if domain and not found:
        hint = f"it knows {', '.join(shop.domain for shop in known) or 'no shop at all'}"
        raise Misconfigured([Problem("--shop", domain, "nothing of it is in this database", hint)])
    return found


@contextmanager
def _alone(installation: Installation, shop: Shop) -> Iterator[Callable[[Connection], None]]:
    """Nobody reads or judges the shop meanwhile; what is yielded proves it in the caller's transaction."""
    engine, clock = installation.engine, installation.clock
    with reading(engine) as connection:
        wanted = leases.names(connection, shop.shop_id) | set(names())
    with ExitStack() as stack:
        held = [stack.enter_context(leases.lease(engine, shop.shop_id, name, clock())) for name in sorted(wanted)]

        def prove(connection: Connection) -> None:
            for each in held:
                each.renew(connection, clock())

        yield prove
