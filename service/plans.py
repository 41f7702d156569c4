"""The OKR files beside the settings, checked against the metrics and the shops they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from service.errors import Misconfigured, PlanError, Problem
from service.installation import Installation
from service.metrics.catalogue import Metric, catalogue
from service.metrics.segments import conditions
from service.okr import plan as plans_
from service.okr.amounts import MetricFacts
from service.okr.check import check
from service.okr.plan import KeyResult, Plan
from service.settings import ShopSettings
from service.values import Shop


def plans_of(installation: Installation) -> list[Plan]:
    """Every OKR file beside the settings. Raises PlanError with all complaints at once."""
    settings = installation.settings
    domains = [shop.domain for shop in settings.shops]
    return load_plans(settings.okr_folder, settings.calendar.fiscal_year_start, domains)


def plans_for(plans: Sequence[Plan], settings: ShopSettings) -> list[Plan]:
    return [plan for plan in plans if plan.shop in (None, settings.domain)]


def load_plans(folder: Path, fiscal_year_start: int, shops: Sequence[str]) -> list[Plan]:
    """Every OKR file of `folder`, by quarter. Raises PlanError with all complaints about all of them."""
    found: list[Plan] = []
    problems: list[Problem] = []
    for file in sorted(folder.glob("*.toml")):
        try:
            found.append(plans_.load(file, fiscal_year_start))
        except PlanError as error:
            problems += error.problems
    problems += [problem for plan in found for problem in _misplaced(plan, shops)]
    problems += _repeated(found)
    if problems:
        raise PlanError(problems)
    return sorted(found, key=lambda plan: (plan.quarter, plan.shop or ""))


def _misplaced(plan: Plan, shops: Sequence[str]) -> Iterator[Problem]:
    known = f"write one of {', '.join(shops)}"
    if plan.shop is None and len(shops) > 1:
        yield Problem(plan.file, "shop", "is missing, and there are several shops", known)
    if plan.shop is not None and plan.shop not in shops:
        yield Problem(plan.file, "shop", f"{plan.shop} is not a shop of the settings", known)
    yield from check(plan, {id_: facts_of(metric, None) for id_, metric in catalogue().items()})
    for key_result in plan.key_results:
        if metric := catalogue().get(key_result.metric):
            yield from _unanswered(plan, key_result, metric)


def _repeated(plans: Sequence[Plan]) -> Iterator[Problem]:
    first: dict[tuple[str, str | None], Plan] = {}
    for plan in plans:
        other = first.setdefault((plan.quarter.label, plan.shop), plan)
        if other is not plan:
            told = f"{plan.quarter} has a file already: {other.file}"
            yield Problem(plan.file, "quarter", told, "put all objectives of a shop's quarter into one file")


def _unanswered(plan: Plan, key_result: KeyResult, metric: Metric) -> Iterator[Problem]:
    """What the key result's segment asks that its metric cannot answer."""
    try:
        conditions(key_result.where, metric.segments, metric.id)
    except Misconfigured as error:
        for problem in error.problems:
            yield replace(problem, file=plan.file, key=f"{key_result.place}.{problem.key}")


def facts_of(metric: Metric, currency: str | None) -> MetricFacts:
    return MetricFacts(metric.id, metric.kind, metric.unit, currency if metric.unit == "money" else None)


def check_currencies(plans: Iterable[Plan], shop: Shop) -> None:
    """Raise PlanError where a plan's amounts are not in the shop's currency."""
    known = {id_: facts_of(metric, shop.currency) for id_, metric in catalogue().items()}
    problems = [problem for plan in plans for problem in check(plan, known)]
    if problems:
        raise PlanError(problems)
