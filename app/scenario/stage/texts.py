"""The texts of files that are made up: workflows, policies, and what others hold."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from app.core.definition import Listen
from app.core.values import JsonObject
from app.scenario.language import Held
from app.scenario.stage.director import MARKER_INPUT

OPERATIONS: Final = (
    "issue.create", "comment.create", "labels.add", "pull-request.merge", "release.create",
)  # fmt: skip


def holding(held: Held) -> str:
    """Write a definition that has a place of a group for a while."""
    span = int((held.until - held.since) / timedelta(seconds=1))
    document = {
        "version": 1,
        "name": "Others",
        "on": {"manual": {}},
        "concurrency": {"group": held.group, "scope": held.scope, "limit": held.places},
        "timeout-minutes": max(1, span // 60 + 60),
        "tasks": {"hold": {"wait": {"for": f"{span}s"}}},
    }
    return json.dumps(document)


def herald_of(listen: Listen) -> str:
    """Name the definition whose end starts what listens to `orchestration`."""
    name = listen.workflows[0] if listen.workflows else "*"
    return name.replace("**", "*").replace("*", "made-up").strip("!")


def herald(name: str, conclusion: str, payload: JsonObject) -> str:
    """Write a definition that ends like that, with the outputs that the payload gives."""
    ended = payload.get("orchestration")
    given = ended.get("outputs") if isinstance(ended, Mapping) else None
    end = {"final": True, "conclusion": conclusion or "success"}
    ways = [{"on": "wait.elapsed", "to": "end"}]
    document = {
        "version": 1,
        "name": name,
        "on": {"manual": {}},
        "initial": "begin",
        "states": {"begin": {"wait": {"for": "1s"}, "transitions": ways}, "end": end},
        "outputs": given if isinstance(given, Mapping) else {},
    }
    return json.dumps(document)


def consent(home: str) -> str:
    """Write the policy of a repository that lets a definition in for all."""
    accept = [{"from": home, "operations": list(OPERATIONS)}]
    return json.dumps({"version": 1, "accept": accept})


def workflow_text(file: str, inputs: Iterable[str]) -> str:
    """Write a workflow that declares these inputs."""
    declared = {name: {"type": "string"} for name in sorted(inputs)}
    document = {
        "name": file.rpartition(".")[0],
        "on": {"workflow_dispatch": {"inputs": declared}},
        "run-name": f"{file} [${{{{ inputs.{MARKER_INPUT} }}}}]",
        "jobs": {"run": {"runs-on": "ubuntu-latest", "steps": [{"run": "make"}]}},
    }
    return json.dumps(document)


def window(since: str, until: str, why: str) -> dict[str, str]:
    """Write a span in which a calendar is closed."""
    window = {"from": since, "to": until}
    return {**window, "why": why} if why else window


def minute(moment: datetime, later: int = 0) -> str:
    """Write a moment as calendars do, by the minute; the one after, if it is `later`."""
    is_whole = not moment.second and not moment.microsecond
    moment += timedelta(minutes=0 if is_whole else later)
    return moment.strftime("%Y-%m-%dT%H:%M")
