"""The certificates we trust, read once: httpx would read them anew for every client, a tenth of a second each time."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The context that all our connections share."""
    return httpx.create_ssl_context()
