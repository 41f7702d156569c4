"""Is a metric's answer a sum over its rows? Then it changes by the sums over the rows that changed.

What is not plainly so is taken for not so, and is only slower.
"""

from __future__ import annotations

import re

_OUTER = re.compile(r"select\s+metric_date,(?P<columns>.*?)\bfrom\b(?P<rows>.*)\bgroup by metric_date", re.DOTALL)
_TELLS_ROWS_APART = re.compile(
    r"\b(distinct|over|join|having|limit|offset|except|intersect|exists|order|min|max|avg)\b"
    r"|\bunion\b(?! all)|\bin\s*\(\s*select\b"
)
_COLUMN = re.compile(r"(sum|count)\s*(?P<what>\(.*)\sas\s+\w+", re.DOTALL)
_FILTER = re.compile(r"\s*(filter\s*(?P<condition>\(.*))?", re.DOTALL)


def is_sum_over_rows(text: str) -> bool:
    """Is each column a `sum(…)` or `count(…)` of rows looked at one by one?"""
    code = re.sub(r"--.*", "", text).strip()
    outer = _OUTER.fullmatch(code)
    if outer is None or _TELLS_ROWS_APART.search(code):
        return False
    inner = outer["rows"]
    if re.search(r"\b(sum|count)\s*\(|\bgroup by\b", inner):
        return False
    return all(_is_aggregate(column) for column in _columns(outer["columns"]))


def _columns(text: str) -> list[str]:
    """The parts between the commas that stand in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _is_aggregate(column: str) -> bool:
    found = _COLUMN.fullmatch(column)
    if found is None:
        return False
    rest = _FILTER.fullmatch(_after_brackets(found["what"]))
    if rest is None:
        return False
    within = found["what"][: len(found["what"]) - len(_after_brackets(found["what"]))]
    is_plain = not re.search(r"\b(sum|count)\s*\(", within)
    return is_plain and (rest["condition"] is None or not _after_brackets(rest["condition"]).strip())


def _after_brackets(text: str) -> str:
    """What follows the brackets a text begins with."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[place + 1 :]
    return ""
