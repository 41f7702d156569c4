"""Segment values that nothing read has: told with what was meant, and never where there is such a row."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine

from service.demo.model import World
from service.metrics.catalogue import catalogue, metric
from service.metrics.scope import Scope
from service.metrics.unseen import Unseen, unseen
from service.values import Segment, Shop
from tests.metrics.little_world import little_world
from tests.metrics.load_world import load_world
from tests.metrics.test_marketing import shop_of


def unseen_of(database: Engine, shop: Shop, metric_id: str, **where: str) -> Sequence[Unseen]:
    with database.connect() as connection:
        return unseen(connection, Scope(metric(metric_id), shop.shop_id, Segment.of(where)))


@pytest.mark.parametrize(
    ("metric_id", "where", "told"),
    [
        ("orders", {"utm_source": "gogle"}, ["nothing read has utm_source=gogle: did you mean google?"]),
        ("orders", {"utm_source": "GOOGLE"}, ["nothing read has utm_source=GOOGLE: did you mean google?"]),
        ("net_sales", {"utm_source": "x"}, ["nothing read has utm_source=x: the commonest are google, newsletter"]),
        ("orders", {"vendor": "Acme"}, ["nothing read has vendor=Acme, nor any other vendor"]),
        ("sessions", {"device": "phone"}, ["nothing read has device=phone, nor any other device"]),
        ("orders", {"utm_source": "google"}, []),
        ("orders", {"utm_source": ""}, []),
        ("orders", {"customer_type": "returning"}, []),
        ("orders", {"utm_source": "newsletter", "utm_medium": "cpc"}, []),
        ("return_on_ad_spend", {"utm_campaign": "brnd"}, ["nothing read has utm_campaign=brnd: did you mean brand?"]),
        ("spend", {"utm_source": "newsletter"}, []),
        (
            "repurchase_rate_30d",
            {"utm_medium": "emial", "utm_source": "gogle"},
            [
                "nothing read has utm_medium=emial: did you mean email?",
                "nothing read has utm_source=gogle: did you mean google?",
            ],
        ),
    ],
)
def test_what_was_meant_is_named(database: Engine, metric_id: str, where: dict[str, str], told: list[str]) -> None:
    """A value that orders have and spend has not is no mistake, nor are two that no order has at once."""
    shop = shop_of(database)
    assert [str(each) for each in unseen_of(database, shop, metric_id, **where)] == told


def test_another_shop_s_values_are_not_known(database: Engine) -> None:
    shop_of(database)
    with database.begin() as connection:
        other = load_world(connection, World("other", 8, "other.myshopify.com", "UTC", "USD", 2, created_at=0, now=0))
    [found] = unseen_of(database, other, "orders", utm_campaign="brnd")
    assert (found.near, found.commonest) == ([], [])


def test_every_dimension_of_every_metric_knows_its_values(database: Engine) -> None:
    with database.begin() as connection:
        shop = load_world(connection, little_world(1))
    known = 0
    for each in catalogue().values():
        for name in each.segments:
            if name.startswith("is_") or name == "customer_type":  # another value is refused
                continue
            [found] = unseen_of(database, shop, each.id, **{name: "no such thing"})
            known += len(found.commonest)
            for value in found.commonest:
                assert unseen_of(database, shop, each.id, **{name: value}) == [], (each.id, name, value)
    assert known > 100, "the little world has something of everything"
