"""Possible futures of a daily series whose level wanders: one state-space model behind every forecast.

    observed day = level + spell + what the design adds + noise ÷ √exposure
    tomorrow     : level + step, and what is left of the spell + a new part of it

How large steps and spells are, as parts of the noise, is not what fits best but a grid of sizes, each as likely as
the data and a prior say: one estimate is either none at all, and the intervals are too narrow, or so large that they
say nothing. Floats are right here: these are estimates. The draws are seeded, so the same days always give
the same futures.

Source: Durbin & Koopman (2012), "Time Series Analysis by State Space Methods"; the filter is that of statsmodels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PATHS = 2000
"""Futures drawn: the ends of an 80 % interval are sure to about one per cent of its width."""

STEPS = np.geomspace(0.004, 0.5, 6)
"""Steps of the level in a day, as parts of the noise's standard deviation, that are weighed against each other."""

USUAL_STEP, SPREAD_OF_STEPS = 0.05, 1.0
"""Log-normal prior of the step. Chosen in a simulation study, docs/forecast.md: below, recent changes are missed."""

SPELLS = {0.0: 0.5, 0.4: 0.3, 1.0: 0.2}
"""How much a day adds to a passing spell (a campaign, the weather), as parts of the noise, and the prior of each.

Without spells, days that resemble their neighbours would be taken for a level that runs away.
"""

LASTING = 0.8
"""The part of a spell that is left on the next day: half of it is gone after three."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What the days tell, for one size of the level's steps and of its spells."""

    step: float
    spell: float
    weight: float  # how likely these sizes are
    noise: float  # variance of a day with exposure 1
    freedom: int  # degrees of freedom behind it
    state: Floats  # after the last day: the design's coefficients, the level first, and the spell last
    covariance: Floats


def fit(observed: Floats, exposure: Floats, design: Floats, spread: Floats) -> list[Fit]:
    """The model for every size of steps, with how likely each is.

    Shape: observed (days,), not a number where there is nothing to observe; design (days, columns), the level's
    column of ones first. Units: `spread` holds the prior standard deviation of each column's coefficient.
    """
    from statsmodels.tsa.statespace.kalman_filter import KalmanFilter  # here, because it takes seconds to load

    days, columns = design.shape
    seen = np.isfinite(observed)
    # The filter measures everything in standard deviations of the noise, so the prior needs a first guess of it.
    guess = max(float(np.var(np.diff(observed[seen])) / 2), 1e-4 * float(np.mean(observed[seen] ** 2)), 1e-12)
    moves = np.eye(columns + 1)[:, [0, -1]]
    transition = np.diag([*np.ones(columns), LASTING])
    model = KalmanFilter(1, columns + 1, k_posdef=2, selection=moves, transition=transition)
    model.bind(observed.reshape(days, 1).copy())
    model.design = np.column_stack([design, np.ones(days)]).T[np.newaxis].copy()
    model.obs_cov = (1 / np.where(seen, exposure, 1.0)).reshape(1, 1, days)
    model.filter_concentrated = True
    model.memory_no_forecast = model.memory_no_gain = model.memory_no_smoothing = True
    found = []
    for step, spell in product(STEPS, SPELLS):
        model.state_cov = np.diag([step**2, spell**2])
        settled = spell**2 / (1 - LASTING**2)
        model.initialize_known(np.zeros(columns + 1), np.diag([*spread**2 / guess, settled]))
        found.append((float(step), spell, model.filter()))
    likelihoods = np.array([each.llf + _prior(step, spell) for step, spell, each in found])
    weights = np.exp(likelihoods - likelihoods.max())
    freedom = max(int(seen.sum()) - columns, 4)
    wider = float(seen.sum()) / freedom
    return [
        Fit(
            step, spell, float(weight), float(each.scale) * wider, freedom, each.predicted_state[:, -1],
            each.predicted_state_cov[:, :, -1] * wider,
        )
        for (step, spell, each), weight in zip(found, weights / weights.sum(), strict=True)
    ]  # fmt: skip


def _prior(step: float, spell: float) -> float:
    return float(-0.5 * (np.log(step / USUAL_STEP) / SPREAD_OF_STEPS) ** 2 + np.log(SPELLS[spell]))


def futures(fits: Sequence[Fit], design: Floats, exposure: Floats, seed: int) -> Floats:
    """Whole paths drawn from what may come, as observed: rows are paths, columns the days of `design`.

    Shape: `exposure` is one for each day, or one for each path and day; a day without any has no noise.
    """
    chance = np.random.default_rng(seed)
    counts = _shares([each.weight for each in fits])
    drawn = [_draw(each, count, design, chance) for each, count in zip(fits, counts, strict=True) if count]
    paths = np.vstack([path for path, _ in drawn])
    noise = np.concatenate([sd for _, sd in drawn])
    order = chance.permutation(PATHS)
    blur = chance.standard_normal(paths.shape) / np.sqrt(np.where(exposure > 0, exposure, np.inf))
    return np.asarray(paths[order] + noise[order, np.newaxis] * blur)


def _shares(weights: Sequence[float]) -> list[int]:
    """How many of the paths each gets, rounded so that none is left over."""
    edges = np.rint(np.cumsum(weights) * PATHS).astype(int)
    return [int(share) for share in np.diff(edges, prepend=0)]


def _draw(each: Fit, count: int, design: Floats, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """Paths without the days' noise, and the noise's standard deviation on each."""
    values, vectors = np.linalg.eigh(each.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    stretch = np.sqrt(each.freedom / chance.chisquare(each.freedom, count))[:, np.newaxis]
    state = each.state + stretch * (chance.standard_normal((count, len(values))) @ root.T)
    noise = np.sqrt(each.noise) * stretch
    steps, parts = noise * chance.standard_normal((2, count, len(design)))
    steps[:, 0] = parts[:, 0] = 0.0  # the state is that of the first day to come
    paths = state[:, :-1] @ design.T + each.step * np.cumsum(steps, axis=1)
    spell = state[:, -1]
    for day in range(len(design)):
        spell = spell * (LASTING if day else 1.0) + each.spell * parts[:, day]
        paths[:, day] += spell
    return paths, noise[:, 0]
