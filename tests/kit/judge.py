"""GitHub's own API description as a judge over requests, answers and webhooks.

It stands as ASGI middleware before a rehearsal and lets everything pass; what breaks the
description is kept as a complaint for `check` to raise. Four wrongs that the description
lets through have assertions of their own here. The description comes from `material`.
"""

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, unquote

import jsonschema_rs

from tests.kit import material
from tests.kit.openapi_versions import as_json_schema, at_version, corrected

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

CLOUD = "api.github.com"
ENTERPRISE_SERVER = "ghes-3.19"
COMMENT_CHARACTERS_MAX = 65_536
COMPLAINTS_MAX = 100
# GitHub may answer these to anything, described or not.
EVERYWHERE = frozenset({301, 302, 304, 400, 401, 403, 404, 410, 422, 429})
_PAGES = "/settings/apps/new"
_SAFE = "/~"
_LONG = frozenset({"path", "ref", "basehead", "branch", "tag", "environment_name"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint: how its path looks, and where its description is."""

    method: str
    template: str
    pattern: re.Pattern[str]
    pointer: str
    description: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


class Description:
    """GitHub's description of one host at one API version, ready to judge by."""

    def __init__(self, host: str, version: str) -> None:
        self.document = as_json_schema(corrected(at_version(material.openapi(host), version)))
        self._registry = jsonschema_rs.Registry([("urn:github", self.document)])
        self._validators: dict[str, Any] = {}
        self._operations = sorted(_operations(self.document), key=_precision)

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the endpoint that a path belongs to, the most literal one first."""
        for found in self._operations:
            if found.method == method and found.pattern.fullmatch(path):
                return found
        return None

    def resolve(self, pointer: str) -> tuple[str, Any]:
        """Return what a pointer leads to, references followed, and the pointer of that."""
        value: Any = self.document
        for name in pointer.strip("/").split("/"):
            value = value[name.replace("~1", "/").replace("~0", "~")]
        if isinstance(value, dict) and set(value) == {"$ref"}:
            return self.resolve(value["$ref"].removeprefix("#/"))
        return pointer, value

    def faults(self, pointer: str, value: Any) -> Iterator[str]:
        """Yield in which ways a value breaks the schema at a pointer."""
        validator = self._validators.get(pointer)
        if validator is None:
            schema = {"$ref": f"urn:github#/{quote(pointer, safe=_SAFE)}"}
            validator = jsonschema_rs.Draft202012Validator(
                schema, registry=self._registry, validate_formats=True
            )
            self._validators[pointer] = validator
        if not validator.is_valid(value):
            for error in validator.iter_errors(value):
                place = "/".join(str(part) for part in error.instance_path)
                yield f"at {place or 'the top'}: {error.message[:300]}"


@cache
def description(host: str = CLOUD, version: str = "2022-11-28") -> Description:
    """Return a description, which is made once."""
    return Description(host, version)


@dataclass
class Judge:
    """A rehearsal (or any app that plays GitHub) with a judge before its door."""

    app: ASGIApp
    host: str = CLOUD
    complaints: list[str] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let one request through and judge it and its answer."""
        # Where people sign in and register Apps is no part of the API.
        path = str(scope.get("path", ""))
        is_page = path.startswith(("/_", "/login/oauth/")) or path.endswith(_PAGES)
        if scope["type"] != "http" or is_page:
            await self.app(scope, receive, send)
            return
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        sent: list[Message] = []

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def record(part: Message) -> None:
            sent.append(part)
            await send(part)

        await self.app(scope, replay, record)
        self._judge(scope, body, sent)

    def check(self) -> None:
        """Raise if there is anything to complain about."""
        assert not self.complaints, "\n".join(self.complaints)

    def webhook(self, event: str, payload: Mapping[str, Any]) -> None:
        """Judge the payload of a webhook."""
        known = description(self.host)
        action = str(payload.get("action", "")).replace("_", "-")
        names = [f"{event.replace('_', '-')}-{action}", event.replace("_", "-")]
        if event == "repository_dispatch":
            # GitHub describes it with one example's action, which is free.
            names = ["repository-dispatch-sample.collected"]
        for name in names:
            if name in known.document["x-webhooks"]:
                pointer = f"x-webhooks/{name}/post/requestBody"
                self._value(known, f"webhook {name}", pointer, payload)
                return
        self._complain(f"webhook {event}.{action}: GitHub has no such webhook")

    def _judge(self, scope: Message, body: bytes, sent: list[Message]) -> None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        version = headers.get(b"x-github-api-version", b"2022-11-28").decode()
        status = sent[0]["status"]
        if status in {400, 410} and version not in {"2022-11-28", "2026-03-10"}:
            return
        known = description(self.host, version)
        path = unquote(scope["path"])
        if self.host != CLOUD:
            path = path.removeprefix("/api/v3")
        path = re.sub(r"^/repositories/\d+", "/repos/x/x", path)
        operation = known.operation(scope["method"], path)
        if operation is None:
            self._complain(f"{scope['method']} {path}: GitHub describes no such endpoint")
            return
        self.judged[operation.name] += 1
        query = dict(parse_qsl(scope["query_string"].decode()))
        self._query(known, operation, query)
        self._request(known, operation, body)
        self._answer(known, operation, headers, sent)

    def _query(
        self, known: Description, operation: Operation, query: Mapping[str, str]
    ) -> None:
        declared = {}
        for place in range(len(operation.description.get("parameters", ()))):
            parameter = operation.description["parameters"][place]
            if "$ref" in parameter:
                parameter = known.resolve(parameter["$ref"].removeprefix("#/"))[1]
            if parameter["in"] == "query":
                declared[parameter["name"]] = parameter["schema"]
        for name, value in query.items():
            if name not in declared:
                self._complain(f"{operation.name}: GitHub knows no query parameter {name}")
            elif declared[name].get("type") == "integer" and not value.isdigit():
                self._complain(f"{operation.name}: {name}={value} is not a whole number")
            elif value not in declared[name].get("enum", (value,)):
                self._complain(f"{operation.name}: {name}={value} is not one of the values")

    def _request(self, known: Description, operation: Operation, body: bytes) -> None:
        if not body:
            if operation.description.get("requestBody", {}).get("required"):
                self._complain(f"{operation.name}: the body is missing")
            return
        if "requestBody" not in operation.description:
            self._complain(f"{operation.name}: GitHub wants no body")
            return
        given = json.loads(body)
        place = f"request of {operation.name}"
        self._value(known, place, f"{operation.pointer}/requestBody", given)
        for wrong in unseen_by_schema(operation, given) if isinstance(given, dict) else ():
            self._complain(f"{place}: {wrong}")

    def _answer(
        self,
        known: Description,
        operation: Operation,
        asked: Mapping[bytes, bytes],
        sent: list[Message],
    ) -> None:
        status = sent[0]["status"]
        body = b"".join(part.get("body", b"") for part in sent[1:])
        responses = operation.description["responses"]
        place = f"answer {status} to {operation.name}"
        if str(status) not in responses:
            if status < 500 and status not in EVERYWHERE:
                self._complain(f"{place}: GitHub does not answer so")
            return
        is_raw = b"raw" in asked.get(b"accept", b"")
        pointer = f"{operation.pointer}/responses/{status}"
        _, response = known.resolve(pointer)
        if "content" not in response:
            if body and response.get("description") and status in {204, 304}:
                self._complain(f"{place}: there should be no body")
            return
        if not is_raw and status < 500:
            self._value(known, place, pointer, json.loads(body))

    def _value(self, known: Description, place: str, pointer: str, value: Any) -> None:
        pointer, holder = known.resolve(pointer)
        kind = "application/json"
        if kind not in holder.get("content", {}):
            return
        schema = f"{pointer}/content/application~1json/schema"
        for wrong in known.faults(schema, value):
            self._complain(f"{place}: {wrong}")

    def _complain(self, what: str) -> None:
        if len(self.complaints) < COMPLAINTS_MAX:
            self.complaints.append(what)


def unseen_by_schema(operation: Operation, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a request though the description lets it pass."""
    template = operation.template
    # With a comment beside it, a misspelt state passes as a mere status report.
    is_rule = template.endswith("/deployment_protection_rule")
    if is_rule and given.get("state", "approved") not in {"approved", "rejected"}:
        yield f"the state {given['state']!r} is neither approved nor rejected"
    is_completed = "/check-runs" in template and given.get("status") == "completed"
    if is_completed and "conclusion" not in given:
        yield "a completed check needs a conclusion"
    if template.endswith("/dispatches"):
        content = operation.description["requestBody"]["content"]["application/json"]
        for name in given:
            if name not in content["schema"]["properties"]:
                yield f"{name!r} is no key of a dispatch"
    if "/comments" in template and len(str(given.get("body", ""))) > COMMENT_CHARACTERS_MAX:
        yield f"a comment has at most {COMMENT_CHARACTERS_MAX} characters"


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for template, methods in document["paths"].items():
        escaped = template.replace("~", "~0").replace("/", "~1")
        for method, found in methods.items():
            if isinstance(found, dict) and "responses" in found:
                pointer = f"paths/{escaped}/{method}"
                yield Operation(method.upper(), template, _pattern(template), pointer, found)


def _pattern(template: str) -> re.Pattern[str]:
    parts = []
    for name in template.split("/"):
        if not name.startswith("{"):
            parts.append(re.escape(name))
        else:
            parts.append(".*" if name[1:-1] in _LONG else "[^/]+")
    return re.compile("/".join(parts))


def _precision(operation: Operation) -> tuple[int, int]:
    names = operation.template.split("/")
    return (-sum(not name.startswith("{") for name in names), -len(names))
