"""Stories of a policy's calendar that holds up what is written and what is started."""

import pytest

from app.core.doorways.explaining import explain_orchestration
from app.rehearsal import CallFault
from tests.kit.town import HOME, town

pytestmark = pytest.mark.anyio

EASTER = """
version: 1
organization:
  calendars:
    easter: {timezone: UTC, closed: [{from: 2026-11-22T00:00, to: 2026-11-23T15:00, why: Eggs}]}
  rules: [{calendars: [easter]}]
"""
TELL = """
version: 1
name: Tell
on: {push: {branches: [main]}}
tasks:
  read: {github: refs.resolve, with: {refs: {own: acme/release@main}}}
  tell: {github: issue.create, with: {title: It is out}}
"""
SHIP = """
version: 1
name: Ship
on: {push: {branches: [main]}}
tasks:
  deploy: {dispatch: acme/api/.github/workflows/deploy.yml@main}
"""
BEGIN = """
version: 1
name: Begin
on: {push: {branches: [main]}}
tasks:
  part: {orchestrate: acme/release/.github/orchestrations/part.yml}
"""
PART = """
version: 1
name: Part
on: {manual: {}}
tasks:
  rest: {wait: {for: 1m}}
"""
CLOSED = "the calendar `easter` is closed until 2026-11-23 15:00 UTC: Eggs (`calendar-closed`)"


async def test_what_is_written_waits_until_the_calendar_opens() -> None:
    """It is made once, then; what only reads does not wait."""
    async with town(tell=TELL, organization_policy=EASTER) as here:
        here.github.push(HOME, {"README.md": "more\n"})
        await here.wait(hours=5)
        before = len(here.github.issues(HOME))
        read, waits = await here.status("read"), (await here.check()).summary or ""
        why = explain_orchestration(await here.state(), here.github.clock.now())
        await here.wait(hours=2)
        [issue] = here.github.issues(HOME)

        assert (before, read) == (0, "succeeded")
        assert CLOSED in waits
        assert CLOSED in why
        assert "`policy-freezes`" in waits
        assert issue.title == "It is out"
        assert await here.status("tell") == "succeeded"


async def test_a_dispatch_that_github_puts_off_into_a_freeze_waits_for_its_end() -> None:
    """What a calendar said half an hour ago is not relied upon."""
    always = EASTER.replace("2026-", "2027-")
    async with town(ship=SHIP, organization_policy=always) as here:
        slow = {"method": "POST", "path": "/dispatches$", "retry_after": 1800}
        here.github.faults.plan_call(CallFault.TOO_MANY, **slow)
        here.github.push(HOME, {"README.md": "more\n"})
        await here.wait(minutes=5)
        freeze = {"organization": "acme", "because": "fire", "actor": "mona"}
        await here.deliver("signalbox/freeze", {**freeze, "until": "2026-11-24T00:00Z"}, "1")
        await here.wait(hours=2)
        held, shown = here.deployments(), (await here.check()).summary or ""
        await here.deliver("signalbox/freeze", {**freeze, "until": "2026-11-23T09:00Z"}, "2")
        await here.wait(minutes=5)

        assert held == 0
        assert "mona closed easter until 2026-11-24 00:00 UTC: fire" in shown
        assert here.deployments() == 1
        assert await here.status("deploy") == "succeeded"


async def test_a_child_waits_until_the_calendar_opens() -> None:
    """It has not begun before, and is begun once."""
    async with town(begin=BEGIN, part=PART, organization_policy=EASTER) as here:
        here.github.push(HOME, {"README.md": "more\n"})
        await here.wait(hours=5)
        before = [each.plan.title for each in await here.states()]
        waits = (await here.check("begin #1")).summary or ""
        await here.wait(hours=2)
        after = [each.plan.title for each in await here.states()]

        assert before == ["begin #1"]
        assert CLOSED in waits
        assert after == ["begin #1", "part #1"]
        assert await here.status("part", "begin #1") == "succeeded"
