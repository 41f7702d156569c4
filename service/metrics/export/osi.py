"""The open interchange format of semantic models (OSI, now Apache Ossie), in JSON, which is YAML as well.

0.1.1 is the version that tools read; all that is written here is in the draft of 0.2.0 too.
Source: https://github.com/apache/ossie, core-spec/spec.md and core-spec/ossie-schema.json
· https://docs.getdbt.com/docs/build/ossie-semantic-models
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from service.metrics.catalogue import Metric
from service.metrics.export.parts import SOURCES, Exported, comments, exported, row_of

VERSION = "0.1.1"


def export(catalogue: Mapping[str, Metric]) -> str:
    model = {
        "name": "okrsync",
        "description": "A shop's metrics by published definitions, over okrsync's views for BI.",
        "datasets": [_dataset(view) for view in SOURCES],
        "metrics": [_metric(each) for each in exported(catalogue)],
    }
    return json.dumps({"version": VERSION, "semantic_model": [model]}, indent=2, ensure_ascii=False) + "\n"


def _dataset(view: str) -> dict[str, Any]:
    return {
        "name": view,
        "source": view,
        "description": f"A row is {row_of(view)}.",
        "fields": [_field(name, told, SOURCES[view].day) for name, told in comments(view).items()],
    }


def _field(name: str, told: str, day: str) -> dict[str, Any]:
    found = {"name": name, "expression": _expression(name), "description": told}
    return {**found, "dimension": {"is_time": True}} if name == day else found


def _expression(sql: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": sql}]}


def _metric(found: Exported) -> dict[str, Any]:
    return {
        "name": found.metric.id,
        "expression": _expression(sql(found)),
        "description": found.description,
        "ai_context": {"synonyms": [found.metric.title]},
        "custom_extensions": [{"vendor_name": "COMMON", "data": json.dumps(found.facts, ensure_ascii=False)}],
    }


def sql(found: Exported) -> str:
    """One number over the rows chosen; of what does not add up, those of one day and one shop."""
    aggregate = "max" if found.window_kind else "sum"
    parts = [f"{aggregate}({part.sql(lambda name: f'{found.view}.{name}')})" for part in found.parts]
    return parts[0] if len(parts) == 1 else f"1.0 * {parts[0]} / nullif({parts[1]}, 0)"
