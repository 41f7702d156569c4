"""A shop in which something happens all the time, some of it without a stamp; in the end one can tell what is true."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from service.demo.model import Order
from service.store.tables import orders
from tests.shop import Dump, OpenShop, WatchedStore, differences, done, dump, edit, world_dump


class Restless:
    """Verbs of a shop's life, picked at random and yet always the same."""

    def __init__(self, shop: OpenShop, seed: int) -> None:
        self.shop, self.random = shop, Random(seed)
        self.happened: dict[str, int] = {}
        self.living = list(range(1, 16))  # a merged customer's id never comes back

    def something(self) -> None:
        kinds: dict[Callable[[], None], int] = {
            self.buy: 6, self.refund: 2, self.cancel: 1, self.edit: 2, self.delete: 2, self.merge: 1, self.hand_over: 1,
            self.touch: 2,
        }  # fmt: skip
        [what] = self.random.choices(list(kinds), list(kinds.values()))
        what()
        self.happened[what.__name__] = self.happened.get(what.__name__, 0) + 1

    def some(self) -> Order:
        return self.random.choice(self.shop.store.world.orders)

    def somebody(self) -> int:
        return self.random.choice(self.living)

    def buy(self) -> None:
        ready = self.random.random() < 0.7
        made = self.shop.store.order(
            self.somebody(), price=self.random.randrange(1, 9000), tax=3, has_journey=True, journey_ready=ready
        )
        if not ready and self.random.random() < 0.5:
            self.shop.store.journey_ready(made.id)

    def refund(self) -> None:
        self.shop.store.refund(self.some().id, self.random.choice((None, 50)))

    def cancel(self) -> None:
        self.shop.store.cancel(self.some().id)

    def edit(self) -> None:
        edit(self.shop.store, self.some(), lines=self.random.choice((1, 1, 12)), price=self.random.randrange(900))

    def delete(self) -> None:
        if len(self.shop.store.world.orders) > 5:
            self.shop.store.delete(self.some().id, is_listed=self.random.random() < 0.5)

    def merge(self) -> None:
        if len(self.living) < 4:
            return
        old = self.living.pop(self.random.randrange(len(self.living)))
        kept = self.somebody()
        self.shop.store.merge(old, kept, is_touching=self.random.random() < 0.5)

    def hand_over(self) -> None:
        self.shop.store.reassign(self.some().id, self.somebody(), is_touching=self.random.random() < 0.7)

    def touch(self) -> None:
        self.shop.store.touch(self.some().id)


def held(shop: OpenShop) -> Dump:
    """What the database holds of orders it takes for existing."""
    found = dump(shop.engine)
    gone = {row[1] for row in found[orders.name] if row[9] is not None}
    return {name: [row for row in rows if row[1] not in gone] for name, rows in found.items()}


def untruths(shop: OpenShop) -> list[str]:
    """Rows in which the database and the shop differ, deleted orders left out on both sides."""
    return differences(held(shop), world_dump(shop.store.world))


def come_to_rest(shop: OpenShop) -> None:
    """Nothing happens any more, and enough passes follow that nothing can be left to notice."""
    assert isinstance(shop.store, WatchedStore)
    shop.store.recover()
    for _ in range(3):
        shop.later(days=1, hours=2)
        done(shop.sync())
    found = untruths(shop)
    assert not found, "\n".join(found)
