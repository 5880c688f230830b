"""Concludes check runs of ours that nobody will ever write to again, and lets comments go.

Whose they are is looked at before: what is another App's, or another orchestration's, is let
be, and so is a check run that is concluded.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.core.chores import ConcludeOrphan, DisownComment
from app.core.values import Json
from app.github import surfaces
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import AwayError, RefusedError
from app.github.operations.desk import OwnId
from app.github.reporting import number_of
from app.github.repositories import get_repository
from app.ports import Carried

TITLE: Final = "unknown to this Signalbox"
SUMMARY: Final = (
    "Signalbox was restored from a backup that is older than this, and knows nothing of what "
    "it was about. What had been started goes on by itself: look at the workflow runs, and "
    "start anew what is still wanted."
)

log = logging.getLogger(__name__)


class Orphanage:
    """Knows which check runs and comments are ours."""

    def __init__(self, client: Client, own_id: OwnId) -> None:
        self._client = client
        self._own_id = own_id

    async def carry(self, command: ConcludeOrphan | DisownComment) -> Carried:
        """Do it once; what cannot be reached any more holds nobody up."""
        access = Access(
            installation_id=command.installation_id,
            repository_id=command.repository_id,
            urgency=Urgency.SWEEP,
        )
        try:
            repository = await get_repository(self._client, access)
            named = replace(access, repository=repository.name)
            if isinstance(command, ConcludeOrphan):
                await self._conclude(named, command)
            else:
                await self._disown(named, command)
        except (RefusedError, AwayError) as error:
            log.warning("%s not done: %s", command.key, error)
        return Carried()

    async def _conclude(self, access: Access, command: ConcludeOrphan) -> None:
        check = await surfaces.get_check_run(self._client, access, command.check_run_id)
        is_ours = check.app_id == await self._own_id()
        if not is_ours or check.external_id != command.orchestration:
            return
        if check.status == "completed":
            return
        content: Mapping[str, Json] = {
            "status": "completed",
            "conclusion": "cancelled",
            "output": {"title": TITLE, "summary": SUMMARY},
            "actions": [],
        }
        await surfaces.update_check_run(self._client, access, command.check_run_id, content)
        log.info("check run %d of %s concluded", command.check_run_id, command.orchestration)

    async def _disown(self, access: Access, command: DisownComment) -> None:
        comment = await surfaces.get_comment(self._client, access, command.comment_id)
        is_ours = comment.app_id == await self._own_id()
        if not is_ours or number_of(comment, command.mark) < command.number:
            return
        body = f"{command.mark}0 -->\n### {TITLE}\n\n{SUMMARY}"
        await surfaces.update_comment(self._client, access, command.comment_id, body)
        log.info("comment %d let go", command.comment_id)
