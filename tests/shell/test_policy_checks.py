"""Stories of policies that are proposed: what they would change is told before they are."""

import pytest

from tests.kit.town import HOME, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on: {push: {branches: [main]}}
tasks:
  sign_off: {approval: {rules: [{require: [{users: [mona]}]}]}}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
QUIET = "{version: 1, organization: {rules: [{name: quiet, deny: not now}]}}"
OPEN = "{version: 1, organization: {rules: []}}"


async def test_a_proposed_policy_tells_what_it_would_change() -> None:
    """On its own commit, for what is under way; nothing of it is in force yet."""
    async with town(ship=SHIP, organization_policy=OPEN) as here:
        here.github.push(HOME, {"README.md": "more\n"})
        await here.wait(minutes=1)
        path = "orchestration-policy.yml"
        sha = here.github.push("acme/.github", {path: QUIET}, branch="quiet")
        await here.wait(minutes=1)
        checks = {each.name: each for each in here.github.check_runs("acme/.github", sha)}
        told = checks["Signalbox policy"].summary or ""

        assert checks["Signalbox definitions"].conclusion == "success"
        assert checks["Signalbox policy"].conclusion == "neutral"
        assert "`deploy` would be denied by `quiet`: not now" in told
        assert "the gate `sign_off` would be shut by `quiet`" in told
        assert await here.status("sign_off") == "running"


async def test_a_removed_consent_is_told() -> None:
    """By the repository whose policy it is; what says nothing new gets no such check."""
    async with town(ship=SHIP) as here:
        here.github.push(HOME, {"README.md": "more\n"})
        await here.wait(minutes=1)
        path = ".github/orchestration-policy.yml"
        same = here.github.push("acme/api", {"README.md": "x\n"}, branch="same")
        gone = here.github.push("acme/api", {path: None}, branch="gone")
        await here.wait(minutes=1)
        [told] = [
            each
            for each in here.github.check_runs("acme/api", gone)
            if each.name == "Signalbox policy"
        ]

        assert "`deploy` would not be let in here any more" in (told.summary or "")
        assert here.github.check_runs("acme/api", same) == []
