"""okrsync privacy: what is held about a customer, a customer forgotten, a shop wiped."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from service import privacy
from service.cli.common import ConfigOption, ShopOption, guarded, installed, say
from service.errors import Misconfigured, Problem

commands = typer.Typer(help="Duties of privacy, by hand; each leaves a note.", no_args_is_help=True)

CustomerOption = Annotated[
    str, typer.Option("--customer", metavar="ID", help="Shopify's id of the customer: a number, or gid://….")
]


def register(app: typer.Typer) -> None:
    commands.command("export", epilog="Example: okrsync privacy export --customer 7051420893")(export)
    commands.command("redact", epilog="Example: okrsync privacy redact --customer 7051420893")(redact)
    commands.command("wipe", epilog="Example: okrsync privacy wipe --shop myshopper.myshopify.com --yes")(wipe)
    app.add_typer(commands, name="privacy")


@guarded
def export(customer: CustomerOption, config: ConfigOption = None, shop: ShopOption = None) -> int:
    """Every row held about a customer, as JSON on stdout."""
    found = privacy.export(installed(config), _number(customer), shop)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    for held in found:
        say(f"{held.shop}: {sum(map(len, held.tables.values())):,} rows")
    return 0


@guarded
def redact(customer: CustomerOption, config: ConfigOption = None, shop: ShopOption = None) -> int:
    """Forget who a customer is: the id is replaced for good, also in orders that are read again."""
    for done in privacy.redact(installed(config), _number(customer), shop):
        held = f"{done.rows:,} rows redacted" if done.rows else "nothing was held"
        say(f"{done.shop}: {held}; the id is replaced from now on")
    return 0


@guarded
def wipe(
    shop: Annotated[str, typer.Option("--shop", help="Its permanent domain.")],
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone.")] = False,
) -> int:
    """Delete everything held of a shop: orders, readings, check-ins, runs."""
    if not yes:
        told = f"is missing: everything of {shop} would be deleted, and it cannot be undone"
        raise Misconfigured([Problem("--yes", "", told, "add --yes")])
    installation = installed(config)
    done = privacy.wipe(installation, shop)
    say(f"{done.shop}: {done.rows:,} rows deleted")
    if any(each.domain == shop for each in installation.settings.shops):
        say(f"{shop} is still in {installation.settings.file}: the next run reads it again, unless you take it out")
    return 0


def _number(customer: str) -> int:
    number = customer.strip().removeprefix("gid://shopify/Customer/")
    if not number.isascii() or not number.isdecimal():
        raise Misconfigured([Problem("--customer", customer, "is no id of a customer", "write the number")])
    return int(number)
