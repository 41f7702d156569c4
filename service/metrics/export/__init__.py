"""The catalogue in the languages of semantic layers, over the views for BI; a module a language.

Nothing is defined here a second time: every expression is read off a metric's header and text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from service.metrics.catalogue import Metric
from service.metrics.export import cube, metricflow, osi

EXPORTS: Mapping[str, Callable[[Mapping[str, Metric]], str]] = MappingProxyType({
    "metricflow": metricflow.export,
    "cube": cube.export,
    "osi": osi.export,
})  # fmt: skip
