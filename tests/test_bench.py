"""The benchmark runs: its large shop, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import scale


@pytest.mark.slow
def test_a_large_shop_in_small(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'scale.db'}"
    made = scale.make(url, "40000")
    assert made["readings"] > 10_000
    assert scale.change(url, "1")["readings"] > 0
    assert scale.raw(url)["days"] == 31
    assert scale.query(url, "average_order_value").keys() == {"cpu", "wall"}
    assert scale.catalogue(url)["readings"] > 500
