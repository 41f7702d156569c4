"""Errors, named by what happens next.

    OkrsyncError
    ├── TryAgain             the same call may succeed later; nothing is lost
    │   ├── Throttled        Shopify asked us to wait
    │   ├── Unreachable      no answer, or a passing fault at the other end
    │   ├── Busy             another process holds the lease
    │   └── Interrupted      we were asked to stop
    ├── NeedsAPerson         rests until somebody acts
    │   ├── AccessDenied     token, scope or store state
    │   └── Misconfigured    a list of problems, each with file, key and hint
    │       ├── SettingsError
    │       ├── PlanError    an OKR file
    │       └── MetricFails  a metric of the installation's own, on the data there are
    └── UnexpectedShape      Shopify answered something we do not understand

`pipeline`, `daemon` and `cli` are the only catchers; anything else is a bug and ends the process loudly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OkrsyncError(Exception):
    """What went wrong, about which thing, and what to do about it."""

    def __init__(self, message: str, *, about: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.about = about
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.about}: {self.message}" if self.about else self.message
        return f"{text} ({self.hint})" if self.hint else text


class TryAgain(OkrsyncError):
    """A passing fault."""


class Throttled(TryAgain):
    """Shopify asked us to wait `wait_seconds`; None when it did not say how long."""

    def __init__(self, message: str, *, wait_seconds: float | None, about: str = "", hint: str = "") -> None:
        super().__init__(message, about=about, hint=hint)
        self.wait_seconds = wait_seconds


class Unreachable(TryAgain):
    """No usable answer: network, 5xx or an internal error at Shopify."""


class Busy(TryAgain):
    """Another process is doing this work now."""


class Interrupted(TryAgain):
    """Asked to stop; what has landed stays, the rest is read next time."""


class NeedsAPerson(OkrsyncError):
    """Trying again changes nothing until somebody acts."""


class AccessDenied(NeedsAPerson):
    """Token, scope or store state."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file a person wrote: where, what, and how to mend it."""

    file: str
    key: str  # dotted path, or "line 3, column 5"
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.message}" + (f"\n    hint: {self.hint}" if self.hint else "")


class Misconfigured(NeedsAPerson):
    """Everything wrong with what a person configured, at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class SettingsError(Misconfigured):
    """The settings file, the environment or the database they point at."""


class PlanError(Misconfigured):
    """An OKR file."""


class MetricFails(Misconfigured):
    """A metric of the installation's own that was loaded and does not answer."""

    @property
    def because(self) -> str:
        """Why, without its file and the mend."""
        return "; ".join(problem.message for problem in self.problems)


class UnexpectedShape(OkrsyncError):
    """Shopify answered something this version does not understand; nothing was landed."""
