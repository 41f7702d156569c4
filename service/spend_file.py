"""A file of spend, as advertising tools export it and people save it from a spreadsheet:

    date,utm_source,utm_medium,utm_campaign,amount,currency
    2026-07-01,google,cpc,brand,120.50,EUR

Pure: text in, rows out, or every complaint at once with its line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from service.errors import Misconfigured, Problem
from service.values import Campaign, Shop, Spent

UTM = tuple(each.name for each in fields(Campaign))
REQUIRED = ("date", "amount", "currency")
HEADING = ("date", *UTM, "amount", "currency")

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
"""Fifteen digits: minor units of three decimals still fit the eight bytes of a column."""


def parse(text: str, file: str, shop: Shop, *, today: date) -> list[Spent]:
    """The rows of a file; only days that are over where the shop is. Raises Misconfigured with all that is wrong."""
    reading = _Reading(file, shop, today)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[Spent] = []
    try:
        names = reading.heading(next(lines, []))
        for cells in lines if names else ():
            if any(cell.strip() for cell in cells):
                found += reading.row(f"line {lines.line_num}", names, cells)
    except csv.Error as error:
        reading.complain(f"line {lines.line_num}", f"is not CSV: {error}", "save the sheet as CSV with commas")
    if not found and not reading.problems:
        reading.complain("", "holds no row", "a day without spend is a row with the amount 0")
    if reading.problems:
        raise Misconfigured(reading.problems)
    return found


@dataclass
class _Reading:
    """A file on its way in, with what is wrong with it so far."""

    file: str
    shop: Shop
    today: date
    problems: list[Problem] = field(default_factory=list)
    seen: dict[tuple[date, Campaign], str] = field(default_factory=dict)  # where each day and campaign stands

    def complain(self, place: str, message: str, hint: str) -> None:
        self.problems.append(Problem(self.file, place, message, hint))

    def heading(self, cells: list[str]) -> list[str]:
        """The column names; none when they cannot be used."""
        names, before = [cell.strip() for cell in cells], len(self.problems)
        whole = f"the heading is {','.join(HEADING)}; the utm columns may be left out"
        if not any(names):
            self.complain("", "holds no heading", whole)
        elif separator := _other_separator(cells):
            self.complain("line 1", f"cells are separated by {separator}", "save the sheet as CSV with commas")
        if len(self.problems) > before:
            return []
        for name in REQUIRED:
            if name not in names:
                self.complain("line 1", f"has no column {name}", whole)
        for name in dict.fromkeys(names):
            if name not in HEADING:
                self.complain("line 1", f"{name!r} is no column of spend", whole)
            elif names.count(name) > 1:
                self.complain("line 1", f"names the column {name} twice", "leave one of them out")
        return names if len(self.problems) == before else []

    def row(self, place: str, names: list[str], cells: list[str]) -> Iterator[Spent]:
        """The row, if nothing is wrong with it."""
        if len(cells) != len(names):
            told = f"has {len(cells)} cells, and the heading {len(names)}"
            self.complain(place, told, "write amounts without separators, and texts that hold a comma in quotes")
            return
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
        day, amount = self._day(place, row["date"]), self._amount(place, row["amount"])
        self._check_currency(place, row["currency"])
        if day is None or amount is None:
            return
        campaign = _campaign(row)
        if earlier := self.seen.get((day, campaign)):
            told = f"is {earlier} again: {day}, {campaign}"
            self.complain(place, told, "add the two up, or take one out")
        self.seen.setdefault((day, campaign), place)
        yield Spent(day, campaign, amount)

    def _day(self, place: str, written: str) -> date | None:
        try:
            day = date.fromisoformat(written)
        except ValueError:
            day = None
        if day is None or written != day.isoformat():
            self.complain(place, f"{written!r} is not a day", "write it as 2026-07-01")
            return None
        if day >= self.today:
            told = f"{day} is not over yet where the shop is"
            self.complain(place, told, "leave the day out, and import it once it is complete")
        return day

    def _amount(self, place: str, written: str) -> int | None:
        if not _AMOUNT.fullmatch(written):
            hint = "write 1234.50: a decimal point, no separators, no sign; take a credit off the day's amount"
            self.complain(place, f"{written!r} is not an amount", hint)
            return None
        minor = Decimal(written).scaleb(self.shop.currency_exponent)
        if minor != int(minor):
            told = f"{written} is finer than {self.shop.currency} allows"
            decimals = self.shop.currency_exponent or "no"
            self.complain(place, told, f"{self.shop.currency} has {decimals} decimals: round the amount")
            return None
        return int(minor)

    def _check_currency(self, place: str, written: str) -> None:
        if written != self.shop.currency:
            told = f"{written!r} is not {self.shop.currency}, the currency of {self.shop.domain}"
            self.complain(place, told, f"write the amount in {self.shop.currency}, converted as of the day")


def _other_separator(heading: list[str]) -> str | None:
    """What a spreadsheet of another language put where a comma belongs: in the one cell there is, beside our names."""
    if len(heading) != 1:
        return None
    separators = {";": ";", "\t": "tabs"}
    return next((told for each, told in separators.items() if each in heading[0]), None)


def _campaign(row: Mapping[str, str]) -> Campaign:
    return Campaign(**{name: row.get(name, "") for name in UTM})
