"""Plans against metrics: each misfit is told with its place and a mend."""

from __future__ import annotations

from typing import Any

import pytest

from service.okr.check import check
from service.okr.plan import KeyResult, Plan
from tests.okr.building import CATALOGUE, Q3, key_result, objective


def complaints(*key_results: KeyResult) -> list[tuple[str, str, str]]:
    plan = Plan("2026-Q3.toml", Q3, None, (objective(*key_results),), ())
    return [(problem.key, problem.message, problem.hint) for problem in check(plan, CATALOGUE)]


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "repeat_customers", "target": "+20%"},
        {"metric": "repeat_customers", "target": "-20%"},
        {"metric": "repeat_customers", "window": "as_of"},
        {"metric": "repeat_purchase_rate", "target": "+4pp"},
        {"metric": "repeat_purchase_rate", "target": "+10% relative"},
        {"metric": "repeat_purchase_rate", "target": "25%"},
        {"metric": "repeat_purchase_rate", "target": 1},
        {"metric": "conversion_rate", "target": "-0.5pp", "baseline": "3%"},
        {"metric": "average_order_value", "target": "55 INR", "baseline": "₹50"},
        {"metric": "average_order_value", "target": 55, "baseline": 50},
        {"metric": "units_per_order", "target": "+10%", "baseline": "2.1"},
        {"metric": "units_per_order", "target": "2.5"},
        {"metric": "orders", "target": "+10%"},
        {"metric": "orders", "target": "1200", "baseline": None},
        {"metric": "orders", "target": "-10%", "window": "trailing_28d"},
        {"metric": "customers", "target": "900", "baseline": 1000},
    ],
)
def test_what_fits_is_left_alone(changes: dict[str, Any]) -> None:
    assert complaints(key_result(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "key", "message", "hint"),
    [
        (
            {"metric": "repeat_customer"},
            "metric",
            "there is no metric 'repeat_customer'",
            "did you mean repeat_customers? known: average_order_value, conversion_rate, customers, "
            "net_sales, orders, repeat_customers, repeat_purchase_rate, units_per_order",
        ),
        (
            {"metric": "conversion_rate", "target": "+10%"},
            "target",
            "+10% of a rate may mean points or a part of it",
            'write "+10pp" for points, "+10% relative" for a part of it, or a level such as "66%"',
        ),
        (
            {"metric": "average_order_value", "target": "+4pp"},
            "target",
            "+4pp is for rates, and average_order_value is money",
            'write "+4%"',
        ),
        (
            {"metric": "units_per_order", "target": "-4pp"},
            "target",
            "-4pp is for rates, and units_per_order is a plain number",
            'write "-4%"',
        ),
        (
            {"metric": "repeat_customers", "target": "20%"},
            "target",
            "20% is a share, and repeat_customers is a count",
            'for a change write "+20%" with its sign',
        ),
        (
            {"metric": "repeat_customers", "baseline": "20%"},
            "baseline",
            "20% is a share, and repeat_customers is a count",
            "write a number",
        ),
        (
            {"metric": "repeat_customers", "target": "₹12000"},
            "target",
            "12000 INR is money, and repeat_customers is a count",
            "write 12000",
        ),
        (
            {"metric": "average_order_value", "target": "55 USD"},
            "target",
            "55 USD is not in INR, the shop's currency",
            "write the amount in INR",
        ),
        (
            {"metric": "average_order_value", "baseline": "50 EUR"},
            "baseline",
            "50 EUR is not in INR, the shop's currency",
            "write the amount in INR",
        ),
        ({"metric": "conversion_rate", "target": 60}, "target", "60 would be 6,000.0 %", 'write "60%"'),
        (
            {"metric": "conversion_rate", "baseline": None, "target": "+4pp"},
            "baseline",
            "is missing, and +4pp is a change from it",
            'for example baseline = "previous_quarter"',
        ),
        (
            {"metric": "average_order_value", "baseline": None, "target": 55},
            "baseline",
            "is missing, and average_order_value moves from it to the target",
            'for example baseline = "previous_quarter"',
        ),
        (
            {"metric": "orders", "target": "-10%"},
            "target",
            "orders counts up from 0, so a target of -10% would call a high value good",
            "take a rate or an average that should fall; or, for a low season, write the target as a level",
        ),
        (
            {"metric": "orders", "target": 0},
            "target",
            "orders counts up from 0, so 0 is reached at once",
            "write a level above 0",
        ),
        (
            {"metric": "average_order_value", "baseline": "55 INR", "target": "55.00"},
            "target",
            "baseline and target are both INR 55.00",
            "write where it should get to, or keep_between",
        ),
        (
            {"metric": "orders", "baseline": 100, "target": 100},
            "target",
            "baseline and target are both 100",
            "write where it should get to, or keep_between",
        ),
        (
            {"metric": "repeat_customers", "baseline": 0, "target": "+10%"},
            "target",
            "+10% of a baseline of 0 says nothing: the target must be a level",
            "write a level, such as 12000",
        ),
        (
            {"metric": "repeat_customers", "window": "quarter"},
            "window",
            "repeat_customers looks at all history, so no window fits it",
            "leave window out",
        ),
    ],
)
def test_what_does_not_fit_is_told(changes: dict[str, Any], key: str, message: str, hint: str) -> None:
    assert complaints(key_result(**changes)) == [(f"objectives[0].key_results[0].{key}", message, hint)]


def test_every_key_result_is_checked() -> None:
    place = "objectives[0].key_results[1]"
    faulty = [key_result("x"), key_result("conversion_rate", target="+1%", window="as_of", place=place)]
    assert [key for key, _, _ in complaints(*faulty)] == [
        "objectives[0].key_results[0].metric",
        f"{place}.target",
    ]
