"""Carries `SurveyGate`: finds out about the people and the policies of a gate.

Nothing is judged here. What cannot be found out is left out, and then counts for nobody.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from app.core.actions import Approval, Requirement
from app.core.approvals.codeowners import Owned, owned, read_code_owners
from app.core.approvals.people import AUTHORS, LAST_PUSHER, Party, Voter
from app.core.approvals.survey import PolicyText, Survey
from app.core.gate_commands import SurveyGate
from app.core.gate_events import GateSurveyed
from app.core.hearing.queue import queued_in
from app.core.legs.asking import approval_at, gate_at
from app.core.legs.context import cause_of
from app.core.plan import Cause
from app.core.policy import POLICY_PATH, Policy, read_policy
from app.core.state import Gate, Orchestration, Vote
from app.core.values import RepositoryName
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import ForbiddenError, NotFoundError, RefusedError
from app.github.people import People, authors_of_pull_request, commit_facts
from app.github.queueing import cause_in_queue, prove
from app.github.repositories import (
    compare,
    get_pull_request,
    list_pull_request_files,
    read_file,
)
from app.github.speech import is_still_said
from app.ports import Carried

CODE_OWNERS: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""
ORGANIZATION_REPOSITORIES: Final = (".github-private", ".github")
ORGANIZATION_PATHS: Final = ("orchestration-policy.yml", POLICY_PATH)
PUSHES: Final = frozenset({"push", "pull_request.synchronize", "pull_request.opened"})
"""Events whose sender pushed what the plan is about."""


class Surveyor:
    """Finds out about people and policies."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._people = People(client)

    @property
    def people(self) -> People:
        """Answers about people, each kept for a minute."""
        return self._people

    async def survey(self, command: SurveyGate, state: Orchestration) -> Carried:
        """Answer one survey; a gate that is decided needs none, nor one that is asked anew."""
        gate = gate_at(state, command.gate)
        if gate is None or gate.choice or _is_outdated(command, gate):
            return Carried()
        approval = approval_at(state, command.gate)
        access, cause = _access(state), cause_of(state)
        votes = gate.votes[: command.votes]
        policies = await self.policies(access)
        queued, proof, about = queued_in(cause), None, cause
        if queued is not None:
            proof = await prove(self._client, _at_cause(access, cause), queued, cause.sha)
            about = cause_in_queue(cause, queued, proof, gate.seeking.carry)
        owned_paths = await self._owned(approval, policies, access, about)
        teams = (*_teams(approval, policies), *_owning_teams(owned_paths))
        voters = [
            await self.voter(access, login, teams)
            for login in dict.fromkeys(vote.by for vote in votes if not vote.is_withdrawn)
        ]
        survey = Survey(
            at=self._client.clock.now(),
            votes=command.votes,
            voters=tuple(voters),
            parties=await self._parties(approval, access, about),
            owned=owned_paths,
            same_tree=await self._same_tree(access, cause, votes),
            policies=policies,
            proof=proof,
            changed=await self._changed_words(gate, votes),
        )
        event = GateSurveyed(
            at=survey.at, gate=command.gate, survey=survey, round=command.round
        )
        return Carried(events=(event,))

    async def _changed_words(self, gate: Gate, votes: tuple[Vote, ...]) -> tuple[str, ...]:
        """Find the comments that do not say any more what was voted by them.

        Once a vote is known it is heard when its comment is edited; here it is looked up what
        may have become of it before.
        """
        known = gate.survey.votes if gate.survey is not None else 0
        fresh = [vote for vote in votes[known:] if not vote.is_withdrawn]
        said = [await is_still_said(self._client, vote) for vote in fresh]
        return tuple(v.reference for v, is_said in zip(fresh, said, strict=True) if not is_said)

    async def voter(self, access: Access, login: str, teams: Iterable[str]) -> Voter:
        """Say who somebody is, what they may, and in which of these teams they are."""
        account = await self._people.account(access, login)
        member_of = [
            team for team in teams if await self._is_member(access, team, account.login)
        ]
        return Voter(
            login=account.login,
            id=account.id,
            is_bot=account.is_bot,
            permission=account.permission,
            teams=frozenset(member_of),
            emails=frozenset({account.email} - {""}),
        )

    async def _is_member(self, access: Access, team: str, login: str) -> bool:
        try:
            return await self._people.is_member(access, team, login)
        except ForbiddenError:
            # Without the permission to read members nobody is known to be one.
            return False

    async def policies(self, access: Access) -> tuple[PolicyText, ...]:
        """Read the policies of a repository and of its organisation."""
        found = [await self._policy(access, POLICY_PATH, str(access.repository))]
        owner = str(access.repository).partition("/")[0]
        for name in ORGANIZATION_REPOSITORIES:
            where = RepositoryName(f"{owner}/{name}")
            try:
                installation = await self._client.tokens.installation_of(where)
            except NotFoundError:
                continue
            at = Access(installation_id=installation, repository=where)
            for path in ORGANIZATION_PATHS:
                text = await self._policy(at, path, str(where))
                if text.text or text.error:
                    return (*found, text)
        return tuple(found)

    async def _policy(self, access: Access, path: str, owner: str) -> PolicyText:
        try:
            return PolicyText(
                owner=owner, text=(await read_file(self._client, access, path)).text
            )
        except NotFoundError:
            return PolicyText(owner=owner)
        except RefusedError as error:
            return PolicyText(owner=owner, error=error.message)

    async def _parties(
        self, approval: Approval, access: Access, cause: Cause
    ) -> dict[str, tuple[Party, ...]]:
        parties: dict[str, tuple[Party, ...]] = {}
        if AUTHORS in approval.exclude:
            authors = await self._authors(access, cause)
            if authors is not None:
                parties[AUTHORS] = authors
        if LAST_PUSHER in approval.exclude:
            pusher = await self._last_pusher(access, cause)
            if pusher is not None:
                parties[LAST_PUSHER] = (pusher,)
        return parties

    async def _authors(self, access: Access, cause: Cause) -> tuple[Party, ...] | None:
        at = _at_cause(access, cause)
        if cause.pull_request is not None:
            return await authors_of_pull_request(self._client, at, cause.pull_request)
        if not cause.sha:
            return None
        author = (await commit_facts(self._client, at, cause.sha)).author
        return (author,) if author is not None else None

    async def _last_pusher(self, access: Access, cause: Cause) -> Party | None:
        action = cause.event.get("action")
        happened = f"{cause.event_name}.{action}" if action else cause.event_name
        if happened in PUSHES and cause.actor:
            account = await self._people.account(access, cause.actor)
            return Party(login=account.login, id=account.id, is_bot=account.is_bot)
        if not cause.sha:
            return None
        # GitHub does not tell who pushed a commit; whoever made it is the nearest it has.
        return (await commit_facts(self._client, _at_cause(access, cause), cause.sha)).committer

    async def _owned(
        self,
        approval: Approval,
        policies: tuple[PolicyText, ...],
        access: Access,
        cause: Cause,
    ) -> tuple[Owned, ...] | None:
        if not any(each.code_owners for each in _requirements(approval, policies)):
            return ()
        at = _at_cause(access, cause)
        paths = await self._changed(at, cause)
        if paths is None:
            return None
        ref = await self._base(at, cause)
        for path in CODE_OWNERS:
            try:
                text = (await read_file(self._client, at, path, ref)).text
            except NotFoundError:
                continue
            # A large file takes seconds, in which all others are to be served.
            return await asyncio.to_thread(_owned_by, text, paths)
        return ()

    async def _base(self, access: Access, cause: Cause) -> str | None:
        """Return the branch whose owners count, as on GitHub: that which is merged into."""
        if cause.pull_request is not None:
            return (await get_pull_request(self._client, access, cause.pull_request)).base_ref
        return None

    async def _changed(self, access: Access, cause: Cause) -> tuple[str, ...] | None:
        if cause.pull_request is not None:
            files = await list_pull_request_files(self._client, access, cause.pull_request)
        elif isinstance(before := cause.event.get("before"), str) and cause.sha:
            files = await compare(self._client, access, before, cause.sha)
        else:
            return None
        return files.paths if files.is_complete else None

    async def _same_tree(
        self, access: Access, cause: Cause, votes: tuple[Vote, ...]
    ) -> tuple[str, ...]:
        """Find which other commits that were voted about hold the same files."""
        own = (vote.sha for vote in votes if vote.sha and not vote.carried_from)
        others = {sha for sha in own if sha != cause.sha}
        if not others or not cause.sha:
            return ()
        at = _at_cause(access, cause)
        tree = (await commit_facts(self._client, at, cause.sha)).tree
        same: list[str] = []
        for sha in sorted(others):
            try:
                facts = await commit_facts(self._client, at, sha)
            except RefusedError:
                continue
            if facts.tree and facts.tree == tree:
                same.append(sha)
        return tuple(same)


def _is_outdated(command: SurveyGate, gate: Gate) -> bool:
    """Tell whether a later survey is under way, which is about these votes and more.

    Where many vote at once there is one for each of them, and the last is enough.
    """
    return command.round != gate.seeking.rounds or command.votes < gate.asked_votes


def _access(state: Orchestration) -> Access:
    origin = state.plan.origin
    return Access(
        installation_id=origin.installation_id,
        repository=origin.repository,
        repository_id=origin.repository_id,
        urgency=Urgency.DECISION,
    )


def _at_cause(access: Access, cause: Cause) -> Access:
    return Access(
        installation_id=cause.installation_id,
        repository=cause.repository,
        repository_id=cause.repository_id,
        urgency=access.urgency,
    )


def _owned_by(text: str, paths: Iterable[str]) -> tuple[Owned, ...] | None:
    return owned(read_code_owners(text), paths)


def _requirements(
    approval: Approval, policies: tuple[PolicyText, ...]
) -> tuple[Requirement, ...]:
    found = [each for rule in approval.rules for each in rule.require]
    for policy in _read(policies):
        if policy.organization is not None:
            found += [each for rule in policy.organization.rules for each in rule.require]
            found += list(policy.organization.roles.values())
        found += list(policy.roles.values())
    return tuple(found)


def _read(policies: tuple[PolicyText, ...]) -> tuple[Policy, ...]:
    read = (read_policy(each.text)[0] for each in policies if each.text)
    return tuple(policy for policy in read if policy is not None)


def _teams(approval: Approval, policies: tuple[PolicyText, ...]) -> tuple[str, ...]:
    teams = [team for each in _requirements(approval, policies) for team in each.teams]
    if approval.break_glass is not None:
        teams += approval.break_glass.teams
    return tuple(dict.fromkeys(team.removeprefix("@") for team in teams))


def _owning_teams(found: tuple[Owned, ...] | None) -> tuple[str, ...]:
    names = {owner for group in found or () for owner in group.owners}
    return tuple(sorted(n.removeprefix("@") for n in names if n.startswith("@") and "/" in n))
