"""What GitHub shows of a merge group: that it is made of what people have voted about.

Nothing is judged here: `core.approvals.carry` says what must be shown.
https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
"""

from app.core.approvals.carry import Carry, Proof
from app.core.copying import replace
from app.core.hearing.queue import Queued
from app.core.plan import Cause
from app.core.values import Sha
from app.github.client import Access, Client
from app.github.errors import RefusedError
from app.github.people import commit_facts
from app.github.repositories import get_pull_request, holds


async def prove(client: Client, access: Access, queued: Queued, group: Sha) -> Proof:
    """Ask GitHub what a group holds. What it refuses to say is no proof, and says why."""
    try:
        pull = await get_pull_request(client, access, queued.number)
        parents = (await commit_facts(client, access, group)).parents
        return Proof(
            head=pull.head_sha,
            is_from_fork=pull.is_fork,
            is_held=await holds(client, access, group, pull.head_sha),
            is_alone=set(parents) == {queued.base, pull.head_sha},
            is_first=await holds(client, access, queued.branch, queued.base),
        )
    except RefusedError as error:
        return Proof(error=error.message)


def cause_in_queue(cause: Cause, queued: Queued, proof: Proof, carry: Carry | None) -> Cause:
    """Say of a merge group what would be said of its pull request: who wrote it, what changed.

    Who pushed last is known where the orchestration of the pull request has heard it; else it
    is whoever made the commit.
    """
    pusher = carry.pusher if carry is not None and carry.head == proof.head else ""
    return replace(
        cause,
        event_name="pull_request",
        event={"action": "synchronize"} if pusher else {},
        actor=pusher or cause.actor,
        sha=Sha(proof.head),
        pull_request=queued.number,
    )
