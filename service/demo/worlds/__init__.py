"""The worlds a demo store can open with: deterministic shops, each the same in every process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.demo.model import World
from service.demo.worlds import boutique, myshopper
from service.demo.worlds.abandoned import with_checkouts

WORLDS: dict[str, Callable[..., World]] = {"myshopper": myshopper.build, "boutique": boutique.build}


def build(name: str, *, orders: int | None = None, seed: int | None = None) -> World:
    """The world of that name; the same arguments give the same world.

    Raises: ValueError for a name that is not in `WORLDS`, or for too few orders for that world.
    """
    if name not in WORLDS:
        raise ValueError(f"there is no world {name!r}; there are {', '.join(WORLDS)}")
    with _collector_paused():
        return with_checkouts(WORLDS[name](orders=orders, seed=seed))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A million new records without a cycle among them: looking for one would take half as long again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
