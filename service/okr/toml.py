"""OKR files written: tables as Python has them become TOML that people review, with remarks beside and above."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remarked:
    """A value with what a reader should know: `beside` it on its line, or on lines of their own `above`."""

    value: Any
    beside: str = ""
    above: tuple[str, ...] = ()


def write(table: Table) -> str:
    """The whole file; arrays of tables come after plain values, nested ones indented."""
    return "\n".join(_lines(table, "", "")).strip() + "\n"


def _lines(table: Table, path: str, indent: str) -> Iterator[str]:
    plain = {key: each for key, each in table.items() if not _is_tables(_bare(each))}
    width = max((len(_key(key)) for key in plain), default=0)
    for key, each in plain.items():
        yield from _entry(_key(key).ljust(width), each, indent)
    for key, each in table.items():
        if not _is_tables(_bare(each)):
            continue
        place = f"{path}.{_key(key)}" if path else _key(key)
        inner = indent + "  " if path else indent
        for inside in _bare(each):
            yield ""
            yield from _comments(inside.above if isinstance(inside, Remarked) else (), inner)
            yield f"{inner}[[{place}]]"
            yield from _lines(_bare(inside), place, inner)


def _entry(key: str, each: Any, indent: str) -> Iterator[str]:
    remarked = each if isinstance(each, Remarked) else Remarked(each)
    yield from _comments(remarked.above, indent)
    beside = " ".join(remarked.beside.split())
    yield f"{indent}{key} = {_value(remarked.value)}" + (f"  # {beside}" if beside else "")


def _comments(lines: Sequence[str], indent: str) -> Iterator[str]:
    """Each remark on one line, whatever it was made of."""
    yield from (f"{indent}# {' '.join(line.split())}" for line in lines)


def _bare(each: Any) -> Any:
    return each.value if isinstance(each, Remarked) else each


def _is_tables(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and any(_is_table(_bare(each)) for each in value)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(_bare(each))}" for key, each in value.items()) + " }"
    return "[" + ", ".join(_value(_bare(each)) for each in value) + "]"


def _text(text: str) -> str:
    """A basic string: what TOML does not take as it is, is escaped."""
    special = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return (
        '"'
        + "".join(special.get(sign, sign if sign >= " " and sign != "\x7f" else f"\\u{ord(sign):04x}") for sign in text)
        + '"'
    )
