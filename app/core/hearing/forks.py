"""Whether a stranger's proposal may start a definition: only where people stand before it.

Whoever opens a pull request from a fork chooses what is run. So nothing that acts may begin
before a maintainer has agreed: every task that does something needs, on every way to it, an
approval that cannot be passed otherwise. What only reads, waits or reports needs none.
"""

from collections import deque
from collections.abc import Mapping

from app.core.actions import Approval, GitHubOperation, Report, Wait
from app.core.definition import Definition, Handling, Join, TaskDefinition
from app.core.graph import dependents
from app.core.plan import Cause
from app.core.policy import READING
from app.core.values import Json, TaskName

PINNING = "refs.resolve"
"""Its output `untrusted` is true of every commit that is on no branch of its repository."""


def comes_from_fork(cause: Cause) -> bool:
    """Tell whether what a fork proposes has set something off, or a workflow run of it."""
    if cause.is_fork:
        return True
    pull = cause.event.get("pull_request")
    head = pull.get("head") if isinstance(pull, Mapping) else None
    if isinstance(head, Mapping):
        return _id_of(head.get("repo")) != cause.repository_id
    run = cause.event.get("workflow_run")
    whose = _id_of(run.get("head_repository")) if isinstance(run, Mapping) else None
    return whose is not None and whose != cause.repository_id


def _id_of(repository: Json) -> Json:
    return repository.get("id") if isinstance(repository, Mapping) else None


def is_guarded(definition: Definition) -> bool:
    """Tell whether all that a definition does waits for people; of a machine none can tell."""
    if definition.machine is not None:
        return False
    behind = _behind_people(definition)
    return all(name in behind or _is_harmless(task) for name, task in definition.tasks.items())


def _behind_people(definition: Definition) -> frozenset[TaskName]:
    """Return the tasks that do not begin before people have agreed."""
    found: set[TaskName] = set()
    agenda = deque(definition.tasks)
    # A task comes back only when something that it needs was found, and is found once.
    while agenda:
        name = agenda.popleft()
        if name not in found and _waits(definition, name, found):
            found.add(name)
            agenda.extend(dependents(definition, name))
    return frozenset(found)


def _waits(definition: Definition, name: TaskName, behind: set[TaskName]) -> bool:
    task = definition.tasks[name]
    gates = [need for need in task.needs if _is_gate(definition.tasks[need])]
    if task.join is Join.ALL:
        return bool(gates) or any(need in behind for need in task.needs)
    # A gate may be skipped because something that it needs was not met: the task must have
    # the same needs, so that it is not met, either. Nor may a condition of its own skip it.
    return task.join is Join.NONE_FAILED and any(
        set(definition.tasks[gate].needs) <= set(task.needs)
        and _asks_about_forks(definition, definition.tasks[gate])
        for gate in gates
    )


def _asks_about_forks(definition: Definition, gate: TaskDefinition) -> bool:
    """Tell whether a gate's condition, if it has one, always holds for a fork."""
    if gate.condition is None:
        return True
    for need in gate.needs:
        action = definition.tasks[need].action
        is_pin = isinstance(action, GitHubOperation) and action.name == PINNING
        if is_pin and gate.condition.source.strip() == f"needs.{need}.outputs.untrusted":
            return True
    return False


def _is_gate(task: TaskDefinition) -> bool:
    """Tell whether a task is an approval that only people can pass."""
    return (
        isinstance(task.action, Approval)
        and task.action.auto is None
        and task.on_timeout.then == "fail"
        and task.on_failure is Handling.FAIL
        and task.continue_on_error.value is False
    )


def _is_harmless(task: TaskDefinition) -> bool:
    action = task.action
    is_reading = isinstance(action, GitHubOperation) and action.name in READING
    return is_reading or isinstance(action, Approval | Wait | Report)
