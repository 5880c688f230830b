"""Tells before a dispatch whether the workflow's file takes it: read at most once a minute.

However much is dispatched there, a workflow at a ref costs one conditional call a minute, at a
commit one an hour. What cannot be read is left to GitHub, which refuses what it must, as it
does where the workflow is disabled or not on the default branch.
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from app.core.commands import DispatchWorkflow
from app.core.dispatchable import Fault, faults_of
from app.core.legs.refs import is_sha
from app.core.values import Sha
from app.core.workflow_file import WorkflowFile, read_workflow
from app.github.client import Access, Client
from app.github.errors import AwayError, NotFoundError, RefusedError, UnavailableError
from app.github.repositories import commit_of, read_file

KEPT: Final = timedelta(seconds=60)
KEPT_AT_COMMIT: Final = timedelta(hours=1)
KEPT_MAX: Final = 5_000
WORKFLOWS: Final = ".github/workflows/"
NOT_THERE: Final = "it must be on the default branch and at the ref"
_Key: TypeAlias = tuple[str, str, str]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A file as it was read, `None` where that is not known; `is_there`: there is one."""

    file: WorkflowFile | None
    until: datetime
    is_there: bool = True


class WorkflowFiles:
    """The files of workflows that are dispatched, by repository, name and ref."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._parsed: OrderedDict[Sha, WorkflowFile | None] = OrderedDict()
        # So that the legs of a matrix, which all want to know at once, ask once.
        self._asking: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    async def fault(self, command: DispatchWorkflow, access: Access) -> Fault | None:
        """Say for what GitHub would refuse a dispatch whose ref is known, if for anything."""
        most = (await self._client.capabilities()).dispatch_inputs_max
        key = (command.repository.lower(), command.workflow, command.ref)
        async with self._asking.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            is_fresh = kept is not None and self._client.clock.now() < kept.until
            # It may have been mended meanwhile: nothing is refused by what was read before.
            if kept is not None and is_fresh and _fault(command, kept, most) is None:
                return None
            kept = await self._read(command, access)
            if kept.is_there:
                self._keep(key, kept)
            return _fault(command, kept, most)

    async def _read(self, command: DispatchWorkflow, access: Access) -> _Kept:
        ref, now = command.ref, self._client.clock.now()
        until = now + (KEPT_AT_COMMIT if is_sha(ref) else KEPT)
        try:
            found = await read_file(self._client, access, WORKFLOWS + command.workflow, ref)
        except NotFoundError:
            return _Kept(file=None, until=now, is_there=not await self._has(ref, access))
        except AwayError:
            raise
        except (RefusedError, UnavailableError) as error:
            # GitHub takes the dispatch, or says itself why not.
            log.warning(
                "%s of %s not looked at: %s", command.workflow, access.repository, error
            )
            return _Kept(file=None, until=now + KEPT)
        return _Kept(file=self._parse(found.blob_sha, found.text), until=until)

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

    def _keep(self, key: _Key, kept: _Kept) -> None:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)


def _fault(command: DispatchWorkflow, kept: _Kept, most: int) -> Fault | None:
    where = f"{command.workflow} in {command.repository}"
    if not kept.is_there:
        message = f"there is no workflow {where} at {command.ref}"
        return Fault(code="workflow-not-found", message=message, hint=NOT_THERE)
    if kept.file is None:
        return None
    found = faults_of(kept.file, command.inputs, where=where, ref=command.ref, most=most)
    return next(found, None)
