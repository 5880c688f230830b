"""Finds out what webhooks and answers have not told of workflow runs that wait for us.

GitHub asks by a webhook, which may be lost, and its reply to our answer may be, too. Looked up
is what is so: whether a run waits at an environment that asks our App, and what became of an
answer.
"""

import logging
from datetime import timedelta
from typing import Final

from app.core.environment_commands import AnswerEnvironment
from app.core.environment_events import EnvironmentAsked
from app.core.events import AttemptId
from app.core.hearing.heard import WorkflowRunFacts
from app.core.state import Orchestration
from app.core.state_of_environments import APPROVED, GONE, REJECTED
from app.github import gates
from app.github.client import Access, Client
from app.github.dispatching import get_workflow_run
from app.github.errors import NotFoundError, RefusedError
from app.github.kept_answers import KeptAnswers
from app.github.operations.desk import OwnId

KEPT: Final = timedelta(hours=1)
KEPT_MAX: Final = 5_000


log = logging.getLogger(__name__)


class Finder:
    """Looks at workflow runs that wait, and at those that may have been answered."""

    def __init__(self, client: Client, own_id: OwnId) -> None:
        self._client = client
        self._own_id = own_id
        self._rules: KeptAnswers[tuple[str, str], bool] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )

    async def asked(
        self, state: Orchestration, attempt: AttemptId, run: WorkflowRunFacts, access: Access
    ) -> tuple[EnvironmentAsked, ...]:
        """Return where a workflow run that waits asks us, as far as that is to be done.

        One call, and at most one more: which environments ask us is kept for an hour.
        """
        ours = [each for each in state.environments if each.workflow_run_id == run.id]
        if any(each.is_open for each in ours) or access.repository is None:
            # It is in hand, and will be answered.
            return ()
        found: list[EnvironmentAsked] = []
        may_ask = True
        try:
            for environment in await gates.waits_at(self._client, access, run.id):
                is_kept = self._rules.knows(_key(access, environment))
                if not (is_kept or may_ask):
                    # The rest at the next look.
                    break
                may_ask = may_ask and is_kept
                if await self._has_rule(access, environment):
                    found.append(self._event(attempt, run, access, environment))
        except RefusedError as error:
            # What is known of the run must be told all the same; the next look may tell more.
            log.warning("where %s waits: %s", attempt, error)
        return tuple(found)

    def _event(
        self, attempt: AttemptId, run: WorkflowRunFacts, access: Access, environment: str
    ) -> EnvironmentAsked:
        assert access.repository is not None, "the caller has looked"
        return EnvironmentAsked(
            at=self._client.clock.now(),
            attempt=attempt,
            workflow_run_id=run.id,
            environment=environment,
            repository_id=access.repository_id or run.repository_id,
            repository=access.repository,
            installation_id=access.installation_id,
            is_found=True,
        )

    async def _has_rule(self, access: Access, environment: str) -> bool:
        async def ask() -> bool:
            own_id = await self._own_id()
            return await gates.has_our_rule(self._client, access, environment, own_id)

        return await self._rules.of(_key(access, environment), ask)

    async def became_of(
        self,
        command: AnswerEnvironment,
        access: Access,
        comment: str,
        *,
        is_repeated: bool,
    ) -> tuple[str, str]:
        """Return what is so of a run that does not wait for our answer, and a sentence on it.

        An earlier answer of ours may have been taken and only the reply to it been lost.
        """
        number, environment = command.workflow_run_id, command.environment
        try:
            said = await gates.said_by_bots(self._client, access, number, environment)
            state = said.get(gates.fitting(comment))
            if state in (APPROVED, REJECTED):
                return state, comment
            run = await get_workflow_run(self._client, access, number)
        except NotFoundError:
            return GONE, "GitHub knows no such workflow run any more"
        except RefusedError as error:
            return GONE, f"it does not wait for this any more: {error.message}"
        went_on = run.conclusion in (None, "success") and run.status != "waiting"
        if is_repeated and went_on and command.is_approved:
            return APPROVED, f"{comment} (the reply to this was lost, and it has gone on)"
        if is_repeated and run.conclusion == "failure" and not command.is_approved:
            return REJECTED, f"{comment} (the reply to this was lost, and it has failed)"
        return GONE, _how(run)


def _how(run: WorkflowRunFacts) -> str:
    if run.status == "waiting":
        return "it does not wait for this any more, but for others"
    if run.conclusion is not None:
        return f"it does not wait any more: it ended ({run.conclusion})"
    return f"it has gone on without this ({run.status})"


def _key(access: Access, environment: str) -> tuple[str, str]:
    return str(access.repository).lower(), environment
