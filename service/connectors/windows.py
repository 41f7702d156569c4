"""Search texts for a window of time, and windows small enough to be read and verified in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

SMALLEST_WINDOW = timedelta(minutes=1)

WINDOW_ROWS = 10_000
"""Rows one paging run may hold: far below the 25,000 at which Shopify documents that paging ends."""


def search(field: str, start: datetime, end: datetime) -> str:
    """`field` in [start, end), every time quoted: an unquoted one is cut at its colons without an error.

    Source: https://shopify.dev/docs/api/usage/search-syntax
    """
    return f"{since(field, start)} {before(field, end)}"


def since(field: str, instant: datetime) -> str:
    return f"{field}:>='{_text(instant)}'"


def before(field: str, instant: datetime) -> str:
    return f"{field}:<'{_text(instant)}'"


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def split(
    start: datetime, end: datetime, count: Callable[[datetime, datetime], int], most: int
) -> Iterator[tuple[datetime, datetime, int]]:
    """[start, end) cut into windows of at most `most` rows each, in order, with the count of each."""
    rows = count(start, end)
    if rows <= most or end - start <= SMALLEST_WINDOW:
        yield start, end, rows
        return
    pieces = min(-(-rows // most), max(2, int((end - start) / SMALLEST_WINDOW)))
    step = timedelta(seconds=int((end - start).total_seconds() / pieces))
    edges = [start + step * n for n in range(pieces)] + [end]
    for left, right in pairwise(edges):
        yield from split(left, right, count, most)
