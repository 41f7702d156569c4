"""The [status] table of an OKR file: a rule by name or by its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import get_args

from service.okr.amounts import plain
from service.okr.fields import Fields, number, one_of, share
from service.okr.presets import PRESETS
from service.okr.status import RATIO, Kind, Rule

BY_KIND: Mapping[str, Rule] = {
    "ratio": RATIO,
    "gap": Rule(kind="gap", on_track=Decimal("0.1"), at_risk=Decimal("0.25")),
    "forecast": Rule(kind="forecast", on_track=Decimal("0.5"), at_risk=Decimal("0.2")),
}
"""The limits of a rule when the file gives none."""


def rule_of(fields: Fields | None) -> Rule:
    """The rule a file asks for; the default one without a table."""
    if fields is None:
        return RATIO
    preset = fields.parsed("preset", one_of(*PRESETS), '"google"')
    kind = fields.parsed("rule", one_of(*get_args(Kind)), '"gap"')
    if preset and kind:
        fields.complain("rule", f"the preset {preset} brings its own", "leave one of the two out")
    rule = PRESETS[preset].rule if preset else BY_KIND[kind or RATIO.kind]

    def limit(name: str, otherwise: Decimal, parse: Callable[[object], Decimal] = number) -> Decimal:
        found = fields.parsed(name, parse, plain(otherwise))
        return otherwise if found is None else found

    achieved = limit("achieved", rule.achieved)
    rule = replace(
        rule,
        on_track=limit("on_track", rule.on_track),
        at_risk=limit("at_risk", rule.at_risk),
        achieved=achieved,
        partly_achieved=limit("partly_achieved", min(rule.partly_achieved, achieved)),
        too_early=limit("too_early", rule.too_early, share),
    )
    fields.close()
    _complain_of_limits(rule, fields)
    return rule


def _complain_of_limits(rule: Rule, fields: Fields) -> None:
    is_upside_down = rule.on_track > rule.at_risk if rule.kind == "gap" else rule.on_track < rule.at_risk
    if is_upside_down:
        how = "fewer points behind than" if rule.kind == "gap" else "no lower than"
        message = f"{rule.on_track} must be {how} at_risk, {rule.at_risk}"
        fields.complain("on_track", message, "swap the two, or leave both out")
    if rule.partly_achieved > rule.achieved:
        message = f"{rule.partly_achieved} is above achieved, {rule.achieved}"
        fields.complain("partly_achieved", message, "swap the two, or leave both out")
