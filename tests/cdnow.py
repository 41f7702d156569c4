"""The published CDNOW log: what the customers that a music shop won early in 1997 bought until mid 1998.

It lies as text in the PyPI package `lifetimes`, a test dependency that is read as data and never imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest

from service.demo.worlds.replay import Purchase


def _absent(why: str) -> None:
    """No data, no test: a visible skip, and a failure where everything has to be there."""
    hint = f"{why}; pip install --no-deps lifetimes==0.11.3"
    if os.environ.get("CI"):
        pytest.fail(hint)
    pytest.skip(hint)


def _text(which: str) -> str:
    try:
        found = [file for file in files("lifetimes") or () if file.name == f"CDNOW_{which}.txt"]
    except PackageNotFoundError:
        found = []
    if not found:
        _absent(f"CDNOW_{which}.txt of the package lifetimes is not installed")
    return Path(str(found[0].locate())).read_text(encoding="ascii")


def _purchases(text: str) -> Iterator[Purchase]:
    """A row is customer, date, CDs, dollars; the sample has a second customer number after the first."""
    for line in text.splitlines():
        if line.strip() and line.split()[0].isdigit():
            customer, *_, day, quantity, dollars = line.split()
            cents = Decimal(dollars) * 100
            assert cents == int(cents), line
            yield date.fromisoformat(day), int(customer), int(quantity), int(cents)


def transactions(which: str) -> list[Purchase]:
    """Every purchase of `master` (all 23,570 customers) or `sample` (2,357 of them), in the file's order."""
    return list(_purchases(_text(which)))
