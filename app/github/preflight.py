"""Reads what preflight judges: the targets of a definition, as they are on GitHub now.

Each target is read once for each definition that is checked. What GitHub refuses to say is
left open and noted; what may pass delays the whole check.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.core.definition import Definition
from app.core.legs.refs import is_sha
from app.core.plan import Origin
from app.core.policy import Consent, consent_to_dispatch, consent_to_release
from app.core.preflight import (
    Concern,
    Facts,
    Target,
    judge,
    literal,
    not_looked_at,
    targets_of,
)
from app.core.values import Sha
from app.core.workflow_file import read_workflow
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.consents import Consents
from app.github.errors import NotFoundError, PermissionMissingError, RefusedError
from app.github.gates import has_environment
from app.github.repositories import commit_of, object_of, path_to, read_file, text_of

ACTIONS_WRITE: Final = {"actions": "write"}
CONTENTS_WRITE: Final = {"contents": "write"}
RELEASE: Final = {"actions": "read", "deployments": "write"}
"""What is needed to look at an environment, and to answer for it."""
WORKFLOWS: Final = ".github/workflows/"
TARGETS_MAX: Final = 100
"""Different targets of one definition that are looked at; each takes a few calls."""


class Preflight:
    """Finds out whether what definitions dispatch could be dispatched."""

    def __init__(self, client: Client, consents: Consents) -> None:
        self._client = client
        self._consents = consents

    async def concerns(
        self, access: Access, definition: Definition, path: str, head: Sha
    ) -> tuple[Concern, ...]:
        """Return everything that would keep a definition's targets from being dispatched.

        Of the definition's own repository the workflows count as they are at `head`, since
        they come to the default branch together with it.
        """
        assert access.repository is not None, "whoever reads definitions knows its name"
        assert access.repository_id is not None, "and its id"
        assert access.installation_id is not None, "and by which installation"
        origin = Origin(
            repository_id=access.repository_id,
            repository=access.repository,
            installation_id=access.installation_id,
            path=path,
        )
        targets, notes = targets_of(definition)
        known: dict[tuple[str, str, str, object], Facts] = {}
        found, left = list(notes), []
        for target in targets:
            key = (target.repository.lower(), target.workflow, target.ref, _environment(target))
            if key not in known and len(known) >= TARGETS_MAX:
                left.append(target)
                continue
            if key not in known:
                known[key] = await self._facts(target, origin, definition.id, head)
            found += judge(target, known[key])
        return _in_order([*found, *not_looked_at(left, TARGETS_MAX)])

    async def _facts(self, target: Target, origin: Origin, definition: str, head: Sha) -> Facts:
        try:
            access = await self._consents.access_to(target.repository, origin, Urgency.STATUS)
        except NotFoundError:
            return Facts(is_installed=False)
        is_own = access.repository_id is not None
        facts = await self._of_workflow(target, access, head if is_own else None)
        most = (await self._client.capabilities()).dispatch_inputs_max
        facts = replace(facts, inputs_max=most)
        try:
            facts = replace(
                facts, consent=await self._consent(target, access, origin, definition)
            )
            environment = _environment(target)
            if environment is not None:
                is_there = await has_environment(
                    self._client, access, environment, permissions=RELEASE
                )
                facts = replace(facts, has_environment=is_there)
        except PermissionMissingError as error:
            facts = replace(facts, missing_for_release=error.message)
        except RefusedError:
            # What we may not look at stays open; the permission was named above.
            pass
        return facts

    async def _of_workflow(self, target: Target, access: Access, head: Sha | None) -> Facts:
        try:
            state = await self._state(target, access)
            if head is not None and await self._is_at_default(target, access):
                brought = await self._at_ref(replace(target, ref=head), access)
                if brought.has_file:
                    return replace(brought, state=state or None)
            if not state:
                return Facts(state="")
            return replace(await self._at_ref(target, access), state=state)
        except PermissionMissingError as error:
            return Facts(missing_permission=error.message)
        except RefusedError:
            return Facts()

    async def _state(self, target: Target, access: Access) -> str:
        """Return the state of a workflow, empty where the default branch has none.

        https://docs.github.com/en/rest/actions/workflows#get-a-workflow
        """
        path = f"{path_to(access)}/actions/workflows/{target.workflow}"
        try:
            # Asked with the rights that a dispatch needs, so that their lack is told now.
            needs = {**ACTIONS_WRITE, **(CONTENTS_WRITE if is_sha(target.ref) else {})}
            answer = await self._client.call(access, "GET", path, permissions=needs)
        except NotFoundError:
            return ""
        return text_of(object_of(answer.json()), "state")

    async def _at_ref(self, target: Target, access: Access) -> Facts:
        try:
            path = WORKFLOWS + target.workflow
            text = (await read_file(self._client, access, path, target.ref or None)).text
        except NotFoundError:
            return Facts(has_file=False, is_ref_there=await self._has_ref(target, access))
        return Facts(file=read_workflow(text))

    async def _is_at_default(self, target: Target, access: Access) -> bool:
        branch = await self._consents.default_branch(access)
        return target.ref in ("", branch, f"refs/heads/{branch}")

    async def _has_ref(self, target: Target, access: Access) -> bool:
        try:
            await commit_of(self._client, access, target.ref or "HEAD")
        except RefusedError:
            return False
        return True

    async def _consent(
        self, target: Target, access: Access, origin: Origin, definition: str
    ) -> Consent:
        is_own = access.repository_id is not None
        policy = None if is_own else await self._consents.policy(access)
        whose = origin.repository if is_own else target.repository
        ref = target.ref or await self._consents.default_branch(access)
        consent = consent_to_dispatch(
            policy,
            target=whose,
            origin=origin,
            definition=definition,
            workflow=target.workflow,
            ref=ref.removeprefix("refs/heads/"),
        )
        environment = _environment(target)
        if not consent.is_given or environment is None:
            return consent
        return consent_to_release(
            policy,
            target=whose,
            origin=origin,
            definition=definition,
            environment=environment,
        )


def _environment(target: Target) -> str | None:
    named = literal(target.environment) if target.environment is not None else None
    return named if isinstance(named, str) else None


def _in_order(found: Sequence[Concern]) -> tuple[Concern, ...]:
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda it: (it.line, it.column, it.code, it.message)))
