"""One table of an OKR file, read key by key: values come out, complaints are collected with their place.

The keys that were asked for are the keys that are known; `close` complains about the others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

from service.errors import Problem

T = TypeVar("T")


@dataclass(slots=True)
class Fields:
    """A table at a dotted place of a file."""

    file: str
    place: str  # "" at the top
    table: Mapping[str, Any]
    problems: list[Problem]  # shared by all tables of the file
    asked: set[str] = field(default_factory=set)

    def at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def complain(self, name: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, self.at(name) if name else self.place, message, hint))

    def value(self, name: str) -> Any:
        """What is written under a key; None when nothing is."""
        self.asked.add(name)
        return self.table.get(name)

    def parsed(self, name: str, parse: Callable[[Any], T], example: str) -> T | None:
        """What `parse` makes of a value; its ValueError becomes a complaint."""
        raw = self.value(name)
        if raw is None:
            return None
        try:
            return parse(raw)
        except ValueError as error:
            self.complain(name, str(error), f"for example {example}")
            return None

    def required(self, name: str, parse: Callable[[Any], T], example: str) -> T:
        """As `parsed`; a missing key is a complaint too.

        After a complaint it returns None all the same: the file is refused and nobody sees what became of it.
        """
        if self.value(name) is None:
            self.complain(name, "is missing", f"for example {example}")
        return cast(T, self.parsed(name, parse, example))

    def tables(self, name: str, example: str) -> list[Fields]:
        """The tables of an array of tables, each with its place."""
        raw = self.value(name) or []
        if not isinstance(raw, list) or not all(isinstance(table, dict) for table in raw):
            self.complain(name, "is not an array of tables", f"begin each with {example}")
            return []
        places = [f"{self.at(name)}[{n}]" for n in range(len(raw))]
        return [Fields(self.file, place, table, self.problems) for place, table in zip(places, raw, strict=True)]

    def one_table(self, name: str, example: str) -> Fields | None:
        """The table under a key; None when there is none."""
        raw = self.value(name)
        if raw is None:
            return None
        if not isinstance(raw, dict):
            self.complain(name, "is not a table", f"begin it with {example}")
            return None
        return Fields(self.file, self.at(name), raw, self.problems)

    def close(self) -> None:
        """Complains about keys nobody asked for."""
        for name in self.table:
            if name not in self.asked:
                self.complain(name, "unknown key", suggestion(name, self.asked))


def suggestion(name: str, known: Iterable[str]) -> str:
    """The nearest known name, if one is near, and all of them."""
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1)
    return (f"did you mean {nearest[0]}? " if nearest else "") + f"known: {', '.join(names)}"


def shown(raw: object) -> str:
    """A value as TOML writes it, near enough."""
    if isinstance(raw, str):
        return f'"{raw}"'
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def text(raw: object) -> str:
    """A text that is not empty."""
    if isinstance(raw, str) and raw.strip():
        return raw.strip()
    raise ValueError("is empty" if isinstance(raw, str) else f"{shown(raw)} is not a text")


def yes_or_no(raw: object) -> bool:
    """true or false."""
    if isinstance(raw, bool):
        return raw
    raise ValueError(f"{shown(raw)} is neither true nor false")


def identifier(raw: object) -> str:
    """A short name for machines, kept for as long as there is history."""
    if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", raw):
        raise ValueError(f"{shown(raw)} is not an id: letters, digits, - and _ only")
    return raw


def one_of(*choices: str) -> Callable[[object], str]:
    """A parser that accepts these words."""

    def parse(raw: object) -> str:
        if raw not in choices:
            raise ValueError(f"{shown(raw)} is not one of {', '.join(choices)}")
        return str(raw)

    return parse


def day(raw: object) -> date:
    """A calendar day."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    raise ValueError(f"{shown(raw)} is not a day: write it without quotes and without a time")


def number(raw: object) -> Decimal:
    """A number from 0 up."""
    if isinstance(raw, bool) or not isinstance(raw, Decimal | int) or not Decimal(raw).is_finite() or raw < 0:
        raise ValueError(f"{shown(raw)} is not a number from 0 up")
    return Decimal(raw)


def share(raw: object) -> Decimal:
    """A number from 0 to 1."""
    found = number(raw)
    if found > 1:
        raise ValueError(f"{shown(raw)} is not a share from 0 to 1")
    return found
