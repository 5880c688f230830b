"""What is read of the deliveries that come most often, and nothing else of them. Pure.

A body has ten to thirty kilobytes, of which some twenty fields matter: those that
`webhooks.read` and `core.hearing.subjects` look at. To pass over the rest takes a fifth of the
time that it takes to make values of it. Here stands for each event what those two look at, so
whoever lets them look at more adds it here.

A sketch is all or nothing: what is absent or null stays so, and where anything is of another
type, or no JSON, there is no sketch and the body is read whole. So whoever reads a sketch
reads the same as of the whole body.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias, TypedDict

from msgspec import Meta
from msgspec.json import Decoder

from app.core.values import JsonObject

# What is larger is an integer to one parser and a float to another.
_Integer: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None
_Text: TypeAlias = str | None
_Flag: TypeAlias = bool | None


class _Numbered(TypedDict, total=False):
    id: _Integer


class _Named(TypedDict, total=False):
    name: _Text


class _App(TypedDict, total=False):
    id: _Integer
    client_id: _Text


class _Made(TypedDict, total=False):
    app: _App | None


class _Person(TypedDict, total=False):
    id: _Integer
    login: _Text
    type: _Text


class _Repository(TypedDict, total=False):
    id: _Integer
    full_name: _Text
    default_branch: _Text


class _End(TypedDict, total=False):
    sha: _Text
    ref: _Text
    repo: _Numbered | None


class _PullRequest(_Made, total=False):
    number: _Integer
    state: _Text
    draft: _Flag
    merged: _Flag
    head: _End | None
    base: _End | None
    labels: list[_Named | None] | None


class _Base(TypedDict, total=False):
    repo: _Numbered | None


class _Listed(TypedDict, total=False):
    """A pull request as runs and checks list it."""

    number: _Integer
    base: _Base | None


class _WorkflowRun(_Made, total=False):
    id: _Integer
    run_attempt: _Integer
    status: _Text
    conclusion: _Text
    event: _Text
    path: _Text
    head_sha: _Text
    head_branch: _Text
    display_title: _Text
    html_url: _Text
    repository: _Numbered | None
    head_repository: _Numbered | None
    pull_requests: list[_Listed | None] | None


class _CheckSuite(_Made, total=False):
    head_sha: _Text
    head_branch: _Text
    pull_requests: list[_Listed | None] | None


class _Branch(TypedDict, total=False):
    head_branch: _Text


class _CheckRun(_Made, total=False):
    head_sha: _Text
    check_suite: _Branch | None
    pull_requests: list[_Listed | None] | None


class _Commit(TypedDict, total=False):
    added: list[_Text] | None
    modified: list[_Text] | None
    removed: list[_Text] | None


class _Said(TypedDict, total=False):
    """What is read of every delivery."""

    action: _Text
    installation: _Numbered | None
    repository: _Repository | None
    sender: _Person | None
    pull_request: _PullRequest | None


class _OfWorkflowRun(_Said, total=False):
    workflow_run: _WorkflowRun | None
    workflow: _Named | None


class _OfCheckRun(_Said, total=False):
    check_run: _CheckRun | None


class _OfCheckSuite(_Said, total=False):
    check_suite: _CheckSuite | None


class _OfWorkflowJob(_Said, total=False):
    workflow_job: _Made | None


class _OfStatus(_Said, total=False):
    status: _Made | None


class _OfPush(_Said, total=False):
    push: _Made | None
    ref: _Text
    before: _Text
    after: _Text
    created: _Flag
    deleted: _Flag
    forced: _Flag
    commits: list[_Commit | None] | None


_DECODERS: Final[Mapping[str, Decoder[Any]]] = {
    "workflow_run": Decoder(_OfWorkflowRun),
    "workflow_job": Decoder(_OfWorkflowJob),
    "check_run": Decoder(_OfCheckRun),
    "check_suite": Decoder(_OfCheckSuite),
    "pull_request": Decoder(_Said),
    "push": Decoder(_OfPush),
    "status": Decoder(_OfStatus),
}
SKETCHED: Final = frozenset(_DECODERS)
"""The events of which there are sketches."""


def sketch(event: str, body: bytes) -> JsonObject | None:
    """Return of a body what is read of it, or None where it has to be read whole."""
    decoder = _DECODERS.get(event)
    if decoder is None:
        return None
    try:
        # Texts that nobody reads are passed over, and have to be UTF-8 all the same.
        body.decode()
        found: JsonObject = decoder.decode(body)
    except (ValueError, RecursionError):
        return None
    return found
