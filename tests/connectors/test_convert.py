"""Shopify's strings as numbers, days and ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.connectors.convert import Converter, gid
from service.errors import UnexpectedShape
from service.periods import shop_day
from service.values import Shop

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "Africa/Cairo",
)


def converter(currency: str = "EUR", exponent: int = 2, zone: str = "Europe/Berlin") -> Converter:
    return Converter(Shop(1, "a.myshopify.com", zone, currency, exponent, datetime(2024, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("exponent", "amount", "minor"),
    [
        (2, "55.0", 5500), (2, "55.00", 5500), (2, "0.1", 10), (2, "-27.5", -2750), (2, "0.0", 0), (2, "-0.0", 0),
        (2, "1234567890123.45", 123456789012345), (2, "55", 5500), (0, "500", 500), (0, "500.0", 500),
        (3, "1.234", 1234), (3, "1.2", 1200), (2, "1e3", 100000),
    ],
)  # fmt: skip
def test_amounts(exponent: int, amount: str, minor: int) -> None:
    convert = converter("XXX", exponent)
    assert convert.amounts[amount] == convert.amounts[amount] == minor


@pytest.mark.parametrize(
    ("exponent", "amount"), [(2, "0.001"), (0, "0.5"), (2, "free"), (2, ""), (2, "NaN"), (2, "Infinity"), (2, "1,5")]
)
def test_what_is_no_amount_is_refused(exponent: int, amount: str) -> None:
    with pytest.raises(UnexpectedShape):
        converter("XXX", exponent).amounts[amount]


@given(st.decimals(places=2, min_value=-(10**12), max_value=10**12))
def test_amounts_keep_every_cent(amount: object) -> None:
    assert converter().amounts[f"{amount:f}"] == int(f"{amount:f}".replace(".", ""))


instants = st.integers(631_152_000, 2_145_830_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(instants, st.sampled_from(ZONES))
def test_days_are_those_of_the_shop(moment: datetime, zone: str) -> None:
    convert = converter(zone=zone)
    for by in (0, -1, 1, 3600):
        at = moment + timedelta(seconds=by)
        assert convert.day(at.strftime("%Y-%m-%dT%H:%M:%SZ")) == shop_day(at, zone).isoformat()


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-28T22:59:59Z", "2026-03-28"), ("2026-03-28T23:00:00Z", "2026-03-29"),
        ("2026-03-29T21:59:59Z", "2026-03-29"), ("2026-03-29T22:00:00Z", "2026-03-30"),
        ("2026-10-25T22:59:59Z", "2026-10-25"), ("2026-10-25T23:00:00Z", "2026-10-26"),
    ],
)  # fmt: skip
def test_days_around_clock_changes_in_berlin(instant: str, day: str) -> None:
    assert converter().day(instant) == day


def test_the_day_that_samoa_skipped() -> None:
    convert = converter(zone="Pacific/Apia")
    assert convert.day("2011-12-30T09:59:59Z") == "2011-12-29"
    assert convert.day("2011-12-30T10:00:00Z") == "2011-12-31"


@pytest.mark.parametrize(
    "instant", ["2026-10-01", "2026-10-01T10:00:00+02:00", "2026-13-01T10:00:00Z", "2026-10-01T10:00:00.5Z", ""]
)
def test_what_is_no_instant_is_refused(instant: str) -> None:
    with pytest.raises(UnexpectedShape):
        converter().day(instant)


def test_ids() -> None:
    assert gid("gid://shopify/Order/5400000000001") == 5400000000001
