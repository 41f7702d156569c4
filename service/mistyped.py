"""Segment values that nothing read has, in answers and in plans. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.ground import Ground, ground_under, known_ground
from service.installation import Installation
from service.metrics.scope import Scope
from service.metrics.unseen import Unseen, unseen
from service.okr.model import Plan
from service.settings import ShopSettings
from service.store.engine import Connection, reading
from service.values import Measurement


def unseen_in(connection: Connection, ground: Ground, *answers: Measurement) -> list[Unseen]:
    """Of answers about one segment, its values that nothing read has, where all were counted from nothing."""
    if not answers or not answers[0].segment.where or any(each.counted != 0 for each in answers):
        return []
    first = answers[0]
    return unseen(connection, Scope(ground.catalogue[first.metric], ground.shop.shop_id, first.segment))


def unseen_values(installation: Installation, settings: ShopSettings, answers: Sequence[Measurement]) -> list[Unseen]:
    """The same for answers of a configured shop."""
    with reading(installation.engine) as connection:
        ground = known_ground(connection, installation, settings)
        return unseen_in(connection, ground, *answers) if ground else []


def unseen_of(installation: Installation, plan: Plan) -> list[tuple[str, Unseen]]:
    """Those of every segment of a plan, each with its place in the file."""
    with reading(installation.engine) as connection:
        ground = ground_under(connection, installation, plan)
        return [*_by_place(connection, ground, plan)] if ground else []


def _by_place(connection: Connection, ground: Ground, plan: Plan) -> Iterator[tuple[str, Unseen]]:
    for asked in plan.looked_at:
        metric = ground.catalogue.get(asked.metric)
        if metric and asked.where.where and ground.under(metric).coverage.covered_from is not None:
            scope = Scope(metric, ground.shop.shop_id, asked.where)
            yield from ((f"{asked.place}.where", each) for each in unseen(connection, scope))
