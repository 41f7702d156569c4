"""Values from outside taken into shapes of ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def taken_as(shape: type[T]) -> Callable[[Any], T]:
    """A converter of decoded JSON to `shape`; made where a module begins, once. Raises msgspec.ValidationError.

    msgspec works out what a shape holds at its first use, and two threads that use it first at once end the process.
    A decoder works it out when it is made, and imports happen one at a time.
    """
    msgspec.json.Decoder(shape)
    return partial(msgspec.convert, type=shape)
