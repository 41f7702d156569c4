"""The next quarter's file, drafted from what this one came to."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import cast

from service.answering import measured
from service.board import Row, boards
from service.errors import Misconfigured, Problem
from service.installation import Installation
from service.judging import Judged
from service.okr.explanation import WORDS
from service.okr.model import Plan
from service.okr.next_quarter import Carried, Draft, Step, draft
from service.okr.targets import Level, PastQuarter
from service.okr.windows import baseline_window
from service.periods import Quarter, shop_day
from service.plans import plans_of
from service.questions import PlanStatus, status
from service.settings import ShopSettings
from service.store import quarters
from service.store.engine import Connection, reading
from service.values import Measurement


def next_quarter(installation: Installation, settings: ShopSettings, label: str) -> tuple[Draft, Path]:
    """A draft for the quarter of that name, and the file it belongs into; writes nothing."""
    quarter = _quarter(installation, settings, label)
    found = [
        each for each in status(installation, quarter=quarter.previous().label) if each.shop.domain == settings.domain
    ]
    if not found:
        told = f"there are no OKRs of {quarter.previous()} to draft it from"
        raise Misconfigured(
            [Problem(str(installation.settings.okr_folder), label, told, "write the first file by hand")]
        )
    before = found[0]
    [seen] = [
        each for each in boards(installation, quarter=before.plan.quarter.label) if each.shop.domain == settings.domain
    ]
    rows = {row["key_result_id"]: row for row in seen.key_results}
    with reading(installation.engine) as connection:
        closings = quarters.closings_of(connection, before.shop.shop_id, before.plan.quarter.label)
        steps = {id_: cast(Step, closing.next_step) for id_, closing in closings.items()}
        carried = {
            id_: _carried(connection, before, judged, rows[id_], quarter, step=steps.get(id_, "undecided"))
            for id_, judged in ((each.key_result.id, each) for each in before.key_results)
        }
    table = tomllib.loads(Path(before.plan.file).read_text(encoding="utf-8-sig"), parse_float=Decimal)
    today = shop_day(installation.clock(), before.shop.timezone)
    name = label if len(installation.settings.shops) == 1 else f"{label}-{settings.domain.partition('.')[0]}"
    return draft(table, quarter, carried, today), installation.settings.okr_folder / f"{name}.toml"


def _quarter(installation: Installation, settings: ShopSettings, label: str) -> Quarter:
    try:
        quarter = Quarter.parse(label, installation.settings.calendar.fiscal_year_start)
    except ValueError as error:
        raise Misconfigured([Problem("QUARTER", label, str(error))]) from None
    standing: list[Plan] = [each for each in plans_of(installation, settings) if each.quarter == quarter]
    if standing:
        raise Misconfigured([Problem(standing[0].file, "quarter", f"{label} has a file already", "edit it")])
    return quarter


def _carried(
    connection: Connection, before: PlanStatus, judged: Judged, row: Row, quarter: Quarter, *, step: Step
) -> Carried:
    key_result = judged.key_result
    ended = f"ended at {judged.facts.format(row['value'])}, {WORDS[row['status']].lower()}"
    if key_result.is_by_hand:
        return Carried(step, ended)
    rule = key_result.baseline
    # A baseline that was a number is the last quarter's outcome now; one that is a rule stays a rule.
    window = baseline_window(PastQuarter.PREVIOUS if isinstance(rule, Level) else rule, judged.window_kind, quarter)
    if window is None:
        return Carried(step, ended)
    found: Measurement = measured(
        connection, before.ground, key_result.metric, window, key_result.where, key_result.population
    )
    shown = judged.facts.format(found.value)
    baseline = _written(found.value, judged) if isinstance(rule, Level) and found.value is not None else None
    return Carried(step, ended, baseline, shown if found.value is not None else "", _is_reached(found.value, judged))


def _written(value: Decimal, judged: Judged) -> str | int | Decimal:
    """The number as an OKR file has it: counts bare, money with its currency, rates to a hundredth of a point."""
    if judged.metric.unit == "money":
        return judged.facts.format(value).replace(",", "")
    rounded = value.quantize(Decimal("0.0001")) if judged.metric.unit == "ratio" else value
    return int(rounded) if rounded == rounded.to_integral_value() else rounded


def _is_reached(value: Decimal | None, judged: Judged) -> bool:
    """Is the target a level that lies behind already? What grows begins anew."""
    target, goal = judged.key_result.target, judged.goal
    if value is None or not isinstance(target, Level) or goal.grows or goal.direction is None:
        return False
    return value >= target.number if goal.direction == "increase" else value <= target.number
