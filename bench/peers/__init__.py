"""Other tools that load the same file, each in a virtual environment of its own; none is needed to run okrsync.

The environments are made under `.cache/peers` when they are first asked for, from the package index pip is set up with.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent.parent / ".cache" / "peers"


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    version: str
    extras: str
    does: str
    script: str
    target: float  # what our whole load may cost, start-up and all, as a part of theirs

    def command(self, file: Path, store: Path, folder: Path) -> list[str]:
        """Drives the tool over `file`; it prints how many orders it handled as one JSON line."""
        return [str(self._python()), str(HERE / self.script), str(file), str(store), str(folder / self.name)]

    def _python(self) -> Path:
        home = ENVIRONMENTS / f"{self.name}-{self.version}"
        python = home / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            wanted = f"{self.name}{self.extras}=={self.version}"
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", wanted], check=True)
        return python


PEERS = (
    Peer("tap-shopify", "3.13.0", "", "to Singer messages, loading nothing", "tap_shopify_orders.py", 0.2),
    Peer("dlt", "1.31.0", "[sqlalchemy]", "nested, merged into SQLite", "dlt_orders.py", 0.2),
)
