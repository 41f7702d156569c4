"""Forecasts as the program makes, keeps and tells them, with real shops and databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import questions
from service.board import boards
from service.cli import app
from service.demo.worlds import build
from service.forecasting import Foreseen
from service.store.forecasts import StoredForecast
from service.store.tables import forecast_calibrations, forecasts, key_result_readings
from tests.shop import OKRS, TOKEN, OpenShop, at, corner_shop, done, open_shop
from tests.test_worlds_end_to_end import Stage, stage

__all__ = ["stage"]  # a fixture


def foreseen(shop: OpenShop, key_result: str, as_of: str | None = None) -> Foreseen | None:
    return questions.foreseen(shop.installation, shop.status(as_of), shop.judged(key_result, as_of))


def newest(shop: OpenShop, key_result: str, as_of: str | None = None) -> StoredForecast:
    found = foreseen(shop, key_result, as_of)
    assert found is not None
    return found.forecast


def explained(shop: OpenShop, key_result: str) -> str:
    command = ["explain", key_result, "--config", str(shop.installation.settings.file)]
    told = CliRunner().invoke(app, command, env={TOKEN: shop.store.token})
    assert told.exit_code == 0, told.output
    return told.output.partition("What is to be expected")[2].partition("\n\n")[0]


# --- a small shop: when a forecast is made, and what it says when it cannot be -------------------------------------


@pytest.fixture
def corner(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """Two orders in its first weeks."""
    with open_shop(corner_shop("2026-06-25 00:00"), database_url, tmp_path, okrs=OKRS) as shop:
        shop.sell("2026-07-02 10:00", 1, 4000)
        shop.sell("2026-07-20 10:00", 2, 6000)
        shop.at("2026-08-10 08:00")
        shop.turn()
        yield shop


def made(shop: OpenShop) -> list[tuple[str, str, object]]:
    """Day, key result and moment of every forecast."""
    rows = shop.rows(forecasts, "as_of_date", "key_result_id", "observed_at")
    return sorted((f"{day:%m-%d}", key_result, f"{moment:%m-%d %H:%M}") for day, key_result, moment in rows)


def test_too_little_history_gives_no_forecast_and_says_so(corner: OpenShop) -> None:
    found = newest(corner, "sales")
    assert (found.as_of_date, found.forecast, found.probability) == (date(2026, 8, 9), None, None)
    assert found.method == "no forecast: there are 39 days of history, and a forecast needs 56"
    assert f"{found.method}; only the pace can be told" in explained(corner, "sales")


def test_one_forecast_for_each_day_that_is_over(corner: OpenShop) -> None:
    first = [("08-09", "repeat-customers", "08-10 08:00"), ("08-09", "sales", "08-10 08:00")]
    assert made(corner) == first
    corner.sell("2026-08-10 09:00", 3, 1000)
    corner.later(minutes=5)
    corner.turn()
    assert made(corner) == first
    corner.at("2026-08-11 08:00")
    corner.turn()
    second = [("08-10", "repeat-customers", "08-11 08:00"), ("08-10", "sales", "08-11 08:00")]
    assert made(corner) == first + second


def test_what_was_expected_on_a_day_is_found_again(corner: OpenShop) -> None:
    corner.at("2026-08-12 08:00")
    corner.turn()
    for as_of, made_on in (("2026-08-11", 11), ("2026-08-10", 9), ("2026-08-09", 9)):
        assert newest(corner, "sales", as_of).as_of_date == date(2026, 8, made_on)
    assert foreseen(corner, "sales", "2026-08-08") is None


def test_a_late_change_makes_it_anew(corner: OpenShop) -> None:
    """An order of 28 June is brought over from elsewhere: the history is four days longer than was known."""
    corner.later(hours=1)
    corner.store.order(2, price=1000, processed_at=at("2026-06-28 10:00"))
    corner.later(hours=1)
    corner.turn()
    found = newest(corner, "sales")
    assert (found.as_of_date, found.history_days) == (date(2026, 8, 9), 43)


def test_a_new_target_makes_it_anew(corner: OpenShop) -> None:
    assert newest(corner, "sales").target == 1000
    [file] = corner.installation.settings.okr_folder.iterdir()
    file.write_text(OKRS.replace('"1000 EUR"', '"900 EUR"\n  target_changed = "August is lost"'), encoding="utf-8")
    corner.turn()
    assert newest(corner, "sales").target == 900


def test_a_quarter_that_is_over_is_foretold_exactly(corner: OpenShop) -> None:
    corner.at("2026-10-03 08:00")
    corner.turn()
    forecast = newest(corner, "sales")
    assert (forecast.as_of_date, forecast.method) == (date(2026, 9, 30), "exact")
    assert (forecast.forecast, forecast.forecast_low, forecast.forecast_high, forecast.probability) == (
        100,
        100,
        100,
        0,
    )


def test_nothing_is_expected_of_a_quarter_that_is_over_and_read(corner: OpenShop) -> None:
    """While its last hours are to be read, the newest forecast is told; then its value is final."""
    corner.at("2026-09-30 08:00")
    corner.turn()
    assert "no forecast: only 2 days brought anything" in explained(corner, "sales")
    corner.at("2026-10-01 08:00")
    corner.turn()
    assert explained(corner, "sales") == ""


def test_the_views_and_the_status_show_it_now_and_as_it_was_known(corner: OpenShop) -> None:
    """On 3 October the quarter is over; on 10 August nothing could be said of its end."""
    assert corner.sql("select forecast, probability from bi_key_results") == [(None, None)] * 2
    known = corner.installation.clock()
    corner.at("2026-10-03 08:00")
    corner.turn()
    columns = "forecast, forecast_low, forecast_high, probability"
    assert [*map(float, corner.sql(f"select {columns} from bi_key_results where key_result_id = 'sales'")[0])] == [
        100.0, 100.0, 100.0, 0.0,
    ]  # fmt: skip
    for moment, forecast in ((None, 100), (known, None)):
        [board] = boards(corner.installation, known_at=moment)
        [sales] = [row for row in board.key_results if row["key_result_id"] == "sales"]
        assert sales["forecast"] == forecast


# --- the boutique, in the middle of a quarter ----------------------------------------------------------------------

BOUTIQUE = """
quarter = "2026-Q3"

[status]
rule = "forecast"

[[objectives]]
id = "grow"
title = "Grow with customers who stay"
""" + "".join(
    f"""
  [[objectives.key_results]]
  id = "{id_}"
  title = "{id_}"
  metric = "{metric}"
  baseline = "previous_quarter"
  target = {target}
  {more}
"""
    for id_, metric, target, more in (
        ("orders", "orders", "300", ""),
        ("more-orders", "orders", "320", ""),
        ("returning-aov", "average_order_value", '"+10%"', 'where = { customer_type = "returning" }'),
        ("repeat-customers", "repeat_customers", '"+20%"', ""),
        ("returning-rate", "returning_customer_rate", '"+2pp"', ""),
        ("customers-lately", "customers", '"+10%"', 'window = "trailing_28d"'),
    )
)
TODAY = "2026-08-16 08:00"


@pytest.fixture(scope="module")
def boutique(stage: Stage) -> Iterator[OpenShop]:
    """What the shop knew on 16 August of orders that have not changed since."""
    world = build("boutique", orders=3000)
    world.now = at(TODAY)
    world.orders[:] = [order for order in world.orders if max(order.created_at, order.updated_at) < world.now]
    with stage() as (url, folder), open_shop(world, url, folder, okrs=BOUTIQUE) as shop:
        done(shop.backfill())
        shop.turn()
        yield shop


@pytest.mark.slow
@pytest.mark.parametrize("id_", ["orders", "returning-aov", "repeat-customers", "returning-rate"])
def test_every_kind_of_key_result_is_forecast_and_judged_on_past_quarters(boutique: OpenShop, id_: str) -> None:
    found, value = foreseen(boutique, id_), boutique.judged(id_).check_in.value
    assert found is not None
    forecast = found.forecast
    assert forecast.as_of_date == date(2026, 8, 15)
    assert value and forecast.forecast_low and forecast.forecast and forecast.forecast_high and forecast.probability
    assert forecast.forecast_low < forecast.forecast < forecast.forecast_high
    assert 0 < forecast.probability < 1
    assert [each.horizon_days for each in found.calibrations] == [69, 46, 23]
    assert {each.judged_to for each in found.calibrations} == {date(2026, 6, 30)}
    assert all(0 <= each.held <= each.judged <= 8 for each in found.calibrations)
    if id_ in ("orders", "repeat-customers"):
        assert forecast.forecast_low >= value


@pytest.mark.slow
def test_past_quarters_of_the_boutique_were_forecast_as_well_as_promised(boutique: OpenShop) -> None:
    rows = boutique.rows(forecast_calibrations, "judged", "held", "brier")
    judged, held = sum(row[0] for row in rows), sum(row[1] for row in rows)
    assert judged >= 50
    assert Decimal("0.7") <= Decimal(held) / judged <= 1
    assert sum(row[0] * row[2] for row in rows) / judged < Decimal("0.25"), "no better than a coin"


@pytest.mark.slow
def test_a_higher_target_is_less_probable_and_shares_the_calibration(boutique: OpenShop) -> None:
    lower, higher = newest(boutique, "orders"), newest(boutique, "more-orders")
    assert lower.forecast == higher.forecast
    assert lower.probability and higher.probability
    assert lower.probability > higher.probability
    metrics = [metric for metric, *_ in boutique.rows(forecast_calibrations, "metric", "horizon_days")]
    assert metrics.count("orders") == 3


@pytest.mark.slow
def test_the_rule_forecast_goes_by_the_probability(boutique: OpenShop) -> None:
    """The reading that was recorded and the judgement made now say the same."""
    probability, judged = newest(boutique, "orders").probability, boutique.judged("orders").check_in
    assert probability
    expected = (
        "on_track" if probability >= Decimal("0.5") else "at_risk" if probability >= Decimal("0.2") else "off_track"
    )
    recorded = boutique.rows(key_result_readings, "key_result_id", "as_of_date", "status", "explanation")
    assert ("orders", date(2026, 8, 15), expected, judged.explanation) in recorded
    assert judged.status == expected
    assert "the target is reached with a probability of" in judged.explanation
    assert "There is no forecast, so the pace decides." in boutique.judged("customers-lately").check_in.explanation


@pytest.mark.slow
def test_customers_of_a_moving_window_are_not_forecast(boutique: OpenShop) -> None:
    assert "customers are counted anew in every window of 28 days" in explained(boutique, "customers-lately")


@pytest.mark.slow
def test_the_explanation_tells_forecast_method_and_calibration(boutique: OpenShop) -> None:
    told = explained(boutique, "orders")
    for words in ("at the quarter's end, seen from 2026-08-15", "80 % interval", "of reaching", "wandering level"):
        assert words in told
    assert told.count("past quarters in the interval") == 3
