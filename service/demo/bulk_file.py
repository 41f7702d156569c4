"""The lines of a bulk operation's JSONL file, in batches of bytes.

A record of a nested connection is a line of its own with `__parentId`. Grouped, children follow their parent at once;
otherwise they only come later than it: whole levels of a batch at a time, dealt out so that siblings are apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from service.demo.bulk_rules import nodes
from service.demo.plan import Field
from service.demo.projection import Project
from service.demo.records import TYPE_OF, Getter
from service.demo.text_projection import TextProjector

BATCH = 100  # root records between two looks at the lock
WINDOW = ("first", "last", "after", "before")  # ignored in a bulk query
DEALT = 3


class Rows(NamedTuple):
    """How a record becomes a line, and where the records below it are."""

    project: Project  # to JSON text
    own_id: Getter
    children: list[tuple[Getter, Callable[[Any], Rows]]]


class Batch(NamedTuple):
    lines: list[str]
    roots: int

    def as_bytes(self) -> bytes:
        return "".join(f"{line}\n" for line in self.lines).encode()


def root_rows(projector: TextProjector, root: Field) -> Callable[[Any], Rows]:
    if root.is_connection:
        return _connection_rows(projector, root)
    rows = _rows(projector, root.type_name, root.below[root.type_name])
    return lambda _record: rows


def without_window(field: Field) -> dict[str, Any]:
    return {name: value for name, value in field.args.items() if name not in WINDOW}


def _connection_rows(projector: TextProjector, connection: Field) -> Callable[[Any], Rows]:
    by_type: dict[str, list[Field]] = {}
    for node in nodes(connection):
        for name, below in node.below.items():
            by_type.setdefault(name, []).extend(below)
    rows = {name: _rows(projector, name, below) for name, below in by_type.items()}
    if len(rows) == 1:
        (only,) = rows.values()
        return lambda _record: only
    type_of = TYPE_OF[next(nodes(connection)).type_name]
    return lambda record: rows[type_of(record)]


def _rows(projector: TextProjector, type_name: str, selected: list[Field]) -> Rows:
    plain = [field for field in selected if not field.is_connection]
    nested = [field for field in selected if field.is_connection]
    children = [(_all(projector, field), _connection_rows(projector, field)) for field in nested]
    return Rows(projector.fields(plain, ()), projector.table[type_name]["id"], children)


def _all(projector: TextProjector, field: Field) -> Getter:
    read, args = projector.table[field.parent][field.name], without_window(field)
    return lambda record: read(record, **args).items


def batches(rows_of: Callable[[Any], Rows], roots: Sequence[Any], group: bool) -> Iterator[Batch]:
    """The file, some root records at a time; deterministic for the same records."""
    for start in range(0, len(roots), BATCH):
        part = roots[start : start + BATCH]
        if group:
            yield Batch([line for root in part for line in _grouped(rows_of(root), root, None)], len(part))
        else:
            yield Batch(_scattered(rows_of, part), len(part))


def _line(rows: Rows, record: Any, parent_id: str | None) -> str:
    text: str = rows.project(record)
    if parent_id is not None:
        text = f'{text[:-1]},"__parentId":"{parent_id}"}}'
    return text.replace("/", "\\/")


def _grouped(rows: Rows, record: Any, parent_id: str | None) -> Iterator[str]:
    yield _line(rows, record, parent_id)
    for read, rows_of in rows.children:
        own_id = rows.own_id(record)
        for child in read(record):
            yield from _grouped(rows_of(child), child, own_id)


def _scattered(rows_of: Callable[[Any], Rows], roots: Sequence[Any]) -> list[str]:
    lines: list[str] = []
    level: list[tuple[Rows, Any, str | None]] = [(rows_of(root), root, None) for root in roots]
    while level:
        below: list[tuple[Rows, Any, str | None]] = []
        for rows, record, parent_id in level:
            lines.append(_line(rows, record, parent_id))
            for read, child_rows in rows.children:
                own_id = rows.own_id(record)
                below += [(child_rows(child), child, own_id) for child in read(record)]
        level = [each for hand in range(DEALT) for each in below[hand::DEALT]]
    return lines
