"""The number of a workflow run in the address that GitHub would be called back at.

It stands nowhere else in the payload. The address itself is never called, whatever host it
names: answers go to the API that we know, by the numbers of repository and run.
"""

import re

from app.core.values import Json

_CALLBACK = re.compile(r"/actions/runs/([1-9]\d{0,17})/deployment_protection_rule/?$")


def run_in(url: Json) -> int | None:
    """Return the number of the workflow run that an address is about, if it is about one."""
    found = _CALLBACK.search(url) if isinstance(url, str) else None
    return int(found[1]) if found else None
