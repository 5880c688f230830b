"""What GitHub says to us: is it really GitHub, and what does it say. Pure.

`receive` judges one webhook call, `hear` reads its body; `load` and `read` are for bodies that
are taken apart whole. Only the fields that matter are read, and leniently: of GitHub's own
example payloads a third fail GitHub's own schema. What follows is decided elsewhere.
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson

from app.core.copying import replace
from app.core.hearing.heard import (
    Heard,
    Person,
    PullRequestFacts,
    PushFacts,
    Repository,
    WorkflowRunFacts,
)
from app.core.hearing.subjects import subject_of
from app.core.hearing.unread import Unread
from app.core.values import JsonObject, RepositoryName, Sha
from app.github.sketches import sketch

# https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
BODY_BYTES_MAX: Final = 25 * 1024 * 1024
# "The array includes a maximum of 2048 commits. If necessary, you can use the Commits API."
# https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
PUSH_COMMITS_MAX: Final = 2048
HEADERS: Final = (
    "x-hub-signature-256", "content-type", "x-github-delivery", "x-github-event",
)  # fmt: skip
"""All that is looked at."""
_ID_MAX: Final = 2**63 - 1

_DELIVERY_ID = re.compile(r"[0-9A-Za-z-]{1,100}")
_EVENT_NAME = re.compile(r"[a-z0-9_]{1,100}")
_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")
# Texts that JSON can spell but neither UTF-8 nor PostgreSQL can hold.
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")
_UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook call that is GitHub's; `id` is the same when GitHub delivers it again."""

    id: str
    event: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a call is not taken in, with the HTTP status that says so."""

    status: int
    code: str
    message: str
    remedy: str


def receive(headers: Mapping[str, str], body: bytes, *, secret: str) -> Webhook | Rejection:
    """Judge one webhook call by its headers, named in small letters, and its raw body.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
    """
    if len(body) > BODY_BYTES_MAX:
        return Rejection(
            status=413,
            code="too-large",
            message="the body is larger than GitHub sends",
            remedy="only GitHub delivers here",
        )
    # Nothing is looked into before it is known to be GitHub's.
    if not verify_signature(secret, body, headers.get("x-hub-signature-256")):
        return Rejection(
            status=401,
            code="bad-signature",
            message="the signature is missing or wrong",
            remedy="let GITHUB_WEBHOOK_SECRET be the webhook secret of the App",
        )
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return Rejection(
            status=415,
            code="not-json",
            message="the body is not sent as application/json",
            remedy="choose application/json as content type in the webhook settings of the App",
        )
    delivery_id = headers.get("x-github-delivery", "")
    event = headers.get("x-github-event", "")
    if not _DELIVERY_ID.fullmatch(delivery_id) or not _EVENT_NAME.fullmatch(event):
        return Rejection(
            status=400,
            code="bad-headers",
            message="X-GitHub-Delivery or X-GitHub-Event is missing or malformed",
            remedy="let whatever stands between GitHub and Signalbox pass all headers on",
        )
    return Webhook(id=delivery_id, event=event, body=body)


def verify_signature(secret: str, body: bytes, header: str | None) -> bool:
    """Tell whether a body was signed with the secret, in a time that tells nothing.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    found = _SIGNATURE.fullmatch(header or "")
    # Without a secret anybody could sign.
    if found is None or not secret:
        return False
    expected = hmac.digest(secret.encode(), body, "sha256").hex()
    return hmac.compare_digest(expected, found[1].lower())


def load(body: bytes) -> JsonObject | None:
    """Return a body as a JSON object, every text of it storable, or None if it is none."""
    try:
        value = load_any(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def load_any(body: bytes) -> Any:
    """Return JSON with every text of it storable. Raises ValueError or RecursionError."""
    value = json.loads(body, parse_constant=_refuse_constant)
    return _storable(value) if _UNSTORABLE_ESCAPE.search(body) else value


def storable(text: str) -> str:
    """Return a text without what neither UTF-8 nor PostgreSQL can hold."""
    return _text(text)


def hear(event: str, body: bytes, app_id: str = "") -> Heard:
    """Read the facts out of a body, whose payload is taken apart when somebody looks into it.

    By `app_id` (a number or a client id) we recognise what we have made ourselves. Raises
    ValueError or RecursionError where the body is no JSON object.
    """
    said = sketch(event, body)
    if said is None:
        return read(event, _whole(event, body), app_id)
    return _read(event, said, app_id, Unread(partial(_looked_into, event, body)))


def read(event: str, payload: object, app_id: str = "") -> Heard:
    """Read the facts out of a payload. Whatever is absent or odd is None; never raises."""
    said = payload if isinstance(payload, Mapping) else {}
    return _read(event, said, app_id, said)


def _whole(event: str, body: bytes) -> JsonObject:
    # What people put together themselves may hold integers beyond 64 bits.
    if event.startswith("repository_dispatch"):
        payload = json.loads(body)
    else:
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            # It is stricter than we are: with halves of surrogate pairs, for example.
            payload = json.loads(body)
    if not isinstance(payload, dict):
        raise ValueError("the body is no JSON object")
    return payload


def _looked_into(event: str, body: bytes) -> JsonObject:
    """Take apart what has been sketched. Never raises: others are handled in one with it."""
    try:
        return _whole(event, body)
    except (ValueError, RecursionError):
        # Numbers of thousands of digits are passed over by a sketch, and by nobody else.
        return sketch(event, body) or {}


def _read(event: str, said: JsonObject, app_id: str, payload: JsonObject) -> Heard:
    """Read the facts out of what was seen of a payload: out of all of it, or of its sketch."""
    repository = repository_facts(said.get("repository"))
    heard = Heard(
        event=event,
        action=_text_or_none(said.get("action")),
        installation_id=_id(_object(said.get("installation")).get("id")),
        repository=repository,
        sender=_person(said.get("sender")),
        workflow_run=(
            workflow_run_facts(said.get("workflow_run")) if event == "workflow_run" else None
        ),
        push=_push(said) if event == "push" else None,
        pull_request=pull_request_facts(said.get("pull_request"), repository),
        payload=said,
    )
    return replace(heard, subject=subject_of(heard, app_id), payload=payload)


def repository_facts(value: object) -> Repository | None:
    """Read a repository, as payloads and the API describe it."""
    found = _object(value)
    number, name = _id(found.get("id")), _text(found.get("full_name"))
    if number is None or name.count("/") != 1:
        return None
    return Repository(
        id=number,
        name=RepositoryName(name),
        default_branch=_text(found.get("default_branch")),
    )


def workflow_run_facts(value: object) -> WorkflowRunFacts | None:
    """Read a workflow run, as payloads and the API describe it.

    `title` is what the workflow's `run-name` made of it.
    https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run
    """
    found = _object(value)
    number = _id(found.get("id"))
    if number is None:
        return None
    return WorkflowRunFacts(
        id=number,
        run_attempt=_id(found.get("run_attempt")) or 1,
        status=_text(found.get("status")),
        conclusion=_text_or_none(found.get("conclusion")),
        event=_text(found.get("event")),
        path=_text(found.get("path")),
        head_sha=Sha(_text(found.get("head_sha"))),
        head_branch=_text(found.get("head_branch")),
        title=_text(found.get("display_title")),
        url=_text(found.get("html_url")),
        repository_id=_id(_object(found.get("repository")).get("id")) or 0,
    )


def pull_request_facts(value: object, repository: Repository | None) -> PullRequestFacts | None:
    """Read a pull request of `repository`, as payloads and the API describe it."""
    found = _object(value)
    number = _id(found.get("number"))
    if number is None:
        return None
    head, base = _object(found.get("head")), _object(found.get("base"))
    if not _text(head.get("sha")):
        return None
    # The fork may have been deleted: then `repo` is null, and it still was one.
    head_id = _id(_object(head.get("repo")).get("id"))
    base_id = _id(_object(base.get("repo")).get("id"))
    if base_id is None and repository is not None:
        base_id = repository.id
    return PullRequestFacts(
        number=number,
        head_sha=Sha(_text(head.get("sha"))),
        head_ref=_text(head.get("ref")),
        head_repository_id=head_id,
        base_sha=Sha(_text(base.get("sha"))),
        base_ref=_text(base.get("ref")),
        is_fork=head_id is None or head_id != base_id,
        is_draft=found.get("draft") is True,
        is_merged=found.get("merged") is True,
        is_open=_text(found.get("state")) != "closed",
    )


def _push(said: Mapping[str, Any]) -> PushFacts | None:
    """Read a push: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push"""
    ref, after = _text(said.get("ref")), _text(said.get("after"))
    if not ref or not after:
        return None
    files: set[str] = set()
    commits = _list(said.get("commits"))
    is_whole = isinstance(said.get("commits"), list) and len(commits) < PUSH_COMMITS_MAX
    for commit in commits:
        for kind in ("added", "modified", "removed"):
            listed = _object(commit).get(kind)
            is_whole = is_whole and isinstance(listed, list)
            files.update(path for entry in _list(listed) if (path := _text(entry)))
    is_created, is_forced = said.get("created") is True, said.get("forced") is True
    is_deleted = said.get("deleted") is True
    return PushFacts(
        ref=ref,
        before=Sha(_text(said.get("before"))),
        after=Sha(after),
        is_created=is_created,
        is_deleted=is_deleted,
        is_forced=is_forced,
        files=tuple(sorted(files)),
        # Of a new or forced ref the commits listed are not what lies between its ends.
        files_known=is_deleted or (is_whole and not is_created and not is_forced),
    )


def _person(value: object) -> Person | None:
    found = _object(value)
    number = _id(found.get("id"))
    if number is None:
        return None
    login, kind = _text(found.get("login")), _text(found.get("type"))
    return Person(
        id=number, login=login, is_bot=kind.lower() == "bot" or login.endswith("[bot]")
    )


def _object(value: object) -> Mapping[str, Any]:
    # Asked a dozen times of a delivery: of a plain dictionary it is told at once.
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    # Nearly all are, and none of these holds what is looked for.
    if value.isprintable():
        return value
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def _text_or_none(value: object) -> str | None:
    return _text(value) or None


def _id(value: object) -> int | None:
    # A boolean is an int to Python, but no id to GitHub.
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _ID_MAX else None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _storable(value: Any) -> Any:
    """Return the same value with every text storable. Its depth is bounded by the parser's."""
    match value:
        case str():
            return _text(value)
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_text(key): _storable(item) for key, item in value.items()}
        case _:
            return value
