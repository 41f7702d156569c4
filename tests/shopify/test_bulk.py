"""Bulk operations: started, awaited, fetched whole or not at all."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from service.errors import Throttled, TryAgain, UnexpectedShape, Unreachable
from service.shopify import bulk
from service.shopify.bulk import Operation
from tests.shopify.scripted import TOKEN, Script, ok, status

ID = "gid://shopify/BulkOperation/1"
LINK = "https://storage.example/bulk.jsonl?X-Goog-Signature=veryprivate"
FILE = b'{"id":"a"}\n{"id":"b","__parentId":"a"}\n'


class Line(msgspec.Struct):
    id: str


decode = msgspec.json.Decoder(Line).decode


def started(code: str | None = None) -> httpx.Response:
    problems = [{"field": ["query"], "message": "told why", "code": code}] if code else []
    operation = None if code else {"id": ID, "status": "CREATED"}
    return ok({"bulkOperationRunQuery": {"bulkOperation": operation, "userErrors": problems}})


def seen(state: str, **changes: Any) -> httpx.Response:
    node = {
        "id": ID, "status": state, "errorCode": None, "objectCount": "2", "rootObjectCount": "1",
        "fileSize": str(len(FILE)), "url": LINK if state == "COMPLETED" else None, "partialDataUrl": None,
    }  # fmt: skip
    return ok({"bulkOperation": node | changes})


def completed(**changes: Any) -> Operation:
    known = {"object_count": 2, "root_object_count": 1, "file_size": len(FILE), "url": LINK}
    return Operation(ID, "COMPLETED", **(known | changes))


def test_start_says_how_children_come() -> None:
    store = Script(started())
    assert bulk.start(store.client(), "{ orders { edges { node { id } } } }") == ID
    sent = json.loads(store.requests[0].content)
    assert "groupObjects: false" in sent["query"]
    assert sent["variables"] == {"query": "{ orders { edges { node { id } } } }"}


@pytest.mark.parametrize("code", ["LIMIT_REACHED", "OPERATION_IN_PROGRESS"])
def test_a_full_house_is_waited_for(code: str) -> None:
    store = Script(started(code), started(code), started())
    assert bulk.start(store.client(), "{}") == ID
    assert store.waits == [10.0, 10.0]


def test_a_full_house_is_not_waited_for_forever() -> None:
    store = Script(started("LIMIT_REACHED"))
    with pytest.raises(Throttled, match="places"):
        bulk.start(store.client(), "{}", patience=35)
    assert store.waits == [10.0, 10.0, 10.0]


def test_a_fault_that_stays_is_not_multiplied() -> None:
    store = Script(status(503))
    with pytest.raises(Unreachable):
        bulk.start(store.client(), "{}")
    assert len(store.requests) == 5


def test_an_invalid_query_is_told_at_once() -> None:
    store = Script(started("INVALID"))
    with pytest.raises(UnexpectedShape, match=r"told why .INVALID"):
        bulk.start(store.client(), "{}")
    assert len(store.requests) == 1


def test_poll_looks_until_it_is_finished() -> None:
    store = Script(seen("CREATED"), seen("RUNNING", rootObjectCount="0"), seen("COMPLETED"))
    heard: list[tuple[str, int]] = []
    operation = bulk.poll(store.client(), ID, progress=lambda o: heard.append((o.status, o.root_object_count)))
    assert operation == completed()
    assert heard == [("CREATED", 1), ("RUNNING", 0), ("COMPLETED", 1)]
    assert store.waits == [0.25, 0.25]


@pytest.mark.parametrize(
    ("reply", "next_step"),
    [
        (seen("COMPLETED"), "download"),
        (seen("FAILED", errorCode="TIMEOUT", partialDataUrl=LINK), "split"),
        (seen("FAILED", errorCode="ACCESS_DENIED"), "rest"),
        (seen("FAILED", errorCode="INTERNAL_SERVER_ERROR"), "restart"),
        (seen("FAILED"), "restart"),
        (seen("CANCELED"), "restart"),
        (seen("EXPIRED"), "restart"),
        (ok({"bulkOperation": None}), "restart"),
    ],
)
def test_however_it_ended_there_is_a_next_step(reply: httpx.Response, next_step: str) -> None:
    assert bulk.poll(Script(reply).client(), ID).next == next_step


def test_canceling_is_not_the_end() -> None:
    store = Script(seen("CANCELING"), seen("CANCELED"))
    assert bulk.poll(store.client(), ID).status == "CANCELED"


def test_an_unknown_operation_keeps_its_id() -> None:
    assert bulk.look(Script(ok({"bulkOperation": None})).client(), ID) == Operation(ID, "UNKNOWN")


def test_a_long_job_can_be_awaited_in_another_run() -> None:
    store = Script(seen("RUNNING"))
    with pytest.raises(TryAgain, match="still running after 2"):
        bulk.poll(store.client(), ID, patience=300)
    waited = [sum(store.waits[:n]) for n in range(len(store.waits))]
    # A quarter of what was waited so far, so that a short job is not overslept; never below 0.25 s or above 20 s.
    assert store.waits == pytest.approx([min(max(0.25, so_far / 4), 20.0) for so_far in waited], abs=0.01)
    assert max(store.waits) == 20.0


@pytest.mark.parametrize("odd", [{"status": "PAUSED"}, {"objectCount": "many"}, {"objectCount": None}])
def test_an_odd_operation_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedShape, match="PollBulk"):
        bulk.look(Script(seen("COMPLETED", **odd)).client(), ID)


def test_links_are_in_no_repr() -> None:
    assert "veryprivate" not in repr(completed(partial_data_url=LINK))


def fetch(store: Script, operation: Operation, to: Path) -> Path:
    return bulk.download(operation, to, transport=store.transport, sleep=store.sleep, jitter=lambda: 0.0)


def test_a_whole_file(tmp_path: Path) -> None:
    store = Script(httpx.Response(200, content=FILE))
    path = fetch(store, completed(), tmp_path / "orders.jsonl")
    assert path.read_bytes() == FILE
    assert [line.id for line in bulk.lines(path, decode)] == ["a", "b"]
    assert [p.name for p in tmp_path.iterdir()] == ["orders.jsonl"]
    assert path.stat().st_mode & 0o077 == 0
    assert "X-Shopify-Access-Token" not in store.requests[0].headers


def test_a_last_line_may_end_without_a_newline(tmp_path: Path) -> None:
    store = Script(httpx.Response(200, content=FILE[:-1]))
    path = fetch(store, completed(file_size=None), tmp_path / "x")
    assert [line.id for line in bulk.lines(path, decode)] == ["a", "b"]


@pytest.mark.parametrize("size", [len(FILE), len(gzip.compress(FILE))], ids=["unpacked", "packed"])
def test_a_packed_transfer_may_be_measured_either_way(size: int, tmp_path: Path) -> None:
    def packed(request: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(gzip.compress(FILE))
        return httpx.Response(200, stream=stream, headers={"Content-Encoding": "gzip"})

    transport = httpx.MockTransport(packed)
    path = bulk.download(completed(file_size=size), tmp_path / "x", transport=transport, sleep=pytest.fail)
    assert path.read_bytes() == FILE


def test_an_empty_result_is_an_empty_file(tmp_path: Path) -> None:
    store = Script(ok())
    path = fetch(store, completed(url=None, object_count=0, file_size=None), tmp_path / "x")
    assert list(bulk.lines(path, decode)) == []
    assert store.requests == []


def test_objects_without_a_link_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnexpectedShape, match="2 objects but no link"):
        fetch(Script(ok()), completed(url=None), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("state", ["RUNNING", "FAILED", "EXPIRED", "UNKNOWN"])
def test_only_a_completed_operation_has_a_file(state: Any, tmp_path: Path) -> None:
    with pytest.raises(UnexpectedShape, match=state):
        fetch(Script(ok()), Operation(ID, state, partial_data_url=LINK), tmp_path / "x")


@pytest.mark.parametrize(
    ("reply", "file_size", "says"),
    [
        (httpx.Response(200, content=FILE[:20]), len(FILE), f"should have {len(FILE)} bytes, 20 came"),
        (httpx.Response(200, content=FILE[:11]), None, "should have 2 lines, 1 came"),
        (httpx.Response(200, content=FILE + FILE), None, "should have 2 lines, 4 came"),
        (status(503), None, "answered 503"),
        (httpx.ReadError(f"reset while reading {LINK}"), None, "broke off .ReadError"),
    ],
)
def test_a_file_that_is_not_whole_is_never_left_behind(
    reply: httpx.Response | Exception, file_size: int | None, says: str, tmp_path: Path
) -> None:
    store = Script(reply)
    with pytest.raises(Unreachable, match=says) as caught:
        fetch(store, completed(file_size=file_size), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
    assert len(store.requests) == 3
    assert store.waits == [1.0, 2.0]
    assert "storage.example" not in str(caught.value)
    assert caught.value.about == ID


def test_a_download_that_broke_off_is_begun_anew(tmp_path: Path) -> None:
    store = Script(httpx.Response(200, content=FILE[:20]), httpx.Response(200, content=FILE))
    assert fetch(store, completed(), tmp_path / "x").read_bytes() == FILE


def test_a_file_from_before_outlives_a_failed_download(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("complete")
    with pytest.raises(Unreachable):
        fetch(Script(status(500)), completed(), tmp_path / "x")
    assert (tmp_path / "x").read_text() == "complete"


@pytest.mark.parametrize("code", [400, 403, 404, 410])
def test_a_link_that_no_longer_answers(code: int, tmp_path: Path) -> None:
    store = Script(status(code))
    with pytest.raises(TryAgain, match=f"no longer answers .{code}") as caught:
        fetch(store, completed(), tmp_path / "x")
    assert not isinstance(caught.value, Unreachable)
    assert len(store.requests) == 1


def test_no_log_line_holds_a_signed_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("httpx"), "filters", [])  # as in a process that made no client yet
    caplog.set_level(logging.DEBUG)
    fetch(Script(httpx.Response(200, content=FILE)), completed(), tmp_path / "x")
    assert "https://storage.example/bulk.jsonl?…" in caplog.text
    assert "veryprivate" not in caplog.text
    assert TOKEN not in caplog.text


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"id":"a"}\n{"id":"b"}\n{"id":\n')
    got = bulk.lines(tmp_path / "x.jsonl", decode)
    assert [next(got).id, next(got).id] == ["a", "b"]
    with pytest.raises(UnexpectedShape, match=r"x.jsonl: line 3: "):
        next(got)


def test_a_line_of_another_shape_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"name":"a"}\n')
    with pytest.raises(UnexpectedShape, match=r"line 1: .*missing required field"):
        list(bulk.lines(tmp_path / "x.jsonl", decode))
