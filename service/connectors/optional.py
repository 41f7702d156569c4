"""What a connector can do without: fields that Shopify may refuse an app, and what is unknown without them.

A part that is refused is left out of every query and remembered with the shop, so that an empty column is never taken
for an answer: what reads it is incomplete and says so. Once Shopify shows it again, the history is read anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from service.connectors.documents import operation
from service.shopify.client import Client
from service.shopify.faults import FieldDenied

LOOKED_AT = 25
"""Rows of a look: enough that one of them has a value of what most have."""


@dataclass(frozen=True, slots=True)
class Part:
    """Fields that are refused together. In a document they stand on lines that end in `# optional: <name>`."""

    name: str  # connector.part
    paths: tuple[str, ...]  # from a row's node, dotted
    columns: frozenset[str]  # what is unknown without it
    lost: str  # the same, for people
    scope: str | None = None  # what it needs beyond the required ones; None: approval for protected customer data

    def mend(self, scopes: frozenset[str]) -> str:
        """What a person can do about its refusal, with these scopes granted."""
        if self.scope and self.scope not in scopes:
            return f"add the scope {self.scope} to the app, release it, and approve it in the store"
        return "ask for protected customer data access for the app, and choose its distribution"

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(path.rpartition(".")[2] for path in self.paths)

    def __str__(self) -> str:
        return " and ".join(self.fields)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the newest rows showed of the parts, and which were refused."""

    shown: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OptionalFields:
    """The parts of a connector, and the page of its documents that asks for them all, newest first if `$reverse`."""

    parts: tuple[Part, ...] = ()
    file: str = ""
    page: str = ""
    root: str = ""  # the page's root field

    def without_scope(self, scopes: frozenset[str]) -> frozenset[str]:
        """Parts that cannot be asked for with these scopes."""
        return frozenset(part.name for part in self.parts if part.scope and part.scope not in scopes)

    def refused_by(self, error: Exception | None) -> frozenset[str]:
        """The parts a refusal is about; none when it is about anything that is required."""
        if not isinstance(error, FieldDenied):
            return frozenset()
        found = [self._part_of(path.split(".")) for path in error.paths]
        return frozenset(part.name for part in found if part) if all(found) else frozenset()

    def named(self, names: frozenset[str]) -> list[Part]:
        return [part for part in self.parts if part.name in names]

    def unknown(self, denied: frozenset[str], columns: frozenset[str] | None = None) -> Iterator[str]:
        """What nothing tells because parts were denied: all of it, or what an answer reads that reads `columns`."""
        for part in self.named(denied):
            if columns is None or part.columns & columns:
                yield f"{part} was denied to this app, so nothing tells {part.lost}"

    def look(self, client: Client) -> Looked:
        """The newest rows asked for with every part, each of which may be refused."""
        prefix = f"{self.root}.nodes."
        answer = client.execute(
            operation(self.file, self.page, client.api_version),
            {"query": "", "first": LOOKED_AT, "reverse": True},
            optional=[prefix + path for part in self.parts for path in part.paths],
        )
        refused = {part.name for error in answer.errors if (part := self._part_of(error.get("path") or ()))}
        rows = answer.data[self.root]["nodes"]
        shown = {part.name for part in self.parts for path in part.paths if _has_value(rows, path.split("."))}
        return Looked(frozenset(shown - refused), frozenset(refused))

    def _part_of(self, steps: Iterable[str | int]) -> Part | None:
        named = set(steps)
        return next((part for part in self.parts if named.intersection(part.fields)), None)


def _has_value(value: Any, steps: list[str]) -> bool:
    """Is there anything at the end of those steps, in any row?"""
    if isinstance(value, list):
        return any(_has_value(each, steps) for each in value)
    if not steps or value is None:
        return value is not None
    return _has_value(value.get(steps[0]), steps[1:])
