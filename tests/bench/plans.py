"""Plans to measure with, made without a delivery."""

from dataclasses import replace

from app.core.definition import Definition
from app.core.hearing.findings import File
from app.core.parse import parse
from app.core.plan import Cause, Origin, Plan
from app.core.values import OrchestrationId, RepositoryName, Sha, TaskName
from tests.bench.letters import INSTALLATION_ID, REPOSITORY, REPOSITORY_ID


def definition_of(file: File) -> Definition:
    """Parse a definition that has no problem."""
    definition, problems = parse(file.text, file.path)
    assert definition is not None, problems
    return definition


def widened(definition: Definition, width: int) -> Definition:
    """Return a definition whose last task stands there often enough to make so many tasks.

    The language allows fewer; what grows with the size of a plan shows better in a large one.
    """
    tasks = dict(definition.tasks)
    last = tasks[list(tasks)[-1]]
    for number in range(len(tasks), width):
        name = TaskName(f"more_{number}")
        tasks[name] = replace(last, name=name)
    return replace(definition, tasks=tasks, digest=f"{definition.digest}-{width}")


def plan_of(definition: Definition, number: int) -> Plan:
    """Return a plan, as a push would make it."""
    name = RepositoryName(REPOSITORY)
    sha = Sha(f"{number + 1:040x}")
    return Plan(
        id=OrchestrationId(f"{number:016x}"),
        number=number + 1,
        origin=Origin(
            repository_id=REPOSITORY_ID,
            repository=name,
            installation_id=INSTALLATION_ID,
            path=f".github/orchestrations/{definition.id}.yml",
        ),
        definition=definition,
        text="",
        cause=Cause(
            event_name="push",
            event={"after": sha},
            repository_id=REPOSITORY_ID,
            repository=name,
            installation_id=INSTALLATION_ID,
            actor="mona",
            sha=sha,
            ref="refs/heads/main",
        ),
        inputs={},
    )
