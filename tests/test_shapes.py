"""Answers are taken into shapes by many threads at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import service

ROOT = Path(service.__file__).parent

AT_ONCE = """
import sys, threading
import msgspec
sys.setswitchinterval(1e-9)
from service.shapes import taken_as

def threads(work):
    begin = threading.Barrier(8)
    def run():
        begin.wait()
        work()
    started = [threading.Thread(target=run) for _ in range(8)]
    for each in started: each.start()
    for each in started: each.join()

for round in range(60):
    inner = msgspec.defstruct("Inner", [(f"part_{n}", list["int"] | None, None) for n in range(30)])
    outer = msgspec.defstruct("Outer", [(f"part_{n}", inner | None, None) for n in range(10)])
    take = taken_as(outer)
    threads(lambda: take({"part_3": {"part_7": [1]}}))
print("well")
"""


def test_many_threads_take_the_first_answer_at_once() -> None:
    """msgspec ends the process when two threads are the first to use a shape; a child process tells."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, timeout=120, cwd=ROOT.parent)
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


def test_no_shape_is_worked_out_at_its_first_use() -> None:
    """Decoders are made where a module begins, converters by `taken_as`."""
    ways = (r"msgspec\.convert\(", r"msgspec\.\w+\.decode\([^)]*type=", r"^ +[^`\n]*msgspec\.\w+\.Decoder\(")
    late = re.compile("|".join(ways), re.MULTILINE)
    files = [file for file in ROOT.rglob("*.py") if file.name != "shapes.py"]
    assert [file.name for file in files if late.search(file.read_text())] == []
