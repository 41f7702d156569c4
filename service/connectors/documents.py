"""What is asked of Shopify, as it lies beside the modules that ask: GraphQL operations and ShopifyQL queries.

An operation of a `.graphql` file comes as one self-contained text for one API version.
Fragments are written into the operation where they are spread, because a bulk operation takes a single query and its
rules are checked on what it selects.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from service.shopify.documents import known_to

_OPTIONAL = re.compile(r"^.*# optional: ([\w.]+)\s*$\n?", re.MULTILINE)
_DEFINITION = re.compile(r"^(?:query|fragment) (\w+)", re.MULTILINE)
_SPREAD = re.compile(r"\.\.\.(\w+)")
_QUERY = re.compile(r"^# query: (\w+)$", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z][\w+/-]*")  # a time zone or a column: nothing that could end a quoted text
_COMMENT = re.compile(r"^\s*#.*\n|\s+#.*$", re.MULTILINE)


@cache
def operation(file: str, name: str, api_version: str, without: frozenset[str] = frozenset()) -> str:
    """The text of operation `name` in `service/connectors/<file>`: the fields `api_version` knows, less some parts."""
    text = (files(__package__) / file).read_text()
    text = _OPTIONAL.sub(lambda m: "" if m[1] in without else m[0], known_to(text, api_version))
    text = _COMMENT.sub("", text)
    starts = [*_DEFINITION.finditer(text)]
    ends = [*(m.start() for m in starts[1:]), len(text)]
    definitions = {m[1]: text[m.start() : end].strip() for m, end in zip(starts, ends, strict=True)}
    return _spread(definitions[name], definitions)


def _spread(text: str, definitions: dict[str, str]) -> str:
    def body(match: re.Match[str]) -> str:
        fragment = definitions[match[1]]
        return _spread(fragment[fragment.index("{") + 1 : fragment.rindex("}")].strip(), definitions)

    return _SPREAD.sub(body, text)


def shopifyql(file: str | Traversable, name: str, **values: date | int | str) -> str:
    """The query below the line `# query: <name>` of a `.shopifyql` file, its `{places}` filled."""
    source = files(__package__) / file if isinstance(file, str) else file
    for place, value in values.items():
        if isinstance(value, str) and not _PLAIN.fullmatch(value):
            raise ValueError(f"{place}: {value!r} has no place in a query")
    return _queries(source.read_text(encoding="utf-8"))[name].format(**values)


@cache
def _queries(text: str) -> dict[str, str]:
    starts = [*_QUERY.finditer(text)]
    ends = [*(m.start() for m in starts[1:]), len(text)]
    return {m[1]: _COMMENT.sub("", text[m.end() : end]).strip() for m, end in zip(starts, ends, strict=True)}
