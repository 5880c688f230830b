"""Deliveries as GitHub sends them: real payloads, small changes, signatures, HTTP bytes.

Requests are built before the clock starts, so that whoever sends them does hardly anything.
"""

import hashlib
import hmac
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

SECRET: Final = "a secret for the bench"
PATH: Final = "/webhooks/github"
EXAMPLES: Final = Path(__file__).parents[2] / ".cache" / "material" / "webhook-examples.json"
INSTALLATION_ID: Final = 4_711
REPOSITORY_ID: Final = 815
REPOSITORY: Final = "acme/app"


@cache
def example(event: str, size: int) -> dict[str, Any]:
    """Return that one of GitHub's own example payloads whose size is nearest to this.

    It looks as if it came from our repository.
    """
    kinds = {kind["name"]: kind["examples"] for kind in orjson.loads(EXAMPLES.read_bytes())}
    examples = [_ours(payload) for payload in kinds[event]]
    return min(examples, key=lambda payload: abs(len(orjson.dumps(payload)) - size))


def _ours(payload: dict[str, Any]) -> dict[str, Any]:
    repository = {
        **payload["repository"],
        "id": REPOSITORY_ID,
        "full_name": REPOSITORY,
        "default_branch": "main",
    }
    return {**payload, "repository": repository, "installation": {"id": INSTALLATION_ID}}


def pull_request() -> bytes:
    """Return the body of a `pull_request`: some 22 KB, and it starts nothing."""
    return orjson.dumps(example("pull_request", 22 * 1024))


def push(sha: str) -> bytes:
    """Return the body of a push to the default branch that changes one file."""
    payload = example("push", 7_000)
    commit = {"id": sha, "added": [], "modified": ["README.md"], "removed": []}
    return orjson.dumps(
        {
            **payload,
            "ref": "refs/heads/main",
            "before": "0" * 39 + "1",
            "after": sha,
            "created": False,
            "deleted": False,
            "forced": False,
            "commits": [commit],
        }
    )


def workflow_run(run_id: int, marker: str, status: str, conclusion: str | None) -> bytes:
    """Return the body of a `workflow_run` of some 19 KB, of a workflow that we dispatched."""
    payload = example("workflow_run", 19_000)
    run = {
        **payload["workflow_run"],
        "id": run_id,
        "event": "workflow_dispatch",
        "status": status,
        "conclusion": conclusion,
        "display_title": f"Build [{marker}]",
        "run_attempt": 1,
    }
    return orjson.dumps({**payload, "workflow_run": run})


def request(event: str, delivery_id: str, body: bytes, signature: str | None = None) -> bytes:
    """Return the bytes of one HTTP request."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitHub-Hookshot/044aadd\r\n"
        "Accept: */*\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Delivery: {delivery_id}\r\nX-GitHub-Event: {event}\r\n"
        "X-GitHub-Hook-ID: 292430182\r\nX-GitHub-Hook-Installation-Target-ID: 79929171\r\n"
        "X-GitHub-Hook-Installation-Target-Type: integration\r\n"
        f"X-Hub-Signature-256: {signature or sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def sign(body: bytes) -> str:
    """Return the signature of a body."""
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
