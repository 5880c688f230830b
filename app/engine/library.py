"""The repositories and definitions that are known, in memory and ready to be asked.

The database holds their texts; this holds them parsed. It changes only after the batch that
says so has been saved.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import assert_never

import structlog

from app.core.approvals.survey import PolicyText
from app.core.calendar_state import Read, find_calendar
from app.core.calendars import Calendar
from app.core.chores import ListRepositories, ReadRepository
from app.core.definition import Definition
from app.core.hearing.catalogue import Catalogue, Covered, Entry, catalogue
from app.core.hearing.findings import (
    ChangedFilesListed,
    File,
    Finding,
    InstallationsListed,
    PolicyProposed,
    PullRequestFound,
    RepositoriesListed,
    RepositoryGone,
    RepositoryRead,
    RepositoryUnreadable,
    RequestsJudged,
)
from app.core.hearing.pulls import noted
from app.core.parse import parse_once
from app.core.plan import Origin
from app.core.policy import read_policy
from app.core.routing import ORGANIZATION_REPOSITORIES
from app.engine.rows import chore, of_installation, of_repository
from app.ports import Batch, KnownRepository
from app.ports import Catalogue as Known

log = structlog.get_logger(__name__)


class Library:
    """What is known of repositories, by their ids."""

    def __init__(self) -> None:
        self._repositories: dict[int, KnownRepository] = {}
        self._files: dict[int, tuple[File, ...]] = {}
        self._parsed: dict[tuple[int, str, str], Definition | None] = {}
        self._read_policy = lru_cache(maxsize=256)(read_policy)
        self._of_organization: dict[str, list[tuple[str, str]]] = {}
        self.catalogue: Catalogue = catalogue((), ())

    def load(self, known: Known) -> None:
        """Take over what the database holds."""
        self._repositories = {each.repository.id: each for each in known.repositories}
        files: dict[int, list[File]] = {}
        for definition in known.definitions:
            files.setdefault(definition.repository_id, []).append(definition.file)
        self._files = {repository: tuple(found) for repository, found in files.items()}
        self._rebuild()

    def policy(self, repository_id: int) -> str | None:
        """Return the text of a repository's policy as it was last read."""
        known = self._repositories.get(repository_id)
        return known.policy if known else None

    def calendar(self, organization: str, name: str) -> Calendar | str:
        """Return what an organization's policy says of a calendar, or why it says nothing."""
        return find_calendar(self._policies(organization), organization, name)

    def calendars_of(self, organization: str) -> list[str]:
        """Return the names of all calendars of an organization."""
        found = {
            name
            for _, (policy, _) in self._policies(organization)
            if policy is not None and policy.organization is not None
            for name in policy.organization.calendars
        }
        return sorted(found)

    def organization_policies(self, *repositories: str) -> tuple[PolicyText, ...]:
        """Return the policy of each organization that owns one of these repositories."""
        owners = dict.fromkeys(each.partition("/")[0].lower() for each in repositories)
        found = (self._of_organization.get(owner, ())[:1] for owner in owners)
        return tuple(PolicyText(owner=where, text=text) for it in found for where, text in it)

    def scheduled(self) -> Iterable[Entry]:
        """Return the definitions that start by the clock."""
        return [
            entry
            for entry in self.catalogue.entries
            if any(listen.schedules for listen in entry.definition.on)
        ]

    def head(self, repository_id: int) -> KnownRepository | None:
        """Return a repository as it is known."""
        return self._repositories.get(repository_id)

    def awaits(self, repository_id: int) -> bool:
        """Tell whether a repository that is covered has still to be read for the first time."""
        known = self._repositories.get(repository_id)
        return known is not None and known.is_awaited

    def forget(self, repository_ids: Collection[int], batch: Batch) -> None:
        """Put into a batch that repositories are gone; what waits for them waits no longer."""
        batch.forget_repositories.extend(repository_ids)
        batch.wake_subjects.extend(map(of_repository, repository_ids))

    def of_installation(self, installation_id: int) -> list[int]:
        """Return the ids of the repositories that an installation covers."""
        return [
            known.repository.id
            for known in self._repositories.values()
            if known.installation_id == installation_id
        ]

    def note(self, finding: Finding, batch: Batch, now: datetime) -> None:
        """Put into a batch what a finding changes."""
        match finding:
            case InstallationsListed():
                self._note_installations(finding, batch, now)
            case RepositoriesListed():
                self._note_repositories(finding, batch, now)
            case RepositoryRead():
                batch.repositories.append(
                    KnownRepository(
                        repository=finding.repository,
                        installation_id=finding.installation_id,
                        head_sha=finding.head_sha,
                        policy=finding.policy,
                    )
                )
                batch.definitions.append((finding.repository.id, finding.definitions))
                batch.wake_subjects.append(of_repository(finding.repository.id))
            case RepositoryUnreadable():
                self._note_unreadable(finding, batch)
            case RepositoryGone():
                self.forget((finding.repository_id,), batch)
            case ChangedFilesListed():
                batch.changed_files.append((finding.delivery_id, finding.files))
            case PullRequestFound():
                notes = noted(finding.number, is_fork=finding.is_fork)
                batch.changed_files.append((finding.delivery_id, notes))
            case PolicyProposed():
                # It is not in force: see `foreseeing`.
                pass
            case RequestsJudged():
                # What somebody asked for is no knowledge of repositories: see `doors`.
                pass
            case _:
                assert_never(finding)

    def apply(self, batch: Batch) -> None:
        """Take over what a saved batch changed."""
        if not (batch.repositories or batch.definitions or batch.forget_repositories):
            return
        for known in batch.repositories:
            self._repositories[known.repository.id] = known
        for repository_id, files in batch.definitions:
            self._files[repository_id] = files
        for repository_id in batch.forget_repositories:
            self._repositories.pop(repository_id, None)
            self._files.pop(repository_id, None)
        self._rebuild()

    def _note_installations(
        self, finding: InstallationsListed, batch: Batch, now: datetime
    ) -> None:
        listed = set(finding.installation_ids)
        for installation_id in finding.installation_ids:
            command = ListRepositories(installation_id=installation_id)
            batch.commands.append(chore(command, of_installation(installation_id), now))
        gone = [
            known.repository.id
            for known in self._repositories.values()
            if known.installation_id not in listed
        ]
        self.forget(gone, batch)

    def _note_repositories(
        self, finding: RepositoriesListed, batch: Batch, now: datetime
    ) -> None:
        listed = {repository.id for repository in finding.repositories}
        # Some may have been read while they were listed, and are not known so yet.
        read = {known.repository.id: known for known in batch.repositories}
        for repository in finding.repositories:
            before = read.get(repository.id) or self._repositories.get(repository.id)
            batch.repositories.append(
                KnownRepository(
                    repository=repository,
                    installation_id=finding.installation_id,
                    head_sha=before.head_sha if before else None,
                    policy=before.policy if before else None,
                    # Whether it can be read now will be known soon: it is read anew.
                )
            )
            command = ReadRepository(
                installation_id=finding.installation_id, repository_id=repository.id
            )
            batch.commands.append(chore(command, of_repository(repository.id), now))
        gone = [
            each for each in self.of_installation(finding.installation_id) if each not in listed
        ]
        self.forget(gone, batch)
        batch.wake_subjects.append(of_installation(finding.installation_id))

    def _note_unreadable(self, finding: RepositoryUnreadable, batch: Batch) -> None:
        """Note why nothing was ever read there, and have it tried again in time."""
        known = self._repositories.get(finding.repository_id)
        if known is None:
            return
        if known.head_sha is None and known.unreadable != finding.why:
            batch.repositories.append(replace(known, unreadable=finding.why))
        subject = of_repository(finding.repository_id)
        command = ReadRepository(
            installation_id=finding.installation_id, repository_id=finding.repository_id
        )
        batch.commands.append(chore(command, subject, finding.until))
        batch.wake_subjects.append(subject)

    def _policies(self, organization: str) -> list[tuple[str, Read]]:
        return [
            (repository, self._read_policy(text))
            for repository, text in self._of_organization.get(organization.lower(), ())
        ]

    def _rebuild(self) -> None:
        self._of_organization = {}
        for place in ORGANIZATION_REPOSITORIES:
            for known in self._repositories.values():
                owner, _, name = known.repository.name.partition("/")
                if name.lower() == place and known.policy is not None:
                    found = self._of_organization.setdefault(owner.lower(), [])
                    found.append((known.repository.name, known.policy))
        covered = [
            Covered(
                repository=known.repository,
                installation_id=known.installation_id,
                head_sha=known.head_sha,
            )
            for known in self._repositories.values()
        ]
        self.catalogue = catalogue(covered, self._entries())

    def _entries(self) -> Iterable[Entry]:
        parsed: dict[tuple[int, str, str], Definition | None] = {}
        for repository_id, files in self._files.items():
            known = self._repositories.get(repository_id)
            if known is None:
                continue
            for file in files:
                key = (repository_id, file.path, file.blob_sha)
                definition = parsed[key] = self._parse(key, file)
                if definition is None:
                    continue
                origin = Origin(
                    repository_id=repository_id,
                    repository=known.repository.name,
                    installation_id=known.installation_id,
                    path=file.path,
                )
                yield Entry(origin=origin, definition=definition, text=file.text)
        self._parsed = parsed

    def _parse(self, key: tuple[int, str, str], file: File) -> Definition | None:
        if key in self._parsed:
            return self._parsed[key]
        definition, problems = parse_once(file.text, file.path)
        if problems:
            # It fails shut: a definition with problems starts nothing.
            log.warning("definition not in force", path=file.path, problems=len(problems))
        return definition
