"""What metrics can count, a module each: orders (and their ledger), cohorts of customers, sessions, checkouts, spend.

A new family is a module with one `Family` and its name in `FAMILIES`. A metric belongs to the family whose CTE its text
reads; the family says what it can be split by, which rows are in scope and what was left out.
"""

from __future__ import annotations

from collections.abc import Collection

from service.metrics.families import checkouts, cohorts, marketing, orders, sessions
from service.metrics.families.family import Family

FAMILIES = (orders.ORDERS, cohorts.COHORTS, sessions.SESSIONS, checkouts.CHECKOUTS, marketing.MARKETING)

SOURCES = tuple(name for family in FAMILIES for name in family.sources)
"""The CTEs a metric's text may read."""


def family_of(words: Collection[str]) -> Family | None:
    """The family whose CTE a text with these words reads; None when it reads none."""
    return next((family for family in FAMILIES if any(name in words for name in family.sources)), None)
