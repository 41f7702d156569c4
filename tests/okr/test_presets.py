"""What other tools publish, case by case with its source, under the preset of that name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.okr.assess import assess, assess_objective
from service.okr.evidence import Evidence
from service.okr.explanation import WORDS
from service.okr.goals import resolve
from service.okr.presets import PRESETS, word_of
from service.okr.progress import attainment, clamped, roll_up
from service.okr.rule_table import BY_KIND
from service.okr.status import RATIO, WORST_FIRST, Rule
from service.okr.targets import Bounds, Level
from service.values import CheckIn, Status
from tests.okr.building import CATALOGUE, day, growing, key_result, measured, moving, objective

RULES = {name: preset.rule for name, preset in PRESETS.items()}
ORDERS, AOV = CATALOGUE["orders"], CATALOGUE["average_order_value"]


def test_the_tools_that_are_promised() -> None:
    assert set(PRESETS) == {
        "google", "quantive", "viva", "perdoo", "mooncamp", "upraise", "oboard", "engagedly", "planview", "workpath",
        "servicenow",
    }  # fmt: skip
    for name, preset in PRESETS.items():
        assert preset.rule.preset == name
        assert preset.sources
        assert all(source.startswith(("https://", "http://")) for source in preset.sources)
        assert preset.rule.partly_achieved <= preset.rule.achieved


# preset, attainment, expected, our status, their word
WITHIN = [
    # https://help.engagedly.com/automatic-status-updates-for-goals: 1 to 30 April, on 15 April 50 % is expected
    ("engagedly", "0.34", "0.5", "on_track", ""),
    ("engagedly", "0.335", "0.5", "at_risk", "behind"),  # 16.5 points
    ("engagedly", "0.17", "0.5", "at_risk", "behind"),  # 33 points
    ("engagedly", "0.1699", "0.5", "off_track", "at risk"),
    # https://amoeboids.atlassian.net/wiki/spaces/USA/pages/1566736458
    ("upraise", "0.475", "0.5", "on_track", ""),  # 0.95 of the ideal
    ("upraise", "0.474", "0.5", "at_risk", "falling behind"),
    ("upraise", "0.38", "0.5", "at_risk", "falling behind"),
    ("upraise", "0.374", "0.5", "off_track", "at risk"),
    # https://mooncamp.com/docs/goal-statuses: 70 % progressing, 90 % on track, relative to the time that passed
    ("mooncamp", "0.45", "0.5", "on_track", ""),
    ("mooncamp", "0.35", "0.5", "at_risk", "progressing"),
    ("mooncamp", "0.15", "0.5", "off_track", ""),  # 30 % of what is expected
    # https://oboard.atlassian.net/wiki/spaces/OBPFJ/pages/42729609: grade = progress / elapsed, 40 and 70
    ("oboard", "0.35", "0.5", "on_track", ""),
    ("oboard", "0.2", "0.5", "at_risk", ""),
    ("oboard", "0.19", "0.5", "off_track", ""),
    # https://success.planview.com/Planview_LeanKit/OKRs/075_OKR_Health: its objectives 1 and 2, then its limit
    ("planview", "0.6", "0.5", "on_track", ""),
    ("planview", "0.2", "0.4", "at_risk", "behind"),
    ("planview", "0.4", "0.5", "on_track", ""),  # within 10 %, inclusively
    ("planview", "0.5", "1", "at_risk", "behind"),
    # https://workpath.zendesk.com/hc/en-us/articles/4865387922706: predicted completion, 70 and 30
    ("workpath", "0.35", "0.5", "on_track", ""),
    ("workpath", "0.15", "0.5", "at_risk", "needs attention"),
    ("workpath", "0.14", "0.5", "off_track", ""),
    # http://help.gotoally.com/en/articles/3065807-okr-status-indicators: off by more than 25 %
    ("viva", "0.25", "0.5", "on_track", ""),
    ("viva", "0.24", "0.5", "at_risk", ""),
    # https://www.servicenow.com/docs/r/australia/it-business-management/goal-framework/
    # target-status-calculation-examples.html: cumulative quarters of a year, 220 of 250, 480 of 500, 710 of 750
    ("servicenow", "0.22", "0.25", "at_risk", "yellow"),
    ("servicenow", "0.48", "0.5", "on_track", "green"),
    ("servicenow", "0.71", "0.75", "on_track", "green"),
    # … and the window of its targets that do not accumulate: 460 of 500, 660 of 750
    ("servicenow", "0.46", "0.5", "on_track", "green"),
    ("servicenow", "0.66", "0.75", "at_risk", "yellow"),
    # https://www.whatmatters.com/resources/google-okr-playbook/
    ("google", "0.35", "0.5", "on_track", "green"),
    ("google", "0.2", "0.5", "at_risk", "yellow"),
    ("google", "0.15", "0.5", "off_track", "red"),
]


@pytest.mark.parametrize(("preset", "attained", "expected", "status", "word"), WITHIN)
def test_a_status_on_the_way(preset: str, attained: str, expected: str, status: Status, word: str) -> None:
    rule = RULES[preset]
    assert rule.on_the_way(Decimal(attained), Decimal(expected)) == status
    assert word_of(rule, status) == (f"{word} in {PRESETS[preset].title}" if word else "")


AT_THE_END = [
    # https://success.planview.com/Planview_LeanKit/OKRs/075_OKR_Health: on target between 90 and 100 %
    ("planview", "0.9", "achieved"),
    ("planview", "0.89", "missed"),
    # https://mooncamp.com/docs/goal-statuses: achieved 100, partially 50, missed
    ("mooncamp", "1", "achieved"),
    ("mooncamp", "0.5", "partly_achieved"),
    ("mooncamp", "0.49", "missed"),
    # https://help.engagedly.com/automatic-status-updates-for-goals: from 100 %
    ("engagedly", "1", "achieved"),
    ("engagedly", "0.99", "missed"),
    # servicenow: 700,000 of 1,000,000 is red, 890,000 yellow, 968,000 green
    ("servicenow", "0.7", "missed"),
    ("servicenow", "0.89", "partly_achieved"),
    ("servicenow", "0.968", "achieved"),
    # https://www.whatmatters.com/resources/google-okr-playbook/: 0.7 is green, 0.4 yellow, less red
    ("google", "0.7", "achieved"),
    ("google", "0.6", "partly_achieved"),
    ("google", "0.3", "missed"),
]


@pytest.mark.parametrize(("preset", "attained", "status"), AT_THE_END)
def test_a_status_at_the_end(preset: str, attained: str, status: str) -> None:
    assert RULES[preset].at_the_end(Decimal(attained)) == status


def test_a_committed_key_result_is_expected_in_full_by_google() -> None:
    google = RULES["google"]
    assert google.at_the_end(Decimal("0.9"), is_committed=True) == "partly_achieved"
    assert google.at_the_end(Decimal(1), is_committed=True) == "achieved"
    assert RATIO.at_the_end(Decimal("0.9"), is_committed=True) == RATIO.at_the_end(Decimal("0.9")) == "partly_achieved"


@pytest.mark.parametrize(("bugs", "attained"), [("80", "0.5"), ("70", "0.75"), ("50", "1.25")])
def test_open_bugs_from_100_to_60(bugs: str, attained: str) -> None:
    """https://help.quantive.com/en/articles/3849793-how-kr-progress-is-calculated-in-quantive: not clamped."""
    assert attainment(Decimal(bugs), moving("100", "60")) == Decimal(attained)


@pytest.mark.parametrize(("rate", "attained"), [("0.27", "0"), ("0.24", "1"), ("0.25", "0")])
def test_a_bounce_rate_that_should_stay_below_25_per_cent(rate: str, attained: str) -> None:
    """The same page: all or nothing, and the target itself is not inclusive."""
    asked = key_result("conversion_rate", target=Bounds(high=Level(Decimal("0.25"), is_percent=True)))
    facts, reading = CATALOGUE["conversion_rate"], measured(rate, "conversion_rate")
    goal = resolve(None, asked.target, facts, grows=False)
    assert assess(asked, facts, goal, reading, day(), RULES["quantive"]).attainment == Decimal(attained)


@pytest.mark.parametrize(("as_of", "expected"), [("2026-07-01", "0"), ("2026-09-30", "1")])
def test_viva_expects_nothing_on_the_first_day_and_all_on_the_last(as_of: str, expected: str) -> None:
    """https://help.ally.io/en/articles/3065807-how-are-progress-and-status-calculated"""
    found = assess(key_result("orders"), ORDERS, growing("1200"), measured("0", "orders"), day(as_of), RULES["viva"])
    assert found.expected_progress == Decimal(expected)


def test_an_objective_of_perdoo_is_its_weakest_and_counts_negatives_as_nothing() -> None:
    """https://support.perdoo.com/en/articles/4640875-goal-statuses and its page on progress drivers."""
    assert roll_up([(Decimal(1), clamped(Decimal("-0.5"))), (Decimal(1), clamped(Decimal("0.5")))]) == Decimal("0.25")
    good, poor = key_result(id_="good"), key_result(id_="poor")
    readings = [
        assess(asked, AOV, moving("50", "55"), measured(value), day(), RULES["perdoo"])
        for asked, value in ((good, "53"), (poor, "52.2"))
    ]
    found = assess_objective(objective(good, poor), readings, day())
    assert found.status == "at_risk"
    assert readings[1].explanation.startswith("At risk (needs attention in Perdoo): ")


# --- what holds under every rule -----------------------------------------------------------------------------------

ALL = [*RULES.values(), *BY_KIND.values()]
ANY_RULE = st.sampled_from(ALL)
DAYS = st.dates(day("2026-07-01").as_of, day("2026-09-30").as_of).map(str)
AOV_VALUES = st.decimals(40, 65, places=3)


def judged(
    value: Decimal, rule: Rule, as_of: str, *, falls: bool = False, probability: Decimal | None = None
) -> CheckIn:
    goal = moving("60", "50") if falls else moving("50", "60")
    evidence = Evidence(probability=probability)
    return assess(key_result(), AOV, goal, measured(str(value)), day(as_of), rule, evidence)


@given(AOV_VALUES, AOV_VALUES, ANY_RULE, DAYS)
def test_a_better_value_never_worsens_a_status(one: Decimal, other: Decimal, rule: Rule, as_of: str) -> None:
    for falls in (False, True):
        worse, better = sorted((one, other), reverse=falls)
        before, after = (judged(value, rule, as_of, falls=falls) for value in (worse, better))
        assert WORST_FIRST.index(after.status) >= WORST_FIRST.index(before.status)


@given(AOV_VALUES, ANY_RULE, DAYS)
def test_rising_and_falling_are_judged_alike(value: Decimal, rule: Rule, as_of: str) -> None:
    rising, falling = judged(value, rule, as_of), judged(110 - value, rule, as_of, falls=True)
    assert (rising.status, rising.attainment) == (falling.status, falling.attainment)


@given(AOV_VALUES, ANY_RULE, DAYS)
def test_every_explanation_begins_with_its_status(value: Decimal, rule: Rule, as_of: str) -> None:
    found = judged(value, rule, as_of)
    assert found.explanation.startswith(WORDS[found.status])
    assert ("in " in found.explanation.partition(":")[0]) == bool(word_of(rule, found.status))


@given(st.decimals(0, 1, places=4), st.decimals(0, 1, places=4), AOV_VALUES)
def test_a_likelier_target_never_worsens_a_status(one: Decimal, other: Decimal, value: Decimal) -> None:
    lower, higher = sorted((one, other))
    rule = BY_KIND["forecast"]
    before, after = (judged(value, rule, "2026-08-15", probability=chance) for chance in (lower, higher))
    assert WORST_FIRST.index(after.status) >= WORST_FIRST.index(before.status)


# --- gap and forecast ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attained", "status", "reason"),
    [
        ("0.6", "on_track", "no further behind than expected"),
        ("0.4", "on_track", "10.0 points behind what is expected; on track is up to 10.0"),
        ("0.3999", "at_risk", "just over 10.0 points behind what is expected; on track is up to 10.0"),
        ("0.25", "at_risk", "25.0 points behind what is expected; on track is up to 10.0"),
        ("0.1", "off_track", "40.0 points behind what is expected; at risk is up to 25.0"),
        ("1", "on_track", "the target is reached"),
    ],
)
def test_a_gap_is_told_in_points(attained: str, status: str, reason: str) -> None:
    found = judged(50 + 10 * Decimal(attained), BY_KIND["gap"], "2026-08-15")
    assert found.status == status
    assert f": {reason}. " in found.explanation


@pytest.mark.parametrize(
    ("probability", "status", "reason"),
    [
        ("0.5", "on_track", "the target is reached with a probability of 0.50; on track begins at 0.50"),
        ("0.4999", "at_risk", "the target is reached with a probability of just under 0.50; on track begins at 0.50"),
        ("0.2", "at_risk", "the target is reached with a probability of 0.20; on track begins at 0.50"),
        ("0.1", "off_track", "the target is reached with a probability of 0.10; at risk begins at 0.20"),
        ("0", "off_track", "the target is reached with a probability of 0.00; at risk begins at 0.20"),
    ],
)
def test_a_forecast_decides_where_it_is_asked_to(probability: str, status: str, reason: str) -> None:
    found = judged(Decimal(51), BY_KIND["forecast"], "2026-08-15", probability=Decimal(probability))
    assert found.status == status
    assert f": {reason}. " in found.explanation


def test_without_a_forecast_the_pace_decides_and_says_so() -> None:
    found = judged(Decimal(55), BY_KIND["forecast"], "2026-08-15")
    assert found.status == "on_track"
    assert found.explanation.startswith("On track: 1.00 of the expected pace; on track begins at 0.90. ")
    assert found.explanation.endswith(" There is no forecast, so the pace decides.")


def test_a_probability_alone_changes_nothing_where_nobody_asked() -> None:
    assert judged(Decimal(51), RATIO, "2026-08-15", probability=Decimal(1)).status == "off_track"
