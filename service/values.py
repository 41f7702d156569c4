"""Everything handed from room to room: frozen values, named by their stage.

    Page ─▶ Batch ─▶ (landed) ─▶ Measurement ─▶ CheckIn ─▶ (recorded)

A date is always the shop's own calendar day; a datetime is always aware UTC. Money is integer minor units up to
`Measurement`, Decimal in the shop's currency from there on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as Shopify describes it now."""

    shop_id: int
    domain: str  # the permanent myshopify.com name
    timezone: str  # IANA
    currency: str  # ISO 4217
    currency_exponent: int  # decimals of its minor unit: 2 for EUR, 0 for JPY, 3 for KWD
    created_at: datetime
    scopes: frozenset[str] = frozenset()
    plan: str = ""
    denied: frozenset[str] = frozenset()  # parts that Shopify refuses us, and that no query asks for

    @property
    def meaning(self) -> tuple[str, str]:
        """What stored days and amounts of the shop mean: its time zone and its currency."""
        return self.timezone, self.currency


@dataclass(frozen=True, slots=True)
class Page:
    """One answered page of a connection: nodes as Shopify sent them."""

    nodes: Sequence[Mapping[str, Any]]
    after: str | None  # page cursor of the next page; None on the last


@dataclass(frozen=True, slots=True)
class Watermark:
    """All changes before `position` are fully read and verified; the field is the one the query filters by."""

    connector: str
    position: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by table in column order, and the watermark they move when they land (None: they move none)."""

    rows: Mapping[str, Sequence[tuple[Any, ...]]]
    watermark: Watermark | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """What landing a batch changed."""

    rows: int  # rows in the batch
    changed: int  # rows really inserted or altered
    touched_from: date | None  # earliest shop day whose answers may differ now


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open [start, end) in shop days; start None means all history."""

    start: date | None
    end: date

    def __post_init__(self) -> None:
        if self.start is not None and self.start > self.end:
            raise ValueError(f"a window cannot end ({self.end}) before it starts ({self.start})")

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)


Population = Literal["all", "kept"]


@dataclass(frozen=True, slots=True)
class Segment:
    """Which part of a population: sorted (dimension, value) pairs; empty for everything."""

    where: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, where: Mapping[str, str] | Iterable[tuple[str, str]]) -> Segment:
        pairs = where.items() if isinstance(where, Mapping) else where
        return cls(tuple(sorted((str(k), str(v)) for k, v in pairs)))

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.where)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A metric's answer for one window.

    Units: money as Decimal in `currency`; rates as fractions; `value` None when there is none (denominator 0).
    """

    metric: str
    metric_version: int
    segment: Segment
    population: Population
    window: Window
    unit: str  # count, money, ratio
    currency: str | None  # of a money value
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None  # None for a metric that is a plain sum or count
    value_low: Decimal | None = None  # 95 % interval, where sampling noise makes sense
    value_high: Decimal | None = None
    counted: int | None = 0  # rows the answer was counted from; None: of an answer as it was kept
    left_out: Mapping[str, int] = field(default_factory=dict)  # reason -> rows not counted
    is_complete: bool = True  # does the history reach far enough?
    incomplete_because: str = ""  # or why there is no value, though nothing is missing
    remark: str = ""  # what is doubtful about it although it stands
    data_as_of: datetime | None = None  # the watermark the answer rests on


Status = Literal[
    "no_data", "incomplete", "stale", "too_early", "on_track", "at_risk", "off_track",
    "achieved", "partly_achieved", "missed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A key result judged on a day. A reading is one for every day; a check-in is one that was published."""

    quarter: str
    objective_id: str
    key_result_id: str
    as_of_date: date  # this shop day is complete
    value: Decimal | None
    value_low: Decimal | None
    value_high: Decimal | None
    baseline: Decimal | None
    target: Decimal | None
    attainment: Decimal | None
    progress: Decimal | None
    expected_progress: Decimal | None
    status: Status
    explanation: str
    data_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandSet:
    """A value somebody gave for a key result."""

    value: Decimal
    on_date: date  # the shop day it holds from
    set_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """The utm values of the visits that money bought; empty where they may be any."""

    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""

    def meets(self, other: Campaign) -> bool:
        """Do both name some of the same visits? Then they share a value, and contradict each other in none."""
        pairs = list(zip(astuple(self), astuple(other), strict=True))
        return any(mine and mine == theirs for mine, theirs in pairs) and all(
            mine == theirs or not mine or not theirs for mine, theirs in pairs
        )

    def __str__(self) -> str:
        return " / ".join(value or "any" for value in astuple(self))


@dataclass(frozen=True, slots=True)
class Spent:
    """What a campaign cost on a shop day, in minor units."""

    day: date
    campaign: Campaign
    amount_minor: int
    initiative_id: str = ""  # that planned it; empty where a file says what was really spent


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a connector has fully read: [covered_from, covered_to), or why there is a gap."""

    connector: str
    covered_from: datetime | None
    covered_to: datetime | None
    rows: int
    expected_rows: int | None
    verified_at: datetime | None
    gap: str = ""


UNEXPLAINED = "unexplained"
"""The cause of a difference that nothing accounts for."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of a shop day, ours beside Shopify's. Units: counts, and money in the shop's currency."""

    day: date
    figure: str
    ours: Decimal
    shopify: Decimal
    cause: str = ""  # why they differ; where they agree: why they had differed, if that was mended

    @property
    def difference(self) -> Decimal:
        return self.ours - self.shopify
