"""What people say on GitHub, brought to the orchestrations that it is about.

Reviews without words go to the gates at once: each gate asks by itself who the voter is. What
is said in words takes a way round by GitHub (`JudgeRequests`), where it is found out who asks,
and comes back as `RequestsJudged`. What then follows is the core's `doorways.responding`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

import structlog

from app.core.approvals.doors import CHECK, PAGE, Said, listen, one_of_many
from app.core.approvals.requests import (
    OtherRequest,
    Spoken,
    VoteRequest,
    read_requests,
)
from app.core.chores import AnswerRequests, Elsewhere, JudgeRequests
from app.core.doorways.beginning import freezing, starting
from app.core.doorways.moving import moved
from app.core.doorways.responding import Reply, respond
from app.core.doorways.wishing import (
    START_VERB,
    entry_meant,
    place_of_freeze,
    respond_to_wish,
    wished_start,
)
from app.core.doorways.words import spoken_words, words_of
from app.core.gate_events import VotesWithdrawn
from app.core.hearing.asking import (
    FREEZE,
    PREFIX,
    START,
    AskedWrongly,
    checked_login,
    event_asked_for,
    moment_asked_for,
    person_of,
)
from app.core.hearing.catalogue import Covered
from app.core.hearing.filters import wants_repository
from app.core.hearing.findings import RequestsJudged
from app.core.hearing.heard import Heard
from app.core.interests import Interest, said_about, said_in, said_on
from app.core.shared import calendar_subject
from app.core.state import Orchestration
from app.core.values import Json, JsonObject, OrchestrationId
from app.engine.library import Library
from app.engine.wishes import begin
from app.engine.work import Work
from app.ports import Delivery, Dispatched, Store

log = structlog.get_logger(__name__)

NEVER: Final = datetime.max.replace(tzinfo=UTC)
BY_COMMIT: Final = ("merge_group", "deployment_review")
"""GitHub's own word about a commit: of its queue, and of an environment's reviewers."""
ORIGINS_MAX: Final = 10
"""Repositories whose policies are asked besides the one where something was said."""

Listeners: TypeAlias = Mapping[Interest, Collection[OrchestrationId]]


class Doors:
    """Hears what people say, and sees to it that they are answered."""

    def __init__(self, store: Store, library: Library) -> None:
        self._store = store
        self._library = library

    def topics_of(self, heard: Heard) -> tuple[Interest, ...]:
        """Return all by which orchestrations may be found that a delivery is said of.

        By the commit only what is said by those who may push it: anybody can open a pull
        request from a fork that is at the same commit as something else.
        """
        if heard.repository is None or heard.event not in SPEAKING:
            return ()
        own = heard.repository.id
        number = heard.subject.pull_request or _issue(heard)
        topics = [said_on(own, number)] if number is not None else []
        is_fork = heard.pull_request is None or heard.pull_request.is_fork
        is_review = heard.event == "pull_request_review" and not is_fork
        if heard.subject.sha and (is_review or heard.event in BY_COMMIT):
            topics.append(said_about(own, heard.subject.sha))
        if heard.action in ("edited", "deleted", "dismissed"):
            said = listen(heard, NEVER)
            topics += [said_in(own, said.reference)] if said is not None else []
        return tuple(topics)

    def hear(
        self,
        delivery_id: str,
        heard: Heard,
        listeners: Listeners,
        dispatched: Dispatched | None,
        work: Work,
    ) -> None:
        """Take in what a delivery says. `dispatched` is whose workflow run it speaks of."""
        topics = self.topics_of(heard)
        concerned = {each for topic in topics for each in listeners.get(topic, ())}
        for event in moved(heard, work.now):
            for each in sorted(concerned):
                work.add(each, event)
            work.tell_newcomers(topics, delivery_id, event)
        said = listen(heard, work.now)
        if said is None or heard.repository is None:
            return
        if heard.subject.is_own and said.source != CHECK:
            # Our own comments ask for nothing; our checks have buttons that people press.
            return
        said = one_of_many(said, delivery_id)
        if dispatched is not None:
            concerned.add(dispatched.orchestration_id)
        withdrawn = VotesWithdrawn(at=work.now, reference=said.reference)
        if said.withdraws and _withdraws_votes(heard):
            for each in sorted(concerned):
                work.add(each, withdrawn)
            work.tell_newcomers(topics, delivery_id, withdrawn)
        if said.vote is not None:
            # A workflow run stands at a commit of its own repository; it is known whose it is.
            vote = said.vote if dispatched is None else replace(said.vote, sha="")
            for each in sorted(concerned):
                work.vote(each, vote)
            work.tell_newcomers(topics, delivery_id, vote)
        covered = self._library.catalogue.repositories.get(heard.repository.id)
        if covered is not None and said.requests:
            is_ours = bool(concerned or said.check) or self._may_be_ours(said, covered)
            if is_ours:
                self._ask(delivery_id, heard, said, covered, work)

    def _may_be_ours(self, said: Said, covered: Covered) -> bool:
        """Tell whether a comment may ask something of us where nothing is known to be meant.

        What a push began is found by the commit of the pull request, for which GitHub has to
        be asked. A word that only a machine could know is most likely another's.
        """
        if all(isinstance(each.request, OtherRequest) for each in said.requests):
            return False
        entries = self._library.catalogue.entries
        own = (entry.origin.repository_id == covered.repository.id for entry in entries)
        return any(own) or bool(self._origins(covered))

    def _ask(
        self, delivery_id: str, heard: Heard, said: Said, covered: Covered, work: Work
    ) -> None:
        """Have it found out who asks."""
        chore = JudgeRequests(
            installation_id=covered.installation_id,
            repository_id=covered.repository.id,
            delivery_id=delivery_id,
            by=said.by.login,
            by_id=said.by.id,
            is_bot=said.by.is_bot,
            at=said.at,
            source=said.source,
            reference=said.reference,
            text=_text(heard, said.requests),
            number=said.pull_request or _issue(heard),
            is_pull_request=said.pull_request is not None,
            sha=said.sha,
            orchestration=said.check,
            origins=self._origins(covered),
        )
        work.ask((chore,))

    def _origins(self, covered: Covered) -> tuple[Elsewhere, ...]:
        """Return the repositories whose definitions listen to one that is not theirs."""
        name = covered.repository.name
        found = [
            Elsewhere(
                installation_id=entry.origin.installation_id,
                repository_id=entry.origin.repository_id,
            )
            for entry in self._library.catalogue.entries
            if entry.origin.repository_id != covered.repository.id
            and any(
                it.repositories and wants_repository(it, entry.origin.repository, name)
                for it in entry.definition.on
            )
        ]
        return tuple(dict.fromkeys(found))[:ORIGINS_MAX]

    def said(
        self, delivery_id: str, said: JsonObject, about: Orchestration | None, work: Work
    ) -> None:
        """Take in what somebody says of an orchestration by the API. Raises `AskedWrongly`.

        Whoever holds the token says who it is; what that person may, GitHub says.
        """
        login, text = said.get("actor"), said.get("text")
        if not isinstance(login, str) or not login or not isinstance(text, str):
            raise AskedWrongly("`actor` or `text` is missing")
        if about is None:
            raise AskedWrongly("there is no such orchestration")
        words = words_of(text)
        if not words:
            raise AskedWrongly("`text` has no command, such as /approve or /retry")
        origin = about.plan.origin
        chore = JudgeRequests(
            installation_id=origin.installation_id,
            repository_id=origin.repository_id,
            delivery_id=delivery_id,
            by=checked_login(login),
            by_id=0,
            is_bot=False,
            at=work.now,
            source=PAGE,
            reference=f"page/{delivery_id}",
            text=words,
            orchestration=about.id,
        )
        work.ask((chore,))

    def wished(
        self, delivery: Delivery, wish: JsonObject, about: Orchestration | None, work: Work
    ) -> None:
        """Take in what somebody with an account wishes for. Raises `AskedWrongly`.

        What the operator may do at once, others may once their role is known.
        """
        installation_id, repository_id = self._place_of(delivery.event, wish, about, work)
        chore = JudgeRequests(
            installation_id=installation_id,
            repository_id=repository_id,
            delivery_id=delivery.id,
            by=checked_login(person_of(wish)),
            by_id=0,
            is_bot=False,
            at=work.now,
            source=PAGE,
            reference=f"page/{delivery.id}",
            text="",
            orchestration=about.id if about is not None else "",
            verb=delivery.event.removeprefix(PREFIX),
            wish=wish,
        )
        work.ask((chore,))

    def _place_of(
        self, event: str, wish: JsonObject, about: Orchestration | None, work: Work
    ) -> tuple[int, int]:
        """Say in which repository the role is asked for, by the ids of both."""
        catalogue = self._library.catalogue
        if event == FREEZE:
            moment_asked_for(wish, "until")
            covered = place_of_freeze(wish, catalogue)
            if covered is None:
                raise AskedWrongly("`organization` is none that is known here")
            return covered.installation_id, covered.repository.id
        if event == START:
            entry = entry_meant(wish, catalogue)
            if entry is None:
                raise AskedWrongly("there is no such definition")
            return entry.origin.installation_id, entry.origin.repository_id
        if event_asked_for(event, wish, work.now) is None:
            raise AskedWrongly(f"{event} is nothing that can be asked for")
        if about is None:
            raise AskedWrongly("there is no such orchestration")
        return about.plan.origin.installation_id, about.plan.origin.repository_id

    async def take(self, judged: RequestsJudged, work: Work) -> None:
        """Do what was asked for as far as it may be, and have it answered."""
        asked, meant = judged.asked, await self._meant(judged)
        if asked.verb:
            reply = respond_to_wish(judged, meant[0] if meant else None, work.now)
        else:
            reply = respond(judged, meant, work.now)
        for id_, event in reply.events:
            work.add(id_, event)
        self._begin(judged, reply, work)
        self._freeze(judged, reply, work)
        if asked.source == PAGE and reply.text:
            # Nobody waits there for an answer; who asked finds it here.
            log.warning("refused", by=asked.by, delivery=asked.delivery_id, why=reply.text)
        if reply.sign or reply.text:
            answer = AnswerRequests(
                installation_id=asked.installation_id,
                repository_id=asked.repository_id,
                delivery_id=asked.delivery_id,
                reference=asked.reference,
                number=asked.number,
                is_pull_request=asked.is_pull_request,
                sign=reply.sign,
                text=reply.text,
            )
            work.ask((answer,))

    async def _meant(self, judged: RequestsJudged) -> list[Orchestration]:
        """Load what was said of: by the button, else by where it was said."""
        asked = judged.asked
        if asked.verb and not asked.orchestration:
            return []
        ids: set[OrchestrationId] = set()
        if asked.orchestration:
            ids.add(OrchestrationId(asked.orchestration))
        else:
            topics = []
            if asked.number is not None:
                topics.append(said_on(asked.repository_id, asked.number))
            sha = asked.sha or judged.head_sha
            if sha and not judged.is_fork:
                topics.append(said_about(asked.repository_id, sha))
            ids = {each for _, each in await self._store.interested(topics)}
        found = await self._store.load(sorted(ids))
        return [found[each].state for each in sorted(found)]

    def _begin(self, judged: RequestsJudged, reply: Reply, work: Work) -> None:
        if judged.asked.verb == START_VERB:
            wished = wished_start(judged, self._library.catalogue, reply)
            if wished is not None:
                begun, inputs = wished
                name = judged.asked.delivery_id
                reply.begun(begin(begun, inputs, name, "manual", work))
        for number, request in enumerate(reply.starts, 1):
            start = starting(request, judged, self._library.catalogue, reply)
            if start is None:
                continue
            name = f"{judged.asked.delivery_id}/{number}"
            faults = begin(start, dict(request.inputs), name, "command", work)
            reply.begun(faults)

    def _freeze(self, judged: RequestsJudged, reply: Reply, work: Work) -> None:
        covered = self._library.catalogue.repositories.get(judged.asked.repository_id)
        if covered is None:
            return
        organization = covered.repository.name.partition("/")[0]
        names = self._library.calendars_of(organization)
        if one := judged.asked.wish.get("calendar"):
            names = [each for each in names if each == one]
        for request in reply.freezes:
            event = freezing(request, judged, organization, names, reply, work.now)
            for name in names if event is not None else ():
                assert event is not None, "the names are those of a freeze"
                work.tell(calendar_subject(organization, name), event)


SPEAKING: Final = frozenset(
    {
        "pull_request",
        "pull_request_review",
        "issue_comment",
        "check_run",
        "deployment_review",
        "merge_group",
    }
)
"""Events that say something of orchestrations which are under way."""


def _issue(heard: Heard) -> int | None:
    if heard.event != "issue_comment":
        return None
    issue: Json = heard.payload.get("issue")
    number = issue.get("number") if isinstance(issue, dict) else None
    return number if isinstance(number, int) else None


def _withdraws_votes(heard: Heard) -> bool:
    """Tell whether what was changed may have been a vote: most comments are none."""
    if heard.event != "issue_comment":
        return True
    changes: Json = heard.payload.get("changes")
    body = changes.get("body") if isinstance(changes, dict) else None
    before = body.get("from") if isinstance(body, dict) else None
    if before is None:
        comment: Json = heard.payload.get("comment")
        before = comment.get("body") if isinstance(comment, dict) else None
    requests = read_requests(before) if isinstance(before, str) else ()
    return any(isinstance(each.request, VoteRequest) for each in requests)


def _text(heard: Heard, requests: tuple[Spoken, ...]) -> str:
    """Return the lines that ask for something; of a button what it stands for."""
    for place in ("comment", "review"):
        said: Json = heard.payload.get(place)
        body = said.get("body") if isinstance(said, dict) else None
        if isinstance(body, str):
            return words_of(body)
    return spoken_words(requests)
