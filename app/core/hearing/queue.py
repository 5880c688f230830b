"""What a merge group holds, as GitHub tells of it when it asks for checks.

A group is a commit of GitHub's own: its base, and on that one pull request. Where others stand
before it in the queue, the base is the commit of the group before it, which holds them.
https://docs.github.com/en/webhooks/webhook-events-and-payloads#merge_group
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.plan import Cause
from app.core.values import Json, Sha

EVENT, ASKED = "merge_group", "checks_requested"
# What follows the number tells nothing that GitHub would not tell better when it is asked.
_NAMED = re.compile(r"/pr-([1-9]\d{0,8})-[0-9a-f]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The pull request `number` on the commit `base`, on its way into a branch."""

    number: int
    base: Sha
    branch: str


def queued_in(cause: Cause) -> Queued | None:
    """Say what the merge group holds that set something off; `None` if none did."""
    group = cause.event.get("merge_group")
    is_asked = cause.event_name == EVENT and cause.event.get("action") == ASKED
    if not is_asked or not isinstance(group, Mapping):
        return None
    number = number_in(group.get("head_ref"))
    base, branch = group.get("base_sha"), group.get("base_ref")
    if number is None or not isinstance(base, str) or not isinstance(branch, str):
        return None
    return Queued(number=number, base=Sha(base), branch=branch.removeprefix("refs/heads/"))


def number_in(head_ref: Json) -> int | None:
    """Read the number of the pull request out of the name of a group's branch."""
    found = _NAMED.search(head_ref) if isinstance(head_ref, str) else None
    return int(found[1]) if found is not None else None
