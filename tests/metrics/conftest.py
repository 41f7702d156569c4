"""A database that many drawn examples share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from service.store.engine import open_engine
from tests.conftest import BACKENDS, migrated


@pytest.fixture(scope="module", params=[BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on a migrated database for examples that are rolled back."""
    with migrated(request.param, tmp_path_factory.mktemp("examples"), request) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()
