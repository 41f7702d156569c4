"""The life of a quarter: draft, active, waiting for its close, closed; and what a change of its file means meanwhile.

draft ─▶ active ─▶ waiting ─▶ closed
  a file without lint errors whose quarter the data reach is active by itself; baseline and target are frozen then
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from service.okr.explanation import WORDS
from service.okr.status import RATIO, Rule
from service.periods import Quarter
from service.values import CheckIn, Status

State = Literal["draft", "active", "waiting", "closed"]
NextStep = Literal["carry", "modify", "drop"]

ROOT_CAUSES = {
    "target_too_high": "the target was out of reach from the start",
    "too_little_effort": "the work was not done, or not enough of it",
    "wrong_initiative": "the work was done and did not move the number",
    "late_start": "the work began too late to show",
    "depended_on_others": "somebody else did not deliver",
    "priorities_changed": "something else became more important",
    "outside_event": "market, season, law or supplier",
    "bad_measurement": "the number does not show what was meant",
}
"""Why a key result was not reached: a closed list, so that quarters can be compared."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """Where a quarter is in its life, and why it is no further."""

    state: State
    because: str = ""
    waits_from: date | None = None  # the shop day from which a quarter that is open waits for its close

    @classmethod
    def waiting(cls, label: str, since: date) -> PlanState:
        return cls("waiting", f"waits for its close since {since}: okrsync okr close {label}", since)


def closes_on(quarter: Quarter, grace_days: int) -> date:
    """The shop day from which a quarter may be closed: refunds and late orders have had their time."""
    return quarter.end + timedelta(days=grace_days)


def state_of(standing: str | None, *, hindrance: str, quarter: Quarter, grace_days: int, today: date) -> PlanState:
    """The state of a plan on a shop day; what was active once never becomes a draft again."""
    if standing == "closed":
        return PlanState("closed")
    if standing not in ("active", "waiting") and hindrance:
        return PlanState("draft", hindrance)
    since = closes_on(quarter, grace_days)
    return PlanState.waiting(quarter.label, since) if today >= since else PlanState("active", waits_from=since)


def hindrance(*, is_draft: bool, errors: Sequence[str], reaches: bool, file: str, label: str) -> str:
    """What keeps a draft from becoming active; empty when nothing does."""
    if is_draft:
        return f"the file says draft = true: take the line out once all is decided ({file})"
    if errors:
        return f"lint finds errors ({', '.join(dict.fromkeys(errors))}): run okrsync okr lint {file}"
    return "" if reaches else f"the data do not reach into {label} yet"


# --- changes of the file while the quarter runs --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Terms:
    """What a key result's owner agreed to, as words of the file."""

    metric: str
    segment: str
    population: str
    window_kind: str
    form: str
    baseline_rule: str
    target_rule: str

    def is_judged_like(self, other: Terms) -> bool:
        """Is the same measured, and on its way to a target? Limits are not kept in numbers."""
        aims = {"baseline_rule": "", "target_rule": ""}
        return replace(self, **aims) == replace(other, **aims) and self.form == "reach"

    def aims_elsewhere(self, other: Terms) -> bool:
        """Is the target another one, and nothing else?"""
        return self != other and replace(self, target_rule=other.target_rule) == other


Ruling = Literal["open", "keep", "hold", "retarget", "renew"]
"""open: not settled yet · keep: as agreed · hold: the file changed without a reason, so as agreed · retarget: another
target on the agreed baseline · renew: baseline and target anew."""


def rule_on(
    agreed: Terms | None, wanted: Terms, *, is_same: bool, is_closed: bool, reason: str | None, last_reason: str | None
) -> Ruling:
    """What becomes of a settled goal; `is_same` when nothing it depends on changed, the metric's version included."""
    if agreed is None:
        return "open"
    if is_same or (is_closed and agreed == wanted):
        return "keep"
    if agreed == wanted:
        return "renew"
    if is_closed or reason is None or reason == last_reason:
        return "hold"
    return "retarget" if agreed.aims_elsewhere(wanted) else "renew"


def held_back(agreed: Terms, wanted: Terms, *, is_closed: bool, is_old_reason: bool) -> str:
    """Why a change of the file does not count, and what to do."""
    if not agreed.is_judged_like(wanted):
        what = f"the file asks for something else than was agreed, {agreed.metric} to {agreed.target_rule}"
    else:
        now, then = (f"from {terms.baseline_rule or 'nothing'} to {terms.target_rule}" for terms in (wanted, agreed))
        what = f"the file says {now}; it is judged as agreed, {then}"
    if is_closed:
        return f"{what}: the quarter is closed"
    old = ", and the reason it gives is that of an earlier change" if is_old_reason else ""
    return f'{what}{old}: write target_changed = "the reason" beside the new target'


# --- check-ins and the close ---------------------------------------------------------------------------------------


def is_overdue(due_at: datetime, checked_in_at: datetime | None, allowance: timedelta, now: datetime) -> bool:
    """Was the check-in of the latest scheduled moment not written, though there was time to?"""
    return now > due_at + allowance and (checked_in_at is None or checked_in_at < due_at)


def final(check_in: CheckIn, rule: Rule = RATIO, *, is_committed: bool = False) -> CheckIn:
    """The last judgement of a quarter, also when it is closed before its end."""
    if check_in.attainment is None or check_in.status in FINAL:
        return check_in
    status = rule.at_the_end(check_in.attainment, is_committed=is_committed)
    return replace(check_in, status=status, explanation=f"{WORDS[status]}: closed early. {check_in.explanation}")


FINAL: tuple[Status, ...] = ("achieved", "partly_achieved", "missed")
