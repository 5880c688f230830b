"""Brings the check run and the comments of an orchestration up to its state.

What they say is the core's `summary`. Here it is found out whether there is something to write
to, and that it is written once.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

from app.core.commands import ConcludeCheck
from app.core.events import Surface, SurfaceRefused, SurfaceWritten
from app.core.legs.context import cause_of
from app.core.state import Orchestration, Written
from app.core.summary import (
    CheckText,
    comment_mark,
    comment_mark_start,
    summarise_check,
    summarise_comment,
    with_page,
)
from app.core.telling.report_issue import report_issue
from app.core.values import Json, Sha
from app.github import surfaces
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import NotFoundError, RefusedError
from app.github.repositories import app_id
from app.github.surfaces import Comment
from app.ports import Carried, Errand, Outcome, Postponed

CONCLUDED: Final = "the check run is completed already: it is looked at anew what it should say"
DOUBTED_MAX: Final = 1_000
"""Those that come no more are forgotten some time; whoever comes again doubts once more."""
_NUMBER: Final = re.compile(r"(\d{1,18}) -->")


class Reporter:
    """Writes to checks and comments as the App; `pages` is where our pages are, if they are."""

    def __init__(self, client: Client, pages: str = "") -> None:
        self._client = client
        self._pages = pages
        self._app_id: int | None = None
        self._doubted: set[str] = set()
        # Held while a comment may have to be created; gone when nobody holds it.
        self._commenting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def write_check(self, state: Orchestration, errand: Errand) -> Outcome:
        """Create or update the check run, if it says something else than before."""
        text, sha = summarise_check(state), cause_of(state).sha
        written = state.surfaces.get(Surface.CHECK, Written())
        if text.digest == written.digest:
            return Carried()
        access = access_to_cause(state)
        content = self._content(text, state)
        whose = (sha, text.name, state.id)
        check_id, is_over = written.remote_id, content["status"] == "completed"
        try:
            if errand.tries > 1 and (check_id is None or is_over):
                # What an earlier try may have created: the only one, or one in its place.
                found = await self.find_check(access, *whose, is_open=check_id is not None)
                check_id = found or check_id
            if check_id is not None:
                check_id = await self._update(access, check_id, content, whose)
                if check_id is None and self._doubts(state):
                    return Postponed(why=CONCLUDED)
            if check_id is None:
                created = {**content, "head_sha": sha, "external_id": state.id}
                check_id = (await surfaces.create_check_run(self._client, access, created)).id
        except RefusedError as error:
            return self._refused(Surface.CHECK, error)
        return self._written(Surface.CHECK, check_id, text.digest, sha)

    def _doubts(self, state: Orchestration) -> bool:
        """Tell whether a state that goes on after its check was completed may be an old one.

        Whoever has lost their lease without knowing it may still hold what was so before the
        end. So it is looked at anew, which only who has the lease comes back to do.
        """
        if state.id in self._doubted:
            self._doubted.discard(state.id)
            return False
        if len(self._doubted) >= DOUBTED_MAX:
            self._doubted.clear()
        self._doubted.add(state.id)
        return True

    def _content(self, text: CheckText, state: Orchestration) -> Mapping[str, Json]:
        """Say what a check run holds, with the way to the page where there are pages.

        https://docs.github.com/en/rest/checks/runs#create-a-check-run
        """
        if not self._pages:
            return _check_content(text)
        url = f"{self._pages}/{state.id}"
        return {**_check_content(with_page(text, url)), "details_url": url}

    async def _update(
        self,
        access: Access,
        check_id: int,
        content: Mapping[str, Json],
        whose: tuple[Sha, str, str],
    ) -> int | None:
        """Update a check run; `None` where it is completed and stays so, and another is due.

        What is tried again after its end goes on, but GitHub reopens no check run: a new one
        of the same name takes its place.
        """
        written = await surfaces.update_check_run(self._client, access, check_id, content)
        if written.status != "completed" or content["status"] == "completed":
            return check_id
        found = await self.find_check(access, *whose, is_open=True)
        if found is not None:
            await surfaces.update_check_run(self._client, access, found, content)
        return found

    async def conclude_check(self, state: Orchestration, command: ConcludeCheck) -> Carried:
        """Conclude the check run on a commit that the orchestration has gone on from."""
        title = "superseded by a new commit"
        told = f"{state.plan.title} goes on at {command.by}, and so does its check."
        content: dict[str, Json] = {
            "status": "completed",
            "conclusion": "neutral",
            "output": {"title": title, "summary": told},
        }
        access = access_to_cause(state)
        # A check run that is gone, or no longer ours to write, holds nobody up.
        with suppress(RefusedError, NotFoundError):
            await surfaces.update_check_run(self._client, access, command.remote_id, content)
        return Carried()

    async def find_check(
        self, access: Access, sha: Sha, name: str, external_id: str, *, is_open: bool = False
    ) -> int | None:
        """Find a check run that an earlier try may have created."""
        found = await surfaces.list_check_runs(
            self._client, access, sha, name=name, app_id=await self.own_id()
        )
        ours = (check for check in found if check.external_id == external_id)
        return next(
            (check.id for check in ours if not is_open or check.status != "completed"), None
        )

    async def write_comment(self, state: Orchestration) -> Carried:
        """Edit our comment on the pull request, or create it.

        One that a later orchestration of the same definition has taken over is left alone,
        and so is the wish of whoever deleted it.
        """
        plan = state.plan
        if plan.cause.pull_request is None:
            return Carried()
        place = _Place(
            surface=Surface.COMMENT,
            access=access_to_cause(state),
            number=plan.cause.pull_request,
            mark=comment_mark_start(plan.origin.repository, plan.definition.id),
            read=surfaces.COMMENTS_READ,
            write=surfaces.COMMENTS_WRITE,
        )
        return await self._keep_comment(state, place)

    async def write_issue(self, state: Orchestration) -> Carried:
        """Edit our comment on the issue that `report-to` names, or create it.

        Every orchestration has its own there: an issue may be about several.
        """
        number = report_issue(state, self._client.clock.now())
        if number is None:
            return Carried()
        origin = state.plan.origin
        access = Access(
            installation_id=origin.installation_id,
            repository=origin.repository,
            repository_id=origin.repository_id,
            urgency=Urgency.STATUS,
        )
        place = _Place(
            surface=Surface.ISSUE,
            access=access,
            number=number,
            mark=comment_mark(state.plan),
            read={"issues": "read"},
            write={"issues": "write"},
        )
        return await self._keep_comment(state, place)

    async def _keep_comment(self, state: Orchestration, place: "_Place") -> Carried:
        text = summarise_comment(state)
        written = state.surfaces.get(place.surface, Written())
        if text.digest == written.digest:
            return Carried()
        key = f"{place.access.repository_id}/{place.number}/{place.mark}"
        lock = self._commenting.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                comment = await self._comment(place, written.remote_id)
                if comment is None:
                    comment = await surfaces.create_comment(
                        self._client,
                        place.access,
                        place.number,
                        text.body,
                        permissions=place.write,
                    )
                elif number_of(comment, place.mark) <= state.plan.number:
                    await surfaces.update_comment(
                        self._client,
                        place.access,
                        comment.id,
                        text.body,
                        permissions=place.write,
                    )
        except RefusedError as error:
            return self._refused(place.surface, error)
        return self._written(place.surface, comment.id, text.digest)

    async def _comment(self, place: "_Place", comment_id: int | None) -> Comment | None:
        """Return our comment, as it stands now."""
        if comment_id is not None:
            try:
                return await surfaces.get_comment(
                    self._client, place.access, comment_id, permissions=place.read
                )
            except NotFoundError as error:
                raise RefusedError("somebody deleted the comment") from error
        own_id = await self.own_id()
        for comment in await surfaces.list_comments(
            self._client, place.access, place.number, permissions=place.read
        ):
            if comment.app_id == own_id and comment.body.startswith(place.mark):
                return comment
        return None

    async def own_id(self) -> int:
        """Return the id of the App."""
        if self._app_id is None:
            self._app_id = await app_id(self._client)
        return self._app_id

    def _written(self, surface: Surface, remote_id: int, digest: str, sha: str = "") -> Carried:
        at = self._client.clock.now()
        event = SurfaceWritten(
            at=at, surface=surface, remote_id=remote_id, digest=digest, sha=sha
        )
        return Carried(events=(event,))

    def _refused(self, surface: Surface, error: RefusedError) -> Carried:
        at = self._client.clock.now()
        event = SurfaceRefused(at=at, surface=surface, message=error.message)
        return Carried(events=(event,))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a comment stands, how it begins, and what it takes to read and write it."""

    surface: Surface
    access: Access
    number: int
    mark: str
    read: Mapping[str, str]
    write: Mapping[str, str]


def access_to_cause(state: Orchestration) -> Access:
    """Return how to reach the repository in which the orchestration was caused."""
    cause = state.plan.cause
    return Access(
        installation_id=cause.installation_id,
        repository=cause.repository,
        repository_id=cause.repository_id,
        urgency=Urgency.STATUS,
    )


def _check_content(text: CheckText) -> Mapping[str, Json]:
    content: dict[str, Json] = {
        "name": text.name,
        "status": text.status,
        "output": {"title": text.title, "summary": text.summary, "text": text.text},
    }
    content["actions"] = [
        {"label": it.label, "description": it.description, "identifier": it.identifier}
        for it in text.buttons
    ]
    if text.started_at is not None:
        content["started_at"] = _instant(text.started_at)
    if text.conclusion is not None:
        content["conclusion"] = text.conclusion
    if text.conclusion is not None and text.ended_at is not None:
        content["completed_at"] = _instant(text.ended_at)
    return content


def number_of(comment: Comment, mark: str) -> int:
    """Return the number of the orchestration that a comment speaks of."""
    found = _NUMBER.match(comment.body.removeprefix(mark))
    return int(found[1]) if found else 0


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
