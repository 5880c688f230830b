"""What every test may ask for."""

import os
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.kit import material

# No deadline: two shared cores say nothing about the code. In CI the same examples every time,
# so that a red build is red again on a second look.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# A planted bug is to be found, not explained.
settings.register_profile(
    "planted", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture
def anyio_backend() -> str:
    """Run tests marked `anyio` on asyncio, which is what uvicorn runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def webhook_examples() -> Mapping[str, list[dict[str, Any]]]:
    """Return real deliveries' bodies by event name."""
    return material.webhook_examples()


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    """Return GitHub's OpenAPI description, cut to what we use."""
    return material.openapi()
