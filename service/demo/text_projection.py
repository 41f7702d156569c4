"""A plan turned into functions from a record to a line of JSON text, for bulk files.

Each selection becomes one Python expression, an f-string that calls the functions of the fields: half the time of
making dicts and encoding them.
"""

from __future__ import annotations

from collections.abc import Callable
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import Any

from graphql import GraphQLNonNull, is_enum_type, is_list_type

from service.demo.plan import TYPENAME, Field
from service.demo.projection import Project, Projector, is_shop_money
from service.demo.records import TYPE_OF, Bag, Getter

Path = tuple[str | int, ...]
# Always of characters that JSON prints as they are
PLAIN = ("DateTime", "Decimal", "ID", "UnsignedInt64")
WORDS = {None: "null", True: "true", False: "false"}
quote = encode_basestring
encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def text(value: Any) -> str:
    kind = value.__class__
    if kind is str:
        return quote(value)
    if kind is int:
        return str(value)
    return encode(value) if kind is list else WORDS[value]


class TextProjector(Projector):
    """Says the same as its parent, in JSON."""

    nothing = "null"

    def fields(self, selected: list[Field], path: Path) -> Project:
        names: dict[str, Any] = {"quote": quote, "text": text}
        pieces = [
            f'"{field.key}":{self._piece(field, f"_{number}", names, (*path, field.key))}'
            for number, field in enumerate(selected)
        ]
        made: Project = eval(f"lambda r: f'''{{{{{','.join(pieces)}}}}}'''", names)  # noqa: S307 - checked names only
        return made

    def leaf(self, read: Getter) -> Project:
        return lambda record: text(read(record))

    def many(self, each: Project, read: Getter) -> Project:
        return lambda record: f"[{','.join('null' if item is None else each(item) for item in read(record))}]"

    def _piece(self, field: Field, name: str, names: dict[str, Any], path: Path) -> str:
        """The expression of one field's value; what it calls goes into `names`."""
        if field.name == TYPENAME:
            return f'"{field.parent}"'
        if not _is_simple(field) or self.refusal(field):
            names[name] = self.field(field, path)
            return f"{{{name}(r)}}"
        names[name] = self.getter(field)
        if field.below:
            return self._object_piece(field, name, names, path)
        if _is_plain(field):
            return f'"{{{name}(r)}}"'
        return f"{{quote(v) if (v := {name}(r)).__class__ is str else text(v)}}"

    def _object_piece(self, field: Field, name: str, names: dict[str, Any], path: Path) -> str:
        if is_shop_money(field):
            seen, names[f"{name}new"] = self._remembered(field, path)
            names[f"{name}seen"] = seen
            return f"{{{name}seen.get((v := {name}(r))[0]) or {name}new(v)}}"
        names[f"{name}as"] = self.one(field, path)
        if isinstance(field.returns, GraphQLNonNull):
            return f"{{{name}as({name}(r))}}"
        return f'{{"null" if (v := {name}(r)) is None else {name}as(v)}}'

    def _remembered(self, field: Field, path: Path) -> tuple[dict[int, str], Callable[[Bag], str]]:
        project = self.fields(field.below["MoneyBag"], path)
        seen: dict[int, str] = {}

        def new(bag: Bag) -> str:
            made: str = project(bag)
            return seen.setdefault(bag.minor, made)

        return seen, new


def _is_simple(field: Field) -> bool:
    """One value of one type: no list, no page, no value of several types."""
    inner = field.returns.of_type if isinstance(field.returns, GraphQLNonNull) else field.returns
    return not is_list_type(inner) and not field.is_connection and field.type_name not in TYPE_OF


def _is_plain(field: Field) -> bool:
    if not isinstance(field.returns, GraphQLNonNull):
        return False
    return field.type_name in PLAIN or is_enum_type(field.returns.of_type)
