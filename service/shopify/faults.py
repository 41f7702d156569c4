"""Shopify's own refusals, each named by what the caller can do about it.

UnexpectedShape ┬─ TooDear       ask for fewer at once
                └─ ParseError    change the ShopifyQL query
Unreachable ────── TooSlow       ask for fewer at once
AccessDenied ───┬─ FieldDenied   leave the fields out, or grant the scopes
                └─ NoReports     do without reports, or grant scope and data access
NeedsAPerson ───── WrongVersion  set `api_version`
TryAgain ───────── CursorLost    begin the list anew
                   LinkExpired   ask for the operation again
"""

from __future__ import annotations

from collections.abc import Iterable

from service.errors import AccessDenied, NeedsAPerson, TryAgain, UnexpectedShape, Unreachable


class TooDear(UnexpectedShape):
    """One query costs more than Shopify ever computes at once (MAX_COST_EXCEEDED)."""


class ParseError(UnexpectedShape):
    """Shopify does not understand a ShopifyQL query; asking again changes nothing."""


class TooSlow(Unreachable):
    """Shopify gave up computing the answer (504)."""


class FieldDenied(AccessDenied):
    """Fields the app may not read: dotted paths without list positions, and the scopes they would need."""

    def __init__(
        self,
        message: str,
        *,
        paths: Iterable[str],
        scopes: Iterable[str],
        about: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, about=about, hint=hint)
        self.paths = tuple(paths)
        self.scopes = frozenset(scopes)


class CursorLost(TryAgain):
    """A page cursor Shopify no longer understands: what was read so far is right, the rest cannot be found from it."""


class LinkExpired(TryAgain):
    """The signed link to a bulk file no longer answers."""


class NoReports(AccessDenied):
    """The app may not read Shopify's reports: scope read_reports is missing, or level 2 of protected data."""


class WrongVersion(NeedsAPerson):
    """Another API version answered than the one that was asked."""
