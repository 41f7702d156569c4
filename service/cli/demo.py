"""okrsync demo: the whole flow against a simulated store, with nothing to set up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from service import pipeline
from service.board import Board, boards
from service.cli.common import FINE, console, guarded, say, write
from service.cli.drawing import draw
from service.cli.syncing import Bars
from service.errors import Misconfigured, OkrsyncError, Problem
from service.settings import DEMO_TOKEN
from service.store import migrate


@dataclass(frozen=True, slots=True)
class Store:
    """A running demo store, as it introduced itself."""

    url: str
    token: str
    domain: str
    now: datetime
    quarter: str
    orders: int


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: okrsync demo myshopper --dir /tmp/demo")(demo)


@guarded
def demo(
    world: Annotated[str, typer.Argument(metavar="[WORLD]", help="myshopper or boutique.")] = "myshopper",
    folder: Annotated[Path, typer.Option("--dir", help="Where settings and database go.")] = Path("okrsync-demo"),
    serve: Annotated[bool, typer.Option("--serve", help="Keep store and daemon running until ^C.")] = False,
) -> int:
    """No account needed: a simulated shop is read, measured and judged, from nothing to the OKR table."""
    folder = folder.absolute()
    with running_store(world) as store:
        say(f"a simulated shop, {store.domain}, answers at {store.url} with {store.orders:,} orders")
        settings_file = _write_settings(folder, store)
        environment = {**os.environ, DEMO_TOKEN: store.token}
        environment.pop("OKRSYNC_DATABASE_URL", None)
        installation = pipeline.install(settings_file, environment=environment, clock=lambda: store.now, migrated=False)
        migrate.upgrade(installation.engine)
        [shop] = installation.settings.shops
        with Bars() as bars:
            for connector in pipeline.CONNECTORS:
                bar = bars.bar(shop.domain, connector.name)
                outcome = pipeline.sync(installation, shop, connector, progress=bar)
                if outcome.error:
                    raise outcome.error
        pipeline.reckon(installation, shop, pipeline.plans_of(installation))
        found = boards(installation)
        for each in found:
            draw(console(), each)
        _say_where(folder, settings_file, found)
        if serve:
            _serve(settings_file, environment)
    return FINE


def _say_where(folder: Path, settings_file: Path, found: list[Board]) -> None:
    shown = os.path.relpath(settings_file)
    say("")
    database = os.path.relpath(folder / "var" / "okrsync.db")
    say(f"database   {database}  (views bi_key_results, bi_orders, bi_sales_daily, …)")
    say(f"settings   {shown}, OKRs in {os.path.relpath(settings_file.parent / 'okrs')}")
    if found:
        quarter, first = found[0].quarter, found[0].key_results[-1]["key_result_id"]
        middle = quarter.start + (quarter.end - quarter.start) / 2
        program = Path(sys.argv[0])
        command = "okrsync" if program.name == "__main__.py" else os.path.relpath(program)
        say(f"go on      {command} status --config {shown} --as-of {middle}")
        say(f"           {command} explain {first} --config {shown}")


def _write_settings(folder: Path, store: Store) -> Path:
    """Settings and OKRs of the demonstration; OKRs a person has changed since are left as they are."""
    config = folder / "config"
    okrs = config / "okrs" / f"{store.quarter}.toml"
    if not okrs.exists():
        samples = Path(__file__).parent / "samples"
        text = "".join((samples / name).read_text(encoding="utf-8") for name in ("okrs.toml", "carts.toml"))
        write(okrs, text.replace("QUARTER", store.quarter))
    file = config / "okrsync.toml"
    write(
        file,
        f'# Written by okrsync demo for a simulated shop.\n\n[database]\nurl = "sqlite:///var/okrsync.db"\n\n'
        f'[[shops]]\ndomain = "{store.domain}"\napi_url = "{store.url}"\naccess_token_env = "{DEMO_TOKEN}"\n',
    )
    return file


def _serve(settings_file: Path, environment: Mapping[str, str]) -> None:
    """The daemon on the store's side by side, until a signal."""
    say("the store and the daemon run on; ^C ends both")
    say(f"commands that ask the store, in another shell: export {DEMO_TOKEN}={environment[DEMO_TOKEN]}")
    command = [sys.executable, "-m", "service", "--verbose", "run", "--config", str(settings_file)]
    daemon = subprocess.Popen(command, env=dict(environment))
    try:
        daemon.wait()
    except KeyboardInterrupt:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


@contextmanager
def running_store(world: str) -> Iterator[Store]:
    """The demo store as a process of its own, like the real one: it shares neither code nor interpreter with us."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service.demo", world], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith("{"):
            raise _no_store(process)
        told = json.loads(line)
        yield Store(
            told["url"],
            told["token"],
            told["domain"],
            datetime.fromisoformat(told["now"]),
            told["quarter"],
            told["orders"],
        )
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
        if process.stderr is not None:
            process.stderr.close()


def _no_store(process: subprocess.Popen[str]) -> OkrsyncError:
    _, told = process.communicate()
    if "graphql" in told and "ModuleNotFoundError" in told:
        problem = Problem("okrsync demo", "", "needs graphql-core", "pip install 'okrsync[demo]'")
        return Misconfigured([problem])
    last = told.strip().splitlines()[-1] if told.strip() else "no reason given"
    return Misconfigured([Problem("okrsync demo", "", f"the simulated store did not start: {last}")])
