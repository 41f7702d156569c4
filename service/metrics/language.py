"""The language of a metric's text: one select over its family's CTEs, and no word for anything else.

Whoever writes a metric may only ask. A text is read here before a database sees it, by a grammar small enough to be
the same on SQLite and PostgreSQL: what it has no rule for (a second statement, another table, a function that acts or
looks at the clock, a quoted name, a block comment) is refused, not searched for. Days and texts are only compared, with
each other: SQLite, which keeps days as texts, would reckon with them and be wrong without a word. So a day can be told
by its name, which ends in `_date`.

    query       select {union [all] select}
    select      select [distinct] item {, item} from relation {join} [where e] [group by e {, e}] [having e]
    item        e [as name]
    relation    a family's CTE [as name] | ( query ) as name
    join        [inner | left [outer] | cross] join relation [on e]
    e           term {operator term | is [not] null, true, false | [not] in ( list ) | [not] between term}
    term        number, 'text', name[.name], ( list ), function(…) [filter (where e)], case … end, cast(e as type),
                exists ( query ), each after any not, + or -
    list        query | e {, e}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeVar

FUNCTIONS = ("abs", "coalesce", "count", "max", "min", "nullif", "sum")
TYPES = ("bigint", "integer", "double precision")

_ARITHMETIC = ("+", "-", "*")
_COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")
_OPERATORS = ("and", "or", *_ARITHMETIC, *_COMPARISONS)

# What PostgreSQL takes for a call without brackets: an answer depends on the data alone.
_CLOCKS_AND_USERS = frozenset({
    "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "localtime", "localtimestamp", "session_user", "system_user", "user",
})  # fmt: skip
_KEYWORDS = frozenset({
    "all", "and", "as", "between", "by", "case", "cast", "cross", "distinct", "else", "end", "exists", "false",
    "filter", "from", "group", "having", "in", "inner", "is", "join", "left", "not", "null", "on", "or", "outer",
    "select", "then", "true", "union", "when", "where",
})  # fmt: skip

_TOKEN = re.compile(
    r"(?P<nothing>[ \t\n]+|--[^\r\n\0]*)|(?P<word>[a-z_][a-z_0-9]*)|(?P<number>[0-9]+(?![\w.]))"
    r"|(?P<text>'(?:[^'\\\0]|'')*')|(?P<sign><=|>=|<>|[-+*=<>(),.])"
)

Kind = Literal["day", "text", ""]
"""What an expression is, if not a number or a truth."""

T = TypeVar("T")

MOST_NESTED = 30
"""Brackets within brackets; a metric that is read by people has three."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # word, number, text, sign, end
    written: str
    line: int


def read(text: str, sources: Collection[str]) -> frozenset[str]:
    """The CTEs among `sources` that a text reads. Raises ValueError with the line that is not of the language."""
    reader = _Reader(_tokens(text), sources)
    reader.select()
    if reader.next.kind != "end":
        reader.refuse(f"{reader.next.written!r} after the select")
    return frozenset(reader.relations)


def words(text: str) -> list[str]:
    """All that a text says, in order: without comments, and however it is laid out."""
    return [token.written for token in _tokens(text)[:-1]]


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"line {line}: a metric's text cannot hold {text[at]!r} here")
        if match.lastgroup != "nothing":
            found.append(_Token(str(match.lastgroup), match[0], line))
        at, line = match.end(), line + match[0].count("\n")
    return [*found, _Token("end", "the end", line)]


class _Reader:
    """A walk over the tokens, a method a rule."""

    def __init__(self, tokens: list[_Token], sources: Collection[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.sources = sources
        self.relations: set[str] = set()
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def takes(self, *written: str) -> bool:
        """Is the next token one of these? Then it is behind us."""
        if self.next.kind in ("word", "sign") and self.next.written in written:
            self.at += 1
            return True
        return False

    def must(self, *written: str) -> None:
        if not self.takes(*written):
            self.refuse(f"{self.next.written!r}", f"{' or '.join(written)} is expected")

    def refuse(self, what: str, hint: str = "a metric is one select") -> NoReturn:
        raise ValueError(f"line {self.next.line}: {what} is not of a metric's language: {hint}")

    def name(self) -> str:
        token = self.next
        if token.kind != "word" or token.written in _KEYWORDS:
            self.refuse(f"{token.written!r}", "a name is expected")
        if token.written in _CLOCKS_AND_USERS:
            self.refuse(f"{token.written!r}", "an answer depends on the data alone")
        self.at += 1
        return token.written

    # --- queries ---------------------------------------------------------------------------------------------------

    def query(self) -> Kind:
        """What the first column is."""
        kinds = self.select()
        while self.takes("union"):
            self.takes("all")
            if self.select() != kinds:
                self.refuse("a union of columns of another kind")
        return kinds[0]

    def select(self) -> list[Kind]:
        """What each column is."""
        self.must("select")
        self.takes("distinct")
        kinds = [self.item()]
        while self.takes(","):
            kinds.append(self.item())
        self.must("from")
        self.relation()
        while self.next.written in ("inner", "left", "cross", "join"):
            self.join()
        if self.takes("where"):
            self.expression()
        if self.takes("group"):
            self.must("by")
            self.expressions()
        if self.takes("having"):
            self.expression()
        return kinds

    def item(self) -> Kind:
        kind = self.expression()
        if kind == "text":
            self.refuse("a text as a column", "texts are only compared")
        if self.takes("as"):
            name = self.name()
            if (kind == "day") != _is_day(name):
                self.refuse(f"the name {name!r}", "the name of a day, and of nothing else, ends in _date")
        return kind

    def relation(self) -> None:
        if self.takes("("):
            self.bracketed(self.query)
            self.must("as")
            self.name()
            return
        if self.next.written not in self.sources:
            self.refuse(f"reading {self.next.written!r}", f"there are {', '.join(self.sources)}")
        self.relations.add(self.name())
        if self.takes("as"):
            self.name()

    def join(self) -> None:
        if self.takes("left"):
            self.takes("outer")
        else:
            self.takes("inner", "cross")
        self.must("join")
        self.relation()
        if self.takes("on"):
            self.expression()

    # --- expressions -----------------------------------------------------------------------------------------------

    def expressions(self) -> Kind:
        """What any of them is."""
        kind = self.expression()
        while self.takes(","):
            kind = self.expression() or kind
        return kind

    def expression(self) -> Kind:
        last = kind = self.term()
        while True:
            operator = self.next.written
            if self.takes(*_OPERATORS):
                before, last = last, self.term()
                if operator in _ARITHMETIC:
                    self.must_be_numbers(before, last)
                elif operator in _COMPARISONS:
                    self.must_be_alike(before, last)
            elif self.takes("is"):
                self.takes("not")
                self.must("null", "true", "false")
            elif self.next.written in ("not", "in", "between"):
                last = self.membership(last)
            else:
                return kind
            kind = ""

    def membership(self, of: Kind) -> Kind:
        """What its last term is: the rest of a `between` is read as an operator."""
        self.takes("not")
        if self.takes("between"):
            kind = self.term()
        else:
            self.must("in")
            self.must("(")
            kind = self.bracketed(self.listed)
        self.must_be_alike(of, kind)
        return kind

    def must_be_numbers(self, *kinds: Kind) -> None:
        if any(kinds):
            self.refuse(f"to reckon with a {kinds[0] or kinds[-1]}", "days and texts are only compared")

    def must_be_alike(self, one: Kind, other: Kind) -> None:
        if bool(one) != bool(other):
            self.refuse(f"to compare a {one or other} with a number", "days are compared with days, as '2026-07-01'")

    def term(self) -> Kind:
        is_signed = False
        while self.next.written in ("not", "-", "+"):
            is_signed = not self.takes("not") and self.takes("-", "+")
        kind = self.unsigned()
        if is_signed:
            self.must_be_numbers(kind)
        return kind

    def unsigned(self) -> Kind:
        if self.takes("("):
            return self.bracketed(self.listed)
        if self.takes("case"):
            return self.case()
        if self.takes("cast"):
            self.must("(")
            self.bracketed(self.cast)
        elif self.takes("exists"):
            self.must("(")
            self.bracketed(self.query)
        elif self.next.kind in ("number", "text"):
            self.at += 1
            return "text" if self.tokens[self.at - 1].kind == "text" else ""
        elif not self.takes("null", "true", "false"):
            return self.named()
        return ""

    def named(self) -> Kind:
        """A column, of some relation or of the only one that has it; or a call."""
        if self.next.kind == "word" and self.tokens[self.at + 1].written == "(":
            return self.call()
        name = self.name()
        if self.takes("."):
            name = self.name()
        return "day" if _is_day(name) else ""

    def call(self) -> Kind:
        function = self.next.written
        if function not in FUNCTIONS:
            self.refuse(f"{function!r}", f"the functions are {', '.join(FUNCTIONS)}")
        self.at += 2
        kind = self.bracketed(self.arguments)
        if function in ("abs", "sum"):
            self.must_be_numbers(kind)
        if self.takes("filter"):
            self.must("(")
            self.bracketed(self.condition)
        return "" if function == "count" else kind

    def arguments(self) -> Kind:
        if self.takes("*"):
            return ""
        self.takes("distinct")
        return self.expressions()

    def condition(self) -> None:
        self.must("where")
        self.expression()

    def case(self) -> Kind:
        """What any of its branches is."""
        kind: Kind = ""
        if self.next.written != "when":
            self.expression()
        self.must("when")
        while True:
            self.expression()
            self.must("then")
            kind = self.expression() or kind
            if not self.takes("when"):
                break
        if self.takes("else"):
            kind = self.expression() or kind
        self.must("end")
        return kind

    def cast(self) -> None:
        kind = self.expression()
        self.must("as")
        if self.takes("double"):
            self.must("precision")
        elif not self.takes(*TYPES):
            self.refuse(f"{self.next.written!r}", f"the types are {', '.join(TYPES)}")
        self.must_be_numbers(kind)

    def listed(self) -> Kind:
        return self.query() if self.next.written == "select" else self.expressions()

    def bracketed(self, rule: Callable[[], T]) -> T:
        """What `rule` reads up to the closing bracket; the opening one is behind us."""
        self.depth += 1
        if self.depth > MOST_NESTED:
            self.refuse("so many brackets within brackets", f"{MOST_NESTED} are allowed")
        found = rule()
        self.must(")")
        self.depth -= 1
        return found


def _is_day(name: str) -> bool:
    return name.endswith("_date") or name == "window_start"
