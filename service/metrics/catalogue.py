"""Every metric, read from its .sql file: a header of `-- key: value` lines, then one select.

The header is the documentation; what a program needs to know about a metric beyond it is read off the text itself,
so it cannot disagree: a text that mentions `window_start` counts customers once a window and its days do not add up,
one that mentions `nth` needs the whole history.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from service.errors import Misconfigured, Problem
from service.metrics import language
from service.metrics.additive import is_sum_over_rows
from service.metrics.families import FAMILIES, SOURCES, family_of
from service.metrics.families.cohorts import COHORTS
from service.metrics.families.family import Family
from service.metrics.segments import EVERYTHING, Condition, conditions
from service.store.changes import ORDER_READ
from service.store.facts import LONGEST_HORIZON
from service.values import Population, Segment

Kind = Literal["flow", "distinct", "level", "ratio"]
Unit = Literal["count", "money", "ratio"]
DateBasis = Literal["order_day", "event_day", "horizon_day", "session_day", "checkout_day", "spend_day"]
Interval = Literal["none", "wilson", "normal"]
LeftOut = Literal[
    "test", "deleted", "no_customer", "not_first", "bots", "recovered", "not_recovered", "within_grace",
    "no_paid_click", "beyond_spend",
]  # fmt: skip

REQUIRED = (
    "id", "version", "title", "question", "kind", "unit", "numerator", "population", "date_basis", "segments",
    "leaves_out", "interval", "connector", "source", "decision",
)  # fmt: skip
OPTIONAL = ("denominator", "horizon_days")

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "unit": get_args(Unit),
    "date_basis": get_args(DateBasis),
    "interval": get_args(Interval),
}

_LOOKS_BACK = {"prev_date", "prev_nth", "scope_nth", "window_start"}
_NEEDS_ALL_HISTORY = {"nth", "scope_nth", "prev_nth", *COHORTS.sources}

# That a customer's order before is not in the window: all that can be said of it without knowing the days before.
_FIRST_OF_THE_WINDOW = re.compile(
    r"(\(|where) (\w+ \. )?prev_date is null or (\w+ \. )?prev_date < (\w+ \. )?window_start(?= (\)|or|group)|$)"
)


@dataclass(frozen=True)
class Metric:
    """One definition: the header's words and the text that answers in increments a shop day."""

    id: str
    version: int
    title: str
    question: str
    kind: Kind
    unit: Unit
    numerator: str
    denominator: str | None
    population: str
    date_basis: DateBasis
    segments: tuple[str, ...]
    leaves_out: tuple[str, ...]
    interval: Interval
    connector: str
    source: str
    decision: str
    text: str  # the select, without the header
    file: str
    horizon_days: int | None = None  # that a customer is looked at from the first order on

    @cached_property
    def words(self) -> frozenset[str]:
        """The names the text uses, comments aside."""
        return _words(self.text)

    @cached_property
    def family(self) -> Family:
        """What is counted, read off the text like everything else a program needs to know."""
        found = family_of(self.words)
        assert found is not None, "a text that reads no family's CTE is refused when it is loaded"
        return found

    def conditions(self, segment: Segment, population: Population) -> list[Condition]:
        """What must hold for a row to be in that part of the metric's rows.

        Raises Misconfigured with all that the metric cannot answer, and what it can.
        """
        if population not in self.family.populations:
            told = f"there is no population {population!r} of {self.family.things}"
            hint = f"write {' or '.join(self.family.populations)}, or leave it out"
            raise Misconfigured([Problem(f"metric {self.id}", "population", told, hint)])
        return conditions(segment, {name: self.family.dimensions[name] for name in self.segments}, self.id)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the text answers a day."""
        below = ["denominator"] if self.denominator is not None else []
        return ("metric_date", "numerator", *below, *(["squares"] if self.interval == "normal" else []))

    @property
    def connectors(self) -> tuple[str, ...]:
        """The connectors whose data the answer is counted from."""
        return _names(self.connector)

    @property
    def things(self) -> str:
        """What is counted, one by one: orders with entries; rows of spend and orders."""
        names = {
            "orders": "orders with entries" if self.date_basis == "event_day" else "orders",
            "spend": "rows of spend",
        }
        read = (name for name in self.connectors if name != "spend" or "counted_spend" in self.words)
        return " and ".join(names.get(name, name) for name in read)

    @property
    def adds_up(self) -> bool:
        """Do the answers of days add up (numerator and denominator each) to that of a window?"""
        return "window_start" not in self.words and self.kind != "level"

    @cached_property
    def slides(self) -> bool:
        """Does a row's part depend on the window only by whether that holds the customer's order before?"""
        looks = re.findall(r"(prev_date\s*(?:<|>=)\s*)?\bwindow_start\b", re.sub(r"--.*", "", self.text))
        return all(looks) and self._sums_rows

    def changes_by_rows(self, segment: Segment = EVERYTHING) -> bool:
        """Does the answer change by the sums over the rows that changed, and are those written down?"""
        return not segment.where and self._sums_written_rows

    def changes_by_days(self, segment: Segment = EVERYTHING) -> bool:
        """Do days add up, and do all of them but those that changed answer as they did?

        In a segment an order counts otherwise when another one becomes its customer's first there.
        """
        return self.adds_up and not (segment.where and self.looks_back)

    @property
    def looks_back(self) -> bool:
        """Does it depend on earlier orders in scope what a row counts as?"""
        return bool(self.words & _LOOKS_BACK)

    @cached_property
    def _sums_written_rows(self) -> bool:
        read = [name for name in self.family.sources if name in self.words]
        # Of a ledger line that changed its event day is written down, and not the day of its order; of an order that it
        # had a customer, and not which.
        is_by_order = "counted_sales" in read and (self.date_basis == "order_day" or "placed_date" in self.words)
        names_customers = re.search(r"\bcustomer_id (?!is )", self._said) is not None
        is_written_down = all(name in self.family.changes for name in read)
        return self._sums_rows and not is_by_order and not names_customers and is_written_down

    @cached_property
    def _said(self) -> str:
        return " ".join(language.words(self.text))

    @cached_property
    def _sums_rows(self) -> bool:
        """A question within the question looks at other rows than the one it is asked of."""
        return is_sum_over_rows(self.text) and not re.search(r"(?<!from )\( select\b", self._said)

    def changed_by(self, segment: Segment = EVERYTHING) -> tuple[str, ...]:
        """The bases of the changed days that are days of the metric's rows."""
        bases = self.family.changed_by
        if segment.where:
            return tuple({*bases, *self.family.segments_changed_by})
        return tuple(basis for basis in bases if basis != ORDER_READ) if self._sums_written_rows else bases

    @property
    def default_window(self) -> str:
        return "as_of" if self.kind == "level" else "quarter"

    def needs_all_history(self, segments: Iterable[str] = ()) -> bool:
        """Is the answer wrong when the orders of some past days cannot be read?"""
        if self.kind == "level" or self.words & _NEEDS_ALL_HISTORY or "customer_type" in segments:
            return True
        return "prev_date" in _FIRST_OF_THE_WINDOW.sub("", self._said).split()

    def is_money(self, part: Literal["numerator", "denominator"]) -> bool:
        """Is that part an amount (else a count)?"""
        return ((self.numerator if part == "numerator" else self.denominator) or "").endswith("(money)")


def metric(metric_id: str, known: Mapping[str, Metric] | None = None) -> Metric:
    """The metric of that id, of okrsync's own unless `known` are given. Raises Misconfigured with what was meant."""
    known = catalogue() if known is None else known
    if metric_id in known:
        return known[metric_id]
    near = get_close_matches(metric_id, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    raise Misconfigured([Problem("metrics", metric_id, f"there is no metric {metric_id!r}", hint)])


@cache
def catalogue() -> Mapping[str, Metric]:
    """Every metric of okrsync's own by id, in order of id; an installation may know more."""
    return MappingProxyType(load(sorted(Path(__file__).parent.glob("*.sql"))))


def load(files: Sequence[Path]) -> dict[str, Metric]:
    """The metrics in `files` by id. Raises Misconfigured with every complaint about any of them."""
    metrics: dict[str, Metric] = {}
    problems: list[Problem] = []
    for path in files:
        try:
            header, text = split(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), "", f"cannot be read: {error}", "a metric is a text in UTF-8"))
            continue
        found = [*_header_problems(header, text, path), *_text_problems(header, text, path)]
        problems += found
        if not found:
            metrics[path.stem] = _metric(header, text, path)
    if problems:
        raise Misconfigured(problems)
    return metrics


def split(source: str) -> tuple[dict[str, str], str]:
    """The header's values by key, and the text below it; `--   ` goes on with the line above."""
    header: dict[str, str] = {}
    key = ""
    lines = source.splitlines()
    for number, line in enumerate(lines):
        if match := re.fullmatch(r"-- ([a-z_]+):\s*(.*)", line):
            key = match[1]
            header[key] = match[2]
        elif key and line.startswith("--   "):
            header[key] = f"{header[key]} {line[5:].strip()}".strip()
        else:
            return header, "\n".join(lines[number:]).strip()
    return header, ""


def _metric(header: Mapping[str, str], text: str, path: Path) -> Metric:
    return Metric(
        id=header["id"],
        version=int(header["version"]),
        title=header["title"],
        question=header["question"],
        kind=header["kind"],  # type: ignore[arg-type]  # checked against the choices
        unit=header["unit"],  # type: ignore[arg-type]
        numerator=header["numerator"],
        denominator=header.get("denominator"),
        population=header["population"],
        date_basis=header["date_basis"],  # type: ignore[arg-type]
        segments=_dimensions(header["segments"], _known_dimensions(text)),
        leaves_out=_names(header["leaves_out"]),
        interval=header["interval"],  # type: ignore[arg-type]
        connector=header["connector"],
        source=header["source"],
        decision=header["decision"],
        text=text,
        file=str(path),
        horizon_days=int(header["horizon_days"]) if "horizon_days" in header else None,
    )


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip() not in ("", "none"))


def _known_dimensions(text: str) -> tuple[str, ...]:
    """What the rows that a text reads can be split by."""
    family = family_of(_words(text))
    return tuple(family.dimensions if family else {name for each in FAMILIES for name in each.dimensions})


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z_0-9]+", re.sub(r"--.*", "", text)))


def _dimensions(value: str, known: Sequence[str]) -> tuple[str, ...]:
    """The dimensions named, `utm_*` standing for each that begins so; unknown names stay as they are."""
    found: list[str] = []
    for name in _names(value):
        if name.endswith("*"):
            found += [dimension for dimension in known if dimension.startswith(name[:-1])] or [name]
        else:
            found.append(name)
    return tuple(found)


def _header_problems(header: Mapping[str, str], text: str, path: Path) -> list[Problem]:
    def problem(key: str, message: str, hint: str = "") -> Problem:
        return Problem(str(path), key, message, hint)

    found = [problem(key, "is missing from the header") for key in REQUIRED if not header.get(key)]
    allowed = ", ".join((*REQUIRED, *OPTIONAL))
    found += [problem(k, "is no header key", f"there are {allowed}") for k in header if k not in REQUIRED + OPTIONAL]
    for key, choices in _CHOICES.items():
        if header.get(key, choices[0]) not in choices:
            found.append(problem(key, f"cannot be {header[key]!r}", f"write {', '.join(choices)}"))
    if header.get("id", path.stem) != path.stem:
        found.append(problem("id", f"{header['id']!r} is not the file's name"))
    if not re.fullmatch("[a-z][a-z0-9_]*", path.stem):
        found.append(problem("id", f"{path.stem!r} is not written in lower case letters, digits and _"))
    if not re.fullmatch("[1-9][0-9]*", header.get("version", "1")):
        found.append(problem("version", "is not a whole number from 1 on"))
    horizon = header.get("horizon_days", "0")
    if not horizon.isdecimal():
        found.append(problem("horizon_days", "is not a whole number"))
    if horizon.isdecimal() and int(horizon) > LONGEST_HORIZON.days:
        told = f"is more than {LONGEST_HORIZON.days}, and changes are followed no longer"
        found.append(problem("horizon_days", told))
    for key in ("numerator", "denominator"):
        if not header.get(key, "(count)").endswith(("(count)", "(money)")):
            found.append(problem(key, "does not end in (count) or (money)"))
    found += [problem(key, message, hint) for key, message, hint in _contradictions(header)]
    known = _known_dimensions(text)
    for name in _dimensions(header.get("segments", ""), known):
        if name not in known:
            found.append(problem("segments", f"{name!r} is no segment", f"there are {', '.join(known)}"))
    for name in set(_names(header.get("leaves_out", ""))) - set(get_args(LeftOut)):
        found.append(problem("leaves_out", f"{name!r} is no reason", f"write {', '.join(get_args(LeftOut))}"))
    return found


def _contradictions(header: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Keys that deny each other, each with what to do."""
    is_divided, unit = "denominator" in header, header.get("unit")
    if is_divided != ("ratio" in (unit, header.get("kind"))):
        told = "is there, but nothing is a ratio" if is_divided else "is missing from the header of a ratio"
        yield "denominator", told, "kind or unit is ratio exactly where there is a denominator"
    if unit == "money" and header.get("numerator", "(money)").endswith("(count)"):
        yield "numerator", "counts, and the unit is money", "write (money), or unit: count"
    if header.get("interval", "none") != "none" and not is_divided:
        yield "interval", f"{header['interval']} is of a ratio", "write none"


def _text_problems(header: Mapping[str, str], text: str, path: Path) -> list[Problem]:
    """What the composer relies on, and what keeps the text the same on both databases."""
    code = re.sub(r"--.*", "", text)
    columns = ["metric_date", "numerator"]
    columns += ["denominator"] if "denominator" in header else []
    columns += ["squares"] if header.get("interval") == "normal" else []
    found = [f"answers no {name}" for name in columns if not re.search(rf"\b{name}\b", code)]
    found += _horizon_problems(header, _words(text))
    if re.search(r"[:;%{}]", code) or re.search(r":\w", text):
        found.append("holds one of : ; % { }: a metric is one select without parameters or templating")
    elif re.sub(r"'[^']*'", "", code) != re.sub(r"'[^']*'", "", code).lower():
        found.append("is not lower case")
    else:
        found += _reading_problems(text)
    return [Problem(str(path), "text", message) for message in found]


def _horizon_problems(header: Mapping[str, str], words: Collection[str]) -> list[str]:
    """Whether the text looks at customers for a while, and only then, the header says for how long."""
    if family_of(words) is not COHORTS:
        return ["reads nothing that has horizon_days"] if "horizon_days" in header else []
    found = [] if "horizon_days" in header else ["reads horizons, and the header has no horizon_days"]
    if "window_start" in words:
        found.append("a horizon ends once, in any window: window_start tells nothing")
    return found


_A_ROW_A_DAY = re.compile(r"select ((?:\w+ \. )?metric_date) , .* group by \1")


def _reading_problems(text: str) -> Iterator[str]:
    try:
        read = language.read(text, SOURCES)
    except ValueError as error:
        yield str(error)
        return
    if not _A_ROW_A_DAY.fullmatch(" ".join(language.words(text))):
        yield "answers no row a day: it begins with select metric_date, and ends with group by metric_date"
    family = family_of(read)
    if family is None or not read <= set(family.sources):
        yield f"reads {' and '.join(sorted(read))}, and no family has them all"
