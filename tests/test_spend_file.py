"""A file of spend read, or everything wrong with it told at once, each with its line and a mend."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from service.errors import Misconfigured, Problem
from service.spend_file import parse
from service.values import Campaign, Shop, Spent

SHOP = Shop(7, "spend.myshopify.com", "Europe/Berlin", "EUR", 2, datetime(2025, 1, 1, tzinfo=UTC))
TODAY = date(2026, 8, 10)
HEADING = "date,utm_source,utm_medium,utm_campaign,amount,currency\n"


def read(text: str, shop: Shop = SHOP) -> list[Spent]:
    return parse(text, "spend.csv", shop, today=TODAY)


def problems(text: str, shop: Shop = SHOP) -> list[Problem]:
    with pytest.raises(Misconfigured) as refused:
        read(text, shop)
    assert {each.file for each in refused.value.problems} == {"spend.csv"}
    assert all(each.hint for each in refused.value.problems)
    return list(refused.value.problems)


def test_a_file_as_it_should_be() -> None:
    text = HEADING + (
        "2026-07-01,google,cpc,brand,120.50,EUR\n"
        '2026-07-01,google,cpc,"summer, at sea",0,EUR\n'
        "\n"
        " 2026-08-09 , meta ,, ,7,EUR\n"
    )
    assert read(text) == [
        Spent(date(2026, 7, 1), Campaign("google", "cpc", "brand"), 12_050),
        Spent(date(2026, 7, 1), Campaign("google", "cpc", "summer, at sea"), 0),
        Spent(date(2026, 8, 9), Campaign("meta"), 700),
    ]


def test_the_example_of_the_documentation() -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```csv\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert example.startswith(HEADING)
    assert [each.amount_minor for each in read(example)] == [12_050, 8_000, 0]


def test_columns_in_any_order_and_without_those_nobody_has() -> None:
    text = "currency,amount,utm_source,date\r\nEUR,0.1,google,2026-07-01\r\nEUR,0.20,,2026-07-01\r\n"
    assert read(text) == [
        Spent(date(2026, 7, 1), Campaign("google"), 10),
        Spent(date(2026, 7, 1), Campaign(), 20),
    ]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("2026-07-1,google,cpc,brand,1,EUR", "'2026-07-1' is not a day"),
        ("01/07/2026,google,cpc,brand,1,EUR", "'01/07/2026' is not a day"),
        ("20260701,google,cpc,brand,1,EUR", "'20260701' is not a day"),
        ("2026-02-30,google,cpc,brand,1,EUR", "'2026-02-30' is not a day"),
        (",google,cpc,brand,1,EUR", "'' is not a day"),
        ("2026-08-10,google,cpc,brand,1,EUR", "2026-08-10 is not over yet where the shop is"),
        ("2027-01-01,google,cpc,brand,1,EUR", "2027-01-01 is not over yet where the shop is"),
        ("2026-07-01,google,cpc,brand,-1,EUR", "'-1' is not an amount"),
        ("2026-07-01,google,cpc,brand,+1,EUR", "'+1' is not an amount"),
        ("2026-07-01,google,cpc,brand,1e3,EUR", "'1e3' is not an amount"),
        ("2026-07-01,google,cpc,brand,NaN,EUR", "'NaN' is not an amount"),
        ('2026-07-01,google,cpc,brand,"1,50",EUR', "'1,50' is not an amount"),
        ("2026-07-01,google,cpc,brand,€5,EUR", "'€5' is not an amount"),
        ("2026-07-01,google,cpc,brand,١٢,EUR", "'١٢' is not an amount"),
        ("2026-07-01,google,cpc,brand,,EUR", "'' is not an amount"),
        ("2026-07-01,google,cpc,brand," + "9" * 16 + ",EUR", "is not an amount"),
        ("2026-07-01,google,cpc,brand,1.005,EUR", "1.005 is finer than EUR allows"),
        ("2026-07-01,google,cpc,brand,1,USD", "'USD' is not EUR, the currency of spend.myshopify.com"),
        ("2026-07-01,google,cpc,brand,1,", "'' is not EUR"),
        ("2026-07-01,google,cpc,brand,1,234.50,EUR", "has 7 cells, and the heading 6"),
        ("2026-07-01,google", "has 2 cells, and the heading 6"),
    ],
)
def test_what_is_wrong_with_a_row(cells: str, told: str) -> None:
    [problem] = problems(HEADING + "2026-07-02,google,cpc,brand,1,EUR\n" + cells)
    assert problem.key == "line 3"
    assert told in problem.message


def test_everything_wrong_is_told_at_once() -> None:
    found = problems(HEADING + "never,google,cpc,brand,much,USD\n2026-07-01,a,b,c,1,EUR\n2026-07-01,a,b,c,-2,EUR\n")
    assert [each.key for each in found] == ["line 2", "line 2", "line 2", "line 4"]


def test_a_day_and_campaign_twice_names_both_lines() -> None:
    row = "2026-07-01,google,cpc,brand,1,EUR\n"
    [problem] = problems(HEADING + row + "2026-07-02,google,cpc,brand,1,EUR\n" + row.replace("1,EUR", "2.00,EUR"))
    assert (problem.key, problem.message) == ("line 4", "is line 2 again: 2026-07-01, google / cpc / brand")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["holds no heading"]),
        ("\n", ["holds no heading"]),
        ("date;amount;currency\n2026-07-01;1,50;EUR\n", ["cells are separated by ;"]),
        ("date\tamount\tcurrency\n", ["cells are separated by tabs"]),
        ("days\n", ["has no column date", "has no column amount", "has no column currency", "'days' is no column"]),
        ("date,cost,currency\n2026-07-01,1,EUR\n", ["has no column amount", "'cost' is no column of spend"]),
        ("date,amount,amount,currency\n", ["names the column amount twice"]),
        (HEADING, ["holds no row"]),
        (HEADING + " , ,,,,\n", ["holds no row"]),
        (HEADING + '2026-07-01,"google,cpc,brand,1,EUR\n', ["is not CSV"]),
    ],
)
def test_what_is_wrong_with_a_whole_file(text: str, told: list[str]) -> None:
    found = problems(text)
    for message, problem in zip(told, found, strict=True):
        assert message in problem.message


@pytest.mark.parametrize(
    ("exponent", "written", "minor"),
    [(0, "5", 5), (0, "5.00", 5), (2, "5.10", 510), (3, "0.001", 1), (3, "9" * 15 + ".999", 10**18 - 1)],
)
def test_amounts_are_exact(exponent: int, written: str, minor: int) -> None:
    shop = replace(SHOP, currency_exponent=exponent)
    [found] = read(f"date,amount,currency\n2026-07-01,{written},EUR", shop)
    assert found.amount_minor == minor


def test_finer_than_a_currency_without_decimals() -> None:
    [problem] = problems("date,amount,currency\n2026-07-01,5.5,JPY", replace(SHOP, currency="JPY", currency_exponent=0))
    assert (problem.message, problem.hint) == ("5.5 is finer than JPY allows", "JPY has no decimals: round the amount")
