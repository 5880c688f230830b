"""Git refs as people write them: branches, tags and SHAs."""

import re

TAG_PREFIX = "signalbox/"
"""What the names of all short-lived tags begin with."""

SHA_LENGTH = 40
SHA = re.compile(r"[0-9a-f]{40}")


def is_sha(ref: str) -> bool:
    """Tell whether a ref is a full commit SHA; only full ones pin a commit."""
    return len(ref) == SHA_LENGTH and SHA.fullmatch(ref) is not None


def short_lived_tag(marker: str) -> str:
    """Name the tag through which a SHA is dispatched: GitHub takes only branches and tags.

    https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
    """
    return f"{TAG_PREFIX}{marker}"
