"""The OKR files beside the settings, checked against the metrics and the shops they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from service.connectors import orders
from service.errors import Misconfigured, PlanError, Problem
from service.installation import Installation
from service.metrics.catalogue import Metric
from service.okr import plan as plans_
from service.okr.amounts import MetricFacts
from service.okr.check import check
from service.okr.model import Guardrail, KeyResult, Kpi, Plan
from service.settings import ShopSettings
from service.values import Shop


@dataclass(frozen=True, slots=True)
class Plans:
    """What the OKR files say, and what is wrong with those that say nothing, each with the shop it is about."""

    right: Sequence[Plan] = ()
    wrong: Sequence[tuple[str | None, Problem]] = ()  # None: nobody can tell whose it is

    def problems_of(self, *shops: str | None) -> list[Problem]:
        return [problem for shop, problem in self.wrong if shop in shops]


def plans_of(installation: Installation, shop: ShopSettings | None = None) -> list[Plan]:
    """Every OKR file beside the settings, or those of one shop. Raises PlanError with all complaints at once.

    A shop's plans do not suffer from what is wrong with another's; a file nobody can tell whose it is, is told of only
    with all of them.
    """
    found = _found(installation)
    problems = found.problems_of(shop.domain) if shop else [problem for _, problem in found.wrong]
    if problems:
        raise PlanError(problems)
    return plans_for(found.right, shop) if shop else list(found.right)


def stray_problems(installation: Installation) -> list[Problem]:
    """Complaints about files of which nobody can tell whose they are."""
    return _found(installation).problems_of(None)


def plans_for(plans: Sequence[Plan], settings: ShopSettings) -> list[Plan]:
    return [plan for plan in plans if plan.shop in (None, settings.domain)]


def _found(installation: Installation) -> Plans:
    settings = installation.settings
    domains = [shop.domain for shop in settings.shops]
    return load_plans(settings.okr_folder, settings.calendar.fiscal_year_start, domains, installation.catalogue)


def load_plans(folder: Path, fiscal_year_start: int, shops: Sequence[str], metrics: Mapping[str, Metric]) -> Plans:
    """Every OKR file of `folder`, by quarter. A file is taken whole or not at all."""
    found: list[Plan] = []
    wrong: list[tuple[str | None, Problem]] = []
    for file in sorted(folder.glob("*.toml")):
        try:
            found.append(plans_.load(file, fiscal_year_start))
        except PlanError as error:
            wrong += [(_owner(file, shops), problem) for problem in error.problems]
    complaints = [problem for plan in found for problem in _misplaced(plan, shops, metrics)] + [*_repeated(found)]
    wrong += [(_owner(Path(problem.file), shops), problem) for problem in complaints]
    refused = {problem.file for _, problem in wrong}
    right = [plan for plan in found if plan.file not in refused]
    return Plans(sorted(right, key=lambda plan: (plan.quarter, plan.shop or "")), wrong)


def _owner(file: Path, shops: Sequence[str]) -> str | None:
    """The shop a file is about, also when nothing else in it can be read."""
    if len(shops) == 1:
        return shops[0]
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None
    written = re.search(r"""^shop\s*=\s*["']([^"']*)["']""", text, re.MULTILINE)
    return written[1] if written and written[1] in shops else None


def _misplaced(plan: Plan, shops: Sequence[str], metrics: Mapping[str, Metric]) -> Iterator[Problem]:
    choices = f"write one of {', '.join(shops)}"
    if plan.shop is None and len(shops) > 1:
        yield Problem(plan.file, "shop", "is missing, and there are several shops", choices)
    if plan.shop is not None and plan.shop not in shops:
        yield Problem(plan.file, "shop", f"{plan.shop} is not a shop of the settings", choices)
    yield from check(plan, known(metrics))
    for looked in plan.looked_at:
        if metric := metrics.get(looked.metric):
            yield from _unanswered(plan, looked, metric)


def _repeated(plans: Sequence[Plan]) -> Iterator[Problem]:
    first: dict[tuple[str, str | None], Plan] = {}
    for plan in plans:
        other = first.setdefault((plan.quarter.label, plan.shop), plan)
        if other is not plan:
            told = f"{plan.quarter} has a file already: {other.file}"
            yield Problem(plan.file, "quarter", told, "put all objectives of a shop's quarter into one file")


def _unanswered(plan: Plan, looked: KeyResult | Guardrail | Kpi, metric: Metric) -> Iterator[Problem]:
    """What a segment and a population ask that their metric cannot answer."""
    try:
        metric.conditions(looked.where, looked.population)
    except Misconfigured as error:
        for problem in error.problems:
            yield replace(problem, file=plan.file, key=f"{looked.place}.{problem.key}")


def facts_of(metric: Metric, currency: str | None) -> MetricFacts:
    return MetricFacts(metric.id, metric.kind, metric.unit, currency if metric.unit == "money" else None)


def known(metrics: Mapping[str, Metric], currency: str | None = None) -> Mapping[str, MetricFacts]:
    """What judging needs to know of every metric; amounts are in the shop's currency, where that is known."""
    return {id_: replace(facts_of(metric, currency), segments=metric.segments) for id_, metric in metrics.items()}


def metric_of(key_result: KeyResult, facts: MetricFacts, metrics: Mapping[str, Metric]) -> Metric:
    """The metric of a key result; for values set by hand, what stands in its place."""
    if not key_result.is_by_hand:
        return metrics[key_result.metric]
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


def check_currencies(plans: Iterable[Plan], shop: Shop, metrics: Mapping[str, Metric]) -> None:
    """Raise PlanError where a plan's amounts are not in the shop's currency."""
    problems = [problem for plan in plans for problem in check(plan, known(metrics, shop.currency))]
    if problems:
        raise PlanError(problems)
