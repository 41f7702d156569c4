"""A checked document as a tree of the fields it selects, by concrete type: what cost, bulk rules and answers read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableValues,
    get_argument_values,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

TYPENAME = "__typename"


@dataclass(slots=True)
class Field:
    """A selected field: `key` in the answer, `below` its own fields for each type its value may have."""

    key: str
    name: str
    parent: str
    args: dict[str, Any]
    returns: GraphQLOutputType | None  # None: __typename
    type_name: str
    node: FieldNode
    deprecated: str | None = None
    below: dict[str, list[Field]] = field(default_factory=dict)

    @property
    def is_connection(self) -> bool:
        return self.type_name.endswith("Connection")

    def inner(self) -> Iterator[Field]:
        """Each field directly below, whatever the type; one selected for several types comes several times."""
        for fields in self.below.values():
            yield from fields

    def walk(self) -> Iterator[Field]:
        yield self
        for child in self.inner():
            yield from child.walk()


def operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The operation to run: the named one, or the only one."""
    found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name:
        found = [each for each in found if each.name and each.name.value == name]
    return found[0] if len(found) == 1 else None


def plan(
    schema: GraphQLSchema, document: DocumentNode, chosen: OperationDefinitionNode, variables: VariableValues | None
) -> list[Field]:
    """The root fields of the chosen operation."""
    root = schema.get_root_type(chosen.operation)
    assert root is not None
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return _Planner(schema, fragments, variables).fields(root, [chosen.selection_set])


@dataclass(frozen=True, slots=True)
class _Planner:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues | None

    def fields(self, owner: GraphQLObjectType, sets: list[SelectionSetNode]) -> list[Field]:
        grouped: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            self._collect(owner, selection_set, grouped)
        return [self._field(owner, key, nodes) for key, nodes in grouped.items()]

    def _collect(
        self, owner: GraphQLObjectType, selections: SelectionSetNode, into: dict[str, list[FieldNode]]
    ) -> None:
        for node in selections.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                into.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                if self._applies(owner, fragment.type_condition.name.value):
                    self._collect(owner, fragment.selection_set, into)
            elif isinstance(node, InlineFragmentNode) and self._is_meant(owner, node):
                self._collect(owner, node.selection_set, into)

    def _is_included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _is_meant(self, owner: GraphQLObjectType, node: InlineFragmentNode) -> bool:
        return node.type_condition is None or self._applies(owner, node.type_condition.name.value)

    def _applies(self, owner: GraphQLObjectType, condition: str) -> bool:
        wanted = self.schema.type_map[condition]
        return wanted is owner or (is_abstract_type(wanted) and self.schema.is_sub_type(wanted, owner))

    def _field(self, owner: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Field:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Field(key, name, owner.name, {}, None, "String", nodes[0])
        definition = self.schema.get_field(owner, name)
        assert definition is not None
        args = get_argument_values(definition, nodes[0], self.variables)
        named = get_named_type(definition.type)
        why = definition.deprecation_reason
        made = Field(key, name, owner.name, args, definition.type, named.name, nodes[0], why)
        sets = [node.selection_set for node in nodes if node.selection_set]
        for possible in self._possible(named):
            made.below[possible.name] = self.fields(possible, sets)
        return made

    def _possible(self, named: GraphQLNamedType) -> list[GraphQLObjectType]:
        if not is_composite_type(named):
            return []
        if isinstance(named, GraphQLObjectType):
            return [named]
        assert isinstance(named, GraphQLAbstractType)
        return list(self.schema.get_possible_types(named))
