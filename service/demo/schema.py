"""Shopify's schema at one API version, and documents checked against it in Shopify's words for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    build_schema,
    parse,
    validate,
)

VERSIONS = ("2025-10", "2026-01", "2026-04", "2026-07", "2026-10")
SINCE = {
    "2026-01": ("QueryRoot.bulkOperation", "QueryRoot.bulkOperations", "Refund.processedAt"),
    "2026-07": (
        "Order.attribution",
        "Order.cartToken",
        "Order.checkoutToken",
        "ShopifyqlTableDataColumn.columnOrigin",
    ),
    "2026-10": ("ShopifyqlQueryResponse.parseWarnings",),
}
Json = dict[str, Any]


class Checked(NamedTuple):
    document: DocumentNode | None
    errors: list[Json]


@cache
def schema(version: str) -> GraphQLSchema:
    """The schema of `version`: the SDL file without what came later."""
    sdl = files(__package__).joinpath("schema.graphql").read_text("utf-8")
    if version < "2026-01":  # since then, false
        sdl = sdl.replace("groupObjects: Boolean! = false", "groupObjects: Boolean! = true")
    built = build_schema(sdl)
    for since, names in SINCE.items():
        for name in names if version < since else ():
            type_name, field = name.split(".")
            del _object(built, type_name).fields[field]
    return built


def _object(built: GraphQLSchema, name: str) -> GraphQLObjectType:
    found = built.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def served(asked: str, supported: tuple[str, ...]) -> str | None:
    """The version that answers: Shopify falls forward from a retired one to the oldest it still supports."""
    if asked in supported:
        return asked
    is_retired = re.fullmatch(r"20\d\d-(01|04|07|10)", asked) and asked < supported[0]
    return supported[0] if is_retired else None


@lru_cache(maxsize=512)
def checked(version: str, text: str) -> Checked:
    """The parsed document, or what Shopify would answer about it."""
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return Checked(None, [_syntax_error(error)])
    return Checked(document, [_shopify_error(error) for error in validate(schema(version), document)])


def _syntax_error(error: GraphQLSyntaxError) -> Json:
    if not error.source or not error.source.body.strip():
        return {"message": "syntax error, unexpected end of file"}
    line, column = error.locations[0] if error.locations else (1, 1)
    what = error.message.removeprefix("Syntax Error: ").rstrip(".")
    message = f"syntax error, {what[:1].lower()}{what[1:]} at [{line}, {column}]"
    return {"message": message, "locations": [{"line": line, "column": column}]}


def _shopify_error(error: GraphQLError) -> Json:
    locations = [{"line": line, "column": column} for line, column in error.locations or ()]
    for pattern, words in _WORDS:
        if match := re.match(pattern, error.message):
            message, extensions = words(*match.groups())
            return {"message": message, "locations": locations, "extensions": extensions}
    return {"message": error.message, "locations": locations}


def _undefined_field(field: str, owner: str) -> tuple[str, Json]:
    extensions = {"code": "undefinedField", "typeName": owner, "fieldName": field}
    return f"Field '{field}' doesn't exist on type '{owner}'", extensions


def _unknown_argument(argument: str, field: str) -> tuple[str, Json]:
    extensions = {"code": "argumentNotAccepted", "name": field, "typeName": "Field", "argumentName": argument}
    return f"Field '{field}' doesn't accept argument '{argument}'", extensions


def _missing_argument(field: str, argument: str) -> tuple[str, Json]:
    extensions = {"code": "missingRequiredArguments", "className": "Field", "name": field, "arguments": argument}
    return f"Field '{field}' is missing required arguments: {argument}", extensions


def _no_selection(field: str, returns: str) -> tuple[str, Json]:
    bare = returns.strip("![]")
    hint = f"field '{field}' returns {bare} but has no selections. Did you mean '{field} {{ ... }}'?"
    extensions = {"code": "selectionMismatch", "nodeName": f"field '{field}'", "typeName": bare}
    return f"Field must have selections ({hint})", extensions


def _unused_variable(variable: str, operation: str | None) -> tuple[str, Json]:
    extensions = {"code": "variableNotUsed", "variableName": variable}
    return f"Variable ${variable} is declared by {operation or 'anonymous query'} but not used", extensions


_WORDS: tuple[tuple[str, Callable[..., tuple[str, Json]]], ...] = (
    (r"Cannot query field '(\w+)' on type '(\w+)'", _undefined_field),
    (r"Unknown argument '(\w+)' on field '\w+\.(\w+)'", _unknown_argument),
    (r"Argument '\w+\.(\w+)\((\w+):\)' of type .* is required", _missing_argument),
    (r"Field '(\w+)' of type '(.+)' must have a selection of subfields", _no_selection),
    (r"Variable '\$(\w+)' is never used(?: in operation '(\w+)')?", _unused_variable),
)
