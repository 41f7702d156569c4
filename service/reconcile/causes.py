"""Why a figure differs: the first cause that accounts for the difference to the last unit. Pure.

What single orders are the matter is read off the lists of both sides; what a rule would make of the whole ledger comes
from `rules`. A cause that cannot be shown is not named, and what no cause accounts for is unexplained.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from service.connectors.order_list import Listed
from service.store.held import Held
from service.values import UNEXPLAINED

CAUSES: Mapping[str, str] = {
    "test": "one side counts test orders",
    "deleted": "orders we have were deleted at Shopify",
    "merged": "customers were merged at Shopify",
    "zone": "Shopify's days are cut in UTC",
    "reversal_dating": "Shopify dates reversals by the day of the order",
    "not_yet_synced": "orders have changed since the last sync",
    "hidden": "Shopify hides orders older than 60 days from this app",
    "rounding": "Shopify's figure is finer than the currency and rounds to ours",
    "missed": "orders had not been read as they stand; they are now",
    "unexplained": "nothing accounts for it",
}
"""In the order in which they are tried."""

MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Troubles:
    """What is the matter with single orders: ids."""

    gone: frozenset[int] = frozenset()  # ours, and no longer Shopify's
    hidden: frozenset[int] = frozenset()  # ours, and too old to be shown to us now
    fresh: frozenset[int] = frozenset()  # changed after everything we claim to have read
    missed: frozenset[int] = frozenset()  # should have been read as they stand, and were not
    moved: frozenset[int] = frozenset()  # in another customer's name


def troubles(
    ours: Mapping[int, Held], theirs: Mapping[int, Listed], read_to: datetime, visible_from: datetime | None
) -> Troubles:
    """What tells the orders of both sides apart; all changes before `read_to` are claimed to be read."""
    absent = ours.keys() - theirs.keys()
    hidden = {number for number in absent if visible_from and ours[number].created_at < visible_from}
    # Shopify's search index lags: what has only just come in may not be listed yet.
    new = {number for number in absent if ours[number].updated_at >= read_to} - hidden
    differing = {
        number: order for number, order in theirs.items()
        if number not in ours or ours[number].updated_at < order.updated_at
    }  # fmt: skip
    fresh = {number for number, order in differing.items() if order.updated_at >= read_to}
    moved = {number for number in ours.keys() & theirs.keys() if _moved(ours[number], theirs[number])}
    return Troubles(
        frozenset(absent - hidden - new),
        frozenset(hidden),
        frozenset(fresh | new),
        frozenset(differing.keys() - fresh),
        frozenset(moved),
    )


def _moved(ours: Held, theirs: Listed) -> bool:
    return theirs.customer_id is not None and theirs.customer_id != ours.customer_id


def of_count(ours: Collection[int], theirs: Collection[int], tests: int, counted: int, found: Troubles) -> str:
    """The cause of a difference between our orders of a day and Shopify's count of them.

    The orders are ids; `tests` says how many of ours are test orders.
    """
    mine, others = set(ours), set(theirs)
    if tests and len(mine) - tests == counted:
        return "test"
    number = len(mine)
    for cause, change in (
        ("deleted", -len(found.gone)),
        ("not_yet_synced", len(found.fresh & (others - mine)) - len(found.fresh - others)),
        ("hidden", -len(found.hidden)),
    ):
        number += change
        if change and number == counted:
            return cause
    return UNEXPLAINED


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a figure of the sales report on a day."""

    ours: Decimal
    shopify: Decimal
    rules: Collection[str]  # those that hold for it
    without_gone: Decimal  # ours, less the orders that are gone
    by_their_customers: Decimal | None  # ours, with the customers Shopify names; None for other figures
    unit: Decimal  # the smallest amount of the currency
    is_cut: bool  # older orders are hidden from us now
    troubles: Troubles


def of_report(evidence: Evidence) -> str:
    """The cause of a difference between one of our figures and Shopify's sales report."""
    shopify, found = evidence.shopify, evidence.troubles
    known = {
        "test": "test" in evidence.rules,
        "deleted": bool(found.gone) and evidence.without_gone == shopify,
        "merged": evidence.by_their_customers == shopify,
        "zone": "zone" in evidence.rules,
        "reversal_dating": "reversal_dating" in evidence.rules,
        # All we can see has been read as it stands, but for what came since, or for what is hidden.
        "not_yet_synced": bool(found.fresh) and not found.missed,
        "hidden": evidence.is_cut and not found.missed,
        "rounding": shopify.quantize(evidence.unit, ROUND_HALF_UP) == evidence.ours,
    }
    return next((cause for cause in CAUSES if known.get(cause)), UNEXPLAINED)
