"""OKR files: the sample is read in full, and every fault is told with its place and a mend."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from service.errors import PlanError
from service.okr.model import Initiative, KeyResult
from service.okr.plan import load, parse
from service.okr.status import RATIO
from service.okr.targets import Level, PastQuarter, Relative
from service.periods import Quarter
from service.values import Segment

SAMPLE = """
quarter = "2026-Q3"
shop    = "myshopper.myshopify.com"

[[objectives]]
id    = "repeat-revenue"
title = "Increase revenue from repeat customers"
owner = "Retention"

  [[objectives.key_results]]
  id       = "repeat-customers"
  title    = "20 % more repeat customers"
  metric   = "repeat_customers"
  baseline = "previous_quarter"
  target   = "+20%"

  [[objectives.key_results]]
  id         = "repeat-aov"
  title      = "Average order value of repeat customers up 10 %"
  owner      = "Merchandising"
  metric     = "average_order_value"
  where      = { is_subscription = false, customer_type = "returning" }
  population = "kept"
  baseline   = "50 INR"
  target     = 55.10
  weight     = 0.5
  window     = "trailing_28d"

[[initiatives]]
id          = "loyalty-launch"
title       = "Loyalty programme"
start       = 2026-08-01
end         = 2026-09-15
key_results = ["repeat-customers"]
where       = { utm_medium = "email" }
spend       = "12000 INR"
"""


def test_the_sample_is_read_in_full(tmp_path: Path) -> None:
    path = tmp_path / "2026-Q3.toml"
    path.write_text(SAMPLE, encoding="utf-8")
    plan = load(path)
    assert (plan.file, plan.quarter, plan.shop) == (str(path), Quarter(2026, 3), "myshopper.myshopify.com")
    (objective,) = plan.objectives
    assert (objective.id, objective.owner) == ("repeat-revenue", "Retention")
    customers, aov = plan.key_results
    assert customers == KeyResult(
        id="repeat-customers",
        title="20 % more repeat customers",
        owner="Retention",
        objective_id="repeat-revenue",
        metric="repeat_customers",
        where=Segment(),
        population="all",
        baseline=PastQuarter.PREVIOUS,
        target=Relative(Decimal("0.20")),
        weight=Decimal(1),
        window=None,
        place="objectives[0].key_results[0]",
    )
    assert aov == KeyResult(
        id="repeat-aov",
        title="Average order value of repeat customers up 10 %",
        owner="Merchandising",
        objective_id="repeat-revenue",
        metric="average_order_value",
        where=Segment((("customer_type", "returning"), ("is_subscription", "false"))),
        population="kept",
        baseline=Level(Decimal(50), "INR"),
        target=Level(Decimal("55.10")),
        weight=Decimal("0.5"),
        window="trailing_28d",
        place="objectives[0].key_results[1]",
    )
    assert plan.initiatives == (
        Initiative(
            id="loyalty-launch",
            title="Loyalty programme",
            start=date(2026, 8, 1),
            end=date(2026, 9, 15),
            key_results=("repeat-customers",),
            where=Segment((("utm_medium", "email"),)),
            spend=Level(Decimal(12000), "INR"),
            place="initiatives[0]",
        ),
    )


def test_quarters_follow_the_fiscal_year() -> None:
    assert parse(SAMPLE, "x.toml", fiscal_year_start=4).quarter.start == date(2025, 10, 1)


def test_numbers_keep_every_digit() -> None:
    plan = parse(SAMPLE.replace("55.10", "0.1234567890123456789012345678901234"), "x.toml")
    assert plan.key_results[1].target == Level(Decimal("0.1234567890123456789012345678901234"))


def complaints(source: str) -> list[tuple[str, str, str]]:
    with pytest.raises(PlanError) as error:
        parse(source, "2026-Q3.toml")
    assert {problem.file for problem in error.value.problems} == {"2026-Q3.toml"}
    return [(problem.key, problem.message, problem.hint) for problem in error.value.problems]


AOV = "objectives[0].key_results[1]"
MOVES = 'baseline   = "50 INR"\n  target     = 55.10'


@pytest.mark.parametrize(
    ("old", "new", "key", "message", "hint"),
    [
        ('"2026-Q3"', '"2026Q3"', "quarter", "'2026Q3' is not a quarter", 'for example "2026-Q3"'),
        ('quarter = "2026-Q3"', "", "quarter", "is missing", 'for example "2026-Q3"'),
        ('"2026-Q3"', "2026", "quarter", "2026 is not a text", 'for example "2026-Q3"'),
        ("shop ", "shopp ", "shopp", "unknown key", "did you mean shop? known: draft, initiatives, kpis"),
        (
            '"repeat-aov"',
            '"repeat aov"',
            f"{AOV}.id",
            '"repeat aov" is not an id',
            'for example "repeat-aov"',
        ),
        (
            '"repeat-aov"',
            '"repeat-customers"',
            f"{AOV}.id",
            "is also the id of objectives[0].key_results[0]",
            "own",
        ),
        (
            '"Average order value of repeat customers up 10 %"',
            '" "',
            f"{AOV}.title",
            "is empty",
            "for example",
        ),
        ('"Merchandising"', "7", f"{AOV}.owner", "7 is not a text", 'for example "Retention"'),
        ('metric     = "average_order_value"', "", f"{AOV}.metric", "is missing", '"average_order_value", or "manual"'),
        ('"kept"', '"keep"', f"{AOV}.population", '"keep" is not one of all, kept', "for example"),
        (
            '"50 INR"',
            '"last_quarter"',
            f"{AOV}.baseline",
            "not a quarter to start from",
            '"previous_quarter"',
        ),
        ("55.10", '"$55"', f"{AOV}.target", "names no single currency", '"+20%", "+4pp", 12000, "60%" or'),
        ("target     = 55.10", "", f"{AOV}.target", "is missing", '"+20%"'),
        ("55.10", "nan", f"{AOV}.target", "NaN is not a value", "for example"),
        ("= 0.5", "= -1", f"{AOV}.weight", "-1 is not a number from 0 up", "for example 2 or 0.5"),
        ("= 0.5", "= inf", f"{AOV}.weight", "Infinity is not a number", "for example"),
        ("= 0.5", "= true", f"{AOV}.weight", "true is not a number", "for example"),
        ('"trailing_28d"', '"week"', f"{AOV}.window", '"week" is not one of quarter, trailing_28d', "for"),
        (
            "{ is_subscription = false,",
            "{ nth = 2,",
            f"{AOV}.where",
            "is not a table of names and texts",
            "ret",
        ),
        ("weight ", "wheight ", f"{AOV}.wheight", "unknown key", "did you mean weight? known: at_least, at_most, b"),
        ("weight     = 0.5", 'stretch = "up"', f"{AOV}.stretch", "up is not a value", '"+20%"'),
        ("weight     = 0.5", 'pace = "fast"', f"{AOV}.pace", '"fast" is no pace', '"seasonal"'),
        ("weight     = 0.5", "pace = [[2026-08-01]]", f"{AOV}.pace", "is not a day and a share", "2026-08-15"),
        ("weight     = 0.5", "pace = [[2026-08-01, 1.1]]", f"{AOV}.pace", "1.1 is not a share from 0 to 1", "for"),
        (
            "weight     = 0.5",
            "pace = [[2026-08-01, 0.5], [2026-09-01, 0.4]]",
            f"{AOV}.pace",
            "2026-09-01 and 0.4 do not follow 2026-08-01 and 0.5",
            "for example",
        ),
        ("weight     = 0.5", 'commitment = "yes"', f"{AOV}.commitment", "is not one of committed, aspir", "for"),
        ("weight     = 0.5", "confidence = 5", f"{AOV}.confidence", "5 is not a share from 0 to 1", "0.5"),
        ("weight     = 0.5", "at_least = 50", f"{AOV}.at_least", "there is a target too", "leave one of the two out"),
        (MOVES, "keep_between = [2, 1]", f"{AOV}.keep_between", "2 is not below 1", '["20%", "30%"]'),
        (MOVES, "keep_between = 2", f"{AOV}.keep_between", "is not a pair of limits", "for"),
        (MOVES, "at_least = 2\nat_most = 3", f"{AOV}.at_most", "there is an at_least too", "keep_between = [2, 3]"),
        (
            MOVES,
            "at_most = 3\nbaseline = 4",
            f"{AOV}.baseline",
            "there is no way from a baseline to at most 3",
            "leave",
        ),
        (MOVES, 'at_most = 3\npace = "linear"', f"{AOV}.pace", "from the first week on", "leave pace out"),
        (
            "weight     = 0.5",
            'guardrails = [{ metric = "orders" }]',
            f"{AOV}.guardrails[0].at_least",
            "is missing, and so are at_most and keep_between",
            "for example",
        ),
        (
            "weight     = 0.5",
            'guardrails = [{ metric = "orders", at_least = 1, target = 2 }]',
            f"{AOV}.guardrails[0].target",
            "unknown key",
            "known: at_least",
        ),
        ("2026-08-01", '"2026-08-01"', "initiatives[0].start", "without quotes", "for example 2026-08-01"),
        ("2026-09-15", "2026-09-15T10:00:00", "initiatives[0].end", "without a time", "2026-09-15"),
        (
            "2026-09-15",
            "2026-07-15",
            "initiatives[0].end",
            "2026-07-15 is before the start, 2026-08-01",
            "swap",
        ),
        ('["repeat-customers"]', "[]", "initiatives[0].key_results", "is not a list", '["repeat-customers"]'),
        (
            '["repeat-customers"]',
            '["repeat-customer"]',
            "initiatives[0].key_results",
            "no key result",
            "did you",
        ),
        ('"12000 INR"', '"12,000 INR"', "initiatives[0].spend", "separators", '"12000 INR"'),
        ("[[initiatives]]", "[status]\npreset = 7\n[[initiatives]]", "status.preset", "7 is not one of google", "for"),
        (
            "[[initiatives]]",
            '[status]\npreset = "viva"\nrule = "gap"\n[[initiatives]]',
            "status.rule",
            "the preset viva brings its own",
            "leave one",
        ),
        (
            "[[initiatives]]",
            "[status]\non_track = 0.6\n[[initiatives]]",
            "status.on_track",
            "0.6 must be no lower than at_risk, 0.7",
            "swap",
        ),
        (
            "[[initiatives]]",
            '[status]\nrule = "gap"\non_track = 0.6\n[[initiatives]]',
            "status.on_track",
            "0.6 must be fewer points behind than at_risk, 0.25",
            "swap",
        ),
        (
            "[[initiatives]]",
            "[status]\npartly_achieved = 1.1\n[[initiatives]]",
            "status.partly_achieved",
            "1.1 is above achieved, 1",
            "swap",
        ),
        ("[[initiatives]]", "[[status]]\n[[initiatives]]", "status", "is not a table", "begin it with [status]"),
        ("[[initiatives]]", "[initiatives]", "initiatives", "is not an array of tables", "[[initiatives]]"),
    ],
)
def test_each_fault_is_told_alone(old: str, new: str, key: str, message: str, hint: str) -> None:
    assert old in SAMPLE
    is_at_the_top = key in ("quarter", "shopp")
    source = SAMPLE.replace(old, new, 1) if is_at_the_top else new.join(SAMPLE.rsplit(old, 1))
    ((where, what, mend),) = complaints(source)
    assert where == key
    assert message in what
    assert hint in mend


def test_all_faults_are_told_at_once() -> None:
    source = 'quarter = "Q3"\n[[objectives]]\ntitel = "x"\n[[objectives.key_results]]\ntarget = "up"'
    assert [key for key, _, _ in complaints(source)] == [
        "quarter",
        "objectives[0].id",
        "objectives[0].title",
        "objectives[0].titel",
        "objectives[0].key_results[0].id",
        "objectives[0].key_results[0].title",
        "objectives[0].key_results[0].metric",
        "objectives[0].key_results[0].target",
    ]


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ('quarter = "2026-Q3"', "objectives"),
        ('quarter = "2026-Q3"\n[[objectives]]\nid = "o"\ntitle = "O"', "objectives[0].key_results"),
    ],
)
def test_an_empty_plan_is_a_fault(source: str, key: str) -> None:
    ((place, message, _),) = complaints(source)
    assert (place, message) == (key, "there is none")


@pytest.mark.parametrize(
    ("source", "place", "line"),
    [
        ('quarter = "2026-Q3"\ntarget = +20%\n', "line 2, column 13", "target = +20%"),
        ('quarter = "2026-Q3', "line 1, column 19", 'quarter = "2026-Q3'),
        ('quarter = "2026-Q3"\nowner = """Reten', "line 2, column 17", 'owner = """Reten'),
        ("a = 1\na = 2\n", "line 2, column 6", "a = 2"),
    ],
)
def test_malformed_toml_is_told_with_line_and_column(source: str, place: str, line: str) -> None:
    ((key, message, hint),) = complaints(source)
    assert key == place
    assert message.startswith("this is not TOML: ")
    assert hint.startswith(f"the line reads: {line} ")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing, latin = tmp_path / "missing.toml", tmp_path / "latin.toml"
    latin.write_bytes('title = "Größe"'.encode("latin-1"))
    for path, message in (
        (missing, "cannot be read: No such file or directory"),
        (latin, "is not UTF-8 text"),
    ):
        with pytest.raises(PlanError) as error:
            load(path)
        assert (error.value.problems[0].file, error.value.problems[0].message) == (str(path), message)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(SAMPLE, encoding="utf-8-sig")
    assert load(path).quarter == Quarter(2026, 3)


FORMS = """
quarter = "2026-Q3"

[status]
preset   = "engagedly"
achieved = 0.95

[[objectives]]
id    = "o"
title = "Forms"

  [[objectives.key_results]]
  id           = "rate"
  title        = "Conversion stays up"
  metric       = "conversion_rate"
  at_least     = "2%"
  window       = "trailing_28d"

  [[objectives.key_results]]
  id           = "basket"
  title        = "Baskets as they are"
  metric       = "average_order_value"
  keep_between = ["50 INR", "60 INR"]

  [[objectives.key_results]]
  id           = "launch"
  title        = "The new shop is open"
  milestone    = true
  commitment   = "committed"
  confidence   = 0.5
  pace         = [[2026-08-31, 0.2], [2026-09-15, 1]]

  [[objectives.key_results]]
  id           = "nps"
  title        = "Customers recommend us"
  metric       = "manual"
  baseline     = 30
  target       = 40
  stretch      = 50

  [[objectives.key_results]]
  id           = "orders"
  title        = "More orders"
  metric       = "orders"
  target       = 1200
  pace         = "seasonal"
  guardrails   = [
    { metric = "reversal_rate", at_most = "5%", where = { source = "web" } },
    { metric = "average_order_value", at_least = 45, window = "quarter", population = "kept" },
  ]

[[kpis]]
id     = "taken-back"
title  = "Sales taken back"
owner  = "Operations"
metric = "reversal_rate"
window = "trailing_28d"
"""


def test_every_form_is_read() -> None:
    plan = parse(FORMS, "f")
    rate, basket, launch, nps, orders = plan.key_results
    assert [each.form for each in plan.key_results] == ["at_least", "keep_between", "milestone", "reach", "reach"]
    assert [str(each.target) for each in (rate, basket, launch)] == ["at least 2%", "between 50 INR and 60 INR", "done"]
    assert (launch.metric, launch.is_by_hand, launch.commitment) == ("milestone", True, "committed")
    assert launch.confidence == Decimal("0.5")
    assert launch.pace == ((date(2026, 8, 31), Decimal("0.2")), (date(2026, 9, 15), Decimal(1)))
    assert (nps.metric, nps.is_by_hand, nps.stretch) == ("manual", True, Level(Decimal(50)))
    assert orders.pace == "seasonal"
    first, second = orders.guardrails
    assert (first.metric, str(first.where), str(first.bounds)) == ("reversal_rate", "source=web", "at most 5%")
    assert (second.window, second.population, str(second.bounds)) == ("quarter", "kept", "at least 45")
    assert (second.place, plan.kpis[0].place) == ("objectives[0].key_results[4].guardrails[1]", "kpis[0]")
    assert (plan.kpis[0].owner, plan.kpis[0].window) == ("Operations", "trailing_28d")
    assert (plan.rule.preset, plan.rule.kind, plan.rule.achieved) == ("engagedly", "gap", Decimal("0.95"))
    assert plan.rule.at_risk == Decimal("0.33")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("milestone    = true", "milestone = false",
         [("milestone", "false is not how far it is: that is set by hand")]),
        ("milestone    = true", 'milestone = true\nmetric = "orders"',
         [("metric", "a milestone has none: people say how far it is")]),
        ("milestone    = true", "milestone = true\nstretch = 2",
         [("stretch", "there is no way from a baseline to done")]),
        ("baseline     = 30", 'baseline = "previous_quarter"\nwindow = "quarter"',
         [("window", "nothing is measured: the values are set by hand"),
          ("baseline", "nothing was measured in the previous quarter")]),
    ],
)  # fmt: skip
def test_what_fits_no_form_is_told(old: str, new: str, told: list[tuple[str, str]]) -> None:
    found = complaints(FORMS.replace(old, new))
    assert [(place.rpartition(".")[2], message) for place, message, _ in found] == told


def test_without_a_table_the_rule_is_the_default_one() -> None:
    assert parse(SAMPLE, "f").rule == RATIO
    forecast = parse(SAMPLE + '\n[status]\nrule = "forecast"', "f").rule
    assert (forecast.kind, forecast.on_track, forecast.at_risk) == ("forecast", Decimal("0.5"), Decimal("0.2"))
