"""What the numbers in a title claim: a change, a level, where it begins; as far as plain words tell.

Read cautiously: a number whose part is not clear is `unclear` or `aside`, never a guess. Titles in other languages
than English give numbers and currencies, and few claims.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from service.okr import currencies

Unit = Literal["percent", "points", "money", "number"]
Role = Literal["change", "level", "start", "unclear", "aside"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A number in a title."""

    text: str
    values: frozenset[Decimal]  # all that the digits may mean: 12.000 is 12 or 12,000; 0.2 for 20 %
    unit: Unit
    currencies: frozenset[str]  # all that its sign may mean
    role: Role
    sign: int  # of a change: 1 up, -1 down, 0 not said


_CODE = "|".join(sorted(currencies.CODES))
_MENTION = re.compile(
    rf"""
    (?<![\w.,#])(?<![A-Za-z]-)(?<!\d/)
    (?P<plus>\+\s?|[-−](?=[^\s\-−]))?
    (?:(?P<before>{currencies.SIGN}|(?:{_CODE})(?=\s?\d))\s?)?
    (?P<digits>\d{{1,3}}(?:[ \u00a0\u202f]\d{{3}})+(?!\d)(?:[.,]\d+)? | \d+(?:[.,'’]\d+)*)
    (?:\s?(?P<scale>k|K|m|M|mn|bn|thousand|million|billion|lakhs?|lacs?|crores?|cr)(?!\w))?
    (?:\s?(?P<after>%(?:[-\s]?points?)?|per\s?cent(?:age)?(?:\spoints?)?|percentage\spoints?|pp(?!\w)|p\.p\.
       |points?(?!\w)|{currencies.SIGN}|(?:{_CODE})(?!\w)))?
    (?!\w)
    """,
    re.VERBOSE,
)
_SCALES = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "bn": 9, "billion": 9,
    "lakh": 5, "lac": 5, "crore": 7, "cr": 7,
}  # fmt: skip

_ABOUT = r"(?:\s+(?:at\s+least|about|around|roughly|some|another|a\s+further))?\s*\(?\s*$"
_UP = r"increas\w*|rais\w+|rise\w*|rising|gr[eo]w\w*|improv\w*|boost\w*|lift\w*|up|plus"
_DOWN = r"reduc\w+|cut\w*|drop\w*|fall\w*|lower\w*|decreas\w*|declin\w+|shrink\w*|down|minus|fewer|less"
_CHANGE_BEFORE = re.compile(rf"\b(?:by|(?:{_UP}|{_DOWN})(?:\s+(?:of|by))?){_ABOUT}", re.IGNORECASE)
_MORE = r"more|higher|increase|growth|rise|up|better|uplift|lift|improvement|larger|bigger|above\s+(?:last|the)"
_LESS = r"fewer|less|lower|decrease|reduction|drop|down|smaller|below\s+(?:last|the)"
_CHANGE_AFTER = re.compile(rf"\s*(?:(?P<more>{_MORE})|(?P<less>{_LESS}))\b", re.IGNORECASE)
_SO_MANY_MORE_AFTER = re.compile(rf"\s+(?!or\b)[a-z]+\s+(?:{_MORE}|{_LESS})\b", re.IGNORECASE)
_LEVEL_BEFORE = re.compile(
    r"(?:\b(?:to|at|reach\w*|hit\w*|least|most|than|under|over|above|below|beyond|maximum|minimum|max|min|is|stays?"
    rf"|keep\w*|of)|[:=≥≤<>→]){_ABOUT}",
    re.IGNORECASE,
)
_START_BEFORE = re.compile(rf"\bfrom{_ABOUT}", re.IGNORECASE)
_SAME_AS_BEFORE = re.compile(r"^\s*(?:/|or|=)\s*$")
_TIME_AFTER = re.compile(r"[\s-]*(?:days?|weeks?|months?|years?|hours?|minutes?|quarters?)\b", re.IGNORECASE)
_ORDINAL_BEFORE = re.compile(r"\b(?:top|first|last|within|every|per|q|h|no\.)\s*$", re.IGNORECASE)
_PART_AFTER = re.compile(r"\s*(?:out\s+of|of|in)\s+(?:the\s+)?\d", re.IGNORECASE)
_PART_BEFORE = re.compile(r"\d\s*(?:out\s+of|of|in)\s+(?:the\s+)?$", re.IGNORECASE)
_WHICH_BEFORE = re.compile(r"\b(?:orders|baskets|carts|customers)\s+(?:[a-z]+\s+){0,2}$", re.IGNORECASE)
_THINGS = r"(?:[\w-]+\s+){0,2}(?:customers|buyers|shoppers|orders|purchases|checkouts|people|visitors|sessions)\b"
_HOW_MANY_AFTER = re.compile(rf"\s+{_THINGS}", re.IGNORECASE)
_RANGE_AFTER = re.compile(r"\s?[-–—]\s?\d|/\d")


def read(title: str) -> tuple[Mention, ...]:
    """Every number of a title, in order."""
    found: list[Mention] = []
    end_of_last = 0
    for match in _MENTION.finditer(title):
        mention = _mention(match, title)
        is_same_again = found and _SAME_AS_BEFORE.match(title[end_of_last : match.start()])
        if is_same_again and found[-1].role == "start" and mention.role == "level":
            mention = replace(mention, role="start")  # from $50 / ₹50
        found.append(mention)
        end_of_last = match.end()
    return tuple(found)


def _mention(match: re.Match[str], title: str) -> Mention:
    before, after = title[: match.start()], title[match.end() :]
    sides = [match["before"] or "", match["after"] or ""]
    codes = currencies.meant_by(sides[0]) | currencies.meant_by(sides[1])
    unit = _unit(sides[1], bool(codes))
    per_cent = unit in ("percent", "points")
    values = frozenset(value / 100 if per_cent else value for value in _values(match["digits"], match["scale"]))
    plus = (match["plus"] or "").strip()
    role = _role(match["digits"], unit, before, after, is_signed=bool(plus))
    return Mention(match[0].strip(), values, unit, codes, role, _sign(plus, before, after))


def _unit(after: str, is_money: bool) -> Unit:
    if "point" in after or after in ("pp", "p.p."):
        return "points"
    if after.startswith(("%", "per")):
        return "percent"
    return "money" if is_money else "number"


def _values(digits: str, scale: str | None) -> set[Decimal]:
    """12,000 is 12000, or 12 where the comma is a decimal one; 5,00,000 is 500000; 1,234.50 is 1234.50."""
    bare = re.sub(r"[ \u00a0\u202f'’]", "", digits)
    groups = re.split(r"[.,]", bare)
    whole, split = "".join(groups), "".join(groups[:-1]) + "." + groups[-1]
    separators = re.findall(r"[.,]", bare)
    if not separators:
        readings = {whole}
    elif len(separators) == 1:
        readings = {split, whole} if len(groups[-1]) == 3 else {split}
    else:
        readings = {whole} if separators[-1] in separators[:-1] else {split}
    power = _SCALES.get((scale or "").lower().rstrip("s"), 0)
    return {Decimal(reading).scaleb(power) for reading in readings}


def _role(digits: str, unit: Unit, before: str, after: str, *, is_signed: bool) -> Role:
    if _is_beside_the_point(digits, unit, before, after):
        return "aside"
    if unit == "percent" and re.match(r"\s*of\b", after):
        return "level"
    is_change = is_signed or _CHANGE_BEFORE.search(before) or _CHANGE_AFTER.match(after)
    if unit == "points" or (unit == "percent" and is_change):
        return "change"
    if unit != "percent" and (is_change or _SO_MANY_MORE_AFTER.match(after)):
        return "aside"  # so many orders more: no target is written like that
    if _START_BEFORE.search(before):
        return "start"
    if _LEVEL_BEFORE.search(before) or unit == "money":
        return "level"
    if unit == "number" and (not before.strip() or (len(digits) > 2 and _HOW_MANY_AFTER.match(after))):
        return "level"
    return "unclear"


def _is_beside_the_point(digits: str, unit: Unit, before: str, after: str) -> bool:
    if _TIME_AFTER.match(after) or _ORDINAL_BEFORE.search(before) or _RANGE_AFTER.match(after):
        return True
    if unit == "number" and re.fullmatch(r"20[2-4]\d", digits):
        return True  # a year
    if unit == "money" and _WHICH_BEFORE.search(before):
        return True  # orders of more than ₹1,000: which ones, not how much
    return unit == "number" and bool(_PART_AFTER.match(after) or _PART_BEFORE.search(before))


def _sign(plus: str, before: str, after: str) -> int:
    if plus:
        return 1 if plus == "+" else -1
    if words := _CHANGE_AFTER.match(after):
        return 1 if words["more"] else -1
    up, down = (max((m.end() for m in re.finditer(rf"\b(?:{w})\b", before, re.I)), default=-1) for w in (_UP, _DOWN))
    return (up > down) - (up < down)


# --- a share or a count --------------------------------------------------------------------------------------------

_SHARE = re.compile(
    r"""
    \b(?:percentage|proportion|share|fraction)\s+of\b(?!\s+(?:growth|increase))
    | (?:%|\bper\s?cent)\s+of\s+(?!(?:the\s+|our\s+)?(?:target|plan|goal|last|previous)\b)
    | \b(?:one|two|three|four|five|\d+)\s+(?:out\s+of|in|of)\s+(?:every\s+)?(?:two|three|four|five|ten|\d[\d,]*)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_RATE = re.compile(r"(?<!growth )(?<!first-)(?<!increase )(?<!to )\brates?\b(?! of \d)", re.IGNORECASE)
_BESIDES = re.compile(r"\b(?:without|while|despite|keeping|with|through|thanks)\b", re.IGNORECASE)
_COUNT = re.compile(
    rf"""
    \b(?:number|count)\s+of\s+(?!.*\bper\b)
    | (?:%|\bper\s?cent)\s+(?:more|fewer|additional)\s+{_THINGS}
    | (?<![\w.,/])(?<![A-Za-z]-)(?<!of\ )(?<!in\ )(?<!per\ )
      (?:\d[\d,.]{{2,}}|\d+\s*(?:k|million|lakhs?|crores?))\s+{_THINGS}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def share_in(title: str) -> str:
    """The words that speak of a share of something; empty when none do, or only of what goes along."""
    main = _BESIDES.split(title)[0]
    found = _SHARE.search(main) or (None if _COUNT.search(main) else _RATE.search(main))
    return found[0].strip() if found else ""


def count_in(title: str) -> str:
    """The words that speak of how many there are; empty when none do, or when a share is spoken of too."""
    found = _COUNT.search(_BESIDES.split(title)[0])
    return "" if found is None or _SHARE.search(title) or _RATE.search(title) else found[0].strip()
