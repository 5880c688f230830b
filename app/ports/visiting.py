"""What the pages need of GitHub: who somebody is, and what they may see.

`github` answers; the pages ask each time they show something, so that what was taken away
from somebody is not shown to them any longer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who proved to GitHub who they are. `id` is GitHub's, and never changes."""

    id: int
    login: str


class SignInRefused(Exception):
    """GitHub does not confirm who this is; both texts are for people."""

    def __init__(self, message: str, remedy: str = "Sign in again.") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Visits(Protocol):
    """Answers about visitors. Raises `VisitsUnavailable` where GitHub cannot be asked."""

    def sign_in_url(self, *, state: str, challenge: str, back: str) -> str:
        """Return GitHub's address at which somebody proves who they are.

        `back` is where GitHub sends them afterwards, `challenge` the PKCE challenge (S256).
        """
        ...

    async def visitor(self, *, code: str, verifier: str, back: str) -> Visitor:
        """Return whom GitHub's code stands for. Raises `SignInRefused`."""
        ...

    async def readable(
        self, visitor: Visitor, repository_ids: Collection[int]
    ) -> frozenset[int]:
        """Return those of these repositories that GitHub lets the visitor read, now."""
        ...


class VisitsUnavailable(Exception):
    """GitHub cannot be asked at the moment: nothing is shown.

    The text is for people. `until` is when asking again may help, where that is known.
    """

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.until = until
