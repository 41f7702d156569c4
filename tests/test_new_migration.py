"""A new revision holds what the tables have and the migrations lack, numbered and formatted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.new_migration import ROOT, main, new_revision

DROPS_A_TABLE = '''"""Leases are gone"""

from alembic import op

revision = "0901"
down_revision = "{head}"


def upgrade() -> None:
    op.drop_table("leases")
'''


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may spoil."""
    copy = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_tables_and_migrations_that_agree_need_no_revision(migrations: Path) -> None:
    before = sorted((migrations / "versions").glob("*.py"))
    assert new_revision("Nothing", migrations) is None
    assert sorted((migrations / "versions").glob("*.py")) == before


def test_what_the_migrations_lack_is_written_under_the_next_number(migrations: Path) -> None:
    newest = max(path.name[:4] for path in (migrations / "versions").glob("*.py"))
    (migrations / "versions" / "0901_leases_are_gone.py").write_text(DROPS_A_TABLE.format(head=newest))

    written = new_revision("Leases come back", migrations)

    assert written == migrations / "versions" / "0902_leases_come_back.py"
    text = written.read_text()
    assert '"""Leases come back"""' in text
    assert 'down_revision = "0901"' in text
    assert text.count("create_table(") == text.count("drop_table(") == 1
    assert "tables.UtcInstant" in text
    settings = str(ROOT / "pyproject.toml")
    for verb in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *verb, "--config", settings, str(written)], check=True)
    assert new_revision("Nothing is missing now", migrations) is None


def test_a_revision_needs_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([" "]) == 2
    assert "say what changes" in capsys.readouterr().err
