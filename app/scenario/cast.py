"""The people of a scenario: what they do reaches Signalbox by its own doors."""

import json
from datetime import datetime
from typing import Final

from app.core.actions import APPROVE, REJECT
from app.core.expressions import text_of
from app.core.hearing.asking import FREEZE, PREFIX
from app.core.state import Orchestration
from app.core.values import Json, TaskName
from app.ports import Delivery
from app.rehearsal import Rehearsal
from app.scenario.cues import DECIDING, named, question_for
from app.scenario.language import Deed, Verb

DOORS: Final = {
    Verb.APPROVE: "approve",
    Verb.REJECT: "approve",
    Verb.CHOOSE: "approve",
    Verb.RETRY: "retry",
    Verb.SKIP: "skip",
    Verb.CANCEL: "cancel",
    Verb.PAUSE: "pause",
    Verb.RESUME: "resume",
    Verb.ROLL_BACK: "rollback",
    Verb.COMMAND: "command",
}
SAID: Final = {
    Verb.APPROVE: "approves",
    Verb.REJECT: "rejects",
    Verb.CHOOSE: "decides about",
    Verb.RETRY: "retries",
    Verb.SKIP: "skips",
    Verb.CANCEL: "cancels",
    Verb.PAUSE: "pauses",
    Verb.RESUME: "resumes",
    Verb.ROLL_BACK: "rolls back",
    Verb.RERUN: "runs again, in the Actions tab,",
    Verb.COMMAND: "gives the command",
    Verb.FREEZE: "closes the calendar",
}
UNSAID: Final = "so the scenario"
WITHOUT_TARGET: Final = (Verb.CANCEL, Verb.PAUSE, Verb.RESUME, Verb.ROLL_BACK)


def said(deed: Deed) -> str:
    """Say for people what somebody does."""
    about = "" if deed.verb in WITHOUT_TARGET else f" {deed.target}"
    about += f"[{deed.leg}]" if deed.leg else ""
    about += f", wave {deed.wave}" if deed.wave else ""
    option = f": {deed.option}" if deed.verb is Verb.CHOOSE else ""
    door = f", by a {deed.door}" if deed.door else ""
    return f"{deed.by} {SAID[deed.verb]}{about}{option}{door}"


def letter(deed: Deed, state: Orchestration, number: int, now: datetime) -> Delivery | None:
    """Write what a deed asks for; `None` where there is nothing that it could be about."""
    if deed.verb is Verb.FREEZE:
        return _freeze(deed, state, number, now)
    body: dict[str, Json] = {
        "orchestration": state.id,
        "actor": deed.by,
        "reason": deed.reason,
    }
    if deed.verb in DECIDING:
        question = question_for(deed, state)
        if question is None:
            return None
        body |= {"task": question.task, "leg": question.leg, "wave": question.wave}
        body |= {"option": deed.option, "inputs": deed.inputs}
        # Taken for decided, as an operator may: who may decide is asked at the doors.
        body |= {"override": True, "reason": deed.reason or UNSAID}
    elif deed.verb in (Verb.RETRY, Verb.SKIP) and deed.target != "all":
        tasks = named(deed, state)
        if not tasks:
            return None
        body["task"] = tasks[0]
    elif deed.verb is Verb.COMMAND:
        body |= {"name": deed.target, "arguments": deed.inputs}
    return _delivery(f"{PREFIX}{DOORS[deed.verb]}", body, number, now)


def spoken(deed: Deed, task: TaskName) -> str:
    """Write a vote as people do in a comment."""
    if deed.option == REJECT:
        return f"/reject {task} {deed.reason}".strip()
    form = "".join(
        f" {name}={json.dumps(text_of(value), ensure_ascii=False)}"
        for name, value in deed.inputs.items()
    )
    option = "" if deed.option == APPROVE else f" {deed.option}"
    return f"/approve {task}{option}{form}"


def rerun(deed: Deed, state: Orchestration, github: Rehearsal) -> bool:
    """Run a workflow run again on GitHub. Return whether there was one that had ended."""
    for name in named(deed, state):
        for key, leg in state.tasks[name].legs.items():
            if deed.leg in ("", key) and leg.attempts and leg.attempt.workflow_run_id:
                run = github.run(leg.attempt.workflow_run_id)
                if run.last.status == "completed":
                    github.rerun(run, deed.by)
                    return True
    return False


def start_of(
    repository: str, definition: str, inputs: Json, by: str, number: int, now: datetime
) -> Delivery:
    """Write a start by hand."""
    body: dict[str, Json] = {
        "repository": repository,
        "definition": definition,
        "inputs": inputs,
        "actor": by,
    }
    return _delivery(f"{PREFIX}start", body, number, now)


def _freeze(deed: Deed, state: Orchestration, number: int, now: datetime) -> Delivery:
    body: dict[str, Json] = {
        "organization": state.plan.origin.repository.partition("/")[0],
        "calendar": deed.target,
        "actor": deed.by,
        "because": deed.reason,
        "until": (now + deed.until).isoformat(),
    }
    return _delivery(FREEZE, body, number, now)


def _delivery(event: str, body: dict[str, Json], number: int, now: datetime) -> Delivery:
    return Delivery(
        id=f"scenario-{number}",
        event=event,
        body=json.dumps(body, sort_keys=True).encode(),
        received_at=now,
    )
