"""The pages of docs/ that are made from the program itself: `./run docs` writes them, test_docs.py compares them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from service.cli import app
from service.metrics import docs as metrics_docs
from service.metrics.catalogue import catalogue
from service.okr.benchmarks import BENCHMARKS, Benchmark
from service.okr.explanation import WORDS
from service.okr.presets import PRESETS, Preset
from service.okr.rules import RULES
from tests import bi_page

FOLDER = Path(__file__).resolve().parent.parent / "docs"

CLI = """# The command line

Made from the program's own help. `python -m service` is the same as `okrsync`.

| exit code | meaning |
|---|---|
| 0 | fine |
| 1 | it ran, but something needs a person: a missing scope, a refused token, an incomplete number |
| 2 | wrong usage or configuration; every problem is listed, each with file, key and hint |
| 3 | interrupted; nothing is lost, run it again |

Rows go to stdout, progress and remarks to stderr, so `--format json` and `--format csv` can be piped. `json` is a list
of objects. Days are shop days, `YYYY-MM-DD`, both ends inclusive.
"""

LINT = """# What lint says

```sh
okrsync okr lint
```

reads the [OKR files](okr-files.md) and tells what is doubtful about them, before a quarter depends on it. It needs no
database and no token, so it can run where the files are reviewed: it exits with 1 on errors, with `--strict` on
warnings too, and with 2 when a file cannot be read at all. `okrsync check` shows how many errors and warnings there
are, and knows the shop's currency once the shop was seen.

An **error** means something else than it measures, a **warning** will be hard to live with, a **note** is for knowing.
Titles are read as plain English; what is not understood is not judged. The ids are kept.
"""

BENCHMARKED = """## Benchmarks

What is said about shops like yours, marked as it is. A claim about a level is held against levels only, a claim about a
change against changes from quarter to quarter in the same unit only, and one that does not say which it is against
nothing. A single mean is no range: it is shown here and judges nothing.
"""


PRESETS_PAGE = """# Presets

```toml
[status]
preset = "engagedly"
```

in an [OKR file](okr-files.md) judges its key results as that tool publishes it, so that numbers can be compared when a
team comes from there or reports to it. Our words for a status stay; the tool's own word stands beside it in the
explanation. What a tool leaves to people no rule can reproduce: there our default limits are kept. Every published case
is a test. The data come first under every preset: what is missing, incomplete or stale is called so.

The limits of a `ratio` are of attainment ÷ expected progress, from there up; those of a `gap` say how far attainment
may lie behind expected progress.
"""


def pages() -> dict[str, str]:
    """Every generated page by its name in docs/."""
    return {
        "bi.md": _tidy(*bi_page.page()),
        "cli.md": _tidy(CLI, *_commands()),
        "lint.md": _tidy(LINT, _rules(), BENCHMARKED, _benchmarks()),
        "presets.md": _tidy(PRESETS_PAGE, *map(_preset, PRESETS.values())),
        "metrics.md": _tidy(metrics_docs.markdown(catalogue())),
    }


def _tidy(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts) + "\n"


# --- lint ----------------------------------------------------------------------------------------------------------


def _rules() -> str:
    rows = [f"| {r.id} | {r.severity} | {_cell(r.sentence)} | {_cell(r.mend)} |" for r in RULES.values()]
    return "\n".join(["| rule | severity | true of a good file | mend |", "|---|---|---|---|", *rows])


def _benchmarks() -> str:
    head = ["| metric | what | how much | a claim about | source | verified |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *map(_benchmark, BENCHMARKS)])


def _benchmark(each: Benchmark) -> str:
    about = {"level": "a level", "relative": "a relative change", "points": "a change in points", "unclear": "unclear"}
    source = f"<{each.source}>, read {each.date}" if each.source else "none known"
    what = f"{each.statistic}; {each.remark}" if each.remark else each.statistic
    verified = "yes" if each.is_verified else "no"
    return f"| `{each.metric}` | {what} | {each.shown} | {about[each.measure]} | {source} | {verified} |"


# --- presets ---------------------------------------------------------------------------------------------------------


def _preset(each: Preset) -> str:
    rule = each.rule
    words = ", ".join(f"{WORDS[status].lower()} is “{word}”" for status, word in each.words.items())
    rows = [
        ("rule", rule.kind),
        ("on track", rule.on_track),
        ("at risk", rule.at_risk),
        ("achieved", rule.achieved),
        ("partly achieved", rule.partly_achieved),
        ("too early", rule.too_early),
        ("limits are kept", "now" if rule.keeps == "now" else "by the share of weeks"),
        ("its words", words or "as ours"),
        ("sources", ", ".join(f"<{source}>" for source in each.sources)),
    ]
    table = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join([f"## {rule.preset}", "", f"{each.title}. {each.remark}", "", "| | |", "|---|---|", *table])


# --- commands ------------------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name: `okrsync metrics show`."""
    yield from _leaves("okrsync", get_command(app))


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, inner in below.items():
        yield from _leaves(f"{name} {word}", inner)


def _commands() -> Iterator[str]:
    yield "## okrsync\n\n" + _options(get_command(app), "okrsync")
    for name, command in commands():
        example = command.epilog.removeprefix("Example: ")
        parts = [f"## {name}", command.help, f"```sh\n{example}\n```", _options(command, name)]
        yield "\n\n".join(part for part in parts if part)


def _options(command: Any, name: str) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    records = [found for each in command.params if (found := each.get_help_record(context))]
    rows = [
        f"| `{_cell(written).replace('%Y-%m-%d', 'YYYY-MM-DD')}` | {_cell(meaning)} |" for written, meaning in records
    ]
    return "\n".join(["| given | meaning |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
