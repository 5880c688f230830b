"""Operations asked for in a story: one that works gives its outputs, another its refusal."""

from app.core.commands import PerformOperation
from app.core.events import DispatchRefused, OperationPerformed
from app.core.values import JsonObject
from tests.github.house import MARKER, House
from tests.kit import build

OPS = "acme/ops"


def operation(name: str, **arguments: object) -> PerformOperation:
    """Return the command to perform an operation."""
    given: JsonObject = arguments  # type: ignore[assignment] - JSON, as the stories write it
    return PerformOperation(
        attempt=build.attempt("api"), operation=name, arguments=given, marker=MARKER
    )


async def made(here: House, name: str, **arguments: object) -> JsonObject:
    """Perform an operation that works, and return its outputs."""
    event = await here.event(operation(name, **arguments))
    assert isinstance(event, OperationPerformed), event
    return event.outputs


async def refused(here: House, name: str, **arguments: object) -> DispatchRefused:
    """Perform an operation that is refused."""
    event = await here.event(operation(name, **arguments))
    assert isinstance(event, DispatchRefused), event
    return event
