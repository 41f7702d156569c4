"""dbt's semantic layer: `semantic_models` with measures, and `metrics`, as MetricFlow reads them.

The layout with measures is read by dbt 1.6 and later. A model named like each view has to be in the dbt project.
Source: https://docs.getdbt.com/docs/build/semantic-models · https://docs.getdbt.com/docs/build/measures
· https://docs.getdbt.com/docs/build/metrics-overview · https://docs.getdbt.com/docs/build/ratio
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.metrics.catalogue import Metric
from service.metrics.export import yaml
from service.metrics.export.parts import DAILY, SOURCES, Exported, Part, comments, exported, row_of

HEAD = "The metrics of okrsync for dbt, written by: okrsync metrics export --format metricflow"

_ENTITIES = {DAILY: ("shop", "metric")}
"""What has a last day of its own: MetricFlow takes the last day by entities, and not by dimensions."""


def export(catalogue: Mapping[str, Metric]) -> str:
    found = exported(catalogue)
    models = [_model(view, [each for each in found if each.view == view]) for view in SOURCES]
    return yaml.dump({"semantic_models": models, "metrics": [each for one in found for each in _metrics(one)]}, HEAD)


def _model(view: str, found: Sequence[Exported]) -> dict[str, Any]:
    source, told, entities = SOURCES[view], comments(view), _ENTITIES.get(view, ("shop",))
    return {
        "name": view,
        "description": f"A row is {row_of(view)}.",
        "model": f"ref('{view}')",
        "defaults": {"agg_time_dimension": source.day},
        "primary_entity": view.removeprefix("bi_"),
        "entities": [{"name": name, "type": "foreign"} for name in entities],
        "dimensions": [
            {"name": source.day, "type": "time", "description": told[source.day],
             "type_params": {"time_granularity": "day"}},
            *(
                {"name": name, "type": "categorical", "description": told[name]}
                for name in source.dimensions
                if name not in entities
            ),
        ],
        "measures": [_measure(each, part) for each in found for part in each.parts],
    }  # fmt: skip


def _measure(found: Exported, part: Part) -> dict[str, Any]:
    measure: dict[str, Any] = {"name": _name(found, part), "agg": "sum", "expr": part.sql()}
    if found.window_kind:  # of the days asked for, the last one that a shop has of the metric counts
        last = {"name": SOURCES[part.view].day, "window_choice": "max", "window_groupings": [*_ENTITIES[part.view]]}
        measure["non_additive_dimension"] = last
    return measure


def _name(found: Exported, part: Part) -> str:
    return f"{found.metric.id}_{part.name}"


def _metrics(found: Exported) -> list[dict[str, Any]]:
    """The metric; a ratio with the two it is made of before it."""
    metric = found.metric
    told = {"label": metric.title, "description": found.description, "config": {"meta": found.facts}}
    if len(found.parts) == 1:
        measure = {"name": _name(found, found.parts[0])}
        return [{"name": metric.id, "type": "simple", "type_params": {"measure": measure}, **told}]
    parts = [
        {"name": _name(found, part), "type": "simple", "label": f"{metric.title}: {part.name}",
         "type_params": {"measure": {"name": _name(found, part)}}}
        for part in found.parts
    ]  # fmt: skip
    halves = {part.name: {"name": _name(found, part)} for part in found.parts}
    return [*parts, {"name": metric.id, "type": "ratio", "type_params": halves, **told}]
