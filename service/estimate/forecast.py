"""Where a value will stand at the end of its days: a forecast, an 80 % interval, the probability of reaching a target.

Whole paths of the days to come are drawn and each is added up, because the days of one path share their level: an
interval put together from daily intervals would be wrong. Everything is simulated on increments: what is known of the
value is exact, and only the days to come are drawn. A ratio draws its denominator's days, and its quotient on each of
them with a noise that shrinks as the denominator grows.

Decimal in and out; floats within, because these are estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np

from service.estimate.design import Design, design
from service.estimate.local_level import Floats, fit, futures
from service.estimate.series import Ending, Limits, Series, Sums

FEWEST_DAYS = 56
"""Eight whole weeks: with fewer, weekdays, drift and noise cannot be told apart."""

FEWEST_ACTIVE_DAYS = 10
"""Days that brought anything at all."""

MOST_DAYS = 730
"""Two years: a level that wanders forgets what is older."""

LEVEL = Decimal("0.8")
"""How often the interval is to hold the outcome."""

_EMPTY = 0.1
"""With more empty or negative days than this, the days are modelled as they are instead of by their square roots."""

_DENOMINATOR_SEED, _NUMERATOR_SEED = 20_260_701, 20_261_001


@dataclass(frozen=True, slots=True)
class TooLittle:
    """There is no forecast, and why: only the pace can be told."""

    reason: str
    history_days: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Every simulated end of the value, sorted; a single one when no day is left."""

    outcomes: tuple[Decimal, ...]
    method: str
    history_days: int

    @property
    def value(self) -> Decimal:
        return self._quantile(Decimal("0.5"))

    def interval(self, level: Decimal = LEVEL) -> tuple[Decimal, Decimal]:
        """The ends between which the value will be with that probability."""
        beyond = (1 - level) / 2
        return self._quantile(beyond), self._quantile(1 - beyond)

    def _quantile(self, share: Decimal) -> Decimal:
        return self.outcomes[round(share * (len(self.outcomes) - 1))]

    def probability(self, limits: Limits) -> Decimal:
        """Of ending within the limits; certain only when no day is left.

        Half an outcome more than were counted, of one more than were drawn: what did not happen in two thousand
        simulations is unlikely, not impossible.
        """
        reached = sum(limits.holds(outcome) for outcome in self.outcomes)
        if len(self.outcomes) == 1:
            return Decimal(reached)
        return ((reached + Decimal("0.5")) / (len(self.outcomes) + 1)).quantize(Decimal("0.0001"))


def forecast(series: Series, ending: Ending, step: Decimal | None) -> Forecast | TooLittle:
    """The value at its end, seen from the series' last day.

    Units: `step` is what the value comes in, 1 for counts and the minor unit for money; None for a ratio.
    """
    known = series.sums(ending.since, min(series.last, ending.last))
    ahead, skipped = ending.to_come(series.last)
    if not ahead:
        exact = known.value
        days = len(series.numerators)
        return TooLittle("there is nothing to divide by", days) if exact is None else Forecast((exact,), "exact", days)
    series = series.without_lead().newest(MOST_DAYS)
    if reason := _too_little(series):
        return TooLittle(reason, len(series.numerators))
    regular = design(series, ahead)
    if series.denominators is None:
        outcomes = _ends_of_sums(series, regular, skipped, known, step or Decimal(1))
        scale = _scale(_floats(series.numerators))
    else:
        outcomes = _ends_of_ratios(series, regular, skipped, known)
        scale = "numerator and denominator"
    if not outcomes:
        return TooLittle("in no simulation is there anything to divide by", len(series.numerators))
    return Forecast(tuple(sorted(outcomes)), _method(scale, regular), len(series.numerators))


def _too_little(series: Series) -> str:
    """Why the days so far are not enough; empty when they are."""
    amounts = series.numerators if series.denominators is None else series.denominators
    active = sum(1 for amount in amounts if amount)
    if len(amounts) < FEWEST_DAYS:
        return f"there are {len(amounts)} days of history, and a forecast needs {FEWEST_DAYS}"
    if active < FEWEST_ACTIVE_DAYS:
        return f"only {active} days brought anything, and a forecast needs {FEWEST_ACTIVE_DAYS}"
    whole = (start for start, after in pairwise(series.starts) if series.first <= start and after <= series.last)
    if series.starts and next(whole, None) is None:
        return "customers are counted anew each quarter, and no past quarter was read whole"
    return ""


def _method(scale: str, regular: Design) -> str:
    words = f"wandering level, {scale}, with {', '.join(regular.parts)}"
    return words + "".join(f"; {event} lies ahead and was never observed" for event in regular.unseen)


# --- one series: flows, counts -------------------------------------------------------------------------------------


def _ends_of_sums(series: Series, regular: Design, skipped: int, known: Sums, step: Decimal) -> list[Decimal]:
    observed = _floats(series.numerators)
    totals = _paths(observed, regular, _NUMERATOR_SEED)[:, skipped:].sum(axis=1)
    if not (observed < 0).any():
        totals = np.maximum(totals, 0.0)  # what never fell does not fall
    return [known.numerator + step * round(total / float(step)) for total in totals]


def _paths(observed: Floats, regular: Design, seed: int) -> Floats:
    """Amounts of the days to come, path by path.

    Square roots make the noise of small and large days alike, and squaring brings the mean back exactly.
    """
    days = len(observed)
    is_rooted = _scale(observed) == "square roots"
    scaled = np.sign(observed) * np.sqrt(np.abs(observed)) if is_rooted else observed
    usual = float(np.sqrt(np.mean(scaled**2)))
    # A share of the amount is half that share of its square root.
    spread = regular.spread * usual * (0.5 if is_rooted else 1.0)
    ahead = regular.rows[days:]
    drawn = futures(fit(scaled, np.ones(days), regular.rows[:days], spread), ahead, np.ones(len(ahead)), seed)
    return np.asarray(drawn**2 if is_rooted else drawn)


def _scale(observed: Floats) -> str:
    return "square roots" if float(np.mean(observed <= 0)) <= _EMPTY else "plain"


def _floats(amounts: Sequence[Decimal]) -> Floats:
    return np.array(amounts, dtype=float)


# --- two series: ratios --------------------------------------------------------------------------------------------


def _ends_of_ratios(series: Series, regular: Design, skipped: int, known: Sums) -> list[Decimal]:
    """The quotient of each pair of simulated sums that has one."""
    numerators, denominators = _floats(series.numerators), _floats(series.denominators or ())
    below = np.maximum(_paths(denominators, regular, _DENOMINATOR_SEED), 0.0)
    above = below * _quotients(numerators, denominators, regular, below)
    below, above = below[:, skipped:].sum(axis=1), above[:, skipped:].sum(axis=1)
    if not (numerators < 0).any():
        above = np.maximum(above, 0.0)
    if not (numerators > denominators).any():
        above = np.minimum(above, below)  # a part of something stays a part of it
    above, below = above + float(known.numerator), below + float(known.denominator or 0)
    has_one = below > 0
    return [Decimal(f"{quotient:.12g}") for quotient in above[has_one] / below[has_one]]


def _quotients(numerators: Floats, denominators: Floats, regular: Design, ahead: Floats) -> Floats:
    """The ratio on each of the days to come, path by path, given the denominators drawn for them."""
    has_one = denominators > 0
    usual = float(numerators.sum() / denominators.sum()) or 1.0
    size = float(denominators[has_one].mean())
    observed = np.full(len(numerators), np.nan)
    observed[has_one] = numerators[has_one] / denominators[has_one] / usual
    rows = regular.rows[: len(numerators)]
    fits = fit(observed, np.where(has_one, denominators, size) / size, rows, regular.spread)
    return usual * futures(fits, regular.rows[len(numerators) :], ahead / size, _NUMERATOR_SEED)
