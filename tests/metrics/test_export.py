"""The catalogue for semantic layers: what each tool asks for is there, and expressions give their metrics' numbers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Connection, text

from service.metrics.catalogue import Metric, catalogue, load
from service.metrics.export import EXPORTS, osi
from service.metrics.export.parts import DAILY, SOURCES, comments, exported
from service.metrics.measure import measure
from service.store import metric_readings
from service.store.engine import Engine, reading
from service.store.tables import shops
from service.values import Shop, Window
from tests.command import Command
from tests.metrics import little_world as little
from tests.metrics.load_world import load_world

GOLDEN = Path(__file__).parent / "golden"
SHOWN = ("average_order_value", "checkout_recovery_rate", "conversion_rate", "customers", "net_sales",
         "repeat_purchase_rate")  # fmt: skip
FIRST = little.FIRST_DAY + timedelta(days=20)
DOMAIN = "little.myshopify.com"
WINDOW = Window(FIRST, FIRST + timedelta(days=30))


def parsed(language: str, metrics: Any = None) -> Any:
    return yaml.safe_load(EXPORTS[language](metrics or catalogue()))


# --- the files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", EXPORTS)
def test_the_golden_file(language: str) -> None:
    """A metric of each sort, for people to read."""
    found = EXPORTS[language]({name: catalogue()[name] for name in SHOWN})
    path = GOLDEN / f"export.{language}"
    if os.environ.get("OKRSYNC_ACCEPT_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8"), "run ./run golden and read the difference"


def test_texts_stay_texts() -> None:
    """What YAML would read otherwise: quotes, colons, numbers, words for truth."""
    strange = load([next(Path(m.file) for m in catalogue().values())])
    [(name, metric)] = strange.items()
    for title in ('a "quoted": # text', "yes", "1e3", "- x", "über \ttab", "{a: [b]}"):
        model = parsed("cube", {name: replace(metric, title=title)})
        titles = [m.get("title") for cube in model["cubes"] for m in cube["measures"]]
        assert title in titles


def test_what_metricflow_asks_for() -> None:
    """Names unique and of lower-case letters, digits and _; each model with a time dimension that measures go by; each
    metric's measures, and each ratio's metrics, defined.

    Source: https://docs.getdbt.com/docs/build/semantic-models · https://docs.getdbt.com/docs/build/metrics-overview
    """
    page = parsed("metricflow")
    assert set(page) == {"semantic_models", "metrics"}
    measures: list[str] = []
    for model in page["semantic_models"]:
        assert {"name", "model", "defaults", "primary_entity", "dimensions", "measures"} <= set(model)
        times = [d["name"] for d in model["dimensions"] if d["type"] == "time"]
        assert model["defaults"]["agg_time_dimension"] in times
        assert all(d["type"] in ("time", "categorical") for d in model["dimensions"])
        assert all(m["agg"] == "sum" and m["expr"] for m in model["measures"])
        entities = {entity["name"] for entity in model["entities"]}
        assert not entities & {dimension["name"] for dimension in model["dimensions"]}
        last_days = [m["non_additive_dimension"] for m in model["measures"] if len(m) > 3]
        assert all(last["name"] in times and {*last["window_groupings"]} <= entities for last in last_days)
        assert bool(last_days) == (model["name"] == DAILY)
        measures += [m["name"] for m in model["measures"]]
    metrics = {m["name"]: m for m in page["metrics"]}
    assert len(metrics) == len(page["metrics"]) and len(set(measures)) == len(measures)
    assert all(name == name.lower() and name.isidentifier() for name in (*metrics, *measures))
    for m in metrics.values():
        assert {"name", "type", "label", "type_params"} <= set(m)
        if m["type"] == "ratio":
            assert {each["name"] for each in m["type_params"].values()} <= set(metrics)
            assert set(m["type_params"]) == {"numerator", "denominator"}
        else:
            assert m["type"] == "simple" and m["type_params"]["measure"]["name"] in measures
    assert set(catalogue()) <= set(metrics)


def test_a_shop_whose_day_is_not_over_yet_keeps_its_last_one() -> None:
    """The last day is that of a shop and a metric: another's may be a day later, and this one's number were gone."""
    [model] = [each for each in parsed("metricflow")["semantic_models"] if each["name"] == DAILY]
    [repeat] = [each for each in model["measures"] if each["name"] == "repeat_customers_numerator"]
    last = {"name": "metric_date", "window_choice": "max", "window_groupings": ["shop", "metric"]}
    assert repeat["non_additive_dimension"] == last


def test_what_cube_asks_for() -> None:
    """Every cube has a name and a table, every member a name, a type and SQL; references lead to members of the cube.

    Source: https://cube.dev/docs/product/data-modeling/reference/cube · https://cube.dev/docs/types-and-formats
    """
    page = parsed("cube")
    found: set[str] = set()
    for cube in page["cubes"]:
        assert {"name", "sql_table", "dimensions", "measures"} <= set(cube)
        members = [each["name"] for each in cube["dimensions"] + cube["measures"]]
        assert len(set(members)) == len(members)
        assert all(d["sql"] and d["type"] in ("time", "string", "number", "boolean") for d in cube["dimensions"])
        for m in cube["measures"]:
            assert m["sql"] and m["type"] in ("sum", "max", "number")
            assert m["type"] != "number" or all(
                f"{{{m['name']}_{part}}}" in m["sql"] for part in ("numerator", "denominator")
            )
        found |= set(members)
    assert set(catalogue()) <= found


def test_what_osi_asks_for() -> None:
    """Only the keys of the schema, those that must be; expressions over declared fields; extensions in JSON.

    Source: https://github.com/apache/ossie, core-spec/ossie-schema.json
    """
    page = parsed("osi")
    assert page == json.loads(EXPORTS["osi"](catalogue()))
    assert set(page) == {"version", "semantic_model"}
    [model] = page["semantic_model"]
    assert set(model) <= {"name", "description", "datasets", "metrics"}
    for dataset in model["datasets"]:
        assert set(dataset) == {"name", "source", "description", "fields"}
        assert all(
            {"name", "expression"} <= set(f) <= {"name", "expression", "description", "dimension"}
            for f in dataset["fields"]
        )
    for metric in model["metrics"]:
        assert set(metric) == {"name", "expression", "description", "ai_context", "custom_extensions"}
        [told] = metric["expression"]["dialects"]
        assert told["dialect"] == "ANSI_SQL"
        [extension] = metric["custom_extensions"]
        assert json.loads(extension["data"])["version"] == catalogue()[metric["name"]].version
    assert [metric["name"] for metric in model["metrics"]] == list(catalogue())


def test_every_column_named_is_one_of_the_view() -> None:
    for view, source in SOURCES.items():
        named = {source.day, *source.dimensions, *source.columns.values(), *filter(None, [source.only])}
        assert named <= set(comments(view)), view


# --- the numbers ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(database: Engine) -> Shop:
    with database.begin() as connection:
        shop = load_world(connection, little.little_world(3, orders=120))
        now = shop.created_at
        row = {"shop_id": shop.shop_id, "domain": DOMAIN, "timezone": shop.timezone, "currency": shop.currency,
               "currency_exponent": shop.currency_exponent, "created_at": now, "plan": "basic", "scopes": "",
               "seen_at": now, "history_is_cut": False}  # fmt: skip
        connection.execute(shops.insert(), row)
        for metric in catalogue().values():
            found = [*readings(connection, shop, metric)]
            metric_readings.record(connection, shop.shop_id, found, [], now=now)
    return shop


def readings(connection: Connection, shop: Shop, metric: Metric) -> Iterator[metric_readings.Reading]:
    """What a reckoning writes: every day of what adds up, the last day of the window of what does not."""
    whole = Window(None if metric.kind == "level" else WINDOW.start, WINDOW.end)
    kind = "as_of" if metric.kind == "level" else "quarter_to_date"
    windows = [Window(FIRST + timedelta(n), FIRST + timedelta(n + 1)) for n in range(30)] if metric.adds_up else [whole]
    for window in windows:
        found = measure(connection, shop, metric, window)
        yield metric_readings.Reading(
            metric.id, "", "day" if metric.adds_up else kind, window.last_day, metric.version, metric.unit, found.value,
            found.numerator, found.denominator, None, None, None,
        )  # fmt: skip


def test_every_expression_gives_the_metric_s_number(database: Engine, shop: Shop) -> None:
    """As a tool would ask it: the expression over the rows of the days, on this database."""
    views = set()
    with reading(database) as connection:
        for each in exported(catalogue()):
            day = SOURCES[each.view].day
            days = f"{day} >= '{WINDOW.start}' and {day} < '{WINDOW.end}'"
            asked = text(f"select {osi.sql(each)} from {each.view} where shop = '{DOMAIN}' and {days}")
            value = connection.scalar(asked)
            expected = measure(connection, shop, each.metric, WINDOW).value
            found = Decimal(0) if value is None and len(each.parts) == 1 else value and Decimal(str(value))
            assert (found is None) == (expected is None), each.metric.id
            assert found is None or abs(found - expected) < Decimal("0.000001"), each.metric.id
            views.add(each.view)
    assert views == set(SOURCES)


GOOD = """-- id: own
-- version: 1
-- title: Own
-- question: What is this?
-- kind: ratio
-- unit: ratio
-- numerator: something (count)
-- denominator: orders (count)
-- population: counted orders
-- date_basis: order_day
-- segments: none
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source: https://example.com
-- decision: none was taken

select metric_date, NUMERATOR as numerator, count(*) as denominator from counted_orders group by metric_date
"""


@pytest.mark.parametrize(
    ("numerator", "row"),
    [
        (
            "count(*) filter (where nth = 1 or nth = 3)",
            "case when ({customer_order_number} = 1 or {customer_order_number} = 3) then 1 end",
        ),
        ("sum(1)", "1"),
        ("count(*) filter (where gross_sales_minor >= 5000)", None),  # the view has whole amounts
        ("count(distinct customer_id)", None),
        ("sum(units)", None),  # not in the view
        ("sum(nth) - sum(nth)", None),
        ("max(nth)", None),
        ("sum((nth))", None),
        ("count(*) filter (where units = 1)", None),
    ],
)
def test_a_metric_of_one_s_own_is_read_off_its_text_or_taken_as_found(
    tmp_path: Path, numerator: str, row: str | None
) -> None:
    path = tmp_path / "own.sql"
    path.write_text(GOOD.replace("NUMERATOR", numerator), encoding="utf-8")
    [found] = exported(load([path]))
    assert (found.view, found.parts[0].row) == ("bi_orders", row) if row else found.view == DAILY


def test_the_ledger_by_order_day_is_not_the_one_of_the_view(tmp_path: Path) -> None:
    changes = (("NUMERATOR", "sum(1)"), ("counted_orders group", "counted_sales group"))
    for basis, view in (("event_day", "bi_sales_daily"), ("order_day", DAILY)):
        text_ = GOOD.replace("date_basis: order_day", f"date_basis: {basis}")
        for old, new in changes:
            text_ = text_.replace(old, new)
        path = tmp_path / "own.sql"
        path.write_text(text_.replace("count(*) as denominator", "sum(2) as denominator"), encoding="utf-8")
        [found] = exported(load([path]))
        assert found.view == view


# --- the command ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", EXPORTS)
def test_the_command_writes_it(tmp_path: Path, language: str) -> None:
    okrsync = Command(tmp_path / "config/okrsync.toml", "token")
    said = okrsync("metrics", "export", "--format", language)
    assert (said.code, said.out) == (0, EXPORTS[language](catalogue()))
    out = tmp_path / "model" / "okrsync.yml"
    assert okrsync("metrics", "export", "--format", language, "--out", str(out)).code == 0
    assert out.read_text(encoding="utf-8") == said.out
