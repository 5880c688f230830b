"""Finds out about installations and repositories, and checks the definitions of commits.

A chore may be done again at any time; its finding tells how things are, not what has changed.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from app.core.chores import (
    CheckDefinitions,
    ListChangedFiles,
    ListRepositories,
    ReadRepository,
    ReportPolicy,
)
from app.core.hearing.findings import (
    ChangedFilesListed,
    File,
    InstallationsListed,
    PolicyProposed,
    RepositoriesListed,
    RepositoryGone,
    RepositoryRead,
    RepositoryUnreadable,
)
from app.core.hearing.heard import Repository
from app.core.parse import parse
from app.core.policy import read_policy
from app.core.preflight import Concern, at_the_top
from app.core.problems import Problem
from app.core.routing import DEFINITIONS, is_definition, policies_of
from app.core.telling.problem_report import ProblemsText, summarise_problems
from app.core.values import Json, Sha
from app.github import repositories, surfaces
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import (
    AwayError,
    ConflictError,
    NotFoundError,
    PermissionMissingError,
    RefusedError,
    UnprocessableError,
)
from app.github.preflight import Preflight
from app.github.reporting import Reporter
from app.github.templates import Templates
from app.ports import Carried, Errand

CHECK_NAME: Final = "Signalbox definitions"
POLICY_CHECK_NAME: Final = "Signalbox policy"
BLOBS_MAX: Final = 2_000
REFUSED_TIMES: Final = 5
"""With the courier's back-off half a minute: who refuses for longer means it."""
REFUSED_PAUSE: Final = timedelta(hours=1)

log = logging.getLogger(__name__)


class Chores:
    """Does chores, and keeps the texts of files by their blob, which never change."""

    def __init__(
        self, client: Client, reporter: Reporter, templates: Templates, preflight: Preflight
    ) -> None:
        self._client = client
        self._reporter = reporter
        self._templates = templates
        self._preflight = preflight
        self._blobs: OrderedDict[tuple[int, Sha], str] = OrderedDict()

    async def list_installations(self) -> Carried:
        """List where the App is installed and not suspended."""
        found = await repositories.list_installations(self._client)
        listed = tuple(each.id for each in found if not each.is_suspended)
        return Carried(findings=(InstallationsListed(installation_ids=listed),))

    async def list_repositories(self, command: ListRepositories) -> Carried:
        """List what an installation covers; one that is gone or suspended covers nothing."""
        access = Access(
            installation_id=command.installation_id, urgency=Urgency.SWEEP, is_probe=True
        )
        # What it grants may have changed, too.
        self._client.forget_grants(command.installation_id)
        try:
            found = await repositories.list_repositories(self._client, access)
        except (NotFoundError, AwayError) as error:
            # Only where it is certain: what is not listed is paused.
            log.warning("installation %d: %s", command.installation_id, error)
            found = ()
        finding = RepositoriesListed(
            installation_id=command.installation_id, repositories=found
        )
        return Carried(findings=(finding,))

    async def read_repository(self, command: ReadRepository, errand: Errand) -> Carried:
        """Read definitions and policy, all at the one commit that the default branch is at.

        What waits for that is to know where GitHub refuses it for good.
        """
        try:
            return await self._read_repository(command)
        except PermissionMissingError as error:
            why, until = error.message, error.until
        except RefusedError as error:
            if errand.tries < REFUSED_TIMES:
                raise
            why, until = str(error), None
        log.warning("repository %d cannot be read: %s", command.repository_id, why)
        finding = RepositoryUnreadable(
            installation_id=command.installation_id,
            repository_id=command.repository_id,
            why=why or "GitHub refuses it",
            until=until or self._client.clock.now() + REFUSED_PAUSE,
        )
        return Carried(findings=(finding,))

    async def _read_repository(self, command: ReadRepository) -> Carried:
        by_id = Access(
            installation_id=command.installation_id,
            repository_id=command.repository_id,
            urgency=Urgency.SWEEP,
        )
        try:
            repository = await repositories.get_repository(self._client, by_id)
        except (NotFoundError, AwayError):
            gone = RepositoryGone(
                installation_id=command.installation_id, repository_id=command.repository_id
            )
            return Carried(findings=(gone,))
        access = _named(by_id, repository)
        try:
            head = await repositories.head_of(self._client, access, repository.default_branch)
        except (NotFoundError, ConflictError):
            # A repository without a single commit.
            head = Sha("")
        definitions: tuple[File, ...] = ()
        policy = None
        if head:
            definitions = await self._definitions(access, head)
            policy = await self._policy(access, head)
        finding = RepositoryRead(
            installation_id=command.installation_id,
            repository=repository,
            head_sha=head,
            definitions=definitions,
            policy=policy,
        )
        return Carried(findings=(finding,))

    async def check_definitions(self, command: CheckDefinitions, errand: Errand) -> Carried:
        """Write the problems of a commit's definitions on a check of that commit."""
        by_id = Access(
            installation_id=command.installation_id,
            repository_id=command.repository_id,
            urgency=Urgency.STATUS,
        )
        try:
            access = _named(by_id, await repositories.get_repository(self._client, by_id))
            problems, proposed = await self._problems(access, command)
            if problems:
                content = _check_content(summarise_problems(problems), command.sha)
                await self._create_once(access, command, content, CHECK_NAME, errand)
        except RefusedError as error:
            # There is nowhere to say it but the log.
            log.warning("definitions at %s not checked: %s", command.sha, error)
            return Carried()
        return Carried(findings=proposed)

    async def report_policy(self, command: ReportPolicy, errand: Errand) -> Carried:
        """Write on a commit what its policy would change for what is under way."""
        by_id = Access(
            installation_id=command.installation_id,
            repository_id=command.repository_id,
            urgency=Urgency.STATUS,
        )
        content: Mapping[str, Json] = {
            "name": POLICY_CHECK_NAME,
            "head_sha": command.sha,
            "status": "completed",
            "conclusion": "neutral",
            "output": {"title": command.title, "summary": command.summary},
        }
        try:
            access = _named(by_id, await repositories.get_repository(self._client, by_id))
            await self._create_once(access, command, content, POLICY_CHECK_NAME, errand)
        except RefusedError as error:
            log.warning("policy at %s not reported on: %s", command.sha, error)
        return Carried()

    async def _create_once(
        self,
        access: Access,
        command: CheckDefinitions | ReportPolicy,
        content: Mapping[str, Json],
        name: str,
        errand: Errand,
    ) -> None:
        known = None
        if errand.tries > 1:
            known = await self._reporter.find_check(access, command.sha, name, command.key)
        if known is None:
            whole = {**content, "external_id": command.key}
            await surfaces.create_check_run(self._client, access, whole)

    async def list_changed_files(self, command: ListChangedFiles) -> Carried:
        """List what a pull request changes, or what lies between two commits."""
        by_id = Access(
            installation_id=command.installation_id, repository_id=command.repository_id
        )
        paths: tuple[str, ...] = ()
        try:
            repository = await repositories.get_repository(self._client, by_id)
            access = _named(by_id, repository)
            if command.number is not None:
                found = await repositories.list_pull_request_files(
                    self._client, access, command.number
                )
                paths = found.paths
            elif command.head.strip("0"):
                base = command.base if command.base.strip("0") else repository.default_branch
                paths = await self._between(
                    access, base, command.head, repository.default_branch
                )
        except RefusedError as error:
            log.warning("changed files of delivery %s: %s", command.delivery_id, error)
        finding = ChangedFilesListed(delivery_id=command.delivery_id, files=paths)
        return Carried(findings=(finding,))

    async def _between(
        self, access: Access, base: str, head: str, default_branch: str
    ) -> tuple[str, ...]:
        try:
            return (await repositories.compare(self._client, access, base, head)).paths
        except (NotFoundError, UnprocessableError):
            # A forced push may have left its old end behind.
            if base == default_branch:
                raise
        return (await repositories.compare(self._client, access, default_branch, head)).paths

    async def _definitions(self, access: Access, head: Sha) -> tuple[File, ...]:
        folder = DEFINITIONS.rstrip("/")
        listed = await repositories.list_directory(self._client, access, folder, head)
        return tuple(
            [
                await self._file(access, entry.path, entry.sha, head)
                for entry in listed
                if entry.kind == "file" and is_definition(entry.path)
            ]
        )

    async def _file(self, access: Access, path: str, blob_sha: Sha, head: Sha) -> File:
        assert access.repository_id is not None, "blobs are kept by repository"
        key = (access.repository_id, blob_sha)
        if key not in self._blobs:
            self._blobs[key] = await self._text(access, path, head)
            while len(self._blobs) > BLOBS_MAX:
                self._blobs.popitem(last=False)
        else:
            self._blobs.move_to_end(key)
        file = File(path=path, blob_sha=blob_sha, text=self._blobs[key])
        return await self._templates.join(access, file, head)

    async def _text(self, access: Access, path: str, head: Sha) -> str:
        try:
            return (await repositories.read_file(self._client, access, path, head)).text
        except NotFoundError:
            raise
        except RefusedError as error:
            # Too large, or no text: an empty definition is a problem, and is told as one.
            log.warning("%s of %s: %s", path, access.repository, error)
            return ""

    async def _policy(self, access: Access, head: Sha) -> str | None:
        assert access.repository is not None, "by now its name is known"
        for path in policies_of(access.repository):
            try:
                return await self._text(access, path, head)
            except NotFoundError:
                continue
        return None

    async def _problems(
        self, access: Access, command: CheckDefinitions
    ) -> tuple[Mapping[str, tuple[Problem | Concern, ...]], tuple[PolicyProposed, ...]]:
        paths = command.paths
        if command.pull_request is not None:
            found = await repositories.list_pull_request_files(
                self._client, access, command.pull_request
            )
            paths = found.paths
        assert access.repository is not None, "by now its name is known"
        policies = policies_of(access.repository)
        problems: dict[str, tuple[Problem | Concern, ...]] = {}
        proposed: tuple[PolicyProposed, ...] = ()
        for path in paths:
            if not is_definition(path) and path not in policies:
                continue
            try:
                text = await self._text(access, path, command.sha)
            except NotFoundError:
                # The commit removes it.
                if path in policies:
                    proposed = (_proposed(access, command, None),)
                continue
            if path in policies:
                problems[path] = read_policy(text)[1]
                if not problems[path]:
                    proposed = (_proposed(access, command, text),)
                continue
            file = File(path=path, blob_sha=Sha(""), text=text)
            whole = await self._templates.join(access, file, command.sha)
            definition, problems[path] = parse(whole.text, path)
            if definition is not None:
                concerns = await self._preflight.concerns(access, definition, path, command.sha)
                # What stands in a template has no line here.
                is_whole = whole.text == text
                problems[path] = concerns if is_whole else tuple(map(at_the_top, concerns))
        return problems, proposed


def _proposed(access: Access, command: CheckDefinitions, text: str | None) -> PolicyProposed:
    assert access.repository is not None, "by now its name is known"
    return PolicyProposed(
        installation_id=command.installation_id,
        repository_id=command.repository_id,
        repository=access.repository,
        sha=command.sha,
        text=text,
    )


def _named(access: Access, repository: Repository) -> Access:
    return Access(
        installation_id=access.installation_id,
        repository=repository.name,
        repository_id=repository.id,
        urgency=access.urgency,
    )


def _check_content(text: ProblemsText, sha: Sha) -> Mapping[str, Json]:
    return {
        "name": CHECK_NAME,
        "head_sha": sha,
        "status": "completed",
        "conclusion": text.conclusion,
        "output": {
            "title": text.title,
            "summary": text.summary,
            "annotations": [
                {
                    "path": annotation.path,
                    "start_line": annotation.start_line,
                    "end_line": annotation.start_line,
                    "start_column": annotation.start_column,
                    "end_column": annotation.start_column,
                    "annotation_level": annotation.level,
                    "title": annotation.title,
                    "message": annotation.message,
                }
                for annotation in text.annotations
            ],
        },
    }
