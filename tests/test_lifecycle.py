"""What people do with a quarter: check in, set values, close it, draft the next; and every refusal says why.

day     customer  paid       the quarter asks for 100.00 of net sales, and for ten customers who came back
07-02   1         40.00
07-20   2         60.00
08-05   1         50.00   comes back
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from service import lifecycle
from service.board import boards
from service.drafting import next_quarter
from service.errors import Misconfigured
from service.lifecycle import Answers
from service.okr.lint import lint
from service.okr.plan import parse
from service.plans import known
from service.store import leases, quarters
from service.store.known import Known, rows_as_known
from service.store.tables import check_ins, closings, key_result_values, plan_states, restatements, status_changes
from tests.shop import OKRS, OpenShop, instant, on_sqlite, shop_of_summer
from tests.test_drills import attempt

PLAN = OKRS.replace("1000 EUR", "100 EUR").replace("Net sales of 1,000", "Net sales of 100")
SAID = Answers(
    next_steps={"": "carry", "sales": "modify"}, root_causes={"": "late_start"}, learnings={"": "begin in June"}
)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with shop_of_summer(database_url, tmp_path, PLAN) as shop:
        yield shop


@pytest.fixture
def over(shop: OpenShop) -> OpenShop:
    """The quarter is over, its grace too."""
    shop.at("2026-10-16 08:00")
    shop.turn()
    return shop


def close(shop: OpenShop, answers: Answers = SAID, **words: bool) -> list[lifecycle.Written]:
    return lifecycle.close(shop.installation, shop.settings, "2026-Q3", answers, **words)


def refused(shop: OpenShop, answers: Answers = SAID, **words: bool) -> str:
    with pytest.raises(Misconfigured) as told:
        close(shop, answers, **words)
    return str(told.value)


def check_in(shop: OpenShop, key_result: str | None = "sales", confidence: str = "0.7", note: str = "a word") -> None:
    lifecycle.check_in(shop.installation, shop.settings, key_result, confidence=Decimal(confidence), note=note)


def notices(shop: OpenShop) -> list[str]:
    [board] = boards(shop.installation)
    return list(board.notices)


# --- check-ins -----------------------------------------------------------------------------------------------------


def test_a_person_checks_in_beside_the_schedule(shop: OpenShop) -> None:
    check_in(shop)
    shop.later(hours=1)
    check_in(shop, confidence="0.4", note="a supplier failed")
    rows = shop.rows(check_ins, "key_result_id", "checked_in_at", "is_by_hand", "confidence", "note", "value")
    assert [row[1:] for row in rows if row[0] == "sales"] == [
        (datetime(2026, 8, 10, 7, tzinfo=UTC), False, None, None, 150),
        (datetime(2026, 8, 10, 8, tzinfo=UTC), True, Decimal("0.7"), "a word", 150),
        (datetime(2026, 8, 10, 9, tzinfo=UTC), True, Decimal("0.4"), "a supplier failed", 150),
    ]


@on_sqlite
def test_confidence_stays_until_another_is_given(shop: OpenShop) -> None:
    """The scheduled check-in that follows has none."""
    check_in(shop)
    shop.at("2026-08-17 08:00")
    assert shop.turn().check_ins == 2
    assert shop.sql("select confidence from bi_key_results where key_result_id = 'sales'") == [(0.7,)]
    [row, _] = sorted(boards(shop.installation)[0].key_results, key=lambda row: str(row["key_result_id"] != "sales"))
    assert (row["confidence"], row["confidence_at"]) == (Decimal("0.7"), instant("2026-08-10 08:00"))


@on_sqlite
def test_a_check_in_for_all_key_results(shop: OpenShop) -> None:
    check_in(shop, None)
    assert sum(by_hand for (by_hand,) in shop.rows(check_ins, "is_by_hand")) == 2


@on_sqlite
def test_two_check_ins_of_one_second_are_refused(shop: OpenShop) -> None:
    check_in(shop)
    error = attempt(lambda: check_in(shop))
    assert "a check-in of this very second stands" in str(error)


@on_sqlite
def test_a_key_result_that_is_not_there(shop: OpenShop) -> None:
    error = attempt(lambda: check_in(shop, "sail"))
    assert "is no key result here" in str(error)
    assert "repeat-customers, sales" in str(error)


@on_sqlite
def test_an_overdue_check_in_shows(shop: OpenShop) -> None:
    """The daemon stood still over Monday the 17th at nine in Berlin."""
    assert notices(shop) == []
    shop.at("2026-08-17 07:10")
    assert notices(shop) == []
    shop.at("2026-08-17 08:00")
    [told] = notices(shop)
    assert told.startswith("overdue: the check-in of Mon 2026-08-17 07:00 UTC was not written for all key results")
    check_in(shop)
    assert "for repeat-customers" in notices(shop)[0]
    shop.turn()
    assert notices(shop) == []


@on_sqlite
def test_the_daemon_at_work_is_waited_for(shop: OpenShop) -> None:
    with leases.lease(shop.engine, shop.store.world.shop_id, "orders", shop.installation.clock()):
        error = attempt(lambda: check_in(shop))
    assert "is working on it" in str(error)
    check_in(shop)


# --- values set by hand --------------------------------------------------------------------------------------------


def test_values_set_by_hand_are_kept_with_when_they_were_set(shop: OpenShop) -> None:
    shop_id, now = shop.store.world.shop_id, shop.installation.clock()
    later = now + timedelta(days=1)
    with shop.engine.begin() as connection:
        for value, day, moment in (("3", 1, now), ("5", 8, now), ("4", 1, later)):
            quarters.set_value(
                connection, shop_id, "2026-Q3", "moved", Decimal(value), on=date(2026, 8, day), note="", now=moment
            )
        found = quarters.values_set(connection, shop_id, "2026-Q3")
        before = quarters.values_set(connection, shop_id, "2026-Q3", known_at=now)
    assert [(each.value, each.on_date.day) for each in found["moved"]] == [(3, 1), (4, 1), (5, 8)]
    assert [each.value for each in before["moved"]] == [3, 5]


@on_sqlite
def test_a_measured_key_result_is_not_set(shop: OpenShop) -> None:
    with pytest.raises(Misconfigured) as told:
        lifecycle.set_value(shop.installation, shop.settings, "sales", "much", on=date(2026, 9, 1), note="")
    said = str(told.value)
    assert "much is not a value" in said
    assert "is measured by net_sales, so nobody sets it" in said
    assert "is not a day of the quarter so far" in said
    assert shop.rows(key_result_values) == []


# --- the close -----------------------------------------------------------------------------------------------------


@on_sqlite
def test_a_quarter_is_not_closed_before_its_grace_is_over(shop: OpenShop) -> None:
    shop.at("2026-10-14 08:00")
    shop.turn()
    assert "2026-Q3 may be closed from 2026-10-15 on: refunds and late orders have 14 days" in refused(shop)
    assert notices(shop) == []
    shop.at("2026-10-15 08:00")
    assert shop.turn().told == ("2026-Q3 is waiting: waits for its close since 2026-10-15: okrsync okr close 2026-Q3",)
    assert notices(shop) == ["waits for its close since 2026-10-15: okrsync okr close 2026-Q3"]


@pytest.mark.parametrize(("moment", "state"), [("2026-10-14 21:59", "active"), ("2026-10-14 22:00", "waiting")])
def test_a_quarter_waits_from_the_day_after_its_grace_on_though_nobody_turned(
    shop: OpenShop, moment: str, state: str
) -> None:
    """`status` and `bi_key_results` say the same by the clock, however long ago the daemon was stopped."""
    shop.at(moment)
    found = [*boards(shop.installation), *boards(shop.installation, known_at=instant(moment))]
    as_known = Known(shop.store.world.shop_id, "2026-Q3", instant(moment))
    with shop.engine.connect() as connection:
        rows = rows_as_known(connection, "bi_key_results", as_known)
    assert [board.state for board in found] == [state, state]
    assert {row["state"] for row in rows} == {state}
    told = "waits for its close since 2026-10-15: okrsync okr close 2026-Q3"
    assert [told in board.notices for board in found] == [state == "waiting"] * 2


def test_a_close_freezes_values_scores_and_what_was_learned(over: OpenShop) -> None:
    written = close(over)
    assert [each.verdict.next_step for each in written if each.verdict] == ["carry", "modify"]
    rows = over.rows(closings, "key_result_id", "value", "status", "final_score", "root_cause", "learning", "next_step")
    assert rows == [
        ("repeat-customers", 1, "missed", Decimal("0.1"), "late_start", "begin in June", "carry"),
        ("sales", 150, "achieved", 1, None, "begin in June", "modify"),
    ]
    assert over.standing(plan_states, "state") == [("closed",)]
    assert "is closed already" in refused(over)
    assert "is closed" in str(attempt(lambda: check_in(over)))


@on_sqlite
def test_everything_that_is_still_to_be_said_comes_at_once(over: OpenShop) -> None:
    told = refused(
        over, Answers(scores={"sales": "2", "sail": "1"}, next_steps={"sales": "repeat"}, root_causes={"sales": "luck"})
    )
    for line in (
        "--score: sail: is no key result of 2026-Q3",
        "--score: sales: 2 is no score",
        "--reason: sales: is missing: a score other than the progress needs one",
        "--root-cause: sales: luck is no cause",
        "--root-cause: repeat-customers: is missing: it was not achieved",
        "--next: repeat-customers: is missing: nothing carries over by itself",
        "--next: sales: repeat is no next step",
    ):
        assert line in told
    assert over.rows(closings) == []


@on_sqlite
def test_a_person_scores_otherwise_with_a_reason(over: OpenShop) -> None:
    score = {"scores": {"sales": "0.6"}, "reasons": {"sales": "one big order"}}
    close(over, replace(SAID, **score))
    rows = over.rows(closings, "key_result_id", "progress", "final_score", "score_reason")
    assert rows[1] == ("sales", 1, Decimal("0.6"), "one big order")
    assert over.sql("select final_score from bi_key_results where key_result_id = 'sales'") == [(0.6,)]


@on_sqlite
def test_a_close_before_the_end_needs_a_reason(shop: OpenShop) -> None:
    assert "say why the quarter is closed now" in refused(shop, early=True)
    close(
        shop, Answers(next_steps={"": "drop"}, root_causes={"": "priorities_changed"}, reasons={"": "sold"}), early=True
    )
    rows = shop.rows(closings, "key_result_id", "status", "as_of_date")
    assert rows == [("repeat-customers", "missed", date(2026, 8, 9)), ("sales", "achieved", date(2026, 8, 9))]


@on_sqlite
def test_a_score_needs_its_key_result(over: OpenShop) -> None:
    told = refused(over, replace(SAID, scores={"": "0.8", "sales": ""}, reasons={"": "a word"}))
    assert "--score: 0.8: names no key result" in told
    assert "--score: sales: has no score" in told


@on_sqlite
def test_a_target_changed_just_before_the_close_is_what_the_close_was_judged_by(over: OpenShop, tmp_path: Path) -> None:
    file = tmp_path / "config/okrs/quarter.toml"
    file.write_text(file.read_text().replace('target = "100 EUR"', 'target = "200 EUR"\n  target_changed = "too low"'))
    close(over)
    [[target, value, attainment]] = over.sql(
        "select target, value, attainment from bi_key_results where key_result_id = 'sales'"
    )
    assert (target, attainment) == (200, value / 200)
    assert over.sql("select count(*) from target_changes") == [(1,)]


@on_sqlite
def test_values_set_by_hand_are_in_the_unit_of_the_key_result(shop: OpenShop, tmp_path: Path) -> None:
    file = tmp_path / "config/okrs/quarter.toml"
    file.write_text(
        file.read_text() + "\n  [[objectives.key_results]]\n  id = 'moved'\n  title = 'Moved'\n  milestone = true\n"
    )
    for text, told in (("50", "more than a milestone can be"), ("1 USD", "is in no currency")):
        with pytest.raises(Misconfigured, match=told):
            lifecycle.set_value(shop.installation, shop.settings, "moved", text, on=None, note="")


@on_sqlite
def test_data_that_end_too_early_close_nothing(shop: OpenShop) -> None:
    shop.at("2026-10-16 08:00")
    told = refused(shop)
    assert "2026-Q3 is not read to its end: Stale: the data end at 2026-08-10 08:00 UTC" in told
    assert "okrsync sync" in told


def test_a_late_change_shows_as_a_restatement_and_nowhere_else(over: OpenShop) -> None:
    close(over)
    before = over.sql("select key_result_id, value, status, final_score, explanation from bi_key_results")
    changes = over.rows(status_changes)
    over.later(hours=1)
    over.store.order(2, price=1000, processed_at=int(instant("2026-09-20 10:00").timestamp()))
    over.later(hours=1)
    assert over.turn().restatements > 0
    assert over.sql("select key_result_id, value, status, final_score, explanation from bi_key_results") == before
    assert over.rows(status_changes) == changes
    last = (
        "key_result_id, old, new, cause from bi_restatements "
        "where about = 'key_result' and day = '2026-09-30' order by key_result_id"
    )
    rows = over.sql(f"select {last}")
    assert rows == [("repeat-customers", 1, 2, "late_order"), ("sales", 150, 160, "late_order")]
    [board] = boards(over.installation)
    assert {row["key_result_id"]: row["value"] for row in board.key_results} == {"repeat-customers": 1, "sales": 150}
    assert "sales has changed since the quarter was closed (late_order): see bi_restatements" in board.notices


@on_sqlite
def test_what_changed_the_past(shop: OpenShop) -> None:
    """A refund that was noticed late is one; so the restated days say."""
    order = shop.store.world.orders[1]
    shop.store.refund(order.id)
    order.updated_at += 14 * 86_400
    shop.at("2026-08-22 08:00")
    shop.turn()
    shop.at("2026-08-25 08:00")
    shop.turn()
    columns = ("name", "restated_date", "old_value", "new_value", "cause")
    rows = [row[1:] for row in shop.rows(restatements, "about", *columns) if row[0] == "key_result"]
    assert {row[4] for row in rows} == {"late_refund"}
    assert rows[0] == ("sales", date(2026, 8, 10), 150, 90, "late_refund")


# --- the next quarter ----------------------------------------------------------------------------------------------


def test_the_next_quarter_is_drafted_from_the_close(over: OpenShop) -> None:
    close(over)
    draft, path = next_quarter(over.installation, over.settings, "2026-Q4")
    assert path.name == "2026-Q4.toml"
    assert draft.to_decide == ("sales: the target was 100 EUR, ended at EUR 150.00, achieved: what should it be now?",)
    assert "draft   = true" in draft.text or "draft = true" in draft.text
    assert "baseline = 1  # measured on 2026-10-16; it was 0" in draft.text
    assert 'baseline = "EUR 150.00"  # measured on 2026-10-16; it was 0' in draft.text
    plan = parse(draft.text, "new.toml")
    assert plan.is_draft
    assert [each.id for each in plan.key_results] == ["repeat-customers", "sales"]
    assert [each for each in lint(plan, known(over.installation.catalogue, "EUR")) if each.severity == "error"] == []


@on_sqlite
def test_a_draft_becomes_active_when_its_line_is_taken_out(over: OpenShop, tmp_path: Path) -> None:
    close(over)
    draft, path = next_quarter(over.installation, over.settings, "2026-Q4")
    path.write_text(draft.text)
    over.later(hours=1)
    [told] = over.turn().told
    assert told.startswith("2026-Q4 is draft: the file says draft = true")
    path.write_text("".join(line for line in draft.text.splitlines(True) if not line.startswith("draft")))
    over.later(hours=1)
    assert over.turn().told == ("2026-Q4 is active",)
    assert [board.quarter.label for board in boards(over.installation)] == ["2026-Q4"]


@on_sqlite
def test_what_is_dropped_is_named_and_gone(over: OpenShop) -> None:
    close(over, Answers(next_steps={"": "carry", "sales": "drop"}, root_causes={"": "late_start"}))
    draft, _ = next_quarter(over.installation, over.settings, "2026-Q4")
    assert draft.to_decide == ()
    assert "# dropped: sales, ended at EUR 150.00, achieved" in draft.text
    assert [each.id for each in parse(draft.text, "new.toml").key_results] == ["repeat-customers"]


@on_sqlite
def test_a_draft_of_a_quarter_that_is_still_open_leaves_everything_to_decide(shop: OpenShop) -> None:
    draft, _ = next_quarter(shop.installation, shop.settings, "2026-Q4")
    assert len(draft.to_decide) == 2
    assert "its quarter is not closed: carry, modify or drop it? So far: ended at 1, off track" in draft.to_decide[0]


@on_sqlite
@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("2026-Q3", "2026-Q3 has a file already"),
        ("2027-Q2", "there are no OKRs of 2027-Q1 to draft it from"),
        ("autumn", "'autumn' is not a quarter"),
    ],
)
def test_a_draft_needs_a_quarter_before_it(shop: OpenShop, label: str, told: str) -> None:
    with pytest.raises(Misconfigured, match=told):
        next_quarter(shop.installation, shop.settings, label)
