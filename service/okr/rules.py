"""The rules of `lint`: each with an id that is kept, a sentence that is true of a good file, and a mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a finding is about. An id is never given to another rule."""

    id: str
    severity: Severity
    sentence: str
    mend: str


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("OKR001", "warning", "A quarter has at most three objectives.", "keep the three that matter most"),
        Rule("OKR002", "warning", "An objective has at least three key results.",
             "add what else would show that it is reached"),
        Rule("OKR003", "warning", "An objective has at most five key results.",
             "keep the five that show most, or split the objective"),
        Rule("OKR004", "warning", "Somebody answers for every objective and key result.", 'write owner = "…"'),
        Rule("OKR005", "error", "What moves from a baseline has one.", 'write baseline = "previous_quarter"'),
        Rule("OKR006", "note", "What aims at a level has a baseline too, so that growth can be shown.",
             'write baseline = "previous_quarter"'),
        Rule("OKR007", "note", "The weights of an objective add up to 1; other sums are made to.",
             "nothing, if the parts shown are meant"),
        Rule("OKR008", "error", "The weights of an objective are not all 0.", "give a weight to what should count"),
        Rule("OKR009", "error", "Baseline and target differ.", "write where it should get to"),
        Rule("OKR010", "warning", "An objective says what should be better, and for whom or where.",
             'name it: "Increase revenue from repeat customers" rather than "Increase sales"'),
        Rule("OKR011", "warning", "An objective has a key result that measures what its milestones bring.",
             "add what should be better once they are done"),
        Rule("OKR020", "error", "A title that speaks of a share has a metric that is one.",
             "take a rate, or let the title say how many"),
        Rule("OKR021", "warning", "A title that speaks of how many has a metric that counts.",
             "take a count, or let the title speak of the rate"),
        Rule("OKR022", "error", "Title, baseline, target and shop have one currency.",
             "write amounts in the shop's currency"),
        Rule("OKR023", "error", "A file has one currency.", "write every amount in the shop's currency"),
        Rule("OKR024", "warning", "A title that speaks of money has a metric that is money.",
             "take an amount such as net_sales, or leave the sum out of the title"),
        Rule("OKR030", "error", "A change of a rate says whether it is in points or relative.",
             'write "+4pp" for points, or "+20% relative"'),
        Rule("OKR031", "error", "Title and target both mean points, or both a percentage of the baseline.",
             "say the same in both: points, or per cent"),
        Rule("OKR032", "warning", "Title and target both name a change, or both a level.",
             "write the target as the title says it, or a baseline that makes them agree"),
        Rule("OKR033", "error", "The numbers of a title are those of baseline and target.", "correct one of the two"),
        Rule("OKR034", "warning", "A target asks for more than chance alone moves from quarter to quarter.",
             "aim further, measure more orders, or take a metric that varies less"),
        Rule("OKR040", "error", "A key result fits its metric.", "see the catalogue: okrsync metrics list"),
        Rule("OKR041", "error", "A metric can be split by what its segment names.", "leave it out of where"),
        Rule("OKR042", "error", "A level looks at all history.", "leave window out"),
        Rule("OKR043", "warning", "What happens in a quarter is measured in the quarter, not over all history.",
             'leave window out, or write "trailing_28d"'),
        Rule("OKR044", "warning", "No two key results measure the same.", "drop one, or let where tell them apart"),
        Rule("OKR045", "error", "Stretch, pace and guardrails fit the key result they belong to.",
             "see the page on OKR files"),
        Rule("OKR050", "warning", "A target is like what others reach, by a benchmark that is verified.",
             "nothing, if there is a reason"),
        Rule("OKR051", "note", "A target is like what is in circulation, by numbers that nobody verified.",
             "nothing: your own past quarters tell more"),
        Rule("OKR060", "warning", "An initiative has days in its quarter.", "correct start and end, or leave it out"),
        Rule("OKR061", "note", "An initiative lies within its quarter.",
             "nothing: only its days in the quarter can move key results"),
        Rule("OKR070", "note", "What goes on for ever is a KPI, and what ends with the quarter a key result.",
             "nothing, if both are meant"),
    )
}  # fmt: skip
