"""Three ways to be let in by a store: what a person gives us, checked and never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from service.errors import AccessDenied


def header_safe(name: str, value: str) -> str:
    """The secret without blanks around it; a bad one is refused here, as HTTP would quote it in an error."""
    stripped = value.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise AccessDenied(f"the {name} is empty or holds characters none has", hint="copy it again in full")
    return stripped


def _check(credentials: Any, field_name: str, called: str) -> None:
    object.__setattr__(credentials, field_name, header_safe(called, getattr(credentials, field_name)))


@dataclass(frozen=True, slots=True)
class CustomAppToken:
    """The permanent token of a custom app."""

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        _check(self, "token", "access token")


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A Dev Dashboard app of the store's own organisation; its tokens live about a day."""

    client_id: str
    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _check(self, "client_secret", "client secret")


@dataclass(frozen=True, slots=True)
class ExpiringToken:
    """An app a merchant has authorised; its tokens live an hour and are exchanged in pairs, which `file` keeps."""

    client_id: str
    client_secret: str = field(repr=False)
    file: Path
    first_refresh_token: str | None = field(default=None, repr=False)  # None: the file knows a later one

    def __post_init__(self) -> None:
        _check(self, "client_secret", "client secret")
        if self.first_refresh_token is not None:
            _check(self, "first_refresh_token", "refresh token")


Credentials: TypeAlias = CustomAppToken | ClientCredentials | ExpiringToken
