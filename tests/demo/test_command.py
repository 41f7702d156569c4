"""`python -m service.demo`: ready in a line of JSON, gone on a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_a_world_until_it_is_told_to_stop(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "service.demo", "boutique", "--orders", "1500", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = json.loads(process.stdout.readline())
        assert sorted(ready) == ["domain", "now", "orders", "quarter", "token", "url"]
        answer = httpx.post(
            f"{ready['url']}/admin/api/2026-10/graphql.json",
            json={"query": "{ shop { myshopifyDomain } ordersCount(limit: null) { count } }"},
            headers={"X-Shopify-Access-Token": ready["token"]},
        )
        assert answer.json()["data"] == {
            "shop": {"myshopifyDomain": ready["domain"]},
            "ordersCount": {"count": ready["orders"]},
        }
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""


def test_an_unknown_world_is_refused() -> None:
    command = [sys.executable, "-m", "service.demo", "atlantis"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 2
    assert "boutique" in result.stderr
