"""What people do with a quarter while it lives: check in, set a value, close it. Drafting the next is in `drafting`.

Each verb holds the shop's lease, judges with the data as they are now, and adds rows; none changes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from service.books import Books
from service.errors import Busy, Misconfigured, Problem
from service.ground import Ground
from service.installation import Installation, shop_of
from service.judging import Judged, judge
from service.okr.by_hand import facts_by_hand
from service.okr.lifecycle import FINAL, ROOT_CAUSES, PlanState, closes_on, final
from service.okr.model import MILESTONE, KeyResult, Plan
from service.okr.targets import Level, parse_level
from service.periods import Quarter, last_complete_day, shop_day
from service.pipeline import judging, reckon
from service.plans import plans_of
from service.records import plan_state
from service.settings import ShopSettings
from service.store import pending, quarters, results
from service.store.quarters import Verdict
from service.values import CheckIn, Shop

PATIENCE_SECONDS = 30
"""How long to wait while the daemon is at work on the shop: one of its passes takes a few seconds."""


@dataclass(frozen=True, slots=True)
class Written:
    """A row that was added."""

    shop: str
    quarter: str
    key_result: KeyResult
    check_in: CheckIn
    verdict: Verdict | None = None  # of a close


@dataclass(frozen=True, slots=True)
class _Desk:
    """One quarter of one shop, with nobody else at work on it."""

    books: Books
    ground: Ground
    plan: Plan
    state: PlanState
    judged: Sequence[Judged]
    as_of: date
    now: datetime

    @property
    def shop(self) -> Shop:
        return self.ground.shop

    def refusal(self, told: str, hint: str) -> Misconfigured:
        return Misconfigured([Problem(self.plan.file, "quarter", f"{self.plan.quarter} {told}", hint)])


# --- check-ins -----------------------------------------------------------------------------------------------------


def check_in(
    installation: Installation,
    settings: ShopSettings,
    key_result_id: str | None,
    *,
    confidence: Decimal | None,
    note: str | None,
    label: str | None = None,
) -> list[Written]:
    """A person's check-in of this moment, for one key result of a quarter or for all; by default of the running one."""
    with _desk(installation, settings, label, key_result_id) as desk:
        if desk.state.state not in ("active", "waiting"):
            raise desk.refusal(f"is {desk.state.state}", desk.state.because or "okrsync okr new drafts the next one")
        chosen = [each for each in desk.judged if key_result_id in (None, each.key_result.id)]
        with desk.books.writing() as connection:
            for each in chosen:
                is_written = results.write_check_in(
                    connection, desk.shop.shop_id, each.check_in, confidence=confidence, note=note, now=desk.now
                )
                if not is_written:
                    raise Busy("a check-in of this very second stands", about=each.key_result.id, hint="do it again")
        return [Written(desk.shop.domain, desk.plan.quarter.label, each.key_result, each.check_in) for each in chosen]


# --- values set by hand --------------------------------------------------------------------------------------------


def set_value(
    installation: Installation,
    settings: ShopSettings,
    key_result_id: str,
    text: str,
    *,
    on: date | None,
    note: str,
    label: str | None = None,
) -> tuple[KeyResult, Decimal, date]:
    """The value that a key result has from a shop day on (by default today); later ones do not erase it.

    The quarter is the one named, or that of the day, or the latest begun that has the key result.
    """
    if on and not label:
        label = Quarter.containing(on, installation.settings.calendar.fiscal_year_start).label
    with _desk(installation, settings, label, key_result_id) as desk:
        today = shop_day(desk.now, desk.shop.timezone)
        day = on or min(today, desk.plan.quarter.last_day)
        [key_result] = [each for each in desk.plan.key_results if each.id == key_result_id]
        value, problems = _parsed(text, key_result)
        if not key_result.is_by_hand:
            told = f"is measured by {key_result.metric}, so nobody sets it"
            problems.append(Problem(desk.plan.file, key_result.place, told, 'metric = "manual" is set by hand'))
        if desk.state.state == "closed":
            problems.append(Problem(desk.plan.file, "quarter", f"{desk.plan.quarter} is closed", "it stands as it is"))
        if not desk.plan.quarter.start <= day <= min(today, desk.plan.quarter.last_day):
            told = "is not a day of the quarter so far"
            problems.append(Problem("--on", str(day), told, f"{desk.plan.quarter.start} to {today}"))
        if problems or value is None:
            raise Misconfigured(problems)
        with desk.books.writing() as connection:
            quarters.set_value(
                connection, desk.shop.shop_id, desk.plan.quarter.label, key_result_id, value,
                on=day, note=note, now=desk.now,
            )  # fmt: skip
            pending.note_touched(connection, desk.shop.shop_id, day, is_written_down=True)
        return key_result, value, day


def _parsed(text: str, key_result: KeyResult) -> tuple[Decimal | None, list[Problem]]:
    """A level as the OKR files write it, in the unit of the key result; `done` is 1."""
    try:
        level = Level(Decimal(1)) if text.strip().lower() == "done" else parse_level(text)
    except ValueError as error:
        return None, [Problem("VALUE", text, str(error), "write 12, 0.5, 27%, 55 INR or done")]
    return level.number, [Problem("VALUE", text, *told) for told in _unfit(level, key_result)]


def _unfit(level: Level, key_result: KeyResult) -> Iterator[tuple[str, str]]:
    """What is wrong with a value set by hand for that key result, and the mend."""
    if not key_result.is_by_hand:
        return
    facts = facts_by_hand(key_result)
    if level.currency not in (None, facts.currency):
        yield (
            f"is {level.currency}, and {key_result.id} is in {facts.currency or 'no currency'}",
            "write the number alone",
        )
    if level.is_percent and facts.unit != "ratio":
        yield f"is a percentage, and {key_result.id} is none", "write the number alone"
    if key_result.metric == MILESTONE and not 0 <= level.number <= 1:
        yield "is more than a milestone can be", "write done, or a part such as 0.5 or 50%"


# --- the close -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person says of the key results of a quarter, by key result id; "" stands for those not named."""

    scores: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    root_causes: Mapping[str, str] = field(default_factory=dict)
    learnings: Mapping[str, str] = field(default_factory=dict)
    next_steps: Mapping[str, str] = field(default_factory=dict)

    def of(self, said: Mapping[str, str], key_result_id: str) -> str | None:
        return said.get(key_result_id, said.get("")) or None


def close(
    installation: Installation, settings: ShopSettings, label: str, answers: Answers, *, early: bool = False
) -> list[Written]:
    """Values, scores and what was learned, frozen; Misconfigured lists all that is still to be said."""
    # First the last readings and the goals they were judged by: nothing of the quarter is written once it is closed.
    reckon(installation, settings, plans_of(installation, settings))
    with _desk(installation, settings, label, None) as desk:
        _require_closable(desk, installation.settings.calendar.close_grace_days, early=early, reasons=answers.reasons)
        finals = [
            final(each.check_in, desk.plan.rule, is_committed=each.key_result.commitment == "committed")
            for each in desk.judged
        ]
        verdicts, problems = _verdicts(desk, finals, answers)
        if problems:
            raise Misconfigured(problems)
        with desk.books.writing() as connection:
            for check_in_, verdict in zip(finals, verdicts, strict=True):
                quarters.close(connection, desk.shop.shop_id, check_in_, verdict, now=desk.now)
                results.record_status(connection, desk.shop.shop_id, check_in_, now=desk.now)
            quarters.record_state(connection, desk.shop.shop_id, label, "closed", "", waits_at=None, now=desk.now)
        return [
            Written(desk.shop.domain, label, each.key_result, check_in_, verdict)
            for each, check_in_, verdict in zip(desk.judged, finals, verdicts, strict=True)
        ]


def _require_closable(desk: _Desk, grace_days: int, *, early: bool, reasons: Mapping[str, str]) -> None:
    if desk.state.state == "closed":
        raise desk.refusal("is closed already", "what became known since is in bi_restatements")
    if desk.state.state == "draft":
        raise desk.refusal("was never active", desk.state.because)
    if early and not reasons:
        raise Misconfigured([Problem("--early", "--reason", "is missing", "say why the quarter is closed now")])
    begins = closes_on(desk.plan.quarter, grace_days)
    if not early and shop_day(desk.now, desk.shop.timezone) < begins:
        raise desk.refusal(
            f"may be closed from {begins} on: refunds and late orders have {grace_days} days",
            "wait, or add --early with --reason",
        )
    unread = [
        each for each in desk.judged if each.check_in.attainment is not None and each.check_in.status not in FINAL
    ]
    if unread and not early:
        first, quarter = unread[0], desk.plan.quarter
        by_hand = f"okrsync okr set {first.key_result.id} VALUE --quarter {quarter}"
        mend = by_hand if first.key_result.is_by_hand else "okrsync sync"
        raise desk.refusal(f"is not read to its end: {first.check_in.explanation}", f"run: {mend}")


def _verdicts(desk: _Desk, finals: Sequence[CheckIn], answers: Answers) -> tuple[list[Verdict], list[Problem]]:
    known = {each.key_result.id for each in desk.judged}
    said = {
        "--score": answers.scores, "--reason": answers.reasons, "--root-cause": answers.root_causes,
        "--learning": answers.learnings, "--next": answers.next_steps,
    }  # fmt: skip
    problems = [
        Problem(option, id_, f"is no key result of {desk.plan.quarter}", f"there are {', '.join(sorted(known))}")
        for option, answer in said.items()
        for id_ in answer
        if id_ and id_ not in known
    ]
    problems += [
        Problem("--score", id_ or score, "names no key result" if not id_ else "has no score", "write KR=0.8")
        for id_, score in answers.scores.items()
        if not id_ or not score
    ]
    verdicts = [_verdict(check_in_, answers, problems) for check_in_ in finals]
    return verdicts, problems


def _verdict(check_in_: CheckIn, answers: Answers, problems: list[Problem]) -> Verdict:
    """What is said of one key result; what is missing or wrong is added to `problems`."""
    id_ = check_in_.key_result_id

    def complain(option: str, message: str, hint: str) -> None:
        problems.append(Problem(option, id_, message, hint))

    reason, cause = answers.of(answers.reasons, id_), answers.of(answers.root_causes, id_)
    step, score = answers.of(answers.next_steps, id_), answers.scores.get(id_)
    given = _score(score) if score else None
    if score and given is None:
        complain("--score", f"{score} is no score", f"for example {id_}=0.7, from 0 to 1")
    if score and not reason:
        complain("--reason", "is missing: a score other than the progress needs one", f'--reason "{id_}=…"')
    if cause not in (None, *ROOT_CAUSES) or (cause is None and check_in_.status != "achieved"):
        told = f"{cause} is no cause" if cause else "is missing: it was not achieved"
        complain("--root-cause", told, f"{id_}= one of {', '.join(ROOT_CAUSES)}")
    if step not in ("carry", "modify", "drop"):
        told = f"{step} is no next step" if step else "is missing: nothing carries over by itself"
        complain("--next", told, f"{id_}=carry, modify or drop")
    return Verdict(
        final_score=check_in_.progress if given is None else given,
        score_reason=reason,
        root_cause=cause if check_in_.status != "achieved" else answers.root_causes.get(id_),
        learning=answers.of(answers.learnings, id_),
        next_step=step or "",
    )


def _score(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number <= 1 else None


# --- the desk ------------------------------------------------------------------------------------------------------


@contextmanager
def _desk(
    installation: Installation, settings: ShopSettings, label: str | None, key_result_id: str | None
) -> Iterator[_Desk]:
    """The quarter asked for, or the latest begun that has the key result. Raises Misconfigured where there is none."""
    shop = shop_of(installation, settings)
    if shop is None:
        hint = "run: okrsync backfill"
        raise Misconfigured([Problem(str(installation.settings.file), "shops", "nothing was read yet", hint)])
    plan = _plan(installation, settings, shop, label, key_result_id)
    with ExitStack() as stack:
        books, ground = _patiently(installation, settings, shop, stack)
        now = installation.clock()
        as_of = last_complete_day(now, shop.timezone)
        with books.reading() as connection:
            state = plan_state(
                connection, ground, plan, grace_days=installation.settings.calendar.close_grace_days, now=now
            )
            judged, _ = judge(connection, ground, plan, as_of)
        yield _Desk(books, ground, plan, state, judged, min(as_of, plan.quarter.last_day), now)


def _plan(
    installation: Installation, settings: ShopSettings, shop: Shop, label: str | None, key_result_id: str | None
) -> Plan:
    last = last_complete_day(installation.clock(), shop.timezone)
    begun = [plan for plan in plans_of(installation, settings) if plan.quarter.start <= last]
    folder = str(installation.settings.okr_folder)
    found = [plan for plan in begun if label in (None, plan.quarter.label)]
    if not found:
        told = f"no OKRs for {label} have begun" if label else "no quarter with OKRs has begun"
        hint = f"there are {', '.join(plan.quarter.label for plan in begun)}" if begun else "run: okrsync okr new"
        raise Misconfigured([Problem(folder, "quarter", told, hint)])
    having = [plan for plan in found if key_result_id in (None, *(each.id for each in plan.key_results))]
    if not having:
        hint = f"there are {', '.join(each.id for each in found[-1].key_results)}"
        raise Misconfigured([Problem(found[-1].file, str(key_result_id), "is no key result here", hint)])
    return having[-1]


def _patiently(
    installation: Installation, settings: ShopSettings, shop: Shop, stack: ExitStack
) -> tuple[Books, Ground]:
    """The shop's lease, waited for while the daemon finishes what it has in hand. Raises Busy after that."""
    for _ in range(PATIENCE_SECONDS):
        try:
            return stack.enter_context(judging(installation, settings, shop))
        except Busy:
            installation.sleep(1)
    return stack.enter_context(judging(installation, settings, shop))
