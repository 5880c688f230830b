"""Which deliveries about a pull request have its plans made anew, as a new commit does.

Another base has other code, other branch filters and other owners; and whether something is
a draft is asked by many conditions. So who listens to new commits (`synchronize`) hears of
these, too, whatever its `types` say of them.
"""

from collections.abc import Mapping

from app.core.definition import Definition, Listen
from app.core.hearing.heard import Heard
from app.core.values import Json

COMMITS = "synchronize"
REPLANNED = {
    "edited": "has another base",
    "converted_to_draft": "is a draft now",
    "ready_for_review": "is no draft any more",
}
"""What has become of a pull request whose plans are made anew, by the action that told it."""


def is_replanned(heard: Heard) -> bool:
    """Tell whether a delivery has the plans of a pull request made anew at the same commit."""
    if heard.event != "pull_request" or heard.action not in REPLANNED:
        return False
    return heard.action != "edited" or _has_other_base(heard)


def wants_type(listen: Listen, heard: Heard) -> bool:
    """Tell whether the `types` of an entry let a delivery through."""
    if not listen.types or heard.action in listen.types:
        return True
    return COMMITS in listen.types and is_replanned(heard)


def plans_anew(definition: Definition, action: str) -> bool:
    """Tell whether a definition is started again by such an action of a pull request."""
    return any(
        listen.event == "pull_request" and {COMMITS, action} & set(listen.types)
        for listen in definition.on
    )


def _has_other_base(heard: Heard) -> bool:
    changes: Json = heard.payload.get("changes")
    return isinstance(changes, Mapping) and isinstance(changes.get("base"), Mapping)
