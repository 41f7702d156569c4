"""tap-shopify's own `sync()` of the orders stream, from a bulk file to Singer messages; run by its own interpreter.

    python tap_shopify_orders.py orders.jsonl

Only what would speak to Shopify is answered here: the shop, the scopes, and the address of the finished bulk file,
which a loopback server hands out. The file must be grouped: the tap gives children to the last parent it saw. Its messages
go to the null device; how many orders it wrote is printed.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import tap_shopify
from tap_shopify.context import Context
from tap_shopify.streams.orders import Orders


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main(file: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(file.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answers = iter([f"http://127.0.0.1:{server.server_port}/{file.name}"])
    Orders.submit_and_poll_bulk_query = lambda *_args, **_words: next(answers, None)
    tap_shopify.initialize_shopify_client = lambda: {"id": 1, "name": "bench", "myshopify_domain": "bench"}
    tap_shopify.has_read_users_access = lambda: False
    # One window over everything, so that the one file is asked for once.
    Context.config = {"shop": "bench", "start_date": "2020-01-01T00:00:00Z", "date_window_size": "40000"}
    Context.tap_start = datetime.now(UTC)
    Context.catalog = {"streams": [stream for stream in tap_shopify.discover()["streams"] if _is_wanted(stream)]}
    for entry in Context.catalog["streams"][0]["metadata"]:
        entry["metadata"]["selected"] = True
    logging.disable(logging.INFO)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        tap_shopify.sync()
    print(json.dumps({"orders": Context.counts["orders"]}))
    server.shutdown()


def _is_wanted(stream: dict[str, str]) -> bool:
    return stream["tap_stream_id"] == "orders"


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
