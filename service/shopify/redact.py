"""Texts without secrets: tokens and the signatures of download links."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"shp[a-z]{2}_\w+")  # shpat_ shpca_ shprt_ shpss_
_LINK = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+")
_LONGEST = 300  # characters of a foreign message worth showing


def redact(text: str) -> str:
    """The text with tokens and link signatures blotted out, cut to a readable length."""
    blotted = _LINK.sub(r"\1?…", _TOKEN.sub("shp…", text))
    return blotted if len(blotted) <= _LONGEST else blotted[:_LONGEST] + "…"


class _HidesSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        return True


_HIDES_SECRETS = _HidesSecrets()


def hide_secrets_in_httpx_log() -> None:
    """httpx logs every URL in full at INFO, which for a bulk file is the key to it."""
    logging.getLogger("httpx").addFilter(_HIDES_SECRETS)  # the same filter is only ever added once
