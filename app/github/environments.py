"""Carries reports on, and answers to, workflow runs that wait at environments.

Whether the repository lets the definition answer, and whether an organisation's policy lets
anybody, is asked at the moment of the answer. In doubt nothing is answered, and the run waits.
"""

from dataclasses import replace

from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.environment_events import EnvironmentAnswered
from app.core.legs.ruling import DENIES, Objection, object_to_release
from app.core.policy import Consent, consent_to_release
from app.core.state import Orchestration
from app.core.state_of_environments import APPROVED, GONE, REFUSED, REJECTED
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.consents import Consents
from app.github.errors import (
    NotFoundError,
    PermissionMissingError,
    RefusedError,
    UnprocessableError,
)
from app.github.finding import Finder
from app.github.gates import answer_rule, report_rule
from app.github.rulings import Rulings
from app.ports import Carried, Errand


class Gatekeeper:
    """Speaks with GitHub about workflow runs that wait for us."""

    def __init__(
        self, client: Client, consents: Consents, rulings: Rulings, finder: Finder
    ) -> None:
        self._client = client
        self._finder = finder
        self._consents = consents
        self._rulings = rulings

    async def carry(
        self, command: AnswerEnvironment | ReportEnvironment, errand: Errand
    ) -> Carried:
        """Carry one of the two out."""
        assert errand.state is not None, "a command of an orchestration comes with its state"
        if isinstance(command, ReportEnvironment):
            return await self.report(command, errand.state)
        return await self.answer(command, errand.state, is_repeated=errand.tries > 1)

    async def report(self, command: ReportEnvironment, state: Orchestration) -> Carried:
        """Say why a run waits; who may not answer for an environment may not speak there."""
        access = _access(command)
        try:
            if (await self._consent(access, command, state)).is_given:
                await report_rule(
                    self._client,
                    access,
                    command.workflow_run_id,
                    command.environment,
                    command.comment,
                )
        except RefusedError:
            # It waits no more, or there have been enough reports: nobody misses this one.
            pass
        return Carried()

    async def answer(
        self, command: AnswerEnvironment, state: Orchestration, *, is_repeated: bool
    ) -> Carried:
        """Answer for a run, unless somebody has something against that."""
        access = _access(command)
        try:
            consent = await self._consent(access, command, state)
            if not consent.is_given:
                return self._answered(command, REFUSED, consent.code, consent.message)
            return await self._judged(access, command, state, is_repeated=is_repeated)
        except PermissionMissingError:
            raise
        except RefusedError as error:
            return self._answered(command, REFUSED, "permission-missing", error.message)

    async def _judged(
        self,
        access: Access,
        command: AnswerEnvironment,
        state: Orchestration,
        *,
        is_repeated: bool,
    ) -> Carried:
        is_approved, comment = command.is_approved, command.comment
        if is_approved:
            policies = await self._rulings.policies(
                state.plan.origin.repository, command.repository
            )
            run = state.environments[command.asking - 1]
            objection = object_to_release(state, run, policies, self._client.clock.now())
            if objection is not None and objection.code != DENIES:
                return self._refused(command, objection)
            if objection is not None:
                is_approved, comment = False, objection.message
        try:
            await answer_rule(
                self._client,
                access,
                command.workflow_run_id,
                command.environment,
                is_approved=is_approved,
                comment=comment,
            )
        except (UnprocessableError, NotFoundError):
            # An earlier answer was taken, somebody was faster, or the thirty days are over.
            asked = replace(command, is_approved=is_approved)
            outcome, comment = await self._finder.became_of(
                asked, access, comment, is_repeated=is_repeated
            )
            code = "not-waiting" if outcome == GONE else ""
            return self._answered(command, outcome, code, comment)
        outcome = APPROVED if is_approved else REJECTED
        return self._answered(command, outcome, "", comment)

    async def _consent(
        self,
        access: Access,
        command: AnswerEnvironment | ReportEnvironment,
        state: Orchestration,
    ) -> Consent:
        origin = state.plan.origin
        is_own = command.repository_id == origin.repository_id
        return consent_to_release(
            None if is_own else await self._consents.policy(access),
            target=origin.repository if is_own else command.repository,
            origin=origin,
            definition=state.plan.definition.id,
            environment=command.environment,
        )

    def _refused(self, command: AnswerEnvironment, objection: Objection) -> Carried:
        return self._answered(
            command,
            REFUSED,
            objection.code,
            objection.message,
            calendars=objection.calendars,
        )

    def _answered(
        self,
        command: AnswerEnvironment,
        outcome: str,
        code: str,
        message: str,
        *,
        calendars: tuple[str, ...] = (),
    ) -> Carried:
        event = EnvironmentAnswered(
            at=self._client.clock.now(),
            workflow_run_id=command.workflow_run_id,
            environment=command.environment,
            outcome=outcome,
            code=code,
            message=message,
            calendars=calendars,
        )
        return Carried(events=(event,))


def _access(command: AnswerEnvironment | ReportEnvironment) -> Access:
    return Access(
        installation_id=command.installation_id,
        repository=command.repository,
        repository_id=command.repository_id,
        urgency=Urgency.DECISION,
    )
