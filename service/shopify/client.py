"""One GraphQL call to one store: paced, retried, checked.

Question ─▶ budget ─▶ POST ─▶ Exchange ─▶ Answer, or an error named by what happens next
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType, TracebackType
from typing import Any, Self

import httpx
import msgspec
from tenacity import Retrying

from service.errors import Unreachable
from service.shopify.answers import read, shopifyql_window
from service.shopify.credentials import Credentials
from service.shopify.documents import operation_name
from service.shopify.exchange import Answer, Exchange, Question
from service.shopify.faults import TooSlow
from service.shopify.pace import Pace
from service.shopify.patience import Patience
from service.shopify.redact import hide_secrets_in_httpx_log, redact
from service.shopify.tls import trusted
from service.shopify.token_endpoint import ask_for_grant
from service.shopify.tokens import tokens_for

API_VERSION = "2026-10"
TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # Shopify itself gives up after about 10 s
PATIENCE_SECONDS = 300.0
ATTEMPTS = 5  # at a call that fails in passing
_LOG = logging.getLogger(__name__)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Client:
    """A store's Admin API. Keeps connections alive; threads may share it. Clients of one store share its `pace`.

    `patience` bounds the seconds one call may spend on being tried again; then the last refusal is raised
    (Throttled, Unreachable).
    """

    def __init__(
        self,
        domain: str,
        credentials: Credentials,
        *,
        api_version: str = API_VERSION,
        api_url: str | None = None,
        transport: httpx.BaseTransport | None = None,
        patience: float = PATIENCE_SECONDS,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        log: logging.Logger = _LOG,
    ) -> None:
        hide_secrets_in_httpx_log()
        self.domain, self.api_version = domain, api_version
        self.api_url = (api_url or f"https://{domain}").rstrip("/")
        self.patience, self.sleep, self.clock, self.jitter, self.log = patience, sleep, clock, jitter, log
        pace = pace or Pace(clock)
        self.budget, self.shopifyql_budget = pace.admin, pace.shopifyql
        self.shopify_time: datetime | None = None
        """What Shopify's clock showed in its last answer: windows end by it, not by ours."""
        self._http = httpx.Client(
            transport=transport,
            verify=trusted(),
            timeout=TIMEOUT,
            headers={"Accept": "application/json", "User-Agent": "okrsync"},
        )
        self._tokens = tokens_for(
            credentials, lambda form: ask_for_grant(self._http, self.api_url, domain, form), clock, wall_clock
        )
        self._deprecations: set[str] = set()
        self._deprecations_lock = threading.Lock()

    def execute(
        self,
        document: str,
        variables: Mapping[str, Any] = _NOTHING,
        *,
        operation: str | None = None,
        name: str | None = None,
        optional: Collection[str] = (),
        is_shrinkable: bool = False,
    ) -> Answer:
        """The answer to one document.

        `operation` is needed where a document holds several; `name` where one document asks many things that cost
        differently and should be told apart in error texts. `optional` names dotted field paths that may be
        denied: they come back as null and in `Answer.errors`. `is_shrinkable`: a 504 is raised at once so
        that the caller can ask for less.
        """
        name = name or operation or operation_name(document) or "query"
        question = Question(document, variables, operation, name, frozenset(optional))
        retrying = self.retrying(at_once=(TooSlow,) if is_shrinkable else ())
        return retrying(self._attempt, question, retrying)

    def retrying(
        self,
        seconds: float | None = None,
        *,
        attempts: int = ATTEMPTS,
        at_once: tuple[type[Exception], ...] = (),
    ) -> Retrying:
        """A retry policy with this client's clock and sleep."""
        return Patience(
            seconds=self.patience if seconds is None else seconds,
            attempts=attempts,
            clock=self.clock,
            jitter=self.jitter,
            log=self.log,
            at_once=at_once,
        ).retrying(self.sleep)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _attempt(self, question: Question, retrying: Retrying) -> Answer:
        # who was turned away has waited already and need not leave a reserve on top
        is_first = retrying.statistics.get("attempt_number", 1) == 1
        claim = self.budget.claim(question.name, leave_reserve=is_first)
        window_claim = self.shopifyql_budget.claim(question.name, leave_reserve=is_first)
        cost = window = None
        try:
            if (seconds := max(claim.wait_seconds, window_claim.wait_seconds)) > 0:
                self.sleep(seconds)
            exchange = self._exchange(question)
            cost, window = exchange.cost, shopifyql_window(exchange)
        finally:
            self.budget.settle(claim, cost)
            self.shopifyql_budget.settle(window_claim, window)
        self._note_deprecation(exchange)
        return read(exchange)

    def _exchange(self, question: Question) -> Exchange:
        token = self._tokens.current()
        exchange = self._post(question, token)
        if exchange.response.status_code == 401 and self._tokens.renew(token):
            exchange = self._post(question, self._tokens.current())
        return exchange

    def _post(self, question: Question, token: str) -> Exchange:
        body: dict[str, Any] = {"query": question.document, "variables": dict(question.variables)}
        if question.operation:
            body["operationName"] = question.operation
        headers = {"Content-Type": "application/json", "X-Shopify-Access-Token": token}
        url = f"{self.api_url}/admin/api/{self.api_version}/graphql.json"
        try:
            response = self._http.post(url, content=msgspec.json.encode(body), headers=headers)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise self._unreachable(question, error) from None  # a traceback could quote the request
        self._note_time(response)
        return Exchange(question, response, self.domain, self.api_url, self.api_version)

    def _note_time(self, response: httpx.Response) -> None:
        try:
            self.shopify_time = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError, TypeError):
            return

    def _unreachable(self, question: Question, error: Exception) -> Unreachable:
        return Unreachable(
            f"{question.name}: {self.api_url} does not answer ({type(error).__name__}: {redact(str(error))})",
            about=self.domain,
            hint="check `domain` (the store's permanent ….myshopify.com name), `api_url`, and the network",
        )

    def _note_deprecation(self, exchange: Exchange) -> None:
        reason = exchange.response.headers.get("X-Shopify-API-Deprecated-Reason")
        if not reason:
            return
        with self._deprecations_lock:
            is_new = reason not in self._deprecations
            self._deprecations.add(reason)
        if is_new:
            name = exchange.question.name
            self.log.warning("%s: %s uses something deprecated: %s", self.domain, name, redact(reason))
