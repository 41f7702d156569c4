"""The file of a bulk operation: fetched and verified, then read line by line with flat memory."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import httpx
import msgspec

from service.errors import UnexpectedShape, Unreachable
from service.shopify.faults import LinkExpired
from service.shopify.operation import Operation
from service.shopify.patience import Patience
from service.shopify.redact import hide_secrets_in_httpx_log
from service.shopify.tls import trusted

BUFFER_BYTES = 1 << 20
ATTEMPTS = 3
PATIENCE_SECONDS = 3600.0
TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # between two pieces of the file, not for all of it
_log = logging.getLogger(__name__)

T = TypeVar("T")


def download(
    operation: Operation,
    to: Path,
    *,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> Path:
    """The whole file of a completed operation at `to`, readable by its owner only; empty for an empty result.

    It is written beside as `….part`, verified against the operation's counts and only then given its name: a
    file under that name is complete.

    Raises: Unreachable (cut off, sizes that differ), LinkExpired, UnexpectedShape.
    """
    if operation.next != "download":
        raise UnexpectedShape(f"no complete file: the operation is {operation.status}", about=operation.id)
    part = to.with_name(to.name + ".part")
    try:
        if operation.url is None:
            _write_nothing(operation, part)
        else:
            hide_secrets_in_httpx_log()
            patience = Patience(
                seconds=PATIENCE_SECONDS, attempts=ATTEMPTS, clock=time.monotonic, jitter=jitter, log=_log
            )
            # a client of its own: the storage behind the signed link must not see the access token
            with httpx.Client(transport=transport, verify=trusted(), timeout=TIMEOUT, follow_redirects=True) as http:
                patience.retrying(sleep)(_fetch, http, operation, operation.url, part)
        return part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def _write_nothing(operation: Operation, part: Path) -> None:
    if operation.object_count:
        raise UnexpectedShape(f"{operation.object_count} objects but no link to them", about=operation.id)
    with _create(part):
        pass


def _fetch(http: httpx.Client, operation: Operation, url: str, part: Path) -> None:
    written = line_count = 0
    last = b"\n"
    try:
        with http.stream("GET", url) as response, _create(part) as file:
            _check_status(operation, response)
            for chunk in response.iter_bytes(BUFFER_BYTES):
                file.write(chunk)
                written += len(chunk)
                line_count += chunk.count(b"\n")
                last = chunk[-1:] or last
            sizes = {written, response.num_bytes_downloaded}  # unpacked, and as it came
    except (httpx.RequestError, httpx.InvalidURL) as error:
        # neither its text nor its traceback: both may quote the signed link
        raise Unreachable(f"the download broke off ({type(error).__name__})", about=operation.id) from None
    _verify(operation, sizes, line_count + (last != b"\n"))


def _check_status(operation: Operation, response: httpx.Response) -> None:
    status = response.status_code
    if status >= 500 or status == 429:
        raise Unreachable(f"the file storage answered {status}", about=operation.id)
    if status != 200:
        hint = "ask for the operation again: links are valid for 7 days"
        raise LinkExpired(f"the link to the file no longer answers ({status})", about=operation.id, hint=hint)


def _verify(operation: Operation, sizes: set[int], line_count: int) -> None:
    if operation.file_size is not None and operation.file_size not in sizes:
        told = f"the file should have {operation.file_size} bytes, {max(sizes)} came"
        raise Unreachable(told, about=operation.id)
    if line_count != operation.object_count:
        told = f"the file should have {operation.object_count} lines, {line_count} came"
        raise Unreachable(told, about=operation.id)


def _create(path: Path) -> BinaryIO:
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))


def lines(path: Path, decode: Callable[[bytes], T]) -> Iterator[T]:
    """Every line, decoded, in file order: children may stand anywhere after their parent.

    `decode` is `msgspec.json.Decoder(Line).decode` or a function that chooses between several.
    """
    with open(path, "rb", buffering=BUFFER_BYTES) as file:
        for number, line in enumerate(file, 1):
            try:
                value = decode(line)
            except msgspec.DecodeError as error:
                raise UnexpectedShape(f"line {number}: {error}", about=path.name) from None
            yield value
