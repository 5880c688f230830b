"""Starting workflows, and finding, following and cancelling their runs.

A dispatch has no idempotency key. What stands in for one is the marker: it travels in an input
and, by the target's `run-name`, in the title of the workflow run; a SHA, which cannot be
dispatched, travels in a tag named after the marker. `look_up` finds the run by either. Whether
to dispatch again is decided by `performer`, from what `look_up` tells.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

from app.core.hearing.heard import WorkflowRunFacts
from app.core.hearing.observing import marker_in
from app.core.legs.refs import is_sha, short_lived_tag
from app.core.values import Json, RepositoryName, Sha
from app.github.client import Access, Client
from app.github.errors import ConflictError, NotFoundError, UnprocessableError
from app.github.repositories import number_of, object_of, path_to, ref_target, text_of
from app.github.transport import RunDetails
from app.github.webhooks import workflow_run_facts

ACTIONS_READ: Final = {"actions": "read"}
ACTIONS_WRITE: Final = {"actions": "write"}
CONTENTS_WRITE: Final = {"contents": "write"}

# Declared by targets, see app/workflow-templates/orchestrated.yml.
MARKER_INPUT: Final = "signalbox"
# How long we remember that a target does not declare the input, before asking it again.
UNMARKED_KEPT: Final = timedelta(hours=1)
UNMARKED_MAX: Final = 10_000
# With a filter GitHub lists at most 1,000 workflow runs.
# https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow
LOOK_UP_PAGES_MAX: Final = 10
# Clocks differ: a workflow run may seem to be older than its dispatch.
LOOK_UP_EARLIER: Final = timedelta(minutes=2)

_UNEXPECTED = re.compile(r"Unexpected inputs provided:\s*(\[.*?\])", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """GitHub took the dispatch. The id is None where the host tells none."""

    workflow_run_id: int | None
    url: str


class Sought(Enum):
    """What a look-up knows where it has not found the workflow run."""

    NOT_THERE = "not there"
    CANNOT_TELL = "cannot tell"


class Dispatcher:
    """Dispatches, and remembers which targets do not declare the marker's input."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._unmarked: OrderedDict[tuple[RepositoryName | None, str, str], datetime] = (
            OrderedDict()
        )

    async def dispatch(
        self,
        access: Access,
        *,
        workflow: str,
        ref: str,
        inputs: Mapping[str, Json],
        marker: str,
    ) -> Started:
        """Start a workflow, once: nothing here is retried unless it had no effect.

        `workflow` is a file name or its path. An UnavailableError with `effect_unknown` means
        that it may have been started.
        https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
        """
        if is_sha(ref):
            await self._tag(access, short_lived_tag(marker), Sha(ref))
        capabilities = await self._client.capabilities()
        target = (access.repository, workflow, ref)
        sent = {name: as_text(value) for name, value in inputs.items()}
        has_room = len(sent) < capabilities.dispatch_inputs_max
        if has_room and MARKER_INPUT not in sent and not self._is_unmarked(target):
            try:
                marked = {**sent, MARKER_INPUT: marker}
                return await self._dispatch(access, workflow, ref, marked, marker)
            except UnprocessableError as error:
                if unexpected_inputs(error) != (MARKER_INPUT,):
                    raise
                self._remember_unmarked(target)
        return await self._dispatch(access, workflow, ref, sent, marker)

    async def _dispatch(
        self, access: Access, workflow: str, ref: str, inputs: Mapping[str, str], marker: str
    ) -> Started:
        body: dict[str, Json] = {"ref": short_lived_tag(marker) if is_sha(ref) else ref}
        if inputs:
            body["inputs"] = inputs
        if (await self._client.capabilities()).run_details is RunDetails.ON_REQUEST:
            body["return_run_details"] = True
        answer = await self._client.call(
            access,
            "POST",
            f"{_workflow(access, workflow)}/dispatches",
            permissions=ACTIONS_WRITE,
            body=body,
        )
        # 200 with the workflow run, or 204 where the host tells nothing.
        said = object_of(answer.json())
        return Started(
            workflow_run_id=number_of(said, "workflow_run_id") or None,
            url=text_of(said, "html_url"),
        )

    async def _tag(self, access: Access, tag: str, sha: Sha) -> None:
        """Create the tag, or find that it is there already and at the same commit.

        https://docs.github.com/en/rest/git/refs#create-a-reference
        """
        try:
            await self._client.call(
                access,
                "POST",
                f"{path_to(access)}/git/refs",
                permissions=CONTENTS_WRITE,
                body={"ref": f"refs/tags/{tag}", "sha": sha},
            )
        except UnprocessableError as error:
            try:
                found = await ref_target(self._client, access, f"tags/{tag}")
            except NotFoundError:
                # It was not its being there that GitHub minded: no such commit, perhaps.
                raise error from None
            if found != sha:
                raise ConflictError(f"the tag {tag} is at another commit, {found}") from error

    def _is_unmarked(self, target: tuple[RepositoryName | None, str, str]) -> bool:
        until = self._unmarked.get(target)
        return until is not None and self._client.clock.now() < until

    def _remember_unmarked(self, target: tuple[RepositoryName | None, str, str]) -> None:
        self._unmarked[target] = self._client.clock.now() + UNMARKED_KEPT
        self._unmarked.move_to_end(target)
        while len(self._unmarked) > UNMARKED_MAX:
            self._unmarked.popitem(last=False)


async def delete_tag(client: Client, access: Access, tag: str) -> None:
    """Delete a tag of ours; that it is gone already is as good.

    https://docs.github.com/en/rest/git/refs#delete-a-reference
    """
    path = f"{path_to(access)}/git/refs/tags/{quote(tag, safe='/')}"
    try:
        await client.call(access, "DELETE", path, permissions=CONTENTS_WRITE)
    except NotFoundError:
        return
    except UnprocessableError as error:
        # "Reference does not exist" is a 422.
        if "does not exist" not in error.message:
            raise


async def get_workflow_run(
    client: Client, access: Access, workflow_run_id: int
) -> WorkflowRunFacts:
    """https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run"""
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}"
    answer = await client.call(
        access, "GET", path, permissions=ACTIONS_READ, parameters=_WITHOUT_PULLS
    )
    found = workflow_run_facts(answer.json())
    if found is None:
        raise NotFoundError(f"no workflow run {workflow_run_id}", call=answer.call)
    return found


async def cancel_workflow_run(
    client: Client, access: Access, workflow_run_id: int, *, force: bool = False
) -> None:
    """Ask for a workflow run to be cancelled. Raises ConflictError where it has ended.

    To force passes over conditions such as `always()` that keep a workflow run going.
    https://docs.github.com/en/rest/actions/workflow-runs#cancel-a-workflow-run
    """
    verb = "force-cancel" if force else "cancel"
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}/{verb}"
    await client.call(access, "POST", path, permissions=ACTIONS_WRITE)


async def rerun_failed_jobs(client: Client, access: Access, workflow_run_id: int) -> None:
    """Ask for the failed jobs, and those that need them, to be run again.

    Raises ForbiddenError where GitHub does not: it runs, did not fail, or is too old.
    https://docs.github.com/en/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run
    """
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}/rerun-failed-jobs"
    await client.call(access, "POST", path, permissions=ACTIONS_WRITE)


async def list_jobs(
    client: Client, access: Access, workflow_run_id: int, run_attempt: int
) -> Mapping[str, str]:
    """Return the conclusion of each job of one run attempt, empty where it has none yet.

    Of jobs that share a name, one that did not succeed stands for all.
    https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt
    """
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}/attempts/{run_attempt}/jobs"
    listing = await client.pages(access, path, permissions=ACTIONS_READ, key="jobs")
    jobs: dict[str, str] = {}
    for item in listing.items:
        name = text_of(item, "name")
        if jobs.get(name, "success") == "success":
            jobs[name] = text_of(item, "conclusion")
    return jobs


async def look_up(
    client: Client, access: Access, *, workflow: str, ref: str, marker: str, since: datetime
) -> WorkflowRunFacts | Sought:
    """Find the workflow run of a dispatch made at `since` or later.

    It cannot tell where there are workflow runs that may be ours but carry no marker, since
    the target's `run-name` does not show it. "The newest one" is never an answer.
    https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow
    """
    start = (since - LOOK_UP_EARLIER).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    listing = await client.pages(
        access,
        f"{_workflow(access, workflow)}/runs",
        permissions=ACTIONS_READ,
        parameters={"event": "workflow_dispatch", "created": f">={start}", **_WITHOUT_PULLS},
        key="workflow_runs",
        pages_max=LOOK_UP_PAGES_MAX,
    )
    doubtful = not listing.is_complete
    for item in listing.items:
        run = workflow_run_facts(item)
        if run is None:
            continue
        if marker_in(run) == marker:
            return run
        doubtful = doubtful or _may_be_ours(item, run, ref)
    return Sought.CANNOT_TELL if doubtful else Sought.NOT_THERE


def _may_be_ours(item: Mapping[str, Any], run: WorkflowRunFacts, ref: str) -> bool:
    """Tell whether a workflow run without our marker may be ours all the same."""
    # A tag of ours would have shown, and so would a marker where others' do.
    if is_sha(ref) or marker_in(run) is not None:
        return False
    if ref and run.head_branch != short(ref):
        return False
    # An App acts as a bot; what a person dispatched is not ours.
    actor = text_of(object_of(item.get("actor")), "type")
    return actor in ("", "Bot")


def unexpected_inputs(error: UnprocessableError) -> tuple[str, ...]:
    """Return the inputs that the target does not declare, if that is what GitHub minds."""
    found = _UNEXPECTED.search(error.message)
    try:
        names = json.loads(found[1]) if found else []
    except ValueError:
        return ()
    return tuple(name for name in names if isinstance(name, str))


def as_text(value: Json) -> str:
    """Return an input as the text that GitHub takes for every type of input."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def short(ref: str) -> str:
    """Return a branch or tag without `refs/heads/` or `refs/tags/`."""
    for prefix in ("refs/heads/", "refs/tags/"):
        if ref.startswith(prefix):
            return ref.removeprefix(prefix)
    return ref


_WITHOUT_PULLS: Final = {"exclude_pull_requests": "true"}


def _workflow(access: Access, workflow: str) -> str:
    # GitHub knows a workflow by its file's name alone.
    name = workflow.rpartition("/")[2]
    return f"{path_to(access)}/actions/workflows/{quote(name, safe='')}"
