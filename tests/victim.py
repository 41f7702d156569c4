"""A process that works for a shop and dies on order: kill -9 from inside, at an exact commit or after a time.

`python -m tests.victim` reads one request a line and answers how the child it forked for it ended. The imports are
paid once, so a death costs what the work until then costs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import astuple, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine, event

from service import pipeline
from service.pipeline import Sizes
from tests.shop import TOKEN, OpenShop, doze

Verb = Literal["backfill", "sync", "reckon"]
ROOT = Path(__file__).resolve().parent.parent


class Victim:
    """The running process, from the outside."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.victim"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def run(
        self,
        shop: OpenShop,
        verb: Verb,
        connector: str = "orders",
        *,
        commit: int | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Work, and die before that commit or after those seconds; was it killed before its end?"""
        request = {
            "file": str(shop.installation.settings.file), "token": shop.store.token, "now": shop.store.now,
            "sizes": astuple(shop.installation.sizes),
            "verb": verb, "connector": connector, "commit": commit, "seconds": seconds,
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        status = int(self._process.stdout.readline())
        assert status in (0, -signal.SIGKILL), f"the process ended with {status}"
        return status != 0

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _work(request)
        if request["seconds"] is not None:
            time.sleep(request["seconds"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _work(request: dict[str, Any]) -> None:
    """The work, in a process of its own; never returns."""
    now = datetime.fromtimestamp(request["now"], UTC)
    found = pipeline.install(Path(request["file"]), environment={TOKEN: request["token"]}, clock=lambda: now)
    installation = replace(found, sleep=doze, sizes=Sizes(*request["sizes"]))
    if request["commit"] is not None:
        _die_before(found.engine, request["commit"])
    [shop] = installation.settings.shops
    if request["verb"] == "reckon":
        pipeline.reckon(installation, shop, pipeline.plans_of(installation))
        os._exit(0)
    verb = pipeline.backfill if request["verb"] == "backfill" else pipeline.sync
    [connector] = [each for each in pipeline.CONNECTORS if each.name == request["connector"]]
    os._exit(0 if verb(installation, shop, connector).error is None else 1)


def _die_before(engine: Engine, commit: int) -> None:
    left = commit

    @event.listens_for(engine, "commit")
    def _count(_connection: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1


if __name__ == "__main__":
    main()
