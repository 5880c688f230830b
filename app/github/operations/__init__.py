"""Carries out the `github:` operations of the language: one call each, made once.

What an operation does stands in the files beside this one; `desk` gives it its access, with
the consent of a repository that is not the definition's own. Whatever it makes carries the
marker of its attempt in hidden text, by which it is found again before it is made again.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from app.core.commands import PerformOperation
from app.core.events import DispatchRefused, Event, OperationPerformed
from app.github.client import Client
from app.github.consents import Consents
from app.github.errors import (
    GoneError,
    NotFoundError,
    PermissionMissingError,
    RefusedError,
    UnavailableError,
)
from app.github.operations import pinning, shipping, talking
from app.github.operations.arguments import Arguments, Refusal
from app.github.operations.desk import Desk, Made, OwnId
from app.github.rulings import Rulings
from app.github.starting import SETTLED_AFTER
from app.ports import Carried, Errand, Outcome, Postponed

OPERATIONS: Final[Mapping[str, Callable[[Desk, Arguments], Awaitable[Made]]]] = {
    "refs.resolve": pinning.resolve_refs,
    "file.read": pinning.read_file,
    "issue.create": talking.create_issue,
    "comment.create": talking.create_comment,
    "labels.add": talking.add_labels,
    "pull-request.merge": shipping.merge_pull_request,
    "release.create": shipping.create_release,
}


class Operator:
    """Performs operations as the App."""

    def __init__(
        self, client: Client, consents: Consents, rulings: Rulings, own_id: OwnId
    ) -> None:
        self._client = client
        self._rulings = rulings
        self._consents = consents
        self._own_id = own_id

    async def perform(self, command: PerformOperation, errand: Errand) -> Outcome:
        """Perform one operation, or say why it will not happen."""
        desk = Desk(
            client=self._client,
            consents=self._consents,
            rulings=self._rulings,
            own_id=self._own_id,
            command=command,
            errand=errand,
        )
        operation = OPERATIONS.get(command.operation)
        try:
            if operation is None:
                raise Refusal("unknown-operation", f"there is no operation {command.operation}")
            made = await operation(desk, Arguments(command.operation, command.arguments))
        except Refusal as refusal:
            return self._refused(
                command, refusal.code, refusal.message, calendars=refusal.calendars
            )
        except PermissionMissingError:
            raise
        except RefusedError as error:
            return self._refused(command, *_explain(command.operation, error))
        except UnavailableError as error:
            if not error.effect_unknown:
                raise
            # By then GitHub shows what it has made, if it has.
            until = self._client.clock.now() + SETTLED_AFTER
            return Postponed(why=error.message, until=until)
        return self._carried(
            OperationPerformed(
                at=self._client.clock.now(),
                attempt=command.attempt,
                outputs=made.outputs,
                url=made.url,
            )
        )

    def _refused(
        self,
        command: PerformOperation,
        code: str,
        message: str,
        *,
        calendars: tuple[str, ...] = (),
    ) -> Carried:
        return self._carried(
            DispatchRefused(
                at=self._client.clock.now(),
                attempt=command.attempt,
                code=code,
                message=message,
                calendars=calendars,
            )
        )

    def _carried(self, event: Event) -> Carried:
        return Carried(events=(event,))


def _explain(operation: str, error: RefusedError) -> tuple[str, str]:
    """Return the reason code of an operation that GitHub refused, and what to do about it."""
    if isinstance(error, NotFoundError):
        return (
            "not-found",
            f"GitHub finds nothing to do `{operation}` on: {error}. Look at what `with` came "
            "out as, and whether Signalbox is installed there.",
        )
    if isinstance(error, GoneError):
        return (
            "gone",
            f"GitHub does not do `{operation}` there: {error.message}. Issues may be switched "
            "off in the settings of the repository.",
        )
    return (
        "operation-refused",
        f"GitHub refused `{operation}`: {error.message}. Look at what `with` came out as.",
    )
