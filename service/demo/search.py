"""Shopify's search syntax: what a filter selects, and what Shopify quietly says about its mistakes.

A term is `[-]field:[comparator]value`; terms side by side must all hold; OR binds tighter than that. A colon ends an
unquoted value, so `updated_at:>=2026-01-01T10:30:00Z` means "since hour 10" and a filter on an unknown field "30".
Unknown fields and unreadable values are left out of the question with a warning, and the rows come back all the same.

Source: https://shopify.dev/docs/api/usage/search-syntax
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")
Test = Callable[[Any], bool]
Range = tuple[int, int]  # half-open
EVERYTHING: Range = (-(1 << 62), 1 << 62)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TOKEN = re.compile(
    r"[\s:]*(?:(?P<bracket>[()])|(?P<word>AND|OR|NOT)(?=[\s(]|$)|(?P<minus>-)?"
    r"(?:(?P<field>[^\s:()'\"]+):(?P<operator>>=|<=|>|<|=)?)?"
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s:()]*))"
)


class Filter(NamedTuple):
    """A searchable field: `read` gives the value(s) a record has."""

    kind: Literal["time", "number", "text"]
    read: Callable[[Any], Any]


class Term(NamedTuple):
    field: str | None
    operator: str
    value: str
    is_quoted: bool
    is_negated: bool


@dataclass(slots=True)
class Search:
    """`ranges` and `tests` must all hold; `parsed` and `warnings` are for `extensions.search`."""

    text: str
    ranges: dict[str, Range] = field(default_factory=dict)
    tests: list[Test] = field(default_factory=list)
    parsed: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)

    def narrow(self, name: str, low: int, high: int) -> None:
        old = self.ranges.get(name, EVERYTHING)
        self.ranges[name] = max(old[0], low), min(old[1], high)

    def found(self, records: Iterable[T], filters: Mapping[str, Filter]) -> list[T]:
        """The records for which all of it holds; for lists too short to need an index."""
        reads = [(filters[name].read, limits) for name, limits in self.ranges.items()]
        inside = [each for each in records if all(low <= read(each) < high for read, (low, high) in reads)]
        return [each for each in inside if all(test(each) for test in self.tests)]


@dataclass(frozen=True, slots=True)
class Grammar:
    """What can be searched, and how a shop reads times; `inclusive` makes `>` and `<` behave like `>=` and `<=`."""

    filters: Mapping[str, Filter]
    timezone: ZoneInfo
    inclusive: bool = False

    def search(self, text: str | None) -> Search:
        found = Search(text or "")
        groups = _groups(iter(list(_tokens(text or ""))))
        for group in groups:
            self._require(found, group)
        return found

    def _require(self, found: Search, group: list[Term | list[Any]]) -> None:
        only = group[0]
        if len(group) == 1 and isinstance(only, Term) and self._as_range(found, only):
            return
        tests = [test for part in group if (test := self._test(found, part)) is not None]
        if len(tests) == 1:
            found.tests.append(tests[0])
        elif tests:
            found.tests.append(lambda record: any(test(record) for test in tests))

    def _as_range(self, found: Search, term: Term) -> bool:
        """Whether the term could be kept as a plain range, which an index can answer."""
        if term.field not in self.filters or term.is_negated or "," in term.value:
            return False
        assert term.field is not None
        if self.filters[term.field].kind == "text":
            return False
        if (limits := self._range(found, term)) is not None:
            found.narrow(term.field, *limits)
        return True

    def _test(self, found: Search, part: Term | list[Any]) -> Test | None:
        if not isinstance(part, Term):
            return self._bracket(found, part)
        test = self._term(found, part)
        return (lambda record: not test(record)) if test and part.is_negated else test

    def _bracket(self, found: Search, groups: list[Any]) -> Test:
        inner = Search("")
        for group in groups:
            self._require(inner, group)
        found.warnings += inner.warnings
        found.parsed += inner.parsed
        reads = [(self.filters[name].read, limits) for name, limits in inner.ranges.items()]
        return lambda record: (
            all(low <= read(record) < high for read, (low, high) in reads) and all(test(record) for test in inner.tests)
        )

    def _term(self, found: Search, term: Term) -> Test | None:
        name = term.field if term.field is not None else "default"
        if name not in self.filters or not term.value:
            if term.field is not None:
                found.parsed.append({"field": name, "match_all": term.value})
                _warn(found, name, "Invalid search field for this query.", "invalid_field")
            return None
        kind, read = self.filters[name]
        if kind == "text":
            return self._text_test(found, term, read)
        limits = [self._range(found, term._replace(value=value)) for value in term.value.split(",")]
        known = [limit for limit in limits if limit is not None]
        return (lambda record: any(low <= read(record) < high for low, high in known)) if known else None

    def _text_test(self, found: Search, term: Term, read: Callable[[Any], Any]) -> Test:
        found.parsed.append({"field": term.field or "default", "match_all": term.value})
        wanted = {term.value.lower()} if term.is_quoted else set(term.value.lower().split(","))
        return lambda record: not wanted.isdisjoint(read(record))

    def _range(self, found: Search, term: Term) -> Range | None:
        assert term.field is not None
        kind = self.filters[term.field].kind
        moment = self._moment(term.value) if kind == "time" else _number(term.value)
        if moment is None:
            _warn(found, term.field, f"Input `{term.value}` is not an accepted value.", "invalid_value")
            return None
        found.parsed.append({"field": term.field, _PARSED_AS.get(term.operator, "match_all"): term.value})
        low, high = moment
        if self.inclusive:
            return _RANGES[{">": ">=", "<": "<="}.get(term.operator, term.operator)](low, high)
        return _RANGES[term.operator](low, high)

    def _moment(self, text: str) -> Range | None:
        """The second, or the whole day, that a value names. Only `…Z` is UTC; offsets are not to be relied on."""
        try:
            if DATE.fullmatch(text):
                day = date.fromisoformat(text)
                return self._local(day), self._local(day + timedelta(days=1))
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        zone = UTC if moment.tzinfo else self.timezone
        second = int(moment.replace(tzinfo=zone).timestamp())
        return second, second + 1

    def _local(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.timezone).timestamp())


_RANGES: dict[str, Callable[[int, int], Range]] = {
    "": lambda low, high: (low, high),
    "=": lambda low, high: (low, high),
    ">=": lambda low, _high: (low, EVERYTHING[1]),
    ">": lambda _low, high: (high, EVERYTHING[1]),
    "<": lambda low, _high: (EVERYTHING[0], low),
    "<=": lambda _low, high: (EVERYTHING[0], high),
}
_PARSED_AS = {">=": "range_gte", ">": "range_gt", "<": "range_lt", "<=": "range_lte"}


def _warn(found: Search, name: str, message: str, code: str) -> None:
    found.warnings.append({"field": name, "message": message, "code": code})


def _number(text: str) -> Range | None:
    return (int(text), int(text) + 1) if text.isdigit() else None


def _tokens(text: str) -> Iterator[str | Term]:
    is_negated, at = False, 0
    while at < len(text) and (match := TOKEN.match(text, at)):
        if match.end() == at:  # a stray quote
            at += 1
            continue
        at = match.end()
        if match["bracket"] or match["word"] in ("AND", "OR"):
            yield match["bracket"] or match["word"]
        elif match["word"]:
            is_negated = True
        elif match["field"] or match["value"]:
            yield _as_term(match, is_negated)
            is_negated = False


def _as_term(match: re.Match[str], is_negated: bool) -> Term:
    value = match["value"]
    is_quoted = value[:1] in ("'", '"') and value != ""
    bare = value[1:-1] if is_quoted else value
    return Term(match["field"], match["operator"] or "", bare, is_quoted, is_negated or bool(match["minus"]))


def _groups(tokens: Iterator[str | Term]) -> list[list[Any]]:
    """Groups that must all hold; a group is what OR joins; a bracket is a list of groups inside."""
    groups: list[list[Any]] = []
    joined = False
    for word in tokens:
        if word == ")":
            break
        if isinstance(word, str) and word != "(":
            joined = word == "OR" and bool(groups)
            continue
        part = _groups(tokens) if word == "(" else word
        if joined:
            groups[-1].append(part)
        elif part:
            groups.append([part])
        joined = False
    return groups
