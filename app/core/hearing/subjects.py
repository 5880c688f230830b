"""What a delivery is about, read out of its payload for every event that can start something.

Lenient, as all reading is: what is absent or odd is empty. `sha` and `ref` are those that
GitHub Actions has for the event, with two differences. A pull request and a workflow run are
seen at their own head, since the check is to stand there. And where only GitHub knows the
commit (of a new branch, of a release's tag) it is the head of the default branch.
https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from collections.abc import Callable, Iterable, Mapping

from app.core.copying import replace
from app.core.hearing.callbacks import run_in
from app.core.hearing.heard import Heard, Subject
from app.core.hearing.queue import number_in
from app.core.legs.refs import is_sha
from app.core.values import Json, JsonObject, Sha


def subject_of(heard: Heard, app_id: str = "") -> Subject:
    """Read what a delivery is about; `app_id` is ours, a number or a client id."""
    reader = READERS.get(heard.event)
    subject = reader(heard) if reader is not None else Subject()
    return replace(subject, is_own=True) if _is_own(heard, app_id) else subject


def _push(heard: Heard) -> Subject:
    if heard.push is None:
        return Subject()
    return Subject(sha=heard.push.after, ref=heard.push.ref, filtered=heard.push.ref)


def _pull_request(heard: Heard) -> Subject:
    pull = heard.pull_request
    if pull is None:
        return Subject()
    return Subject(
        sha=pull.head_sha,
        ref=f"refs/pull/{pull.number}/head",
        filtered=f"refs/heads/{pull.base_ref}",
        pull_request=pull.number,
        is_fork=pull.is_fork,
        labels=_labels(heard.payload.get("pull_request")),
    )


def _workflow_run(heard: Heard) -> Subject:
    run = heard.workflow_run
    if run is None:
        return Subject()
    said = _object(heard.payload.get("workflow_run"))
    head = _integer(_object(said.get("head_repository")).get("id"))
    own = heard.repository.id if heard.repository is not None else None
    return Subject(
        sha=run.head_sha,
        ref=f"refs/heads/{run.head_branch}",
        filtered=f"refs/heads/{run.head_branch}",
        # A fork may call its branch `main`, too.
        is_fork=head is not None and head != own,
        head_repository_id=head,
        pull_request=_first_pull(said, own),
        workflow=_text(_object(heard.payload.get("workflow")).get("name")),
        workflow_run_id=run.id,
    )


def _merge_group(heard: Heard) -> Subject:
    group = _object(heard.payload.get("merge_group"))
    ref = _text(group.get("head_ref"))
    return Subject(
        sha=Sha(_text(group.get("head_sha"))),
        ref=ref,
        filtered=_text(group.get("base_ref")),
        queued_pull_request=number_in(ref),
    )


def _issue_comment(heard: Heard) -> Subject:
    issue = _object(heard.payload.get("issue"))
    is_pull = isinstance(issue.get("pull_request"), Mapping)
    return Subject(
        pull_request=_integer(issue.get("number")) if is_pull else None,
        labels=_labels(issue),
    )


def _release(heard: Heard) -> Subject:
    tag = _text(_object(heard.payload.get("release")).get("tag_name"))
    return _at_ref(f"refs/tags/{tag}" if tag else "")


def _create(heard: Heard) -> Subject:
    return _at_ref(_named_ref(heard))


def _delete(heard: Heard) -> Subject:
    # The ref is gone, so the work is done at the default branch.
    return Subject(filtered=_named_ref(heard))


def _deployment_status(heard: Heard) -> Subject:
    deployment = _object(heard.payload.get("deployment"))
    status = _object(heard.payload.get("deployment_status"))
    ref = _text(deployment.get("ref"))
    if ref and not ref.startswith("refs/"):
        ref = "" if is_sha(ref) else f"refs/heads/{ref}"
    names = (_text(status.get("environment")), _text(deployment.get("environment")))
    return Subject(
        sha=Sha(_text(deployment.get("sha"))),
        ref=ref,
        filtered=ref,
        environments=_distinct(names),
    )


def _protection_rule(heard: Heard) -> Subject:
    payload = heard.payload
    ref = _text(payload.get("ref"))
    return Subject(
        sha=Sha(_text(payload.get("sha"))),
        ref=ref,
        filtered=ref,
        pull_request=_first_pull(payload),
        environments=_distinct((_text(payload.get("environment")),)),
        workflow_run_id=run_in(payload.get("deployment_callback_url")),
    )


def _deployment_review(heard: Heard) -> Subject:
    payload = heard.payload
    run = _object(payload.get("workflow_run"))
    branch = _text(run.get("head_branch"))
    listed = payload.get("workflow_job_runs")
    jobs = listed if isinstance(listed, list) else [payload.get("workflow_job_run")]
    names = [_text(_object(job).get("environment")) for job in jobs]
    return Subject(
        sha=Sha(_text(run.get("head_sha"))),
        ref=f"refs/heads/{branch}" if branch else "",
        filtered=f"refs/heads/{branch}" if branch else "",
        pull_request=_first_pull(run),
        environments=_distinct((_text(payload.get("environment")), *names)),
        workflow=_text(run.get("name")),
        workflow_run_id=_integer(run.get("id")),
    )


def _check(heard: Heard) -> Subject:
    """Read a check run or a check suite, which stand on the head of what they check."""
    said = _object(heard.payload.get(heard.event))
    suite = said if heard.event == "check_suite" else _object(said.get("check_suite"))
    branch = _text(suite.get("head_branch"))
    return Subject(
        sha=Sha(_text(said.get("head_sha"))),
        ref=f"refs/heads/{branch}" if branch else "",
        filtered=f"refs/heads/{branch}" if branch else "",
        pull_request=_first_pull(said),
    )


def _code_scanning(heard: Heard) -> Subject:
    ref = _text(heard.payload.get("ref"))
    return Subject(sha=Sha(_text(heard.payload.get("commit_oid"))), ref=ref, filtered=ref)


READERS: Mapping[str, Callable[[Heard], Subject]] = {
    "push": _push,
    "pull_request": _pull_request,
    "pull_request_review": _pull_request,
    "workflow_run": _workflow_run,
    "merge_group": _merge_group,
    "issue_comment": _issue_comment,
    "release": _release,
    "create": _create,
    "delete": _delete,
    "deployment_status": _deployment_status,
    "deployment_protection_rule": _protection_rule,
    "deployment_review": _deployment_review,
    "check_run": _check,
    "check_suite": _check,
    "code_scanning_alert": _code_scanning,
}
"""Whatever stands not here is about the default branch: dispatches and other alerts."""


def _is_own(heard: Heard, app_id: str) -> bool:
    """Tell whether we ourselves made what is told: a check, or a comment."""
    if heard.event == "issue_comment":
        app = _object(_object(heard.payload.get("comment")).get("performed_via_github_app"))
    else:
        app = _object(_object(heard.payload.get(heard.event)).get("app"))
    return bool(app_id) and app_id in (str(app.get("id", "")), _text(app.get("client_id")))


def _at_ref(ref: str) -> Subject:
    return Subject(ref=ref, filtered=ref)


def _named_ref(heard: Heard) -> str:
    kind = {"branch": "heads", "tag": "tags"}.get(_text(heard.payload.get("ref_type")))
    name = _text(heard.payload.get("ref"))
    return f"refs/{kind}/{name}" if kind and name else ""


def _first_pull(said: JsonObject, own: int | None = None) -> int | None:
    """Return the first pull request that is named; of those into `own` where that is known."""
    listed = said.get("pull_requests")
    for each in listed if isinstance(listed, list) else ():
        base = _object(_object(_object(each).get("base")).get("repo"))
        if own is None or _integer(base.get("id")) in (None, own):
            return _integer(_object(each).get("number"))
    return None


def _labels(value: Json) -> tuple[str, ...]:
    listed = _object(value).get("labels")
    found = listed if isinstance(listed, list) else ()
    return _distinct(_text(_object(label).get("name")) for label in found)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _object(value: Json) -> JsonObject:
    # Asked of each delivery some times: of a plain dictionary it is told at once.
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
