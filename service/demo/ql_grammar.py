"""ShopifyQL text into a `Query`, as far as reports by day need it, with Shopify's complaints about the rest.

    FROM t SHOW cols [WHERE dim = 'x' [AND …]] [GROUP BY dims] [TIMESERIES day] [WITH TIMEZONE 'z']
      SINCE day UNTIL day [ORDER BY col [ASC|DESC], …] [LIMIT n [OFFSET m]]

Keywords come in this order, dates without quotes and text in single ones.
Source: https://shopify.dev/docs/api/shopifyql/latest
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

DEFAULT_LIMIT = 1000
_TOKEN = re.compile(r"\s*(?:'([^']*)'|([\w+/-]+)|(!=|[,=]))")
_KEYWORDS = {
    "FROM", "SHOW", "WHERE", "GROUP", "TIMESERIES", "WITH", "SINCE", "UNTIL", "ORDER", "LIMIT", "OFFSET", "BY", "AND",
}  # fmt: skip


class ParseError(Exception):
    """What Shopify puts into `parseErrors`."""


@dataclass(slots=True)
class Query:
    table: str
    show: list[str]
    where: list[tuple[str, str]] = field(default_factory=list)
    group_by: list[str] = field(default_factory=list)
    is_timeseries: bool = False  # by day
    timezone: str | None = None
    since: date = date.min
    until: date = date.max
    order_by: list[tuple[str, bool]] = field(default_factory=list)  # column, is it descending?
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def parse(text: str) -> Query:
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, bool]] = []  # text, was it quoted?
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise ParseError(f"Syntax Error: unexpected '{text[place:].strip()[:1]}'")
            self.tokens.append((found[1], True) if found[1] is not None else (found[2] or found[3], False))
            place = found.end()
        self.tokens.append(("", False))
        self.place = 0

    def query(self) -> Query:
        self._must("FROM")
        table = self._name()
        self._must("SHOW")
        found = Query(table, self._names())
        if self._may("WHERE"):
            found.where = self._conditions()
        if self._may("GROUP"):
            self._must("BY")
            found.group_by = self._names()
        if self._may("TIMESERIES"):
            found.is_timeseries = True
            self._must("DAY")
        if self._may("WITH"):
            self._must("TIMEZONE")
            found.timezone = self._timezone()
        self._range(found)
        self._order_and_limit(found)
        if self._peek() != ("", False):
            raise self._unexpected()
        return found

    def _conditions(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while not found or self._may("AND"):
            name = self._name()
            self._must("=")
            found.append((name, self._quoted()))
        return found

    def _range(self, found: Query) -> None:
        self._must("SINCE")
        found.since = self._date()
        self._must("UNTIL")
        found.until = self._date()

    def _order_and_limit(self, found: Query) -> None:
        if self._may("ORDER"):
            self._must("BY")
            while not found.order_by or self._may(","):
                name = self._name()
                is_descending = self._may("DESC")
                if not is_descending:
                    self._may("ASC")
                found.order_by.append((name, is_descending))
        if self._may("LIMIT"):
            found.limit = self._number()
            if self._may("OFFSET"):
                found.offset = self._number()

    def _timezone(self) -> str:
        name = self._quoted()
        try:
            ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            raise ParseError(f"Invalid time zone '{name}'") from None
        return name

    # --- tokens ---------------------------------------------------------------------------------------------------

    def _peek(self) -> tuple[str, bool]:
        return self.tokens[self.place]

    def _may(self, word: str) -> bool:
        text, is_quoted = self._peek()
        if is_quoted or text.upper() != word:
            return False
        self.place += 1
        return True

    def _must(self, word: str) -> None:
        if not self._may(word):
            raise self._unexpected(word)

    def _unexpected(self, wanted: str = "") -> ParseError:
        text, _ = self._peek()
        return ParseError(
            f"Syntax Error: unexpected '{text or 'end of query'}'" + (f", expected {wanted}" * bool(wanted))
        )

    def _bare(self, what: str) -> str:
        text, is_quoted = self._peek()
        if is_quoted or not text or text in ",=!=" or text.upper() in _KEYWORDS:
            raise self._unexpected(what)
        self.place += 1
        return text

    def _quoted(self) -> str:
        text, is_quoted = self._peek()
        if not is_quoted:
            raise self._unexpected("a text in single quotes")
        self.place += 1
        return text

    def _name(self) -> str:
        return self._bare("a column")

    def _names(self) -> list[str]:
        found = [self._name()]
        while self._may(","):
            found.append(self._name())
        return found

    def _date(self) -> date:
        text = self._bare("a date")
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ParseError(f"Invalid date '{text}'") from None

    def _number(self) -> int:
        text = self._bare("a number")
        if not text.isdecimal():
            raise ParseError(f"Invalid number '{text}'")
        return int(text)
