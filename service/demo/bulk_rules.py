"""What Shopify refuses in a bulk query before it runs.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLNonNull, OperationType, is_list_type

from service.demo.plan import Field, operation, plan
from service.demo.schema import checked, schema

MAX_CONNECTIONS = 5
MAX_NESTING = 2


def bulk_plan(version: str, text: str) -> tuple[Field | None, list[str]]:
    """The one root field of a good bulk query, or the messages of its user errors."""
    document, errors = checked(version, text)
    if document is None or errors:
        return None, [f"Invalid bulk query: {error['message']}" for error in errors]
    chosen = operation(document, None)
    if chosen is None or chosen.operation is not OperationType.QUERY:
        return None, ["Invalid bulk query: only a single query operation is allowed"]
    if chosen.variable_definitions:
        return None, ["Invalid bulk query: variables are not supported"]
    roots = plan(schema(version), document, chosen, None)
    if len(roots) != 1:
        return None, ["Bulk queries must contain exactly one top-level field."]
    messages = list(_complaints(roots[0]))
    return (None, messages) if messages else (roots[0], [])


def _complaints(root: Field) -> Iterator[str]:
    if root.name in ("node", "nodes"):
        yield f"Bulk queries cannot contain a top level `{root.name}` field."
    found = {id(field.node): (field, depth) for field, depth in connections(root)}
    if not found:
        yield "Bulk queries must contain at least one connection."
    if len(found) > MAX_CONNECTIONS:
        yield f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections."
    if any(depth > MAX_NESTING for _, depth in found.values()):
        yield f"Bulk queries cannot contain connections with a nesting depth greater than {MAX_NESTING}."
    if _in_list(root):
        yield "Queries that contain a connection field within a list field are not currently supported."
    yield from _selection_complaints([field for field, _ in found.values()])


def _selection_complaints(found: list[Field]) -> Iterator[str]:
    by_nodes = [field.name for field in found if any(child.name == "nodes" for child in field.inner())]
    if by_nodes:
        yield (
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
            f"'{by_nodes[0]} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: {', '.join(map(repr, by_nodes))}."
        )
    without_id = [field.name for field in found if _has_children(field) and not _has_id(field)]
    if without_id:
        yield (
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must "
            f"be of 'ID' return type. Connection fields without 'id': {', '.join(without_id)}."
        )


def connections(field: Field, depth: int = 0) -> Iterator[tuple[Field, int]]:
    """Each connection at or below `field` with the number of connections around it."""
    if field.is_connection:
        yield field, depth
        depth += 1
    for child in field.inner():
        yield from connections(child, depth)


def nodes(connection: Field) -> Iterator[Field]:
    """The `node` fields below a connection's `edges`."""
    for edges in connection.inner():
        if edges.name == "edges":
            yield from (child for child in edges.inner() if child.name == "node")


def _has_children(connection: Field) -> bool:
    return any(True for node in nodes(connection) for child in node.inner() for _ in connections(child))


def _has_id(connection: Field) -> bool:
    return all(
        any(child.key == child.name == "id" for child in below)
        for node in nodes(connection)
        for below in node.below.values()
    )


def _in_list(field: Field, is_inside: bool = False) -> bool:
    """Whether a connection sits in a list that is not a connection's own `edges`."""
    if field.is_connection:
        return is_inside or any(_in_list(child) for node in nodes(field) for child in node.inner())
    returns = field.returns.of_type if isinstance(field.returns, GraphQLNonNull) else field.returns
    is_inside = is_inside or is_list_type(returns)
    return any(_in_list(child, is_inside) for child in field.inner())
