"""Tells before a dispatch whether the workflow's file takes it: read at most once a minute.

However much is dispatched there, a workflow at a ref costs one conditional call a minute, at a
commit one an hour. What cannot be read is left to GitHub, which refuses what it must, as it
does where the workflow is disabled or not on the default branch.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.commands import DispatchWorkflow
from app.core.dispatchable import Fault, faults_of
from app.core.legs.refs import is_sha
from app.core.values import Sha
from app.core.workflow_file import WorkflowFile, read_workflow
from app.github.client import Access, Client
from app.github.errors import AwayError, NotFoundError, RefusedError, UnavailableError
from app.github.kept_answers import NOT_KEPT, KeptAnswers
from app.github.repositories import commit_of, read_file

KEPT: Final = timedelta(seconds=60)
KEPT_AT_COMMIT: Final = timedelta(hours=1)
KEPT_MAX: Final = 5_000
WORKFLOWS: Final = ".github/workflows/"
NOT_THERE: Final = "it must be on the default branch and at the ref"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A file as it was read, `None` where that is not known; `is_there`: there is one."""

    file: WorkflowFile | None
    lasts: timedelta
    is_there: bool = True


class WorkflowFiles:
    """The files of workflows that are dispatched, by repository, name and ref."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._files: KeptAnswers[tuple[str, str, str], _Found] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )
        self._parsed: OrderedDict[Sha, WorkflowFile | None] = OrderedDict()

    async def fault(self, command: DispatchWorkflow, access: Access) -> Fault | None:
        """Say for what GitHub would refuse a dispatch whose ref is known, if for anything."""
        most = (await self._client.capabilities()).dispatch_inputs_max
        found = await self._files.of(
            (command.repository.lower(), command.workflow, command.ref),
            lambda: self._read(command, access),
            # It may have been mended meanwhile: nothing is refused by what was read before.
            holds=lambda it: _fault(command, it, most) is None,
            lasts=lambda it: it.lasts,
        )
        return _fault(command, found, most)

    async def _read(self, command: DispatchWorkflow, access: Access) -> _Found:
        ref = command.ref
        try:
            found = await read_file(self._client, access, WORKFLOWS + command.workflow, ref)
        except NotFoundError:
            is_missing = await self._has(ref, access)
            return _Found(file=None, lasts=NOT_KEPT, is_there=not is_missing)
        except AwayError:
            raise
        except (RefusedError, UnavailableError) as error:
            # GitHub takes the dispatch, or says itself why not.
            log.warning(
                "%s of %s not looked at: %s", command.workflow, access.repository, error
            )
            return _Found(file=None, lasts=KEPT)
        lasts = KEPT_AT_COMMIT if is_sha(ref) else KEPT
        return _Found(file=self._parse(found.blob_sha, found.text), lasts=lasts)

    async def _has(self, ref: str, access: Access) -> bool:
        """Tell whether a ref is surely there, so that it is the file which is missing."""
        try:
            await commit_of(self._client, access, ref)
        except AwayError:
            raise
        except (RefusedError, UnavailableError):
            return False
        return True

    def _parse(self, sha: Sha, text: str) -> WorkflowFile | None:
        if sha not in self._parsed:
            self._parsed[sha] = read_workflow(text)
            while len(self._parsed) > KEPT_MAX:
                self._parsed.popitem(last=False)
        return self._parsed[sha]


def _fault(command: DispatchWorkflow, found: _Found, most: int) -> Fault | None:
    where = f"{command.workflow} in {command.repository}"
    if not found.is_there:
        message = f"there is no workflow {where} at {command.ref}"
        return Fault(code="workflow-not-found", message=message, hint=NOT_THERE)
    if found.file is None:
        return None
    faults = faults_of(found.file, command.inputs, where=where, ref=command.ref, most=most)
    return next(faults, None)
