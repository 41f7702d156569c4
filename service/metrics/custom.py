"""Metrics that an analyst adds without code: a `.sql` with the same header, in `metrics/` beside the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, StatementError

from service.errors import MetricFails, Misconfigured, Problem
from service.metrics import language
from service.metrics.catalogue import Metric, catalogue, load
from service.metrics.families.family import with_ctes
from service.metrics.scope import Calendar, Changes, Mode, Query, Running, Scope
from service.store.engine import within
from service.values import Window

RESERVED = ("manual",)
"""What an OKR file writes in the place of a metric."""


def with_custom(folder: Path) -> Mapping[str, Metric]:
    """Okrsync's own metrics and those in `folder`, by id. Raises Misconfigured with every complaint about them."""
    files = sorted(folder.glob("*.sql"))
    if not files:
        return catalogue()
    problems = [
        Problem(str(path), "id", f"{path.stem} is a name of okrsync's own", "give the file and its id another")
        for path in files
        if path.stem in (*catalogue(), *RESERVED)
    ]
    try:
        found = load(files)
    except Misconfigured as error:
        raise Misconfigured([*problems, *error.problems]) from None
    problems += [problem for each in found.values() for problem in _connector_problems(each)]
    if problems:
        raise Misconfigured(problems)
    return MappingProxyType(dict(sorted({**catalogue(), **found}.items())))


LONGEST_SECONDS = 120
"""What the questions of one turn may take of a metric of the installation's own: a shop waits for them."""


@contextmanager
def guarded(connection: Connection, metric: Metric) -> Iterator[None]:
    """Questions of a metric on a reading connection, which can be used afterwards whatever happens.

    Raises MetricFails where one of the installation's own takes too long, or answers with no number or no day.
    """
    if metric.id in catalogue():
        yield
        return
    try:
        with connection.begin_nested(), within(connection, LONGEST_SECONDS):
            yield
    except (DBAPIError, ArithmeticError, TypeError, ValueError) as error:
        hint = f"run: okrsync metrics check {metric.id}"
        told = f"does not answer: {sentence(error)}"
        raise MetricFails([Problem(metric.file, "text", told, hint)]) from error


def sentence(error: Exception) -> str:
    """What went wrong, in the database's own first sentence."""
    told = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    is_late = told == "interrupted" or "statement timeout" in told
    return "it takes longer than a metric may" if is_late else told


def custom(known: Mapping[str, Metric]) -> list[Metric]:
    """Those of the metrics that are not okrsync's own."""
    return [metric for id_, metric in known.items() if id_ not in catalogue()]


def fingerprint(metric: Metric) -> str:
    """What the numbers of a definition depend on, in short; words that only explain it may change."""
    amounts = [part for part in ("numerator", "denominator") if metric.is_money(part)]
    header = [metric.kind, metric.unit, metric.date_basis, metric.interval, *amounts, str(metric.horizon_days or "")]
    return sha256("\n".join([*language.words(metric.text), *header]).encode()).hexdigest()


def refusals(connection: Connection, metrics: Sequence[Metric]) -> Iterator[Problem]:
    """What the database says against the texts, run on a shop that has nothing."""
    for metric in metrics:
        told = (_refusal(connection, scope, mode) for scope in _scopes(metric) for mode in _MODES)
        if first := next(filter(None, told), ""):
            yield Problem(metric.file, "text", first, "see what its CTEs hold: docs/custom-metrics.md")


_DAY = date(2026, 1, 1)
_MODES: tuple[Mode, ...] = (Running(_DAY, _DAY), Calendar([Window(_DAY, _DAY)]))


def _scopes(metric: Metric) -> Iterator[Scope]:
    """Everything, and what changed where the metric is brought up to date by that."""
    yield Scope(metric, 0)
    if metric.changes_by_rows():
        yield Scope(metric, 0, changes=Changes(0, 0, is_new=True))


def _refusal(connection: Connection, scope: Scope, mode: Mode) -> str:
    """The database's own first sentence; empty when it would answer."""
    metric = scope.metric
    answered = f"select {', '.join(metric.columns)} from (\n{metric.text}\n) as answered"
    ctes = scope.ctes(mode, scope.asked(connection.dialect.name))
    query = Query(with_ctes(ctes, answered), scope.binds(mode))
    try:
        with connection.begin_nested():
            query.run(connection).all()
    except StatementError as error:
        return sentence(error)
    return ""


def _connector_problems(metric: Metric) -> Iterator[Problem]:
    """A connector that no metric of the kind is counted from."""
    known = {name for each in catalogue().values() if each.family is metric.family for name in each.connectors}
    for name in metric.connectors:
        if name not in known:
            told = f"{metric.family.things} are not counted from {name!r}"
            yield Problem(metric.file, "connector", told, f"write {', '.join(sorted(known))}")
    if not metric.connectors:
        yield Problem(metric.file, "connector", "names none", f"write {', '.join(sorted(known))}")
