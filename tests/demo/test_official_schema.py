"""The demo store's schema says nothing that Shopify's official schema of the same version does not say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import introspection_from_schema

from service.demo.schema import SINCE, VERSIONS, schema
from tests.official_schema import introspection


def described(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in answer["__schema"]["types"]}


def spelled(kind: dict[str, Any]) -> str:
    """A type reference as the schema language writes it: `[Order!]!`"""
    if kind["kind"] == "NON_NULL":
        return f"{spelled(kind['ofType'])}!"
    return f"[{spelled(kind['ofType'])}]" if kind["kind"] == "LIST" else str(kind["name"])


def ours(version: str) -> dict[str, dict[str, Any]]:
    """The types that a document for that version can reach; what only later fields lead to stays out."""
    answer: Any = introspection_from_schema(schema(version), descriptions=False)
    types, found, waiting = described(answer), {}, ["QueryRoot", "Mutation"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = types[name]
            waiting += mentioned(types[name])
    return found


def mentioned(kind: dict[str, Any]) -> Iterator[str]:
    for field in kind["fields"] or ():
        yield from (spelled(each["type"]).strip("[]!") for each in (field, *field["args"]))
    yield from (each["name"] for each in kind["possibleTypes"] or ())


def disagreements(mine: dict[str, Any], official: dict[str, Any]) -> Iterator[str]:
    """What a type of ours claims and the official one of that name does not have."""
    name = mine["name"]
    if mine["kind"] != official["kind"]:
        yield f"{name} is {official['kind']}"
    theirs = {field["name"]: field for field in official["fields"] or ()}
    for field in mine["fields"] or ():
        yield from field_disagreements(f"{name}.{field['name']}", field, theirs.get(field["name"]))
    for part in ("interfaces", "possibleTypes", "enumValues"):
        known = {each["name"] for each in official[part] or ()}
        yield from (f"{name}: {each['name']}" for each in mine[part] or () if each["name"] not in known)


def field_disagreements(where: str, mine: dict[str, Any], official: dict[str, Any] | None) -> Iterator[str]:
    if official is None:
        yield f"{where} does not exist"
        return
    if spelled(mine["type"]) != spelled(official["type"]):
        yield f"{where} is {spelled(official['type'])}"
    if mine["isDeprecated"] != official["isDeprecated"]:
        yield f"{where} deprecated: {official['isDeprecated']}"
    theirs = {arg["name"]: (spelled(arg["type"]), arg["defaultValue"]) for arg in official["args"]}
    for arg in mine["args"]:
        if theirs.get(arg["name"]) != (spelled(arg["type"]), arg["defaultValue"]):
            yield f"{where}({arg['name']}) is {theirs.get(arg['name'])}"
    required = {arg["name"] for arg in official["args"] if arg["type"]["kind"] == "NON_NULL"}
    left_out = required - {arg["name"] for arg in mine["args"]}
    yield from (f"{where} needs {name}" for name in left_out)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_field_argument_and_value_is_official(version: str) -> None:
    official, mine = described(introspection(version)), ours(version)
    assert set(mine) <= set(official)
    assert [line for name in mine for line in disagreements(mine[name], official[name])] == []


def test_what_came_later_really_came_with_that_version() -> None:
    for since, fields in SINCE.items():
        before = described(introspection(VERSIONS[VERSIONS.index(since) - 1]))
        for field in fields:
            type_name, name = field.split(".")
            assert name not in {each["name"] for each in before[type_name]["fields"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_roots_have_their_official_names(version: str) -> None:
    official = introspection(version)["__schema"]
    built = schema(version)
    assert built.query_type is not None
    assert built.mutation_type is not None
    assert built.query_type.name == official["queryType"]["name"]
    assert built.mutation_type.name == official["mutationType"]["name"]
