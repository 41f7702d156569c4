"""The benchmark: product against yardstick, in turn, in one run; judged by ratios of CPU seconds and by peak memory.

    ./run bench [--orders 200000] [--rounds 3] [--memory 100000 1000000] [--postgres] [--peers 20000]
                [--scale 1000000 10000000]

Every step is a process of its own. CPU is user plus system time of its process tree; on PostgreSQL the server's
processes are added. Wall time is printed, never judged. A run's counts and sums are checked against what the
generator says the file holds before its time counts. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import api_cost
from bench.generate import generate
from bench.peers import PEERS
from tests.postgres import fresh_database, running_server

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    cpu: float
    wall: float
    peak_mb: float
    output: str


@dataclass(slots=True)
class Row:
    """One line of the report: costs of the product and of what it is measured against, a pair a round."""

    what: str
    against: str
    target: float
    records: int = 0  # orders, agreements and sales landed; 0: none were
    pairs: list[tuple[Cost, Cost]] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [mine.cpu / yardstick.cpu for mine, yardstick in self.pairs]

    @property
    def is_met(self) -> bool:
        return statistics.median(self.ratios) <= self.target

    def _rate(self) -> str:
        """Records a CPU second of ours."""
        return f"{self.records / statistics.median(mine.cpu for mine, _ in self.pairs):,.0f}" if self.records else ""

    def __str__(self) -> str:
        ratios, mine = self.ratios, [pair[0] for pair in self.pairs]
        return (
            f"{self.what:<46} {statistics.median(ratios):6.2f}  {min(ratios):6.2f} {max(ratios):6.2f}   "
            f"{self.target:6.2f}  {'met' if self.is_met else 'MISSED':<7} {statistics.median(c.cpu for c in mine):7.2f} "
            f"{statistics.median(c.wall for c in mine):7.2f} {max(c.peak_mb for c in mine):7.0f} {self._rate():>9}   "
            f"{self.against}"
        )


HEADER = f"{'what':<46} {'median':>6}  {'min':>6} {'max':>6}   {'target':>6}  {'':7} {'CPU s':>7} {'wall s':>7} {'MB':>7} {'records/s':>9}   against"


def run(module: str, *arguments: str, server: Callable[[], float] = lambda: 0.0) -> Cost:
    """A step of ours in a fresh process."""
    return measured([sys.executable, "-m", module, *arguments], server=server)


def measured(command: Sequence[str], *, server: Callable[[], float] = lambda: 0.0) -> Cost:
    """What a command costs; it prints its findings as one JSON line on stdout."""
    server_before, begun = server(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    wall = time.perf_counter() - begun
    own = usage.ru_utime + usage.ru_stime
    return Cost(own + server() - server_before, wall, usage.ru_maxrss / 1024, output)


def server_cpu(folder: str) -> Callable[[], float]:
    """CPU seconds so far of every process whose command line or parent names the server's data folder."""

    def measure() -> float:
        ticks = os.sysconf("SC_CLK_TCK")
        masters = {pid for pid, line in _commands() if folder in line}
        return sum(_ticks(pid) for pid, _ in _commands() if pid in masters or _parent(pid) in masters) / ticks

    return measure


def _commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 20


def _parent(pid: int) -> int:
    return int(_fields(pid)[1])


def _ticks(pid: int) -> int:
    """Own time, and that of sessions that have ended and were waited for."""
    return sum(int(_fields(pid)[n]) for n in (11, 12, 13, 14))


def check(cost: Cost, summary: dict[str, int], *, changed: int | None = None) -> Cost:
    """The cost, once the landed rows and sums are what the generator wrote."""
    found = json.loads(cost.output)
    wanted = {**summary, **({} if changed is None else {"changed": changed})}
    wrong = {name: (found.get(name), value) for name, value in wanted.items() if found.get(name) != value}
    if wrong:
        raise SystemExit(f"wrong result, so the time does not count: {wrong}")
    return cost


def records(summary: dict[str, int]) -> int:
    return sum(summary[name] for name in ("orders", "order_agreements", "order_sales"))


# --- what is measured ----------------------------------------------------------------------------------------------


def sqlite_rows(folder: Path, file: Path, summary: dict[str, int], rounds: int) -> Iterator[Row]:
    fresh = Row(
        "backfill into SQLite, indexes in place", "raw loop: orjson + sqlite3 executemany", 1.3, records(summary)
    )
    again = Row("the same file again, nothing changed", "raw loop", 1.15, records(summary))
    rows = Row("parse and make rows only", "orjson.loads of every line", 2.8)
    facts = Row("facts built from nothing", "the fresh load", 0.6)
    for _ in range(rounds):
        raw_db, store = folder / "raw.db", folder / "store.db"
        for path in folder.glob("*.db*"):
            path.unlink()
        raw = run("bench.raw", str(file), str(raw_db))
        loaded = check(run("bench.product", "load", str(file), f"sqlite:///{store}"), summary)
        fresh.pairs.append((loaded, raw))
        reloaded = run("bench.product", "load", str(file), f"sqlite:///{store}")
        again.pairs.append((check(reloaded, summary, changed=0), raw))
        rows.pairs.append((run("bench.product", "rows", str(file)), run("bench.raw", str(file), "parse")))
        facts.pairs.append((run("bench.product", "facts", f"sqlite:///{store}"), loaded))
    yield from (fresh, again, rows, facts)


def postgres_rows(folder: Path, file: Path, summary: dict[str, int], rounds: int) -> Iterator[Row]:
    fresh = Row("backfill into PostgreSQL, indexes in place", "raw loop into SQLite", 1.8, records(summary))
    again = Row("the same file again on PostgreSQL", "raw loop into SQLite", 1.5, records(summary))
    with running_server() as server:
        cpu = server_cpu(server.rpartition("=")[2])
        for _ in range(rounds):
            for path in folder.glob("*.db*"):
                path.unlink()
            raw = run("bench.raw", str(file), str(folder / "raw.db"))
            with fresh_database(server) as url:
                loaded = run("bench.product", "load", str(file), url, server=cpu)
                fresh.pairs.append((check(loaded, summary), raw))
                reloaded = run("bench.product", "load", str(file), url, server=cpu)
                again.pairs.append((check(reloaded, summary, changed=0), raw))
    yield from (fresh, again)


def peer_rows(folder: Path, orders: int, rounds: int) -> Iterator[Row]:
    """Our whole load beside that of others, of the same grouped file, in turn."""
    file, target = folder / "grouped.jsonl", folder / "peer.db"
    summary = generate(orders, file, grouped=True)
    found = [
        Row(
            f"backfill of {orders:,} orders into SQLite",
            f"{peer.name} {peer.version}, {peer.does}",
            peer.target,
            records(summary),
        )
        for peer in PEERS
    ]
    for _ in range(rounds):
        for row, peer in zip(found, PEERS, strict=True):
            for path in folder.glob("*.db*"):
                path.unlink()
            mine = check(run("bench.product", "load", str(file), f"sqlite:///{folder / 'store.db'}"), summary)
            theirs = measured(peer.command(file, target, folder))
            row.pairs.append((mine, check(theirs, {"orders": summary["orders"]})))
    file.unlink()
    yield from found


ASKED = ("orders", "average_order_value", "customers", "returning_customer_rate", "net_sales")
"""Metrics counted from the orders of the running quarter, each on every day of it."""

CHANGED = "250 changed orders, every reading too"
KEPT = "every metric, quarter so far by day, as kept"


def scale_rows(folder: Path, sizes: Sequence[int], rounds: int) -> Iterator[Row]:
    """Metrics on large shops: against the raw queries at each size, and each size against the smallest."""
    smallest: dict[str, list[Cost]] = {}
    for size in sizes:
        url = f"sqlite:///{folder / 'scale.db'}"
        made = json.loads(run("bench.scale", "make", url, str(size)).output)
        told = ", ".join(f"{name} {made[name]['cpu']:.0f} CPU s" for name in ("made", "facts", "measured"))
        print(f"a shop of {size:,} orders: {told}, {made['readings']:,} readings", flush=True)
        for what, pairs in _on_a_large_shop(url, rounds).items():
            against, target = ("bare upsert", 8.0) if what == CHANGED else ("select day, count, sum", 4.0)
            yield Row(what, f"{against}, at {size:,} orders", target, pairs=pairs)
            mine = [cost for cost, _ in pairs]
            if what in smallest:
                growth = {CHANGED: 3.5, KEPT: 1.5}.get(what, 1.5 * size / sizes[0])
                both = [*zip(mine, smallest[what], strict=True)]
                yield Row(f"growth: {what}", f"at {sizes[0]:,} orders", growth, pairs=both)
            smallest.setdefault(what, mine)
        for path in folder.glob("scale.db*"):
            path.unlink()


def _on_a_large_shop(url: str, rounds: int) -> dict[str, list[tuple[Cost, Cost]]]:
    """What was done there, and the costs of each round beside those of the raw way."""
    found: dict[str, list[tuple[Cost, Cost]]] = {}
    for seed in range(rounds):
        change = json.loads(run("bench.scale", "change", url, str(seed)).output)
        raw = _told(run("bench.scale", "raw", url))
        done = {f"{each}, quarter so far by day": _told(run("bench.scale", "query", url, each)) for each in ASKED}
        pairs = {
            name: (cost, raw) for name, cost in {**done, KEPT: _told(run("bench.scale", "catalogue", url))}.items()
        }
        for what, pair in {CHANGED: (_cost(change["whole"]), _cost(change["bare"])), **pairs}.items():
            found.setdefault(what, []).append(pair)
    return found


def _told(cost: Cost) -> Cost:
    """What the step itself says of its work, without the interpreter's start."""
    return replace(_cost(json.loads(cost.output)), peak_mb=cost.peak_mb)


def _cost(told: dict[str, float]) -> Cost:
    return Cost(told["cpu"], told["wall"], 0, "")


def memory(folder: Path, sizes: list[int]) -> bool:
    """Peak memory of a load at each size, and its growth; flat means it does not follow the file."""
    peaks = []
    for size in sizes:
        file = folder / "memory.jsonl"
        summary = generate(size, file)
        for path in folder.glob("*.db*"):
            path.unlink()
        cost = check(run("bench.product", "load", str(file), f"sqlite:///{folder / 'store.db'}"), summary)
        megabytes = file.stat().st_size / 1e6
        print(f"{size:>9,} orders, {megabytes:,.0f} MB: peak {cost.peak_mb:.0f} MB, {cost.cpu:.1f} CPU s", flush=True)
        peaks.append(cost.peak_mb)
        file.unlink()
    growth = peaks[-1] / peaks[0]
    is_met = growth <= 1.15 and max(peaks) <= 250
    print(f"growth {growth:.2f} (target 1.15), {'met' if is_met else 'MISSED'}")
    return is_met


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", default=[100_000, 1_000_000], metavar="ORDERS")
    parser.add_argument("--peers", type=int, default=0, metavar="ORDERS", help="beside tap-shopify and dlt as well")
    parser.add_argument(
        "--scale",
        type=int,
        nargs="*",
        default=[100_000, 1_000_000],
        metavar="ORDERS",
        help="metrics on shops of these sizes",
    )
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL as well")
    chosen = parser.parse_args()
    all_met = True
    with tempfile.TemporaryDirectory(prefix="okrsync-bench-") as name:
        folder = Path(name)
        file = folder / "orders.jsonl"
        summary = generate(chosen.orders, file)
        print(
            f"{chosen.orders:,} orders, {file.stat().st_size / 1e6:,.0f} MB, {chosen.rounds} rounds; ratios of CPU seconds"
        )
        print(HEADER)
        groups = [sqlite_rows(folder, file, summary, chosen.rounds)]
        if chosen.postgres:
            groups.append(postgres_rows(folder, file, summary, chosen.rounds))
        if chosen.peers:
            groups.append(peer_rows(folder, chosen.peers, min(chosen.rounds, 2)))
        if chosen.scale:
            groups.append(scale_rows(folder, chosen.scale, chosen.rounds))
        for group in groups:
            for row in group:
                print(row, flush=True)
                all_met &= row.is_met
        file.unlink()
        api_cost.main()
        if chosen.memory:
            all_met &= memory(folder, chosen.memory)
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
