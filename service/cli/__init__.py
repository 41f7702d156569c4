"""Words in, one pipeline call, a short report out; nothing is decided here. One module a command group."""

from __future__ import annotations

import logging
import re
import signal
import sys
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.cli import (
    demo,
    metric_check,
    metric_export,
    metrics,
    okr,
    okr_import,
    okr_life,
    okrs,
    privacy,
    reconciling,
    setup,
    spending,
    syncing,
)


class PlainGroup(TyperGroup):
    """What is wrong with a word of the command line, in our words."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _plain(error.message)
            raise


def _plain(message: str) -> str:
    told = message.removeprefix("Value error, ")
    return re.sub(r" does not match the formats '%Y-%m-%d'\.$", " is no day; write it as 2026-07-01.", told)


app = typer.Typer(
    cls=PlainGroup,
    name="okrsync",
    help="Shopify orders become OKR status: synced without loss, measured by published definitions, judged.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=True,
)


@app.callback()
def _root(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done, to stderr.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s" if verbose else "%(message)s",
    )


demo.register(app)
setup.register(app)
syncing.register(app)
reconciling.register(app)
okrs.register(app)
metrics.register(app)
metric_check.register(metrics.app)
metric_export.register(metrics.app)
spending.register(app)
okr.register(app)
okr_life.register(okr.app)
okr_import.register(okr.app)
privacy.register(app)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """The command line. SIGTERM ends a command as ^C does: nothing is lost, exit code 3."""
    signal.signal(signal.SIGTERM, _stop)
    app()
