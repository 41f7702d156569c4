"""The operations of a `.graphql` file, each as one self-contained text for one API version.

Fragments are written into the operation where they are spread, because a bulk operation takes a single query and its
rules are checked on what it selects.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_SINCE = re.compile(r"^.*# since (\d{4}-\d{2})\s*$\n?", re.MULTILINE)
_OPTIONAL = re.compile(r"^.*# optional: ([\w.]+)\s*$\n?", re.MULTILINE)
_DEFINITION = re.compile(r"^(?:query|fragment) (\w+)", re.MULTILINE)
_SPREAD = re.compile(r"\.\.\.(\w+)")
_COMMENT = re.compile(r"^\s*#.*\n|\s+#.*$", re.MULTILINE)


@cache
def operation(file: str, name: str, api_version: str, without: frozenset[str] = frozenset()) -> str:
    """The text of operation `name` in `service/connectors/<file>`: the fields `api_version` knows, less some parts."""
    text = (files(__package__) / file).read_text()
    text = _SINCE.sub(lambda m: m[0] if m[1] <= api_version else "", text)
    text = _OPTIONAL.sub(lambda m: "" if m[1] in without else m[0], text)
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
