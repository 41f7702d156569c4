"""Numbers as people read them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from service.okr.amounts import format_value, percent, plain, rounded
from service.okr.explanation import _span
from tests.okr.building import CATALOGUE, measured


@pytest.mark.parametrize(
    ("value", "unit", "currency", "text"),
    [
        ("12000", "count", None, "12,000"),
        ("12000.00", "count", None, "12,000"),
        ("12001.25", "count", None, "12,001.3"),
        ("0", "count", None, "0"),
        ("55", "money", "INR", "INR 55.00"),
        ("1234567.895", "money", "EUR", "EUR 1,234,567.90"),
        ("2.5", "money", "JPY", "JPY 3"),
        ("1.2345", "money", "KWD", "KWD 1.235"),
        ("-0.001", "money", "INR", "INR 0.00"),
        ("-12.5", "money", "INR", "INR -12.50"),
        ("55", "money", None, "55.00"),
        ("0.27", "ratio", None, "27.0 %"),
        ("0.192", "ratio", None, "19.2 %"),
        ("0.0213", "ratio", None, "2.13 %"),
        ("0", "ratio", None, "0.0 %"),
        ("1", "ratio", None, "100.0 %"),
        (None, "money", "INR", "–"),
    ],
)
def test_values_are_written_with_their_unit(value: str | None, unit: str, currency: str | None, text: str) -> None:
    assert format_value(None if value is None else Decimal(value), unit, currency) == text


def test_a_plain_ratio_is_no_percentage() -> None:
    assert CATALOGUE["units_per_order"].format(Decimal("2.345")) == "2.35"
    assert CATALOGUE["conversion_rate"].format(Decimal("0.345")) == "34.5 %"
    assert CATALOGUE["average_order_value"].format(Decimal("2.345")) == "INR 2.35"
    assert CATALOGUE["units_per_order"].format(None) == "–"


def test_rounding_is_half_up_and_for_reading_only() -> None:
    assert [rounded(Decimal(text), 1) for text in ("0.25", "0.35", "-0.25", "0.249")] == [
        "0.3", "0.4", "-0.3", "0.2",
    ]  # fmt: skip
    assert percent(Decimal("0.0005")) == "0.1 %"
    assert [plain(Decimal(text)) for text in ("1.20", "1E+3", "0.00", "12000")] == [
        "1.2",
        "1000",
        "0",
        "12000",
    ]


def test_only_money_has_a_currency_to_fit() -> None:
    aov = CATALOGUE["average_order_value"]
    assert aov.fits(measured("1"))
    assert not aov.fits(measured("1", currency="USD"))
    assert CATALOGUE["orders"].fits(measured("1", "orders", currency="INR"))


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=45), "45 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_spans_are_written_in_whole_units(span: timedelta, text: str) -> None:
    assert _span(span) == text
