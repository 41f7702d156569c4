"""One GraphQL request in, Shopify's answer out: a status, a body and the headers worth reading."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from graphql import (
    DocumentNode,
    GraphQLNonNull,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    VariableValues,
    execute_sync,
)
from graphql.execution.values import get_variable_values

from service.demo.cost import actual_cost, asked_size, requested_cost
from service.demo.pages import INVALID_CURSOR, BadRequest
from service.demo.plan import Field, operation, plan
from service.demo.projection import Projector
from service.demo.records import TYPE_OF
from service.demo.roots import InvalidId
from service.demo.schema import checked, schema
from service.demo.shop import Shop
from service.demo.shopifyql import Refused

LARGEST_PAGE = 250
DOCUMENTATION = "https://shopify.dev/api/usage/rate-limits"
Json = dict[str, Any]


class Asked(NamedTuple):
    """A request body that makes sense so far."""

    document: DocumentNode
    chosen: OperationDefinitionNode
    roots: list[Field]
    variables: VariableValues


class Reply(NamedTuple):
    body: Json
    status: int = 200
    headers: Mapping[str, str] = {}
    fields: tuple[str, ...] = ()  # the root fields, for the store's log
    name: str | None = None  # the operation's


class Answer(Exception):
    """The answer is known before anything ran."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


def answer(shop: Shop, version: str, body: bytes, is_throttled: bool = False, is_debugged: bool = False) -> Reply:
    """What Shopify would say; even a bug of ours is an answer of its kind."""
    try:
        asked = _asked(version, body)
        cost = _affordable(shop, asked, is_throttled)
        with shop.lock:
            reply, projector = _run(shop, version, asked, is_debugged)
    except Answer as known:
        return known.reply
    except Exception:
        traceback.print_exc()
        return internal_error()
    actual = actual_cost(asked.roots, projector.sizes)
    shop.bucket.give_back(cost - actual)
    extensions = {"cost": _cost(shop, cost, actual), **reply.pop("extensions", {})}
    return Reply({**reply, "extensions": extensions}, headers=_headers(asked), **_names(asked))


def internal_error() -> Reply:
    request_id = str(uuid4())
    message = (
        "Internal error. Looks like something went wrong on our end.\n"
        f"Request ID: {request_id} (include this in support requests)."
    )
    error = {"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}}
    return Reply({"errors": [error]})


def cursor_refused() -> Reply:
    """Shopify's word for a page cursor it no longer understands."""
    error = {"message": INVALID_CURSOR, "extensions": {"code": "BAD_REQUEST"}}
    return Reply({"data": None, "errors": [error]})


def _names(asked: Asked) -> dict[str, Any]:
    name = asked.chosen.name.value if asked.chosen.name else None
    return {"fields": tuple(field.name for field in asked.roots), "name": name}


def _headers(asked: Asked) -> dict[str, str]:
    reasons = {field.deprecated for root in asked.roots for field in root.walk() if field.deprecated}
    return {"X-Shopify-API-Deprecated-Reason": " ".join(sorted(reasons))} if reasons else {}


def _asked(version: str, body: bytes) -> Asked:
    payload = _payload(body)
    document, errors = checked(version, payload["query"])
    if document is None or errors:
        raise Answer(Reply({"errors": errors}))
    chosen = operation(document, payload.get("operationName"))
    if chosen is None:
        raise Answer(Reply({"errors": [{"message": "An operation name is required"}]}))
    found = get_variable_values(schema(version), chosen.variable_definitions or (), payload.get("variables") or {})
    if not isinstance(found, VariableValues):
        raise Answer(Reply({"errors": [_invalid_variable(error.message) for error in found]}))
    return Asked(document, chosen, plan(schema(version), document, chosen, found), found)


def _payload(body: bytes) -> Json:
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        raise Answer(Reply({"errors": {"query": "Required parameter missing or invalid"}}, status=400))
    return payload


def _invalid_variable(message: str) -> Json:
    return {"message": message, "extensions": {"code": "INVALID_VARIABLE"}}


def _affordable(shop: Shop, asked: Asked, is_throttled: bool) -> int:
    """The points taken for the request, if its sizes and its cost allow it to run."""
    for root in asked.roots:
        for field in root.walk():
            if field.is_connection and (complaint := _size_complaint(field)):
                errors = [_error(complaint, field, [root.key], "BAD_REQUEST")]
                raise Answer(Reply({"errors": errors, "data": None}, **_names(asked)))
    cost = requested_cost(asked.roots)
    if cost > shop.max_query_cost:
        raise Answer(Reply({"errors": [_too_dear(cost, shop.max_query_cost)]}, **_names(asked)))
    if is_throttled or not shop.bucket.take(cost):
        raise Answer(Reply(_throttled(shop, cost, is_throttled), **_names(asked)))
    return cost


def _size_complaint(field: Field) -> str | None:
    sizes = [name for name in ("first", "last") if field.args.get(name) is not None]
    if not sizes:
        return "you must provide one of first or last"
    if len(sizes) == 2:
        return "providing both first and last is not supported"
    if asked_size(field) > LARGEST_PAGE:
        return f"{sizes[0]} cannot exceed {LARGEST_PAGE}"
    return f"{sizes[0]} must be greater than or equal to 0" if asked_size(field) < 0 else None


def _too_dear(cost: int, most: int) -> Json:
    message = (
        f"Query cost is {cost}, which exceeds the single query max cost limit ({most}).\n\n"
        f"See {DOCUMENTATION} for more information on how the\ncost of a query is calculated.\n\n"
        "To query larger amounts of data with fewer limits, bulk operations should be used instead.\n"
        "See https://shopify.dev/api/usage/bulk-operations/queries for usage details.\n"
    )
    extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": most, "documentation": DOCUMENTATION}
    return {"message": message, "extensions": extensions}


def _throttled(shop: Shop, cost: int, is_ordered: bool) -> Json:
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": DOCUMENTATION}}
    shown = _cost(shop, cost, None)
    if is_ordered:  # one point short, so that a patient client is served soon
        shown["throttleStatus"]["currentlyAvailable"] = cost - 1
    return {"errors": [error], "extensions": {"cost": shown}}


def _cost(shop: Shop, requested: int, actual: int | None) -> Json:
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": shop.bucket.status(),
    }


def _run(shop: Shop, version: str, asked: Asked, is_debugged: bool) -> tuple[Json, Projector]:
    projector = Projector(shop.table, frozenset(shop.scopes), frozenset(shop.unapproved))
    request = shop.request(version)
    request.is_search_shown = is_debugged
    if any(field.name in ("__schema", "__type") for field in asked.roots):
        return _introspected(shop, version, asked), projector
    data: Json | None = {}
    for root in asked.roots:
        request.key = root.key
        value = _root_value(projector, request, root)
        if data is not None:
            data[root.key] = value
        if value is None and isinstance(root.returns, GraphQLNonNull):
            data = None
    reply: Json = {"data": data, "extensions": {}}
    if projector.errors:
        reply["errors"] = projector.errors
    if request.searches:
        reply["extensions"]["search"] = request.searches
    if request.shopifyql_cost:
        reply["extensions"]["shopifyqlCost"] = request.shopifyql_cost
    return reply, projector


def _root_value(projector: Projector, request: Any, root: Field) -> Any:
    try:
        return projector.field(root, (root.key,))(request)
    except BadRequest as refused:
        projector.errors.append(_error(str(refused), root, [root.key], "BAD_REQUEST"))
    except InvalidId as refused:
        message = f"Invalid global id '{refused}'"
        projector.errors.append(_error(message, root, [root.key], "argumentLiteralsIncompatible"))
    except Refused as refused:
        error = _error(str(refused), root, [root.key], "")
        projector.errors.append({**error, "extensions": refused.extensions})
    return None


def _error(message: str, field: Field, path: list[str], code: str) -> Json:
    token = field.node.loc.start_token if field.node.loc else None
    locations = [{"line": token.line, "column": token.column}] if token else []
    return {"message": message, "locations": locations, "extensions": {"code": code}, "path": path}


def _introspected(shop: Shop, version: str, asked: Asked) -> Json:
    """Questions about the schema itself are left to the general executor."""
    result = execute_by_the_book(shop, version, asked.document, asked.variables.coerced, asked.chosen)
    return {"data": result}


def execute_by_the_book(
    shop: Shop, version: str, document: DocumentNode, variables: Json, chosen: OperationDefinitionNode
) -> Json | None:
    """The data as the general GraphQL executor makes it from the same functions, field by field."""

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        return shop.table[info.parent_type.name][info.field_name](source, **args)

    result = execute_sync(
        schema(version),
        document,
        root_value=shop.request(version),
        variable_values=variables,
        operation_name=chosen.name.value if chosen.name else None,
        field_resolver=resolve,
        type_resolver=lambda value, _info, kind: TYPE_OF[kind.name](value),
    )
    for error in result.errors or ():
        raise error
    return result.data
