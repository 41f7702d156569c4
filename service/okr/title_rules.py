"""Does a title say what the key result measures? Each disagreement, for `lint`.

Only what plain words and numbers tell for certain is remarked on: a false alarm costs more trust than a miss.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from service.okr.amounts import MetricFacts, percent, plain
from service.okr.currencies import meant_by, signs_in
from service.okr.model import KeyResult
from service.okr.targets import Bounds, Level, Points, Relative
from service.okr.titles import Mention, count_in, read, share_in

Remark = tuple[str, str, str, str]  # rule, key, message, mend ("" for the rule's own)

COUNTERPARTS = {
    "repeat_customers": "repeat_purchase_rate",
    "returning_customers": "returning_customer_rate",
    "discounts": "discount_rate",
    "sales_reversals": "reversal_rate",
    "abandoned_checkouts": "abandoned_checkout_rate",
}
"""A count and the rate that is often meant by its name."""


def remarks(key_result: KeyResult, facts: MetricFacts, catalogue: Collection[str]) -> Iterator[Remark]:
    """Everything in which the title disagrees with metric, baseline or target."""
    mentions = read(key_result.title)
    key = f"{key_result.place}.title"
    yield from ((rule, key, message, mend) for rule, message, mend in _count_or_rate(key_result, facts, catalogue))
    for rule, message in (*_money(key_result, facts, mentions), *_numbers(key_result, facts, mentions)):
        yield rule, key, message, ""


def _count_or_rate(
    key_result: KeyResult, facts: MetricFacts, catalogue: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    other = (COUNTERPARTS | {rate: count for count, rate in COUNTERPARTS.items()}).get(facts.id, "")
    mend = f'take metric = "{other}", or change the title' if other in catalogue else ""
    if facts.unit != "ratio" and (share := share_in(key_result.title)):
        what = "a count" if facts.unit == "count" else "an amount of money"
        yield "OKR020", f'"{share}" speaks of a share, and {facts.id} is {what}', mend
    if facts.is_rate and (count := count_in(key_result.title)):
        yield "OKR021", f'"{count}" speaks of how many there are, and {facts.id} is a rate', mend


# --- money ---------------------------------------------------------------------------------------------------------


def currencies_of(title: str) -> dict[str, frozenset[str]]:
    """The currencies a title names, as written, with what each may mean."""
    found = {sign: meant_by(sign) for sign in signs_in(title)}
    for mention in read(title):
        if mention.currencies and mention.currencies not in found.values():
            found[mention.text] = mention.currencies
    return found


def _money(key_result: KeyResult, facts: MetricFacts, mentions: tuple[Mention, ...]) -> Iterator[tuple[str, str]]:
    named = currencies_of(key_result.title)
    if facts.unit != "money":
        if amounts := [mention.text for mention in mentions if mention.unit == "money" and mention.role != "aside"]:
            yield "OKR024", f"{amounts[0]} is money, and {facts.id} is a {'rate' if facts.is_rate else 'number'}"
        return
    written = [(key, level.currency) for key, level in key_result.levels if level.currency]
    known = [*written, *([("shop", facts.currency)] if facts.currency else [])]
    for sign, codes in named.items():
        if strange := next((f"the {key} is in {code}" for key, code in known if code not in codes), ""):
            yield "OKR022", f"{sign} in the title, and {strange}"


# --- numbers -------------------------------------------------------------------------------------------------------


def _numbers(key_result: KeyResult, facts: MetricFacts, mentions: tuple[Mention, ...]) -> Iterator[tuple[str, str]]:
    parts = _by_part(mentions, facts, key_result)
    yield from _start(key_result, parts["start"])
    target = key_result.target
    if isinstance(target, Relative | Points):
        yield from _changing(key_result, parts)
    elif isinstance(target, Level):
        yield from _settled(key_result, facts, target, parts)
    elif isinstance(target, Bounds):
        yield from _limited(key_result, parts["level"])


Parts = Mapping[str, list[Mention]]


def _by_part(mentions: tuple[Mention, ...], facts: MetricFacts, key_result: KeyResult) -> Parts:
    """Percentages and points that are changes, and the numbers in the metric's own unit."""
    parts: dict[str, list[Mention]] = {"percent": [], "points": [], "level": [], "start": []}
    for mention in mentions:
        role = mention.role
        if role == "unclear":
            # "Repeat rate, 25 %" is a level where the target is one; of anything but a rate it can only be a change.
            is_level = isinstance(key_result.target, Level | Bounds) and facts.is_rate
            role = "level" if is_level else "aside" if facts.is_rate or mention.unit != "percent" else "change"
        if role == "change":
            parts[mention.unit].append(mention)
        elif role in ("level", "start") and _fits(mention, facts):
            parts[role].append(mention)
    return parts


def _fits(mention: Mention, facts: MetricFacts) -> bool:
    if facts.is_rate:
        return mention.unit == "percent"
    return mention.unit == "number" or (mention.unit == "money" and facts.unit == "money")


def _start(key_result: KeyResult, starts: list[Mention]) -> Iterator[tuple[str, str]]:
    baseline = key_result.baseline
    if isinstance(baseline, Level) and starts and not any(baseline.number in mention.values for mention in starts):
        yield "OKR033", f"the title begins at {starts[0].text}, and the baseline is {baseline}"


def _changing(key_result: KeyResult, parts: Parts) -> Iterator[tuple[str, str]]:
    """The target is a change: the title must mean the same kind of change, and as much of it."""
    target = key_result.target
    assert isinstance(target, Relative | Points)
    own, other = ("percent", "points") if isinstance(target, Relative) else ("points", "percent")
    if parts[own]:
        if not any(_same_change(mention, target.fraction) for mention in parts[own]):
            yield "OKR033", f"the title says {parts[own][0].text}, and the target is {target}"
    elif parts[other]:
        yield "OKR031", f"{parts[other][0].text} in the title, and the target is {target}"
    elif parts["level"]:
        yield from _level_for_change(key_result, parts["level"], target)


def _level_for_change(
    key_result: KeyResult, levels: list[Mention], target: Relative | Points
) -> Iterator[tuple[str, str]]:
    baseline = key_result.baseline
    if not isinstance(baseline, Level):
        yield "OKR032", f"{levels[0].text} in the title is a level, and the target {target} is a change"
        return
    start = baseline.number
    aimed = start * (1 + target.fraction) if isinstance(target, Relative) else start + target.fraction
    if not any(_near(value, aimed) for mention in levels for value in mention.values):
        yield "OKR033", f"the title says {levels[0].text}, and {target} of {baseline} is {plain(aimed)}"


def _settled(key_result: KeyResult, facts: MetricFacts, target: Level, parts: Parts) -> Iterator[tuple[str, str]]:
    """The target is a level: the title must name it, or a change that leads to it."""
    if parts["points"] and not facts.is_rate:
        yield "OKR031", f"{parts['points'][0].text} in the title, and {facts.id} is not a rate"
        return
    levels = parts["level"]
    if levels and not any(target.number in mention.values for mention in levels):
        yield "OKR033", f"the title says {levels[0].text}, and the target is {target}"
    elif not levels:
        yield from _change_for_level(key_result, facts, target, parts)


def _limited(key_result: KeyResult, levels: list[Mention]) -> Iterator[tuple[str, str]]:
    """The target is a limit or two: a level in the title must be one of them."""
    limits = [limit.number for _, limit in key_result.levels]
    for mention in levels:
        if not any(limit in mention.values for limit in limits):
            yield "OKR033", f"the title says {mention.text}, and {key_result.target} is asked"
            return


def _change_for_level(
    key_result: KeyResult, facts: MetricFacts, target: Level, parts: Parts
) -> Iterator[tuple[str, str]]:
    changes = [*parts["percent"], *parts["points"]]
    if not changes:
        return
    baseline = key_result.baseline
    if not isinstance(baseline, Level) or not baseline.number:
        yield "OKR032", f"{changes[0].text} in the title is a change, and the target {target} is a level"
        return
    points, relative = target.number - baseline.number, target.number / baseline.number - 1
    if any(_same_change(mention, relative) for mention in parts["percent"]):
        return
    if any(_same_change(mention, points) for mention in parts["points"]):
        return
    if facts.is_rate and any(_same_change(mention, points) for mention in parts["percent"]):
        yield "OKR031", f"{changes[0].text} in the title, and from {baseline} to {target} it is in points"
        return
    yield "OKR033", f"the title says {changes[0].text}, and from {baseline} to {target} it is {_signed(relative)}"


def _same_change(mention: Mention, change: Decimal) -> bool:
    is_opposite = mention.sign * change < 0
    return not is_opposite and any(_near(value, abs(change)) for value in mention.values)


def _near(said: Decimal, meant: Decimal) -> bool:
    """Equal as people round: 16.7 % is 1/6, and 17 % is too."""
    exponent = said.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal(1).scaleb(min(exponent, -2)) / 2
    return abs(said - meant) <= half


def _signed(fraction: Decimal) -> str:
    return ("+" if fraction > 0 else "") + percent(fraction)
