"""Plain values as YAML: mappings and lists in blocks, every text in double quotes, which YAML takes from JSON.

Source: https://yaml.org/spec/1.2.2/#flow-scalar-styles
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def dump(value: Mapping[str, Any], head: str) -> str:
    """The page: what it is, as a comment, then the value."""
    return "".join(f"# {line}\n" for line in head.splitlines()) + "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    pairs = value.items() if isinstance(value, Mapping) else (("-", each) for each in value)
    for name, inner in pairs:
        mark = "-" if name == "-" else f"{name}:"
        if not isinstance(inner, Mapping | list | tuple) or not inner:
            yield f"{mark} {json.dumps(inner, ensure_ascii=False)}"
        elif mark == "-" and isinstance(inner, Mapping):
            first, *rest = _lines(inner)
            yield from (f"- {first}", *(f"  {line}" for line in rest))
        else:
            yield mark
            yield from (f"  {line}" for line in _lines(inner))
