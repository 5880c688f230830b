"""How GitHub says no. Imports nothing, so that anything may raise it."""

from collections.abc import Sequence
from typing import Any


class Refused(Exception):
    """An answer of 4xx: GitHub understood and said no."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}


def not_found() -> Refused:
    """Return the answer to whatever does not exist or must not be seen."""
    return Refused(404, "Not Found")


def not_permitted() -> Refused:
    """Return the answer to an App that lacks a permission."""
    return Refused(403, "Resource not accessible by integration")


def invalid(message: str, **error: str) -> Refused:
    """Return the answer to a body GitHub cannot accept."""
    return Refused(422, message, errors=[error] if error else None)
