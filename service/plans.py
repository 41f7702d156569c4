"""The OKR files beside the settings, checked against the metrics and the shops they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from service.connectors import orders
from service.errors import Misconfigured, PlanError, Problem
from service.installation import Installation
from service.metrics.catalogue import Metric, catalogue
from service.metrics.segments import conditions
from service.okr import plan as plans_
from service.okr.amounts import MetricFacts
from service.okr.check import check
from service.okr.model import Guardrail, KeyResult, Kpi, Plan
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
    choices = f"write one of {', '.join(shops)}"
    if plan.shop is None and len(shops) > 1:
        yield Problem(plan.file, "shop", "is missing, and there are several shops", choices)
    if plan.shop is not None and plan.shop not in shops:
        yield Problem(plan.file, "shop", f"{plan.shop} is not a shop of the settings", choices)
    yield from check(plan, known())
    looked_at: list[KeyResult | Guardrail | Kpi] = [*plan.key_results, *plan.kpis]
    looked_at += [guardrail for key_result in plan.key_results for guardrail in key_result.guardrails]
    for looked in looked_at:
        if metric := catalogue().get(looked.metric):
            yield from _unanswered(plan, looked, metric)


def _repeated(plans: Sequence[Plan]) -> Iterator[Problem]:
    first: dict[tuple[str, str | None], Plan] = {}
    for plan in plans:
        other = first.setdefault((plan.quarter.label, plan.shop), plan)
        if other is not plan:
            told = f"{plan.quarter} has a file already: {other.file}"
            yield Problem(plan.file, "quarter", told, "put all objectives of a shop's quarter into one file")


def _unanswered(plan: Plan, looked: KeyResult | Guardrail | Kpi, metric: Metric) -> Iterator[Problem]:
    """What a segment asks that its metric cannot answer."""
    try:
        conditions(looked.where, metric.segments, metric.id)
    except Misconfigured as error:
        for problem in error.problems:
            yield replace(problem, file=plan.file, key=f"{looked.place}.{problem.key}")


def facts_of(metric: Metric, currency: str | None) -> MetricFacts:
    return MetricFacts(metric.id, metric.kind, metric.unit, currency if metric.unit == "money" else None)


def known(currency: str | None = None) -> Mapping[str, MetricFacts]:
    """What judging needs to know of every metric; amounts are in the shop's currency, where that is known."""
    return {id_: replace(facts_of(metric, currency), segments=metric.segments) for id_, metric in catalogue().items()}


def metric_of(key_result: KeyResult, facts: MetricFacts) -> Metric:
    """The metric of a key result; for values set by hand, what stands in its place."""
    if not key_result.is_by_hand:
        return catalogue()[key_result.metric]
    return replace(_BY_HAND, id=key_result.metric, kind=facts.kind, unit=facts.unit)


_BY_HAND = Metric(
    id="manual",
    version=1,
    title="Set by hand",
    question="What did somebody last say it is?",
    kind="level",
    unit="count",
    numerator="the newest value that was set",
    denominator=None,
    population="nothing is measured",
    date_basis="order_day",
    segments=(),
    leaves_out=(),
    interval="none",
    connector=orders.NAME,  # what its quarter is read beside; the value itself rests on nothing that is read
    source="okrsync okr set",
    decision="docs/decisions.md#values-set-by-hand-grow-old",
    text="",
    file="",
)


def check_currencies(plans: Iterable[Plan], shop: Shop) -> None:
    """Raise PlanError where a plan's amounts are not in the shop's currency."""
    problems = [problem for plan in plans for problem in check(plan, known(shop.currency))]
    if problems:
        raise PlanError(problems)
