"""Stories about deliveries: whose they are, and what they say."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.hearing.subjects import READERS
from app.github import webhooks
from app.github.webhooks import Rejection, Webhook

BODY = b'{"zen": "Half measures are as bad as nothing at all."}'
SECRET = "It's a Secret to Everybody"

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KNOWN_KEYS = [
    "action",
    "after",
    "base",
    "before",
    "commits",
    "created",
    "deleted",
    "draft",
    "forced",
    "full_name",
    "head",
    "id",
    "installation",
    "added",
    "modified",
    "removed",
    "login",
    "merged",
    "number",
    "pull_request",
    "ref",
    "repo",
    "repository",
    "run_attempt",
    "sender",
    "sha",
    "status",
    "type",
    "workflow_run",
    "display_title",
    "conclusion",
    "default_branch",
    "merge_group",
    "head_ref",
    "issue",
    "labels",
    "comment",
    "performed_via_github_app",
    "check_suite",
    "app",
    "deployment",
    "environment",
    "deployment_callback_url",
    "workflow_job_runs",
    "pull_requests",
    "release",
    "tag_name",
]
nearly_payloads = st.recursive(
    anything,
    lambda inner: (
        st.dictionaries(st.sampled_from(KNOWN_KEYS), inner, max_size=8)
        | st.lists(inner, max_size=4)
    ),
    max_leaves=30,
)
EVENTS = (*READERS, "installation", "ping", "", "unheard_of")


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(body: bytes = BODY, **changes: str) -> Mapping[str, str]:
    given = {
        "x-github-event": "ping",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-hub-signature-256": signature(body),
        "content-type": "application/json",
    }
    return given | {name.replace("_", "-"): value for name, value in changes.items()}


def test_githubs_own_example_of_a_signature_is_good() -> None:
    """The values that GitHub publishes for testing verify."""
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    good = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert webhooks.verify_signature(SECRET, b"Hello, World!", f"sha256={good}")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest(),
        signature(BODY).removeprefix("sha256="),
        signature(BODY) + "0",
        signature(BODY, "another secret"),
        signature(BODY + b" "),
        "sha256=" + "é" * 64,
    ],
)
def test_any_other_signature_is_bad(header: str | None) -> None:
    """A signature that is missing, of another kind, secret or body does not verify."""
    assert not webhooks.verify_signature(SECRET, BODY, header)


def test_without_a_secret_nothing_is_signed() -> None:
    """An empty secret verifies nothing, not even what was signed with it."""
    assert not webhooks.verify_signature("", BODY, signature(BODY, ""))


def test_a_good_call_is_taken_in() -> None:
    """A signed call gives the delivery's id, its event and the raw body."""
    got = webhooks.receive(headers(), BODY, secret=SECRET)

    assert got == Webhook(id="72d3162e-cc78-11e3-81ab-4c9367dc0958", event="ping", body=BODY)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"x_hub_signature_256": "sha256=" + "0" * 64}, 401, "bad-signature"),
        ({"content_type": "application/x-www-form-urlencoded"}, 415, "not-json"),
        ({"x_github_delivery": ""}, 400, "bad-headers"),
        ({"x_github_delivery": "a" * 101}, 400, "bad-headers"),
        ({"x_github_event": "../push"}, 400, "bad-headers"),
    ],
)
def test_a_bad_call_is_refused(changes: dict[str, str], status: int, code: str) -> None:
    """Each refusal has its status and a stable code."""
    got = webhooks.receive(headers(**changes), BODY, secret=SECRET)

    assert isinstance(got, Rejection)
    assert (got.status, got.code) == (status, code)


def test_a_body_larger_than_github_sends_is_refused() -> None:
    """More than 25 MB is nobody's delivery, and is not even signed for."""
    got = webhooks.receive(headers(), b" " * (webhooks.BODY_BYTES_MAX + 1), secret=SECRET)

    assert isinstance(got, Rejection)
    assert got.status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_object_is_not_loaded(body: bytes) -> None:
    """A body that is not a JSON object, or cannot be parsed, is None."""
    assert webhooks.load(body) is None


def test_what_is_loaded_can_be_stored() -> None:
    """Texts that no database holds are mended, wherever they stand."""
    loaded = webhooks.load(rb'{"a\u0000": ["\ud800", {"b": "\ud83d\ude00"}]}')

    assert loaded == {"a\ufffd": ["\ufffd", {"b": "\N{GRINNING FACE}"}]}


@given(event=st.sampled_from(EVENTS), payload=nearly_payloads)
def test_no_payload_is_too_odd_to_be_read(event: str, payload: object) -> None:
    """Whatever JSON comes in, reading it gives facts and never an error."""
    heard = webhooks.read(event, payload, "12")

    assert heard.event == event
    assert heard.repository is None or 0 < heard.repository.id < 2**63


@given(payload=anything)
def test_a_payload_survives_the_wire(payload: object) -> None:
    """What is sent as ASCII JSON is loaded, if it is an object, and can be written as UTF-8."""
    loaded = webhooks.load(json.dumps({"payload": payload}, allow_nan=True).encode())

    if loaded is not None:
        json.dumps(loaded, ensure_ascii=False).encode("utf-8")


def test_real_deliveries_are_read(webhook_examples: Mapping[str, list[dict[str, Any]]]) -> None:
    """Of GitHub's own examples, each repository event names its repository and sender."""
    for event, payloads in webhook_examples.items():
        for payload in payloads:
            heard = webhooks.read(event, payload)

            if "repository" in payload:
                assert heard.repository is not None, event
                assert heard.repository.name == payload["repository"]["full_name"]
            if "sender" in payload:
                assert heard.sender is not None, event
                assert heard.sender.login == payload["sender"]["login"]
            if event == "workflow_run":
                assert heard.workflow_run is not None
                assert heard.workflow_run.id == payload["workflow_run"]["id"]
            if event == "push":
                assert heard.push is not None
                assert heard.push.after == payload["after"]
            if event == "pull_request":
                assert heard.pull_request is not None
                assert heard.pull_request.number == payload["number"]


def test_real_deliveries_are_about_something(
    webhook_examples: Mapping[str, list[dict[str, Any]]],
) -> None:
    """Of GitHub's own examples, each names a whole commit or none, and a full ref or none."""
    for event in READERS:
        for payload in webhook_examples.get(event, ()):
            subject = webhooks.read(event, payload).subject

            assert re.fullmatch("([0-9a-f]{40})?", subject.sha), event
            for ref in (subject.ref, subject.filtered):
                assert re.fullmatch("(refs/(heads|tags|pull)/.+)?", ref), (event, ref)


def push(**changes: Any) -> dict[str, Any]:
    commits = [
        {"added": ["a.txt"], "removed": [], "modified": ["src/b.py"]},
        {"added": [], "removed": ["c.txt"], "modified": ["src/b.py"]},
    ]
    return {
        "ref": "refs/heads/main",
        "before": "1" * 40,
        "after": "2" * 40,
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": commits,
        **changes,
    }


def test_a_push_names_the_files_of_all_its_commits() -> None:
    """Added, removed and modified files of every commit are told once each."""
    heard = webhooks.read("push", push()).push

    assert heard is not None
    assert heard.files == ("a.txt", "c.txt", "src/b.py")
    assert heard.files_known


@pytest.mark.parametrize(
    "changes",
    [
        {"created": True},
        {"forced": True},
        {"commits": None},
        {"commits": [{"added": None}]},
        {"commits": [{"added": [], "removed": [], "modified": []}] * 2048},
    ],
)
def test_a_push_admits_what_it_does_not_know(changes: dict[str, Any]) -> None:
    """Of a new or forced ref, or of too many commits, the files must be asked for."""
    heard = webhooks.read("push", push(**changes)).push

    assert heard is not None
    assert not heard.files_known


@pytest.mark.parametrize(
    ("head_repository", "is_fork"), [({"id": 1}, False), ({"id": 2}, True), (None, True)]
)
def test_a_pull_request_knows_whether_it_comes_from_a_fork(
    head_repository: dict[str, int] | None, is_fork: bool
) -> None:
    """Another head repository, or one that was deleted, is a fork."""
    payload = {
        "pull_request": {
            "number": 5,
            "head": {"sha": "a" * 40, "ref": "topic", "repo": head_repository},
            "base": {"sha": "b" * 40, "ref": "main", "repo": {"id": 1}},
        }
    }
    heard = webhooks.read("pull_request", payload).pull_request

    assert heard is not None
    assert heard.is_fork is is_fork
