"""Judges who asks for something in words, and answers them where they asked.

Nothing is decided here. What cannot be found out is left out, and then nobody may.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.core.approvals.survey import PolicyText
from app.core.chores import AnswerRequests, Elsewhere, JudgeRequests
from app.core.doorways.words import answer_to_vote, marked, number_of
from app.core.gate_commands import AnswerVote
from app.core.hearing.findings import RequestsJudged, StandingIn
from app.core.legs.context import cause_of
from app.core.policy import read_policy
from app.core.state import Orchestration
from app.github import surfaces
from app.github.client import Access, Client
from app.github.errors import RefusedError, RepositoryAwayError
from app.github.operations.desk import ISSUES_WRITE, OwnId
from app.github.reporting import access_to_cause
from app.github.repositories import get_pull_request
from app.github.speech import access_by_id, comment_of, permissions_to_read, words_now
from app.github.surveying import Surveyor
from app.ports import Carried, Errand

GOOD, BAD = "+1", "-1"
# Clocks differ: what was made may seem to be older than the first try.
EARLIER: Final = timedelta(minutes=2)


class Clerk:
    """Judges requests, and answers them."""

    def __init__(self, client: Client, surveyor: Surveyor, own_id: OwnId) -> None:
        self._client = client
        self._surveyor = surveyor
        self._own_id = own_id

    async def carry(
        self, command: JudgeRequests | AnswerRequests | AnswerVote, errand: Errand
    ) -> Carried:
        """Carry out what people are to be answered, or what must be known for it."""
        match command:
            case JudgeRequests():
                return await self.judge(command)
            case AnswerRequests():
                return await self.answer(command, errand)
            case AnswerVote():
                assert errand.state is not None, "a vote is one of an orchestration"
                return await self.answer_vote(command, errand.state, errand)

    async def judge(self, command: JudgeRequests) -> Carried:
        """Find out who asked, what they may, and whether they still say so."""
        here = Elsewhere(
            installation_id=command.installation_id, repository_id=command.repository_id
        )
        standings = [
            await self._standing(command, place)
            for place in dict.fromkeys((here, *command.origins))
        ]
        access = await access_by_id(
            self._client, command.installation_id, command.repository_id
        )
        head_sha, is_fork, is_changed = "", False, access is None
        if access is not None:
            is_changed = await self._is_changed(access, command)
            if command.is_pull_request and command.number is not None:
                head_sha, is_fork = await self._head(access, command.number)
        judged = RequestsJudged(
            asked=command,
            standings=tuple(standings),
            head_sha=head_sha,
            is_fork=is_fork,
            is_changed=is_changed,
        )
        return Carried(findings=(judged,))

    async def _head(self, access: Access, number: int) -> tuple[str, bool]:
        try:
            pull = await get_pull_request(self._client, access, number)
        except RefusedError:
            return "", True
        return pull.head_sha, pull.is_fork

    async def _standing(self, command: JudgeRequests, place: Elsewhere) -> StandingIn:
        installation_id, repository_id = place.installation_id, place.repository_id
        try:
            access = await access_by_id(self._client, installation_id, repository_id)
        except RepositoryAwayError:
            access = None
        if access is None:
            return StandingIn(repository_id=repository_id, voter=None)
        try:
            policies = await self._surveyor.policies(access)
            voter = await self._surveyor.voter(access, command.by, _teams(policies))
        except RefusedError:
            return StandingIn(repository_id=repository_id, voter=None)
        if command.by_id and voter.id and voter.id != command.by_id:
            # The name belongs to another account by now.
            return StandingIn(repository_id=repository_id, voter=None, policies=policies)
        return StandingIn(repository_id=repository_id, voter=voter, policies=policies)

    async def _is_changed(self, access: Access, command: JudgeRequests) -> bool:
        number = comment_of(command.reference)
        if number is None:
            return False
        now = await words_now(
            self._client, access, number, is_pull_request=command.is_pull_request
        )
        return now != command.text

    async def answer(self, command: AnswerRequests, errand: Errand) -> Carried:
        """Put the sign, and say what there is to say."""
        access = await access_by_id(
            self._client, command.installation_id, command.repository_id
        )
        if access is not None:
            body = marked(command.delivery_id, command.text) if command.text else ""
            place = _Place(
                access=access,
                reference=command.reference,
                number=command.number,
                is_pull_request=command.is_pull_request,
            )
            await self._say(place, command.sign, body, errand)
        return Carried()

    async def answer_vote(
        self, command: AnswerVote, state: Orchestration, errand: Errand
    ) -> Carried:
        """Tell a voter whether the vote counts."""
        sign = GOOD if command.is_counted else BAD
        body = marked(command.key, answer_to_vote(command)) if command.sentence else ""
        cause = cause_of(state)
        place = _Place(
            access=access_to_cause(state),
            reference=command.reference,
            number=number_of(cause),
            is_pull_request=cause.pull_request is not None,
        )
        await self._say(place, sign, body, errand)
        return Carried()

    async def _say(self, place: "_Place", sign: str, body: str, errand: Errand) -> None:
        comment, write = comment_of(place.reference), _write(place.is_pull_request)
        try:
            if comment is not None and sign:
                await surfaces.react(
                    self._client, place.access, comment, sign, permissions=write
                )
            if not body or place.number is None or await self._is_said(place, body, errand):
                return
            await surfaces.create_comment(
                self._client, place.access, place.number, body, permissions=write
            )
        except RefusedError:
            # The comment is gone, the conversation locked: there is nobody to answer.
            return

    async def _is_said(self, place: "_Place", body: str, errand: Errand) -> bool:
        """Tell whether an earlier try has given this answer."""
        if errand.tries == 1 or place.number is None:
            return False
        mark, own_id = body.partition("\n")[0], await self._own_id()
        since = _instant(errand.first_tried_at - EARLIER)
        comments = await surfaces.list_comments(
            self._client,
            place.access,
            place.number,
            permissions=permissions_to_read(is_pull_request=place.is_pull_request),
            since=since,
        )
        return any(it.app_id == own_id and it.body.startswith(mark) for it in comments)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where something was said: the comment, and what it stands under."""

    access: Access
    reference: str
    number: int | None
    is_pull_request: bool


def _write(is_pull_request: bool) -> Mapping[str, str]:
    return surfaces.COMMENTS_WRITE if is_pull_request else ISSUES_WRITE


def _teams(policies: tuple[PolicyText, ...]) -> tuple[str, ...]:
    """Name the teams to which the policies give roles."""
    found: list[str] = []
    for each in policies:
        policy, _ = read_policy(each.text) if each.text else (None, ())
        if policy is not None:
            grants = [policy.roles]
            if policy.organization is not None:
                grants.append(policy.organization.roles)
            found += [team for roles in grants for it in roles.values() for team in it.teams]
    return tuple(dict.fromkeys(team.removeprefix("@") for team in found))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
