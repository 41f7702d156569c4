"""okrsync init, check, db: an installation made and looked over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from service import pipeline, questions
from service.cli import okr
from service.cli.common import (
    NEEDS_A_PERSON,
    WRONG_USAGE,
    ConfigOption,
    console,
    exit_code,
    guarded,
    installed,
    say,
    write,
)
from service.errors import Misconfigured, OkrsyncError, Problem
from service.metrics.custom import custom
from service.mistyped import unseen_of
from service.okr.lint import lint
from service.okr.plan import Plan
from service.periods import Quarter, shop_day
from service.pipeline import Installation
from service.plans import known
from service.settings import ShopSettings
from service.store import grants, migrate, shops
from service.store.engine import reading

db = typer.Typer(help="The database: its schema and who may read it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: okrsync init my-shop")(init)
    app.command(epilog="Example: okrsync check --offline")(check)
    db.command("upgrade", epilog="Example: okrsync db upgrade")(upgrade)
    db.command("current", epilog="Example: okrsync db current")(current)
    db.command("grant-bi", epilog="Example: okrsync db grant-bi reporting")(grant_bi)
    app.add_typer(db, name="db")


@guarded
def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write config/.")] = Path()) -> int:
    """Write a commented config/okrsync.toml and a first OKR file."""
    quarter = Quarter.containing(shop_day(pipeline.wall_clock(), "UTC"))
    targets = {
        folder / "config" / "okrsync.toml": _sample("okrsync.toml"),
        folder / "config" / "okrs" / f"{quarter}.toml": _sample("okrs.toml").replace("QUARTER", str(quarter)),
    }
    standing = [path for path in targets if path.exists()]
    if standing:
        for path in standing:
            say(f"error: {path}: is already there, and init never overwrites")
        return WRONG_USAGE
    for path, text in targets.items():
        write(path, text)
        typer.echo(f"wrote {path}")
    go_there = "" if folder == Path() else f"cd {folder} && "
    typer.echo("next: put your shop's domain into it and export its token, then")
    typer.echo(f"      {go_there}okrsync db upgrade && okrsync check")
    return 0


def _sample(name: str) -> str:
    return (files("service.cli") / "samples" / name).read_text(encoding="utf-8")


@guarded
def upgrade(config: ConfigOption = None) -> int:
    """Bring the database to this program's schema, all or nothing."""
    installation = installed(config, migrated=False)
    before, after = migrate.upgrade(installation.engine, str(installation.settings.file))
    typer.echo(f"already at {after}" if before == after else f"upgraded from {before or 'nothing'} to {after}")
    return 0


@guarded
def current(config: ConfigOption = None) -> int:
    """The database's revision and the one this program wants."""
    installation = installed(config, migrated=False)
    found, wanted = migrate.current(installation.engine, str(installation.settings.file)), migrate.head()
    told = found or "not migrated"
    if found == wanted and not migrate.has_current_views(installation.engine):
        told += " with views of another version"
    typer.echo(f"database {told}, program {wanted}")
    return 0 if told == wanted else NEEDS_A_PERSON


@guarded
def grant_bi(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="A role of the database, as it is written there.")],
    config: ConfigOption = None,
) -> int:
    """Let a database role read the bi_ views and nothing else (PostgreSQL). Upgrades keep it."""
    installation = installed(config)
    tables = grants.grant_bi(installation.engine, role, str(installation.settings.file))
    typer.echo(f"{role} can read {len(grants.bi_views())} views: {', '.join(grants.bi_views())}")
    if not tables:
        return 0
    say(f"warning: {role} can read {len(tables)} tables too, by rights from elsewhere: {', '.join(tables)}")
    say("    hint: take a role for BI alone: no superuser, no owner, no member of either")
    return NEEDS_A_PERSON


# --- check ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    is_fine: bool
    message: str
    hint: str = ""
    code: int = 0

    @property
    def mark(self) -> tuple[str, str]:
        if self.is_fine:
            return "ok", "green"
        return ("PROBLEM", "red") if self.code else ("WARNING", "yellow")


@guarded
def check(
    config: ConfigOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask Shopify nothing.")] = False,
) -> int:
    """Is this installation well? A line for each part, with a hint where something is to be done."""
    installation = installed(config, migrated=False)
    database = _database(installation)
    installation, metrics = _metrics(installation, is_migrated=database.is_fine)
    findings = [
        Finding("settings", True, str(installation.settings.file)),
        database,
        *metrics,
        *_plans(installation, is_migrated=database.is_fine),
    ]
    if not offline:
        for shop in installation.settings.shops:
            findings += _shop(installation, shop, is_migrated=database.is_fine)
    out = console()
    for finding in findings:
        mark, colour = finding.mark
        out.print(f"[{colour}]{mark:<8}[/] {finding.what:<10}", end=" ")
        out.print(finding.message, markup=False, soft_wrap=True)
        if finding.hint:
            out.print(f"{'':20}hint: {finding.hint}", markup=False, soft_wrap=True)
    return max((finding.code for finding in findings), default=0)


def _database(installation: Installation) -> Finding:
    try:
        migrate.require_current(installation.engine, str(installation.settings.file))
    except Misconfigured as error:
        problem = error.problems[0]
        return Finding("database", False, problem.message, problem.hint, WRONG_USAGE)
    return Finding("database", True, f"at revision {migrate.head()}, the one wanted")


def _metrics(installation: Installation, *, is_migrated: bool) -> tuple[Installation, list[Finding]]:
    """The installation with its own metrics, and a line about them, or one for each thing that is wrong."""
    try:
        found = pipeline.with_metrics(installation) if is_migrated else installation
    except Misconfigured as error:
        return installation, [_wrong("metrics", problem) for problem in error.problems]
    own = len(custom(found.catalogue))
    told = f"{len(found.catalogue)} in the catalogue" + (f", {own} of them your own" if own else "")
    return found, [Finding("metrics", True, told)]


def _wrong(what: str, problem: Problem) -> Finding:
    place = f"{problem.file}: {problem.key}" if problem.key else problem.file
    return Finding(what, False, f"{place}: {problem.message}", problem.hint, WRONG_USAGE)


def _plans(installation: Installation, *, is_migrated: bool) -> list[Finding]:
    try:
        plans = pipeline.plans_of(installation)
    except Misconfigured as error:
        return [_wrong("OKRs", problem) for problem in error.problems]
    if not plans:
        return [
            Finding(
                "OKRs", False, f"no file in {installation.settings.okr_folder}", "run: okrsync init", NEEDS_A_PERSON
            )
        ]
    return [finding for plan in plans for finding in _plan(installation, plan, is_migrated=is_migrated)]


def _plan(installation: Installation, plan: Plan, *, is_migrated: bool) -> Iterator[Finding]:
    """What the file holds, and a line for what lint warns of."""
    name = Path(plan.file).name
    yield Finding("OKRs", True, f"{name}: objectives {len(plan.objectives)}, key results {len(plan.key_results)}")
    currency = _currency(installation, plan) if is_migrated else None
    begun = questions.baselines_of(installation, plan) if is_migrated else {}
    metrics = known(installation.catalogue, currency)
    found = [finding for finding in lint(plan, metrics, known=begun) if finding.severity != "note"]
    if found:
        is_wrong = any(finding.severity == "error" for finding in found)
        rules = ", ".join(dict.fromkeys(finding.rule for finding in found))
        message, hint = f"{name}: {okr.counted(found)} ({rules})", f"run: okrsync okr lint {plan.file}"
        yield Finding("lint", False, message, hint, NEEDS_A_PERSON if is_wrong else 0)
    if is_migrated:
        for place, unseen in unseen_of(installation, plan):
            yield Finding("segments", False, f"{name}: {place}: {unseen}", "correct it, unless it is still to come")


def _currency(installation: Installation, plan: Plan) -> str | None:
    """The currency of the plan's shop, once the shop was seen."""
    domain = plan.shop or installation.settings.shops[0].domain
    with reading(installation.engine) as connection:
        shop = shops.by_domain(connection, domain)
    return shop.currency if shop else None


def _shop(installation: Installation, settings: ShopSettings, *, is_migrated: bool) -> list[Finding]:
    try:
        report = pipeline.look_at(installation, settings, record=is_migrated)
    except Misconfigured as error:
        return [Finding("shop", False, f"{p.key}: {p.message}", p.hint, WRONG_USAGE) for p in error.problems]
    except OkrsyncError as error:
        return [Finding("shop", False, error.message, error.hint, exit_code(error))]
    return [Finding(part.what, part.is_fine, part.message, part.hint, _code(part)) for part in report]


def _code(part: pipeline.Part) -> int:
    return NEEDS_A_PERSON if part.is_vital and not part.is_fine else 0
