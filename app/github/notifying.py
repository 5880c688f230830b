"""Tells people something once: by a comment, an issue, or a webhook to where the settings say.

A comment goes to the pull request that caused the orchestration, or to the issue that it
reports to; where there is neither, or no consent, an issue is opened in the definition's own
repository, so that nothing stays unsaid. What cannot be told at all is only logged: the
orchestration goes on without it.
"""

import hashlib
import hmac
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from app.core.commands import Notify
from app.core.policy import consent_to_write
from app.core.state import Orchestration
from app.core.telling.markdown import one_line, plain, prose
from app.core.telling.report_issue import report_issue
from app.github import surfaces
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.consents import Consents
from app.github.errors import NotFoundError, RefusedError, UnavailableError
from app.github.leaving import insist_on_lease
from app.github.operations.desk import EARLIER, ISSUES_READ, ISSUES_WRITE, OwnId, instant
from app.github.operations.talking import app_of, issues_since, open_issue
from app.github.reporting import access_to_cause
from app.github.repositories import text_of
from app.github.starting import SETTLED_AFTER
from app.github.surfaces import COMMENTS_READ, COMMENTS_WRITE
from app.ports import Carried, Errand, Outcome, Postponed

log = logging.getLogger(__name__)

TEXT_MAX: Final = 2_000
TITLE_MAX: Final = 200
SECONDS_MAX: Final = 10
ANYBODY: Final = "*"
# What may be mentioned: a person, or a team.
_MENTIONED = re.compile(r"[A-Za-z0-9-]{1,39}(/[A-Za-z0-9._-]{1,100})?")
# Statuses that may pass: too early, too many, and all that is the receiver's own trouble.
_PASSING: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Where notices go by webhook: addresses of the settings alone, by whom they are for.

    `*` is for everybody who has no address of their own. Each notice is signed.
    """

    urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)
    http: httpx.AsyncBaseTransport | None = None

    def url_for(self, to: str) -> str | None:
        """Return the address for somebody, if the settings have one."""
        return self.urls.get(to) or self.urls.get(ANYBODY)


class Herald:
    """Tells people, as the App."""

    def __init__(
        self, client: Client, consents: Consents, own_id: OwnId, webhooks: Webhooks
    ) -> None:
        self._client = client
        self._consents = consents
        self._own_id = own_id
        self._webhooks = webhooks

    async def notify(self, command: Notify, errand: Errand) -> Outcome:
        """Tell people once; after a try whose outcome is not known, look for it first."""
        assert errand.state is not None, "a notice is an orchestration's"
        notice = _Notice(command=command, state=errand.state, errand=errand)
        if command.via == "webhook":
            return await self._post(notice)
        try:
            if command.via == "comment" and await self._comment(notice):
                return Carried()
            await self._open_issue(notice)
        except RefusedError as error:
            log.warning("%s of %s not told: %s", command.key, errand.state.id, error)
        except UnavailableError as error:
            if not error.effect_unknown:
                raise
            # By then GitHub shows what it has taken, if it has.
            until = self._client.clock.now() + SETTLED_AFTER
            return Postponed(why=error.message, until=until)
        return Carried()

    # --- comments and issues ------------------------------------------------------------------

    async def _comment(self, notice: "_Notice") -> bool:
        """Comment where people look already. Return false where that cannot be."""
        state = notice.state
        number = state.plan.cause.pull_request
        if number is not None:
            access = access_to_cause(state)
            read: Mapping[str, str] = COMMENTS_READ
            write: Mapping[str, str] = COMMENTS_WRITE
        else:
            number = report_issue(state, self._client.clock.now())
            access, read, write = notice.home, ISSUES_READ, ISSUES_WRITE
        if number is None:
            return False
        try:
            if not await self._is_let_in(state, access):
                return False
            if notice.errand.tries > 1:
                for each in await surfaces.list_comments(
                    self._client, access, number, permissions=read, since=notice.since
                ):
                    if notice.mark in each.body and each.app_id == await self._own_id():
                        return True
            await surfaces.create_comment(
                self._client, access, number, notice.body, permissions=write
            )
        except RefusedError as error:
            log.warning("%s: no comment, but an issue: %s", notice.command.key, error)
            return False
        return True

    async def _is_let_in(self, state: Orchestration, access: Access) -> bool:
        origin = state.plan.origin
        if access.repository_id == origin.repository_id:
            return True
        assert access.repository is not None, "a cause is in a repository"
        return consent_to_write(
            await self._consents.policy(access),
            target=access.repository,
            origin=origin,
            definition=state.plan.definition.id,
        ).is_given

    async def _open_issue(self, notice: "_Notice") -> None:
        if notice.errand.tries > 1:
            for item in await issues_since(self._client, notice.home, notice.since):
                is_ours = app_of(item) == await self._own_id()
                if notice.mark in text_of(item, "body") and is_ours:
                    return
        try:
            await open_issue(self._client, notice.home, title=notice.title, body=notice.body)
        except NotFoundError as error:
            raise RefusedError(f"no issue can be opened: {error}") from error

    # --- webhooks -----------------------------------------------------------------------------

    async def _post(self, notice: "_Notice") -> Outcome:
        """Post to the address of the settings, never to one that a definition names."""
        url = self._webhooks.url_for(notice.command.to)
        if url is None:
            log.warning("NOTIFY_URLS has no address for %s", notice.command.to)
            return Carried()
        body = json.dumps(notice.content(instant(self._client.clock.now()))).encode()
        signed = hmac.new(self._webhooks.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "signalbox",
            "X-Signalbox-Delivery": notice.id,
            "X-Signalbox-Signature-256": f"sha256={signed}",
        }
        await insist_on_lease(f"the webhook for {notice.command.to}")
        try:
            async with httpx.AsyncClient(
                transport=self._webhooks.http, follow_redirects=False, timeout=SECONDS_MAX
            ) as http:
                response = await http.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            # The address may hold a secret of its own, so it is in no message.
            return Postponed(why=f"the webhook for {notice.command.to}: {type(error).__name__}")
        if response.is_success:
            return Carried()
        why = f"the webhook for {notice.command.to} answered {response.status_code}"
        if response.status_code >= 500 or response.status_code in _PASSING:
            return Postponed(why=why)
        log.warning("%s: %s is not told", why, notice.command.key)
        return Carried()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notice:
    """One thing to tell, and how it is told."""

    command: Notify
    state: Orchestration
    errand: Errand

    @property
    def id(self) -> str:
        return f"{self.state.id}/{self.command.key}"

    @property
    def home(self) -> Access:
        origin = self.state.plan.origin
        return Access(
            installation_id=origin.installation_id,
            repository=origin.repository,
            repository_id=origin.repository_id,
            urgency=Urgency.STATUS,
        )

    @property
    def since(self) -> str:
        return instant(self.errand.first_tried_at - EARLIER)

    @property
    def mark(self) -> str:
        digest = hashlib.sha256(self.id.encode()).hexdigest()[:16]
        return f"<!-- signalbox notice {digest} -->"

    @property
    def title(self) -> str:
        return one_line(f"{self.state.plan.title}: {self.command.text}", TITLE_MAX)

    @property
    def body(self) -> str:
        to = self.command.to
        whom = f"@{to}" if _MENTIONED.fullmatch(to) else plain(to)
        text = prose(self.command.text, TEXT_MAX)
        return f"{whom} **{plain(self.state.plan.title)}**: {text}\n\n{self.mark}"

    def content(self, at: str) -> dict[str, object]:
        plan = self.state.plan
        return {
            "id": self.id,
            "at": at,
            "to": self.command.to,
            "about": self.command.about,
            "text": one_line(f"{plan.title}: {self.command.text}", TEXT_MAX),
            "orchestration": {
                "id": plan.id,
                "title": plan.title,
                "definition": plan.definition.id,
                "repository": plan.origin.repository,
                "cause": {
                    "repository": plan.cause.repository,
                    "sha": plan.cause.sha,
                    "pull_request": plan.cause.pull_request,
                },
            },
        }
