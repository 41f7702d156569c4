"""`shopifyqlQuery`: the shop's reports, their own budget, and everything that can go wrong with them.

Source: https://shopify.dev/docs/apps/build/shopifyql/graphql-admin-api
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from service.demo.model import Visits
from service.demo.ql_budget import POINTS, WINDOW_SECONDS, WindowBucket, cost
from service.demo.ql_grammar import ParseError, Query, parse
from service.demo.ql_sales import Habits, SalesDay, events
from service.demo.ql_sales import metrics as sales_metrics
from service.demo.records import Table
from service.demo.worlds.days import Days

if TYPE_CHECKING:
    from service.demo.roots import Request
    from service.demo.shop import Shop

FIRST_DAY = date(2022, 10, 1)  # sessions are known from then on
_ONE_DAY = timedelta(days=1)

COUNTS = {
    "sessions": "sessions",
    "sessions_with_cart_additions": "with_cart_additions",
    "sessions_that_reached_checkout": "reached_checkout",
    "sessions_that_completed_checkout": "completed_checkout",
    "sessions_that_reached_and_completed_checkout": "reached_and_completed",
}
RATES = {
    "conversion_rate": ("completed_checkout", "sessions"),
    "added_to_cart_rate": ("with_cart_additions", "sessions"),
    "reached_checkout_rate": ("reached_checkout", "sessions"),
    "checkout_conversion_rate": ("completed_checkout", "reached_checkout"),
}
SPLITS: Mapping[str, Callable[[Visits], str | None]] = {
    "referrer_source": lambda visits: visits.referrer_source,
    "utm_source": lambda visits: visits.utm_source,
    "utm_medium": lambda visits: visits.utm_medium,
    "utm_campaign": lambda visits: visits.utm_campaign,
    "session_device_type": lambda visits: visits.device,
    "human_or_bot_session": lambda visits: "human" if visits.is_human else "bot",
}


class Refused(Exception):
    """An error of the field, with Shopify's extensions."""

    def __init__(self, message: str, extensions: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.extensions = extensions


class Column(NamedTuple):
    name: str
    kind: str  # Shopify's ColumnDataType


class Answered(NamedTuple):
    columns: Sequence[Column] = ()
    rows: Sequence[Any] = ()
    errors: Sequence[str] = ()


class Reports:
    """A shop's reports. Faults wait in lines of their own; `visits` may be changed by whoever holds the shop's lock."""

    def __init__(self, shop: Shop, points: int = POINTS, window_seconds: float = WINDOW_SECONDS) -> None:
        self.shop = shop
        self.bucket = WindowBucket(points, window_seconds)
        self.has_level_2 = True
        self.is_until_exclusive = False  # one account of Shopify's behaviour says so
        self.habits = Habits()
        self.throttles = 0
        self.arrays = 0
        self.parse_errors: list[str] = []
        self._visits: list[Visits] | None = None

    @property
    def visits(self) -> list[Visits]:
        if self._visits is None:
            self._visits = list(self.shop.world.visits())
        return self._visits

    def answer(self, request: Request, text: str) -> Answered:
        if not self.has_level_2:
            raise Refused(
                "This app is not approved to use the shopifyqlQuery field. "
                "See https://shopify.dev/docs/apps/launch/protected-customer-data for more details.", {},
            )  # fmt: skip
        if self.parse_errors:
            return Answered(errors=[self.parse_errors.pop(0)])
        try:
            query = parse(text)
            columns = self._columns(query, request.version)
        except ParseError as error:
            return Answered(errors=[str(error)])
        request.shopifyql_cost = self._pay(cost(query))
        rows = self._rows(query, columns, request.version)
        if self.arrays:
            self.arrays -= 1
            return Answered(columns, [list(row.values()) for row in rows])
        return Answered(columns, rows)

    def _pay(self, points: int) -> dict[str, Any]:
        is_ordered = self.throttles > 0
        self.throttles -= is_ordered
        if is_ordered or not self.bucket.take(points):
            shown = self.bucket.status(points, self.shop.now, spent=is_ordered)
            extensions = {"code": "THROTTLED", "requestId": str(uuid4()), "cost": shown}
            raise Refused("Rate limited. Please retry later.", extensions)
        return self.bucket.status(points, self.shop.now)

    # --- columns and rows -----------------------------------------------------------------------------------------

    def _columns(self, query: Query, version: str) -> list[Column]:
        metrics = _metrics(query.table, version)
        splits = {"day": "DAY_TIMESTAMP", **dict.fromkeys(SPLITS if query.table == "sessions" else (), "STRING")}
        _must_know([*query.group_by, *(name for name, _ in query.where)], splits)
        _must_know(query.show, {**metrics, **splits})
        keys = (["day"] if query.is_timeseries else []) + query.group_by
        shown = [name for name in query.show if name not in splits]
        _must_know([name for name, _ in query.order_by], [*keys, *shown])
        return [Column(name, splits[name]) for name in keys] + [Column(name, metrics[name]) for name in shown]

    def _rows(self, query: Query, columns: Sequence[Column], version: str) -> list[dict[str, Any]]:
        found = self._session_rows(query) if query.table == "sessions" else self._sales_rows(query, version)
        rows = [{column.name: row[column.name] for column in columns} for row in found]
        for name, is_descending in reversed(query.order_by):
            kind = next(column.kind for column in columns if column.name == name)
            rows.sort(key=lambda row: _sortable(row[name], kind), reverse=is_descending)
        return rows[query.offset : query.offset + query.limit]

    def _session_rows(self, query: Query) -> Iterator[dict[str, Any]]:
        keys = [name for name in query.group_by if name != "day"]
        by_day = query.is_timeseries or "day" in query.group_by
        first, until = max(query.since, FIRST_DAY), self._until(query)
        found: dict[tuple[Any, ...], Counter[str]] = {}
        if query.is_timeseries and not keys:
            found = {(day,): Counter() for day in _days(query.since, until)}
        for visits in self.visits:
            day = self._day(visits.began_at, query.timezone)
            if first <= day <= until and all(SPLITS[name](visits) == value for name, value in query.where):
                key = ((day,) if by_day else ()) + tuple(SPLITS[name](visits) for name in keys)
                found.setdefault(key, Counter()).update({name: getattr(visits, name) for name in COUNTS.values()})
        for key, counts in found.items():
            row = dict(zip((["day"] if by_day else []) + keys, key, strict=True))
            row["day"] = str(row["day"]) if by_day else None
            yield row | {name: str(counts[field]) for name, field in COUNTS.items()} | _rates(counts)

    def _sales_rows(self, query: Query, version: str) -> Iterator[dict[str, Any]]:
        by_day = query.is_timeseries or "day" in query.group_by
        until = self._until(query)
        found: dict[date | None, SalesDay] = {}
        if query.is_timeseries:
            found = {day: SalesDay() for day in _days(query.since, until)}
        for at, part in events(self.shop.world, self.habits):
            day = self._day(at, self.habits.zone or query.timezone)
            if query.since <= day <= until:
                found.setdefault(day if by_day else None, SalesDay()).add(part)
        exponent = self.shop.world.exponent
        for day_or_all, whole in found.items():
            yield {"day": str(day_or_all)} | {
                name: read(whole, exponent) for name, (_, read) in sales_metrics(version).items()
            }

    def _until(self, query: Query) -> date:
        return query.until - _ONE_DAY if self.is_until_exclusive else query.until

    def _day(self, at: int, timezone: str | None) -> date:
        return _calendar(timezone or self.shop.world.timezone).of(at)


@cache
def _calendar(timezone: str) -> Days:
    """All days anybody asks about, so that an instant's day is looked up instead of computed."""
    return Days(timezone, date(1995, 1, 1), date(2040, 1, 1))


def _metrics(table: str, version: str) -> dict[str, str]:
    """The data type of each metric of a table."""
    if table == "sales":
        return {name: kind for name, (kind, _) in sales_metrics(version).items()}
    if table == "sessions":
        return {**dict.fromkeys(COUNTS, "INTEGER"), **dict.fromkeys(RATES, "PERCENT")}
    raise ParseError(f"Table Not Found: Table '{table}' not found")


def _must_know(names: Sequence[str], known: Mapping[str, Any] | Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ParseError(f"Column Not Found: Column '{name}' not found")


def _rates(counts: Counter[str]) -> dict[str, str | None]:
    return {
        name: f"{counts[part] / counts[whole]:.6f}" if counts[whole] else None for name, (part, whole) in RATES.items()
    }


def _sortable(cell: Any, kind: str) -> tuple[bool, Any]:
    """Numbers by size, texts by letter, and what has no value behind the rest."""
    is_text = kind in ("STRING", "DAY_TIMESTAMP")
    return (True, "") if cell is None and is_text else (cell is None, cell if is_text else float(cell or 0))


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + n * _ONE_DAY


def report_table() -> Table:
    """The functions of the types behind `shopifyqlQuery`."""
    return {
        "ShopifyqlQueryResponse": {
            "tableData": lambda answered: None if answered.errors else answered,
            "parseErrors": lambda answered: list(answered.errors),
            "parseWarnings": lambda _answered: [],
        },
        "ShopifyqlTableData": {
            "columns": lambda answered: answered.columns,
            "rows": lambda answered: answered.rows,
        },
        "ShopifyqlTableDataColumn": {
            "name": lambda column: column.name,
            "displayName": lambda column: column.name.replace("_", " ").capitalize(),
            "dataType": lambda column: column.kind,
            "subType": lambda _column: None,
            "columnOrigin": lambda _column: "REQUESTED",
        },
    }
