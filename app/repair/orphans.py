"""Checks and comments of orchestrations that we do not know: the database is older than they.

That it went back in time is seen in GitHub's list of deliveries: there are some that we said
we have, and do not know. Whatever we made since that time GitHub told us of, so that the same
list names what we made. The deliveries themselves are not taken in again: what followed
from them has been done, and would be done twice.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from re import compile as pattern
from typing import Any, Final

import structlog

from app.core.chores import ConcludeOrphan, DisownComment
from app.core.summary import comment_mark_start
from app.core.values import OrchestrationId, RepositoryName
from app.ports import Batch, Clock, NewCommand, Store
from app.ports.mending import DeliveryList, Listed

CHECK_RUN: Final = "check_run"
COMMENT: Final = "issue_comment"
WRITTEN: Final = frozenset({(CHECK_RUN, "created"), (COMMENT, "created"), (COMMENT, "edited")})
"""A comment that the database knows may have been taken over by one that it does not."""
READ_AT_ONCE: Final = 500
SWEEP: Final = 9
_OURS: Final = pattern(r"[0-9a-f]{16}")
"""How the ids of orchestrations look."""
_MARK: Final = pattern(r"<!-- signalbox ([^ ]+)/([^/ ]+) #(\d{1,18}) -->")
"""How our comments on pull requests begin: whose definition, which, and the number."""

log = structlog.get_logger(__name__)


def forgotten(
    listed: Sequence[Listed], known: Collection[str], hears: Collection[str]
) -> list[Listed]:
    """Return what tells of things that were made, if we said to have what we do not know.

    Check runs themselves are no sign of it: only presses of our buttons are ever kept.
    """
    kept = set(hears) - {CHECK_RUN}
    if not any(it.is_answered and it.event in kept and it.guid not in known for it in listed):
        return []
    made = [it for it in listed if (it.event, it.action) in WRITTEN]
    return list({it.guid: it for it in made}.values())


class Orphans:
    """Finds the check runs and comments that are left, and has them say so."""

    def __init__(self, *, store: Store, deliveries: DeliveryList, clock: Clock) -> None:
        self._store = store
        self._deliveries = deliveries
        self._clock = clock

    async def conclude(self, made: Sequence[Listed]) -> None:
        """Ask for those to be concluded whose orchestrations we do not know."""
        now = self._clock.now()
        if len(made) > READ_AT_ONCE:
            log.warning("not looked at", count=len(made) - READ_AT_ONCE)
        checks: list[ConcludeOrphan] = []
        comments: list[_Comment] = []
        for each in made[:READ_AT_ONCE]:
            body = await self._deliveries.body(each)
            said = _object(json.loads(body)) if body is not None else {}
            if each.event == CHECK_RUN and (check := _check(said)) is not None:
                checks.append(check)
            if each.event == COMMENT and (comment := _comment(said)) is not None:
                comments.append(comment)
        known = await self._store.load({check.orchestration for check in checks})
        orphans: list[ConcludeOrphan | DisownComment] = [
            check for check in checks if check.orchestration not in known
        ]
        orphans += await self._disowned(comments)
        if orphans:
            log.warning("what is of unknown orchestrations is concluded", count=len(orphans))
            await self._store.commit(Batch(commands=[_row(each, now) for each in orphans]))

    async def _disowned(self, comments: Sequence["_Comment"]) -> list[DisownComment]:
        """Find the comments whose numbers nobody has got yet, as far as we know."""
        if not comments:
            return []
        known = (await self._store.catalogue()).repositories
        by_name = {it.repository.name: it.repository.id for it in known}
        places = {
            (by_name.get(RepositoryName(it.repository), 0), it.definition) for it in comments
        }
        last = await self._store.last_numbers(places)
        return [
            it.command
            for it in comments
            if (place := by_name.get(RepositoryName(it.repository))) is not None
            and it.command.number > last.get((place, it.definition), 0)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comment:
    """A comment of ours, and of which definition's orchestration it speaks."""

    repository: str
    definition: str
    command: DisownComment


def _row(command: ConcludeOrphan | DisownComment, now: datetime) -> NewCommand:
    subject = f"repository/{command.repository_id}"
    return NewCommand(subject=subject, command=command, due=now, priority=SWEEP)


def _check(said: Mapping[str, Any]) -> ConcludeOrphan | None:
    """Read whose check run was made; `None` where it is none of an orchestration's."""
    check = _object(said.get("check_run"))
    name, where = check.get("external_id"), _where(said, check)
    if where is None or not isinstance(name, str) or not _OURS.fullmatch(name):
        return None
    installation_id, repository_id, number = where
    return ConcludeOrphan(
        installation_id=installation_id,
        repository_id=repository_id,
        check_run_id=number,
        orchestration=OrchestrationId(name),
    )


def _comment(said: Mapping[str, Any]) -> _Comment | None:
    """Read which comment was made; `None` where it does not begin as ours do."""
    comment = _object(said.get("comment"))
    mark, where = _MARK.match(str(comment.get("body"))), _where(said, comment)
    if where is None or mark is None:
        return None
    installation_id, repository_id, number = where
    command = DisownComment(
        installation_id=installation_id,
        repository_id=repository_id,
        comment_id=number,
        mark=comment_mark_start(RepositoryName(mark[1]), mark[2]),
        number=int(mark[3]),
    )
    return _Comment(repository=mark[1], definition=mark[2], command=command)


def _where(said: Mapping[str, Any], made: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """Return the ids of the installation, the repository, and of what was made there."""
    objects = (_object(said.get("installation")), _object(said.get("repository")), made)
    found = [number for it in objects if isinstance(number := it.get("id"), int)]
    return (found[0], found[1], found[2]) if len(found) == len(objects) else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
