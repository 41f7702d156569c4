"""Cube's data model: a cube a view, a measure a metric, with the sums of a ratio beside it.

Source: https://cube.dev/docs/product/data-modeling/reference/cube · https://cube.dev/docs/types-and-formats
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.metrics.catalogue import Metric
from service.metrics.export import yaml
from service.metrics.export.parts import SOURCES, Exported, Part, comments, exported, row_of

HEAD = "The metrics of okrsync for Cube, written by: okrsync metrics export --format cube"

_FLAGS = ("is_cancelled", "is_b2b")
_FORMATS = {"ratio": "percent"}


def export(catalogue: Mapping[str, Metric]) -> str:
    found = exported(catalogue)
    return yaml.dump({"cubes": [_cube(view, [each for each in found if each.view == view]) for view in SOURCES]}, HEAD)


def _cube(view: str, found: Sequence[Exported]) -> dict[str, Any]:
    source, told = SOURCES[view], comments(view)
    return {
        "name": view,
        "sql_table": view,
        "description": f"A row is {row_of(view)}.",
        "dimensions": [
            {"name": source.day, "sql": f"{{CUBE}}.{source.day}", "type": "time", "description": told[source.day]},
            *(_dimension(name, told[name]) for name in source.dimensions),
        ],
        "measures": [measure for each in found for measure in _measures(each)],
    }


def _dimension(name: str, told: str) -> dict[str, Any]:
    kind = "boolean" if name in _FLAGS else "number" if name == "metric_version" else "string"
    return {"name": name, "sql": f"{{CUBE}}.{name}", "type": kind, "description": told}


def _measures(found: Exported) -> list[dict[str, Any]]:
    """The metric; a ratio with the two it is made of before it. What does not add up is right for a day and a shop."""
    metric = found.metric
    told = {"title": metric.title, "description": found.description, "meta": found.facts}
    kind = "max" if found.window_kind else "sum"
    if len(found.parts) == 1:
        return [{"name": metric.id, "sql": _sql(found.parts[0]), "type": kind, **told}]
    parts = [{"name": _name(found, part), "sql": _sql(part), "type": kind} for part in found.parts]
    above, below = (f"{{{_name(found, part)}}}" for part in found.parts)
    shown = {"format": _FORMATS[metric.unit]} if metric.unit in _FORMATS else {}
    return [
        *parts,
        {"name": metric.id, "sql": f"1.0 * {above} / nullif({below}, 0)", "type": "number", **shown, **told},
    ]


def _name(found: Exported, part: Part) -> str:
    return f"{found.metric.id}_{part.name}"


def _sql(part: Part) -> str:
    return part.sql(lambda column: f"{{CUBE}}.{column}")
