"""Rules by name: what other tools publish about their statuses, with where it was read.

Our words for a status stay; the tool's own word stands beside it in the explanation. What a tool leaves to people (a
confidence somebody sets, a status somebody picks) no rule can reproduce: there our default limits are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from service.okr.status import Rule
from service.values import Status


@dataclass(frozen=True, slots=True)
class Preset:
    """A rule that another tool publishes."""

    rule: Rule
    title: str
    words: Mapping[Status, str] = field(default_factory=dict)  # its own, where they differ from ours
    sources: tuple[str, ...] = ()
    remark: str = ""


_D = Decimal
_NO_GRACE = Decimal(0)  # they judge from the first day on

_PRESETS = (
    Preset(
        Rule(preset="google", on_track=_D("0.7"), at_risk=_D("0.4"), achieved=_D("0.7"), partly_achieved=_D("0.4"),
             committed=_D(1)),
        "Google",
        {"on_track": "green", "at_risk": "yellow", "off_track": "red",
         "achieved": "green", "partly_achieved": "yellow", "missed": "red"},
        ("https://www.whatmatters.com/resources/google-okr-playbook/",
         "https://rework.withgoogle.com/guides/set-goals-with-okrs/steps/grade-OKRs/"),
        "0.7 to 1.0 is green, 0.4 to 0.6 yellow, below red; what is committed should reach 1.0. "
        "The grades are of the end, so within the quarter they are held against what is expected by then.",
    ),
    Preset(
        Rule(preset="quantive", keeps="now", is_strict=True, too_early=_NO_GRACE),
        "Quantive (Gtmhub)",
        sources=("https://help.quantive.com/en/articles/3849793-how-kr-progress-is-calculated-in-quantive",),
        remark="Limits are all or nothing and strict: a value on its limit has failed. People set statuses there.",
    ),
    Preset(
        Rule(preset="viva", kind="gap", on_track=_D("0.25"), at_risk=_D(1), too_early=_NO_GRACE, begins_at_zero=True),
        "Viva Goals (Ally.io)",
        sources=("https://help.ally.io/en/articles/3065807-how-are-progress-and-status-calculated",
                 "http://help.gotoally.com/en/articles/3065807-okr-status-indicators"),
        remark="Nothing is expected on the first day and all on the last; more than 25 % off is flagged.",
    ),
    Preset(
        Rule(preset="perdoo", too_early=_NO_GRACE),
        "Perdoo",
        {"at_risk": "needs attention", "achieved": "accomplished"},
        ("https://support.perdoo.com/en/articles/4640875-goal-statuses",
         "https://support.perdoo.com/en/articles/4898961-progress-drivers-for-objectives"),
        "An objective is its weakest key result, and negative progress counts as 0, as here; limits are not published.",
    ),
    Preset(
        Rule(preset="mooncamp", partly_achieved=_D("0.5"), too_early=_NO_GRACE),
        "Mooncamp",
        {"at_risk": "progressing", "partly_achieved": "partially achieved"},
        ("https://mooncamp.com/docs/goal-statuses",
         "https://help.mooncamp.com/en/traffic-lights-system-and-status-of-goals"),
        "Progress relative to the time that passed: from 90 % on track, from 70 % progressing; partially from 50 %.",
    ),
    Preset(
        Rule(preset="upraise", on_track=_D("0.95"), at_risk=_D("0.75"), too_early=_NO_GRACE, keeps="now"),
        "UpRaise",
        {"at_risk": "falling behind", "off_track": "at risk"},
        ("https://amoeboids.atlassian.net/wiki/spaces/USA/pages/1566736458",
         "https://amoeboids.atlassian.net/wiki/spaces/UPFJ/pages/3942580247"),
        "Against the ideal line: from 0.95 on track, from 0.75 falling behind; a range is kept or not.",
    ),
    Preset(
        Rule(preset="oboard", on_track=_D("0.7"), at_risk=_D("0.4"), too_early=_NO_GRACE, keeps="now"),
        "Oboard",
        sources=("https://oboard.atlassian.net/wiki/spaces/OBPFJ/pages/42729609",),
        remark="The grade is progress ÷ elapsed time, with limits at 40 and 70; a threshold by its latest value.",
    ),
    Preset(
        Rule(preset="engagedly", kind="gap", on_track=_D("0.165"), at_risk=_D("0.33"), too_early=_NO_GRACE,
             is_limit_at_risk=True, keeps="now", outside="at_risk", partly_achieved=_D(1)),
        "Engagedly",
        {"at_risk": "behind", "off_track": "at risk", "missed": "at risk"},
        ("https://help.engagedly.com/automatic-status-updates-for-goals",
         "https://help.engagedly.com/understanding-goal-measurement-types-and-measurement-logic"),
        "Less than 16.5 points behind is on track, up to 33 behind, more at risk; a limit that is not kept is behind.",
    ),
    Preset(
        Rule(preset="planview", kind="gap", on_track=_D("0.1"), at_risk=_D(1), achieved=_D("0.9"),
             partly_achieved=_D("0.9"), too_early=_NO_GRACE),
        "Planview",
        {"at_risk": "behind", "achieved": "on target", "missed": "below target"},
        ("https://success.planview.com/Planview_LeanKit/OKRs/075_OKR_Health",),
        "Within 10 points of the projected progress is on track, more is behind; on target from 90 %.",
    ),
    Preset(
        Rule(preset="workpath", on_track=_D("0.7"), at_risk=_D("0.3"), too_early=_NO_GRACE),
        "Workpath",
        {"at_risk": "needs attention"},
        ("https://workpath.zendesk.com/hc/en-us/articles/4865387922706",),
        "By predicted completion, which at an even pace is attainment ÷ expected progress.",
    ),
    Preset(
        Rule(preset="servicenow", on_track=_D("0.9"), at_risk=_D("0.75"), achieved=_D("0.9"),
             partly_achieved=_D("0.75"), too_early=_NO_GRACE),
        "ServiceNow",
        {"on_track": "green", "at_risk": "yellow", "off_track": "red",
         "achieved": "green", "partly_achieved": "yellow", "missed": "red"},
        ("https://www.servicenow.com/docs/r/australia/it-business-management/goal-framework/"
         "target-status-calculation-examples.html",),
        "Of what is planned by now: from 90 % green, from 75 % yellow.",
    ),
)  # fmt: skip

PRESETS: Mapping[str, Preset] = {preset.rule.preset: preset for preset in _PRESETS}


def word_of(rule: Rule, status: Status) -> str:
    """What the tool calls that status, with its name: behind in Engagedly; empty where it says as we do."""
    preset = PRESETS.get(rule.preset)
    return f"{preset.words[status]} in {preset.title}" if preset and status in preset.words else ""
