"""What repair needs of GitHub: the list of the deliveries it made, or tried to make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class NotNow(Exception):
    """GitHub does not answer, or wants us to wait until `until`."""

    def __init__(self, why: str, *, until: datetime | None = None) -> None:
        super().__init__(why)
        self.until = until


class NotThere(Exception):
    """This host keeps no such list, or not for us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One try to deliver; `guid` is that of the delivery, and the same at each try.

    `is_answered`: we said that we have it. A try that timed out, or was never made, was not.
    """

    id: int
    guid: str
    event: str
    at: datetime
    is_answered: bool
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the list, the newest first; `following` is where the next part begins.

    That is empty where nothing follows that is as new as was asked for.
    """

    listed: Sequence[Listed]
    following: str


class DeliveryList(Protocol):
    """The deliveries that GitHub made to the App. Raises `NotNow` and `NotThere`."""

    async def since(self, moment: datetime, begin: str = "") -> Part:
        """Return tries since a moment, from the newest on or from where a part begins."""
        ...

    async def body(self, listed: Listed) -> bytes | None:
        """Return what was, or was to be, delivered; `None` where it cannot be had."""
        ...
