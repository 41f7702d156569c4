"""Does an objective's title say what should be better, and for whom or where? As far as plain English tells."""

from __future__ import annotations

import re

_AIMLESS = re.compile(
    r"(?:increas|improv|grow|boost|driv|rais|enhanc|optimi[sz]|maximi[sz]|strengthen|better|reduc|decreas|lower|cut"
    r"|accelerat|scal|expand|deliver|achiev|get|do|be|make|more|higher|great)(?:e|es|ed|ing|s|er|ting)?",
)
_FILLER = """
    the a an our your my its their and or & of in on at by to for this that next all overall further even really very
    quarter year month week q1 q2 q3 q4 significantly substantially continuously
    """
_FILLERS = frozenset(_FILLER.split())
_TURN = "of from for among in by to through with at on per across where who that between into without"
_TURNS = frozenset(_TURN.split())


def vague(title: str) -> str:
    """Why a title does not say enough; empty when it does, or is not in Latin letters."""
    words = re.findall(r"[\w&'’-]+", title.lower())
    if not re.search("[a-z]", title.lower()):
        return ""
    if len(words) < 3:
        return f"is {len(words)} word{'s' if len(words) > 1 else ''}: it does not say for whom or where"
    said = [word for word in words if word not in _FILLERS and not re.fullmatch(r"20\d\d", word)]
    if not said or not _AIMLESS.fullmatch(words[0]):
        return ""
    left = [word for word in said if not _AIMLESS.fullmatch(word)]
    turn = next((n for n, word in enumerate(words) if n and word in _TURNS), len(words))
    is_qualified = any(word in left for word in words[turn:])
    return "" if is_qualified or len(left) > 2 else "does not say for whom or where"
