"""The database of one shop's reckoning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from service.store.engine import Connection, Engine, reading


@dataclass(frozen=True, slots=True)
class Books:
    """Long reads that hold nobody up, and short writes that prove the lease."""

    engine: Engine
    renew: Callable[[Connection], None]

    def reading(self) -> AbstractContextManager[Connection]:
        return reading(self.engine)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            self.renew(connection)
            yield connection
