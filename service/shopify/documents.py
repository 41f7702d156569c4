"""GraphQL documents as they lie beside the modules."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_OPERATION = re.compile(r"^\s*(?:query|mutation)\s+(\w+)", re.MULTILINE)


@cache
def document(name: str, package: str = "service.shopify") -> str:
    """The text of `<name>.graphql` in a package."""
    return files(package).joinpath(f"{name}.graphql").read_text(encoding="utf-8")


def operation_name(text: str) -> str | None:
    """The name of a document's first operation; None when it has none."""
    found = _OPERATION.search(text)
    return found.group(1) if found else None
