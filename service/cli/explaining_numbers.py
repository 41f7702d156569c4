"""A measured number told in full: definition, value, what is in it, what others call by its name, and its SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from shlex import quote

from service.cli.common import numbered
from service.explained import Compared, Explained
from service.ground import Ground
from service.metrics.catalogue import Metric
from service.metrics.measure import Example, Reading
from service.metrics.other_readings import Part
from service.okr.amounts import format_value
from service.plans import facts_of
from service.values import Measurement, Population, Segment, Shop, Window

Section = tuple[str, list[str]]

LEFT_OUT = {
    "test": "test orders",
    "deleted": "deleted at Shopify",
    "no_customer": "without a customer",
    "not_first": "orders after their customer's first",
    "not_kept": "cancelled, voided or expired",
    "bots": "of bots",
    "within_grace": "of the last 24 hours",
    "recovered": "completed after all",
    "not_recovered": "not completed",
    "no_paid_click": "whose last visit was not paid for",
    "beyond_spend": "of days after the last that spend is known for",
    "outside_segment": "outside the segment",
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a metric as people read them."""

    metric: Metric
    currency: str  # the shop's

    def value(self, number: Decimal | None) -> str:
        return facts_of(self.metric, self.currency).format(number)

    def part(self, part: Part, number: Decimal) -> str:
        unit = "money" if self.metric.is_money(part) else "count"
        return format_value(number, unit, self.currency)

    def division(self, found: Measurement | Reading) -> str:
        """`60 ÷ 160`; empty where nothing is divided."""
        if found.denominator is None:
            return ""
        return f"{self.part('numerator', found.numerator)} ÷ {self.part('denominator', found.denominator)}"

    def whole(self, found: Measurement | Reading) -> str:
        """`60 ÷ 160 = 37.5 %`."""
        return " = ".join(part for part in (self.division(found), self.value(found.value)) if part)


def explanation(taken: Explained) -> Iterator[Section]:
    """Titled sections of plain lines, for a number that belongs to no key result."""
    shop, metric, found = taken.ground.shop, taken.metric, taken.measurement
    told = [*definition(metric, found.segment, found.population), *answer(shop, metric, found)]
    yield f"{metric.id}  ({shop.domain})", [*told, *nothing_there(taken)]
    yield "What is in it, and what is not", list(in_and_out(taken))
    if taken.others:
        yield "What others call by its name", list(other_readings(taken, with_steps=True))
    yield "The data", list(data(taken.ground, metric))
    yield from sql(taken)


def left_out(reason: str) -> str:
    return LEFT_OUT.get(reason, reason)


def days(window: Window) -> str:
    return f"all history up to {window.last_day}" if window.start is None else f"{window.start} to {window.last_day}"


def definition(metric: Metric, segment: Segment, population: Population) -> Iterator[str]:
    yield f"{metric.title}: {metric.question}  (metric {metric.id}, version {metric.version})"
    yield f"counts        {metric.numerator}"
    if metric.denominator:
        yield f"divided by    {metric.denominator}"
    yield f"of            {metric.population}"
    if segment.where:
        yield f"only where    {segment}"
    if population == "kept":
        yield "population    kept: cancelled, voided and expired orders are left out"


def answer(shop: Shop, metric: Metric, found: Measurement) -> Iterator[str]:
    """The value of a definition, and how it came about."""
    numbers = Numbers(metric, shop.currency)
    yield f"window        {days(found.window)}, days of {shop.timezone}"
    yield f"value         {numbers.whole(found)}"
    if found.value_low is not None:
        yield f"95 % interval {numbers.value(found.value_low)} to {numbers.value(found.value_high)}"
    yield f"counted       {numbered(found.counted or 0, metric.things)}"
    for reason, rows in found.left_out.items():
        yield f"left out      {numbered(rows, left_out(reason))}"
    if found.incomplete_because:
        yield f"{'no value' if found.is_complete else 'incomplete':<14}{found.incomplete_because}"
    if found.remark:
        yield f"doubtful      {found.remark}"
    yield f"source        {metric.source}"
    yield f"decision      {metric.decision}"


def nothing_there(taken: Explained) -> Iterator[str]:
    """Why a segment is empty, where its words are in nothing that was read."""
    yield from (f"doubtful      {each}" for each in taken.unseen)


def data(ground: Ground, metric: Metric) -> Iterator[str]:
    """How far that is read which the metric is counted from."""
    for name in metric.connectors:
        coverage = ground.coverages[name]
        if coverage.covered_from:
            yield f"{name:<13} from {coverage.covered_from:%Y-%m-%d %H:%M} UTC on"
            whole = "" if coverage.expected_rows is None else f" of the {coverage.expected_rows:,} that Shopify counted"
            yield f"{'verified' if whole else 'rows':<13} {numbered(coverage.rows, name)}{whole}"
        if coverage.covered_to:
            yield f"up to         all changes before {coverage.covered_to:%Y-%m-%d %H:%M:%S} UTC"
        if coverage.gap:
            yield f"gap           {coverage.gap}"


# --- taken apart -----------------------------------------------------------------------------------------------------


def in_and_out(taken: Explained) -> Iterator[str]:
    """The first rows in the answer, and the first left out for each reason."""
    found, things = taken.measurement, taken.metric.things
    rows = {"counted": found.counted or 0, **found.left_out}
    for reason, count in rows.items():
        counted = f"{numbered(count, things)} counted"
        told = counted if reason == "counted" else f"{count:,} left out: {left_out(reason)}"
        listed = [each for each in taken.examples if each.reason == reason]
        more = count - sum(each.rows for each in listed)
        yield told + (", the first of them" if listed and more else "")
        yield from (f"    {_example(each)}" for each in listed)


def _example(each: Example) -> str:
    """`#1001 of 2026-07-03, id 5123`; where a row has no id, how many it stands for."""
    if each.row_id is None:
        return f"{each.rows:,} {each.name} of {each.day}"
    return f"{each.name} of {each.day}, id {each.row_id}"


def other_readings(taken: Explained, *, with_steps: bool) -> Iterator[str]:
    """What others call by this name, and the steps that lead there from our parts."""
    shop, found = taken.ground.shop, taken.measurement
    ours = Numbers(taken.metric, shop.currency)
    if taken.others and with_steps:
        yield f"ours          {ours.whole(found)}"
    for each in taken.others:
        yield f"{_theirs(each, shop)}  ({each.other.read_by})"
        if with_steps:
            yield f"    {each.other.differs}"
            yield from (f"    {line}" for line in _steps(each, ours))
            yield f"    source: {each.other.source}"
    if taken.others and not with_steps:
        yield f"step by step: {_command(taken)}"


def _command(taken: Explained) -> str:
    """What asks for the same number, and tells the steps."""
    found, window = taken.measurement, taken.window
    first = f" --from {window.start}" if window.start else ""
    where = "".join(f" --where {quote(f'{name}={value}')}" for name, value in found.segment.where)
    kept = " --population kept" if found.population == "kept" else ""
    return f"okrsync metrics explain {found.metric}{first} --to {window.last_day}{where}{kept}"


def _theirs(each: Compared, shop: Shop) -> str:
    name = each.other.title.lower()
    if each.reading is None:
        return f"{name}: not known, {each.because}"
    return f"{name}: {Numbers(each.metric, shop.currency).whole(each.reading)}"


def _steps(each: Compared, ours: Numbers) -> Iterator[str]:
    """`denominator + 40: orders without a customer`, and what makes no difference left out."""
    if each.reading is not None and not each.other.steps:
        yield "It counts other things, so no steps lead from the one to the other"
    for step, amount in each.steps:
        if amount:
            sign = "+" if amount > 0 else "−"
            part = f"{step.part} " if ours.metric.denominator else ""
            yield f"{part}{sign} {ours.part(step.part, abs(amount))}: {step.words}"


def sql(taken: Explained) -> Iterator[Section]:
    told = [f"-- :{name} = {value}" for name, value in taken.parameters]
    about = "-- a row a day, amounts in minor units: the sums of the columns are the parts of the value"
    yield "The SQL that was run, with its parameters written in", [about, *told, *_lines(taken.sql)]
    yield "The SQL of what is in it and what is left out", _lines(taken.census_sql)


def _lines(text: str) -> list[str]:
    return f"{text.strip()};".splitlines()
