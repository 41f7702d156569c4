"""The settings file and the environment, parsed once into frozen values.

Every complaint comes at once, each with file, key and a hint. Secrets are never in the file: it names the environment
variable that holds one, or whose name with `_FILE` added holds the path of a file with it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.errors import Problem, SettingsError
from service.periods import CheckInSchedule, Schedule

DEFAULT_FILE = "config/okrsync.toml"
FILE_VARIABLE = "OKRSYNC_CONFIG"
SUPPORTED_VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")

DEMO_TOKEN = "OKRSYNC_DEMO_TOKEN"  # noqa: S105 (the name of a variable)
DEMO_HINT = "the simulated store is gone; okrsync demo --serve keeps it running, and tells the token to ask it with"

HINTS = {
    "database.url": 'write url = "sqlite:///var/okrsync.db" or "postgresql+psycopg://user@host/name"',
    "calendar.fiscal_year_start": "write the month the fiscal year begins in, 1 to 12",
    "calendar.check_in": 'write "mon 09:00" or "biweekly mon 09:00"',
    "calendar.close_grace_days": "write how many days after its end a quarter may be closed, 0 to 90",
    "shops": "add a [[shops]] block with domain and access_token_env",
    "shops.domain": 'write the permanent name, such as "myshopper.myshopify.com"',
    "shops.api_version": f"write one of {', '.join(SUPPORTED_VERSIONS)}",
    "shops.api_url": "write https://… or leave it out: it is https://<domain> then",
    "shops.online_sources": 'write the source names of orders that came through the online checkout, such as ["web"]',
    "shops.schedule.checkouts": 'write "every 15 minutes" or five cron fields',
    "shops.schedule.orders": 'write "every 5 minutes" or five cron fields',
    "shops.schedule.sessions": 'write "every 1 hour" or five cron fields',
    "shops.schedule.reconcile": 'write "every 1 day" or five cron fields, in UTC',
}


def _domain(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", text):
        raise ValueError(f"{text!r} is not a permanent Shopify domain")
    return text


def _version(text: str) -> str:
    if text not in SUPPORTED_VERSIONS:
        raise ValueError(f"{text!r} is not an API version okrsync knows")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is not an http address")
    return text


def _schedule(text: str) -> str:
    Schedule.parse(text)
    return text


def _check_in(text: str) -> str:
    CheckInSchedule.parse(text)
    return text


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Database(_Frozen):
    url: str = "sqlite:///var/okrsync.db"


class Calendar(_Frozen):
    fiscal_year_start: int = Field(1, ge=1, le=12)
    check_in: Annotated[str, AfterValidator(_check_in)] = "mon 09:00"
    close_grace_days: int = Field(14, ge=0, le=90)


class Tokens(_Frozen):
    folder: str = "var/tokens"


class ConnectorSchedule(_Frozen):
    """When each connector runs, by its name; and when what they read is compared with Shopify's own figures."""

    orders: Annotated[str, AfterValidator(_schedule)] = "every 5 minutes"
    checkouts: Annotated[str, AfterValidator(_schedule)] = "every 15 minutes"
    sessions: Annotated[str, AfterValidator(_schedule)] = "every 1 hour"
    reconcile: Annotated[str, AfterValidator(_schedule)] = "every 1 day"

    def of(self, job: str) -> Schedule:
        return Schedule.parse(getattr(self, job))


class ShopSettings(_Frozen):
    domain: Annotated[str, AfterValidator(_domain)]
    api_version: Annotated[str, AfterValidator(_version)] = SUPPORTED_VERSIONS[-1]
    access_token_env: str | None = None
    client_id: str | None = None
    client_secret_env: str | None = None
    refresh_token_env: str | None = None
    api_url: Annotated[str, AfterValidator(_url)] | None = None
    online_sources: tuple[str, ...] = Field(("web",), min_length=1)
    schedule: ConnectorSchedule = ConnectorSchedule()

    @model_validator(mode="after")
    def _one_way_in(self) -> ShopSettings:
        app = (self.client_id, self.client_secret_env)
        if any(app) and not all(app):
            raise ValueError("client_id and client_secret_env belong together")
        if bool(self.access_token_env) == all(app):
            raise ValueError("give access_token_env, or client_id with client_secret_env, and not both")
        if self.refresh_token_env and not all(app):
            raise ValueError("refresh_token_env goes with client_id and client_secret_env")
        return self


class Settings(_Frozen):
    """What a person configured. `file` and `root` say where; relative paths are relative to `root`."""

    file: Path
    root: Path
    database: Database = Database()
    calendar: Calendar = Calendar.model_validate({})
    tokens: Tokens = Tokens()
    shops: tuple[ShopSettings, ...] = Field(min_length=1)

    @property
    def okr_folder(self) -> Path:
        return self.file.parent / "okrs"

    @property
    def metric_folder(self) -> Path:
        return self.file.parent / "metrics"

    def token_file(self, domain: str) -> Path:
        """Where the pair of a shop's expiring token is kept."""
        return self.root / self.tokens.folder / f"{domain}.json"

    @property
    def database_url(self) -> str:
        """The URL with a relative SQLite path made absolute from `root`."""
        prefix = "sqlite:///"
        path = self.database.url.removeprefix(prefix)
        if not self.database.url.startswith(prefix) or path.startswith("/") or path in ("", ":memory:"):
            return self.database.url
        return f"{prefix}{self.root / path}"


def load(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of `file`, environment on top. Raises SettingsError with every problem found."""
    file = file.absolute()
    values = _with_environment(_read(file), environment)
    root = file.parent.parent if file.parent.name == "config" else file.parent
    try:
        settings = Settings(file=file, root=root, **values)
    except ValidationError as error:
        raise SettingsError([_problem(file, complaint) for complaint in error.errors()]) from None
    except TypeError:
        raise SettingsError([Problem(str(file), "", "keys called file or root are not settings")]) from None
    domains = [shop.domain for shop in settings.shops]
    repeated = sorted({domain for domain in domains if domains.count(domain) > 1})
    if repeated:
        raise SettingsError([Problem(str(file), "shops", f"{domain} is listed twice") for domain in repeated])
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            [Problem(str(file), "", "there is no such file", "run: okrsync init, or name one with --config")]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Problem(str(file), "", f"cannot be read: {error}")]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Problem(str(file), "", f"is not valid TOML: {error}")]) from None


def _with_environment(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """OKRSYNC_DATABASE_URL and its like win over the file: OKRSYNC_<SECTION>_<KEY> for plain sections."""
    for section, model in (("database", Database), ("calendar", Calendar), ("tokens", Tokens)):
        for key in model.model_fields:
            given = environment.get(f"OKRSYNC_{section}_{key}".upper())
            if given is not None and isinstance(values.setdefault(section, {}), dict):
                values[section] = {**values[section], key: given}
    return values


def _problem(file: Path, complaint: Any) -> Problem:
    place = complaint["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    general = ".".join(part for part in place if isinstance(part, str))
    message = complaint["msg"].removeprefix("Value error, ")
    if complaint["type"] == "extra_forbidden":
        message = "is not a setting okrsync knows"
    elif complaint["type"] == "missing":
        message = "is missing"
    return Problem(str(file), key, message, HINTS.get(general, ""))


def is_given(name: str, environment: Mapping[str, str]) -> bool:
    """Is there a secret of that name?"""
    return bool(environment.get(f"{name}_FILE") or environment.get(name, "").strip())


def secret(name: str, environment: Mapping[str, str], *, file: Path, key: str) -> str:
    """The secret that variable `name` holds, or that the file named by `name`_FILE holds."""
    path = environment.get(f"{name}_FILE")
    if path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            problem = Problem(str(file), key, f"{name}_FILE: cannot read {path}: {error.strerror}")
            raise SettingsError([problem]) from None
    else:
        value = environment.get(name, "").strip()
    if not value:
        hint = DEMO_HINT if name == DEMO_TOKEN else f"export {name}=…, or {name}_FILE=/path/to/a/file"
        raise SettingsError([Problem(str(file), key, f"the environment variable {name} is not set", hint)])
    return value
