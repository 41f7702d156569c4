"""Spend as it stands: what a file changes, what a plan gives way to, and from which day on answers differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, select

from service.store import pending, spend
from service.store.spend import Changes
from service.store.tables import ad_spend
from service.values import Campaign, Coverage, Shop, Spent

SHOP = Shop(7, "spend.myshopify.com", "Europe/Berlin", "EUR", 2, datetime(2025, 1, 1, tzinfo=UTC))
NOW, LATER = datetime(2026, 8, 10, tzinfo=UTC), datetime(2026, 8, 11, tzinfo=UTC)
BRAND, LETTER = Campaign("google", "cpc", "brand"), Campaign("klaviyo", "email", "loyalty")
FILE = [Spent(date(2026, 7, 1), BRAND, 100), Spent(date(2026, 7, 2), BRAND, 200), Spent(date(2026, 7, 2), LETTER, 5)]
PLAN = [Spent(date(2026, 7, day), Campaign(utm_medium="email"), amount, "loyalty") for day, amount in ((1, 0), (2, 40))]


def imported(database: Engine, rows: Sequence[Spent], now: datetime = NOW) -> Changes:
    with database.begin() as connection:
        return spend.import_(connection, SHOP, rows, now=now)


def planned(database: Engine, rows: Sequence[Spent], now: datetime = NOW) -> None:
    with database.begin() as connection:
        spend.plan(connection, SHOP, rows, now=now)


def standing(database: Engine) -> dict[tuple[date, str, str], int]:
    with database.connect() as connection:
        rows = connection.execute(select(ad_spend)).all()
    return {(row.spend_date, row.utm_campaign, row.initiative_id): row.amount_minor for row in rows}


def touched(database: Engine) -> date | None:
    """The first day that must be measured again, and none from now on."""
    with database.begin() as connection:
        seen = pending.touched(connection, SHOP.shop_id)
        pending.clear(connection, SHOP.shop_id, seen)
    return seen.since


def coverage(database: Engine, shop: Shop = SHOP) -> Coverage:
    with database.connect() as connection:
        return spend.coverage(connection, shop)


def test_a_file_a_second_time_changes_nothing(database: Engine) -> None:
    first = imported(database, FILE)
    assert (len(first.new), len(first.altered), len(first.days)) == (3, 0, 2)
    assert touched(database) == date(2026, 7, 1)
    again = imported(database, FILE, LATER)
    assert (again.rows, touched(database)) == ([], None)
    assert coverage(database).verified_at == NOW


def test_a_corrected_file_replaces_its_days_and_campaigns_and_nothing_else(database: Engine) -> None:
    imported(database, FILE)
    touched(database)
    changes = imported(database, [replace(FILE[1], amount_minor=250), FILE[0]])
    assert (changes.new, changes.altered) == ([], [replace(FILE[1], amount_minor=250)])
    assert touched(database) == date(2026, 7, 2)
    assert standing(database) == {
        (date(2026, 7, 1), "brand", ""): 100,
        (date(2026, 7, 2), "brand", ""): 250,
        (date(2026, 7, 2), "loyalty", ""): 5,
    }


def test_a_plan_follows_its_file(database: Engine) -> None:
    planned(database, PLAN)
    assert standing(database) == {(date(2026, 7, 1), "", "loyalty"): 0, (date(2026, 7, 2), "", "loyalty"): 40}
    assert touched(database) == date(2026, 7, 1)
    planned(database, PLAN, LATER)
    assert touched(database) is None
    planned(database, [PLAN[0], replace(PLAN[1], amount_minor=30)])
    assert touched(database) == date(2026, 7, 2)
    planned(database, [])
    assert standing(database) == {}
    assert touched(database) == date(2026, 7, 1)


@pytest.mark.parametrize("is_file_first", [True, False])
def test_what_was_spent_counts_in_place_of_the_plan(database: Engine, is_file_first: bool) -> None:
    """The letter's campaign is one of the e-mails that the initiative is about."""
    if is_file_first:
        imported(database, FILE)
    planned(database, PLAN)
    imported(database, FILE)
    planned(database, PLAN)
    assert standing(database) == {(each.day, each.campaign.utm_campaign, ""): each.amount_minor for each in FILE}


def test_a_file_about_other_campaigns_or_other_days_leaves_the_plan(database: Engine) -> None:
    planned(database, PLAN)
    imported(database, [FILE[0], replace(FILE[2], day=date(2026, 7, 1)), Spent(date(2026, 7, 2), Campaign(), 9)])
    assert standing(database)[date(2026, 7, 2), "", "loyalty"] == 40


@pytest.mark.parametrize(
    ("mine", "theirs", "meets"),
    [
        (Campaign(utm_medium="email"), LETTER, True),
        (BRAND, Campaign("google"), True),
        (BRAND, Campaign("google", "cpc", "generic"), False),
        (Campaign("google"), Campaign(utm_medium="cpc"), False),
        (Campaign(), BRAND, False),
        (Campaign(), Campaign(), False),
    ],
)
def test_campaigns_meet_when_they_share_a_value_and_contradict_in_none(
    mine: Campaign, theirs: Campaign, meets: bool
) -> None:
    assert (mine.meets(theirs), theirs.meets(mine)) == (meets, meets)


def test_spend_is_known_from_the_first_day_to_the_last(database: Engine) -> None:
    nothing = coverage(database)
    assert (nothing.covered_from, nothing.covered_to) == (None, None)
    assert nothing.gap == "no spend was imported: run okrsync spend import FILE"
    planned(database, [*PLAN, Spent(date(2026, 9, 30), Campaign(utm_medium="email"), 0, "loyalty")])
    assert coverage(database).covered_to == datetime(2026, 9, 30, 22, tzinfo=UTC)
    imported(database, [FILE[1]])
    told = coverage(database)
    assert (told.covered_from, told.covered_to) == (
        datetime(2026, 6, 30, 22, tzinfo=UTC),
        datetime(2026, 7, 2, 22, tzinfo=UTC),
    )
    assert (told.rows, told.gap) == (4, "")


def test_a_shop_that_counts_in_another_currency_now_needs_its_spend_anew(database: Engine) -> None:
    imported(database, FILE[:2])
    swiss = replace(SHOP, currency="CHF")
    planned(database, PLAN)
    told = "spend was imported in EUR, and the shop counts in CHF now: import it again"
    assert coverage(database, swiss).gap == told
    with database.begin() as connection:
        assert len(spend.import_(connection, swiss, FILE[:2], now=NOW).new) == 2
        spend.plan(connection, swiss, [], now=NOW)
    assert coverage(database, swiss).gap == ""
