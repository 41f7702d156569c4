"""The pair of an expiring token and its refresh token, kept in a file that all processes of an installation share.

    lock ─▶ read ─▶ still good? use it
                  └▶ exchange ─▶ write ─▶ use

Each exchange replaces both tokens, so only one process at a time may do it, and the new pair is on disk before it is
used. A process that dies between receiving and writing does no harm: Shopify takes the old refresh token again until
the new pair is first used.
Source: https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from service.errors import AccessDenied, Problem, SettingsError, UnexpectedShape
from service.shopify.credentials import ExpiringToken
from service.shopify.token_endpoint import Grant

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


class Pair(msgspec.Struct, frozen=True):
    """What the file holds. Instants are epoch seconds."""

    access_token: str
    refresh_token: str
    scopes: list[str]
    granted_at: float
    expires_in: float
    began_with: str  # fingerprint of the refresh token a person gave; another one given later starts anew

    def age(self, now: float) -> float:
        return max(0.0, now - self.granted_at)

    def grant(self, now: float) -> Grant:
        return Grant(self.access_token, frozenset(self.scopes), self.expires_in, self.refresh_token, self.age(now))


_to_pair = msgspec.json.Decoder(Pair).decode


class TokenFile:
    """Takes grants for one shop, from the file while it holds a good one, else in exchange."""

    def __init__(
        self,
        credentials: ExpiringToken,
        ask: Callable[[Mapping[str, str]], Grant],
        wall_clock: Callable[[], float],
        renew_at_fraction: float,
    ) -> None:
        self._credentials, self._ask, self._wall_clock = credentials, ask, wall_clock
        self._renew_at_fraction = renew_at_fraction

    def take(self, stale: str | None) -> Grant:
        """A grant in place of the stale token; another process may have exchanged it already."""
        path = self._credentials.file
        with _locked(path):
            kept, now = self._standing(_read(path)), self._wall_clock()
            if kept and kept.access_token != stale and kept.age(now) < self._renew_at_fraction * kept.expires_in:
                return kept.grant(now)
            grant = self._ask(self._form(kept))
            _write(path, self._pair(grant, kept, now))
        return grant

    def _standing(self, kept: Pair | None) -> Pair | None:
        """The kept pair, unless a person has given another refresh token since."""
        given = self._credentials.first_refresh_token
        return kept if kept and (given is None or kept.began_with == _fingerprint(given)) else None

    def _form(self, kept: Pair | None) -> dict[str, str]:
        refresh_token = kept.refresh_token if kept else self._credentials.first_refresh_token
        if refresh_token is None:
            raise AccessDenied(
                f"no access token: {self._credentials.file} is gone, and no refresh token is given",
                hint="give one where `refresh_token_env` says; the merchant may have to authorise the app again",
            )
        return {
            "grant_type": "refresh_token",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
            "refresh_token": refresh_token,
        }

    def _pair(self, grant: Grant, kept: Pair | None, now: float) -> Pair:
        if grant.refresh_token is None:
            raise UnexpectedShape("the token endpoint answered without a refresh token")
        began_with = kept.began_with if kept else _fingerprint(self._credentials.first_refresh_token or "")
        return Pair(grant.token, grant.refresh_token, sorted(grant.scopes), now, grant.expires_in, began_with)


def _fingerprint(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone with the file, also among processes. The lock lies beside it, because each write replaces the file."""
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, PRIVATE)
    except OSError as error:
        raise _unusable(path, f"cannot be locked: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(path: Path) -> Pair | None:
    try:
        return _to_pair(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from None
    except msgspec.DecodeError:
        raise _unusable(path, "is damaged", "delete it, and give a new refresh token") from None


def _write(path: Path, pair: Pair) -> None:
    """All of it or nothing: the name moves to the new file once that is on disk."""
    new = path.with_suffix(".new")
    try:
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(msgspec.json.encode(pair))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, f"cannot be written: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unusable(path: Path, message: str, hint: str = "let okrsync write there, or set tokens.folder") -> SettingsError:
    return SettingsError([Problem(str(path), "", message, hint)])
