"""A story about an answer that takes so long that it is no proof any more."""

from datetime import timedelta

import httpx
import pytest

from app.core.events import WorkflowRunObserved
from app.github.client import Client
from app.github.performer import GitHubPerformer
from app.ports import Postponed
from app.rehearsal import CallFault, Rehearsal, RehearsalTransport
from tests.github.house import House

pytestmark = pytest.mark.anyio


class SlowLists(httpx.AsyncBaseTransport):
    """Reaches the rehearsal; a list of workflow runs takes long to come back."""

    def __init__(self, github: Rehearsal) -> None:
        self._github = github
        self._inner = RehearsalTransport(github.asgi)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.url.path.endswith("/runs"):
            await self._github.advance(timedelta(seconds=45))
        return answer


async def test_a_list_shows_what_was_so_when_it_was_asked_for(here: House) -> None:
    """A list that was asked for too early proves nothing, however late it comes."""
    here.github.world.visibility_delay = timedelta(seconds=50)
    here.github.world.faults.plan_call(
        CallFault.ERROR_AFTER, method="POST", path="/dispatches$"
    )
    await here.perform(here.dispatch())
    slow = Client(
        api_url=here.github.api_url,
        app_id=str(here.github.app_id),
        private_key=here.github.app_private_key_pem,
        clock=here.github.clock,
        http=SlowLists(here.github),
    )
    here.performer = GitHubPerformer(slow)
    await here.wait(seconds=30)
    early = await here.perform(here.dispatch())
    await here.wait(seconds=60)
    event = await here.event(here.dispatch())
    await slow.aclose()

    assert isinstance(early, Postponed)
    assert isinstance(event, WorkflowRunObserved)
    assert len(here.github.world.dispatches) == 1
