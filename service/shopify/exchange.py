"""One question to Shopify, the response to it, and the answer it is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import msgspec

from service.errors import OkrsyncError

Node = Mapping[str, Any]
E = TypeVar("E", bound=OkrsyncError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Shopify answered. `errors` holds only denied fields the question called optional."""

    data: Node
    extensions: Node
    errors: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One GraphQL call. `optional`: dotted field paths that may be denied without failing the call."""

    document: str
    variables: Node
    operation: str | None  # by name, where the document holds several
    name: str  # for budgets and error texts; one for all questions that cost about the same
    optional: frozenset[str] = frozenset()

    @property
    def is_shopifyql(self) -> bool:
        return "shopifyqlQuery" in self.document


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, the response to it, and the words to speak of them."""

    question: Question
    response: httpx.Response
    domain: str
    api_url: str
    api_version: str
    body: Node = field(init=False)

    def __post_init__(self) -> None:
        try:
            body = msgspec.json.decode(self.response.content)
        except msgspec.DecodeError:
            body = None  # an HTML page of some gateway
        object.__setattr__(self, "body", body if isinstance(body, dict) else {})

    @property
    def errors(self) -> tuple[Node, ...]:
        """All errors; a refusal outside GraphQL has a bare text or an object in their place."""
        errors = self.body.get("errors") or []
        listed = errors if isinstance(errors, list) else [errors]
        return tuple(e if isinstance(e, dict) and "message" in e else {"message": str(e)} for e in listed)

    @property
    def extensions(self) -> Node:
        return mapping(self.body.get("extensions"))

    @property
    def cost(self) -> Node:
        return mapping(self.extensions.get("cost"))

    def error(self, kind: type[E], message: str, *, hint: str = "", **more: Any) -> E:
        """An error of a kind, saying which shop, which query and Shopify's own id of the request."""
        request_id = self.response.headers.get("X-Request-Id")
        told = f"{self.question.name}: {message}" + (f" [X-Request-Id {request_id}]" if request_id else "")
        return kind(told, about=self.domain, hint=hint, **more)


def mapping(value: Any) -> Node:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}
