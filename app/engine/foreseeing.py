"""Answers for a commit that changes a policy: what that would do to what is under way."""

from typing import Final

from app.core.chores import ReportPolicy
from app.core.hearing.findings import PolicyProposed
from app.core.policies.foreseeing import Proposed, foresee, told
from app.core.routing import ORGANIZATION_REPOSITORIES
from app.engine.library import Library
from app.engine.work import Work
from app.ports import Store

LOOKED_AT_MAX: Final = 500
"""Orchestrations that are looked at, the newest first; each is loaded for it."""


async def foresee_policy(
    finding: PolicyProposed, library: Library, store: Store, work: Work
) -> None:
    """Ask for a check that says what would change, unless nothing changes in the policy."""
    before = library.policy(finding.repository_id)
    if before == finding.text:
        return
    rows = await store.orchestrations(limit=LOOKED_AT_MAX, open_only=True)
    saved = await store.load([row.id for row in rows])
    states = [each.state for each in saved.values()]
    place = finding.repository.partition("/")[2].lower()
    proposed = Proposed(
        repository=finding.repository,
        is_organizations=place in ORGANIZATION_REPOSITORIES,
        before=before,
        after=finding.text,
    )
    effects = foresee(proposed, states, work.now)
    changes = f"{len(effects)} changes for what is under way"
    report = ReportPolicy(
        installation_id=finding.installation_id,
        repository_id=finding.repository_id,
        sha=finding.sha,
        title=changes if effects else "nothing changes for what is under way",
        summary=told(effects, len(states)),
    )
    work.ask((report,))
