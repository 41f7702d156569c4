"""GraphQL documents as they lie beside the modules."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_OPERATION = re.compile(r"^\s*(?:query|mutation)\s+(\w+)", re.MULTILINE)
_SINCE = re.compile(r"^.*# since (\d{4}-\d{2})\s*$\n?", re.MULTILINE)


@cache
def document(name: str, package: str = "service.shopify") -> str:
    """The text of `<name>.graphql` in a package."""
    return files(package).joinpath(f"{name}.graphql").read_text(encoding="utf-8")


def known_to(text: str, api_version: str) -> str:
    """The text without the lines marked `# since` a later version."""
    return _SINCE.sub(lambda line: line[0] if line[1] <= api_version else "", text)


def operation_name(text: str) -> str | None:
    """The name of a document's first operation; None when it has none."""
    found = _OPERATION.search(text)
    return found.group(1) if found else None
