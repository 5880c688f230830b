"""The ASGI app: reads a request, finds out who asks, answers, and writes the call down.

In order, as on GitHub: API version, credentials, rate limit, whether the repository may be
seen (404), permission (403), and only then the endpoint. Faults come before or after all that.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import format_datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from app.rehearsal.model import apps
from app.rehearsal.model.faults import CallFault, CallPlan, ConnectionDropped
from app.rehearsal.model.limits import Excess
from app.rehearsal.model.personal import Personal, check_role
from app.rehearsal.model.refused import Refused, not_found, not_permitted
from app.rehearsal.model.state import Repository
from app.rehearsal.model.world import Call, Flavour
from app.rehearsal.wire import (
    routes_actions,
    routes_apps,
    routes_checks,
    routes_environments,
    routes_git,
    routes_issues,
    routes_objects,
    routes_people,
    routes_pulls,
    routes_registering,
    routes_releases,
)
from app.rehearsal.wire.exchange import Answer, Ask, Door, Needs, Route, RouteTable, Service

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Asgi: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

# https://docs.github.com/rest/about-the-rest-api/api-versions
VERSIONS = {
    Flavour.CLOUD: ("2022-11-28", "2026-03-10"),
    Flavour.ENTERPRISE_SERVER: ("2022-11-28",),
}
ENTERPRISE_PREFIX = "/api/v3"
DOCUMENTATION = "https://docs.github.com/rest"
ROUTES = RouteTable(
    (
        *routes_apps.ROUTES,
        *routes_git.ROUTES,
        *routes_objects.ROUTES,
        *routes_pulls.ROUTES,
        *routes_issues.ROUTES,
        *routes_releases.ROUTES,
        *routes_checks.ROUTES,
        *routes_actions.ROUTES,
        *routes_environments.ROUTES,
        *routes_people.ROUTES,
        *routes_registering.ROUTES,
    )
)


class RehearsalApp:
    """The rehearsal GitHub as an ASGI app."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.world = service.world

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await _whole_body(receive)
        ask = self._read(scope, body)
        is_api = not ask.path.startswith("/_")
        fault = self.world.faults.for_call(ask.method, ask.path) if is_api else None
        is_done = fault is None or fault.kind.is_after
        answer = self.answer(ask) if is_done else Answer()
        is_done = is_done and answer.status < 400
        if fault is not None:
            answer = _spoiled(fault)
        if is_api:
            call = Call(ask.method, ask.path, answer.status, self.world.now(), is_done)
            self.world.calls.append(call)
        await _send(answer, ask, send, is_dropped=answer.status == 0)

    def answer(self, ask: Ask) -> Answer:
        """Return the answer to a request, without any fault."""
        try:
            answer = self._answer(ask)
        except Refused as refused:
            answer = Answer(refused.status, _refusal(refused), refused.headers)
        if ask.method == "GET" and answer.status == 200:
            answer = self._revalidated(ask, answer)
        if ask.counted is not None:
            limits = self.world.limits
            answer.headers |= limits.headers(ask.counted, self.world.now())
        answer.headers["x-github-api-version-selected"] = ask.version
        answer.headers["date"] = format_datetime(self.world.now(), usegmt=True)
        return answer

    def _read(self, scope: Message, body: bytes) -> Ask:
        raw = scope.get("raw_path") or scope["path"].encode()
        quoted = raw.split(b"?", 1)[0].decode("ascii")
        headers = {
            k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]
        }
        query = dict(parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True))
        if self.world.flavour is Flavour.ENTERPRISE_SERVER:
            quoted = quoted.removeprefix(ENTERPRISE_PREFIX)
        # A slash may be part of a name, quoted: then it divides nothing.
        segments = [unquote(part) for part in quoted.strip("/").split("/")]
        method, path = scope["method"], unquote(quoted)
        return Ask(self.service, method, path, query, headers, body, segments)

    def _answer(self, ask: Ask) -> Answer:
        self._check_version(ask)
        segments = list(ask.segments)
        by_id = segments[0] == "repositories" and len(segments) > 1
        if by_id:
            repository = self._by_id(segments[1])
            segments[:2] = ["repos", repository.owner.login, repository.name]
        found = ROUTES.find("GET" if ask.method == "HEAD" else ask.method, segments)
        if found is None:
            raise not_found()
        route, ask.parameters = found
        if route.door is Door.ANYONE:
            return route.handler(ask)
        token = _token(ask)
        if route.door is Door.APP:
            apps.check_app_token(self.world, token)
            if "repo" in ask.parameters:
                ask.found = self._named(segments)
            return route.handler(ask)
        personal = self.service.personal.tokens.get(token)
        if personal is not None:
            return self._answer_person(ask, route, personal, segments)
        ask.grant = self.service.keyring.grant_for(self.world, token)
        self._check_limits(ask)
        if "repo" in ask.parameters:
            moved = self._moved(segments)
            if moved is not None:
                return moved
            ask.found = self._visible(ask, route.needs, segments)
        else:
            _check_needs(ask.grant, route.needs)
        return route.handler(ask)

    def _answer_person(
        self, ask: Ask, route: Route, token: Personal, segments: list[str]
    ) -> Answer:
        """Answer a person, who may do what their role in the repository allows."""
        ask.person = token.who
        self._check_limits(ask)
        if "repo" not in ask.parameters:
            raise not_found()
        moved = self._moved(segments)
        if moved is not None:
            return moved
        ask.found = self._named(segments)
        role = routes_apps.role_of(ask, token.who.login)
        check_role(token, role, writes=any(level != "read" for _, level in route.needs))
        return route.handler(ask)

    def _check_version(self, ask: Ask) -> None:
        known = VERSIONS[self.world.flavour]
        ask.version = ask.headers.get("x-github-api-version", known[0])
        if ask.version not in known:
            status = 410 if self.world.flavour is Flavour.CLOUD else 400
            raise Refused(status, f"{ask.version} is not a supported API version")
        if "user-agent" not in ask.headers:
            raise Refused(403, "Please make sure your request has a User-Agent header")

    def _check_limits(self, ask: Ask) -> None:
        assert ask.counted is not None
        if ask.path == "/rate_limit":
            return
        excess = self.world.limits.take(ask.counted, ask.method, self.world.now())
        if excess is not None:
            whose = "installation" if ask.person is None else "user"
            raise _too_many(excess, f"{whose} ID {ask.counted}")

    def _by_id(self, text: str) -> Repository:
        repository = self.world.repositories.get(int(text)) if text.isdigit() else None
        if repository is None:
            raise not_found()
        return repository

    def _named(self, segments: list[str]) -> Repository:
        number = self.world.names.get(f"{segments[1]}/{segments[2]}".lower())
        if number is None:
            raise not_found()
        return self.world.repositories[number]

    def _moved(self, segments: list[str]) -> Answer | None:
        """Return the redirect to a repository that had this name before it was renamed."""
        repository = self._named(segments)
        if repository.full_name.lower() == f"{segments[1]}/{segments[2]}".lower():
            return None
        url = f"{self.world.at.api}/repositories/{repository.id}"
        url = "/".join([url, *segments[3:]])
        body = {"message": "Moved Permanently", "url": url, "documentation_url": DOCUMENTATION}
        return Answer(301, body, {"location": url})

    def _visible(self, ask: Ask, needs: Needs, segments: list[str]) -> Repository:
        """Return the repository, if the token reaches it and may do this to it."""
        repository = self._named(segments)
        assert ask.grant is not None
        if apps.reaches(self.world, ask.grant, repository):
            _check_needs(ask.grant, needs)
            return repository
        if repository.is_private:
            raise not_found()
        # What is public may be read by anybody who has signed in.
        if ask.method != "GET":
            raise not_permitted()
        return repository

    def _revalidated(self, ask: Ask, answer: Answer) -> Answer:
        """Give an answer its ETag, or say that nothing has changed."""
        encoded = _encoded(answer.body)
        tag = f'W/"{hashlib.sha256(encoded).hexdigest()}"'
        if ask.headers.get("if-none-match") == tag:
            if ask.counted is not None and ask.path != "/rate_limit":
                self.world.limits.give_back(ask.counted)
            return Answer(304, None, {"etag": tag})
        answer.body = encoded
        answer.headers["etag"] = tag
        return answer


def _check_needs(grant: apps.Grant, needs: Needs) -> None:
    if needs:
        apps.check_permission(grant, needs)


def _token(ask: Ask) -> str:
    kind, _, token = ask.headers.get("authorization", "").partition(" ")
    if kind.lower() not in {"bearer", "token"} or not token:
        raise Refused(401, "Requires authentication")
    return token


def _refusal(refused: Refused) -> dict[str, Any]:
    body: dict[str, Any] = {
        "message": refused.message,
        "documentation_url": DOCUMENTATION,
        "status": str(refused.status),
    }
    if refused.errors is not None:
        body["errors"] = list(refused.errors)
    return body


def _too_many(excess: Excess, whom: str) -> Refused:
    if excess.is_primary:
        return Refused(403, f"API rate limit exceeded for {whom}.")
    return Refused(
        403,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try "
        "again.",
        headers={"retry-after": str(excess.retry_after)},
    )


def _spoiled(fault: CallPlan) -> Answer:
    """Return what the caller gets to see instead. Status 0 stands for no answer at all."""
    retry = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    match fault.kind:
        case CallFault.ERROR_BEFORE | CallFault.ERROR_AFTER:
            return Answer(fault.status, {"message": "Server Error"}, retry)
        case CallFault.FORBIDDEN | CallFault.TOO_MANY:
            status = 403 if fault.kind is CallFault.FORBIDDEN else 429
            refused = Refused(status, "You have exceeded a secondary rate limit.")
            return Answer(status, _refusal(refused), retry)
        case CallFault.DROP_BEFORE | CallFault.DROP_AFTER:
            return Answer(0)


async def _whole_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _send(answer: Answer, ask: Ask, send: Send, *, is_dropped: bool) -> None:
    if is_dropped:
        # More is promised than sent. A server closes the connection then, and the transport
        # inside one process turns the exception into a broken connection.
        headers = [(b"content-length", b"1048576")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise ConnectionDropped(ask.path)
    body = b"" if answer.status in {204, 304} else _encoded(answer.body)
    given = {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(body)),
        **answer.headers,
    }
    if answer.status in {204, 304}:
        del given["content-length"], given["content-type"]
    headers = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    shown = b"" if ask.method == "HEAD" else body
    await send({"type": "http.response.body", "body": shown})


def _encoded(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    if body is None:
        return b""
    return json.dumps(body, separators=(",", ":")).encode()
