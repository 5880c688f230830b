"""What live orchestrations listen to: transitions of their state, and waits for events."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.core.decide import decide
from app.core.gate_events import GateId, VoteCast
from app.core.interests import (
    Interest,
    concerns,
    interests,
    name_of,
    said_about,
    said_in,
    said_on,
    topics_of,
)
from app.core.moves import OrchestrationStatus
from app.core.state import Orchestration, Vote, new_orchestration
from app.core.values import Sha, TaskName
from app.github.webhooks import read
from tests.core.routed import heard_of, proposed, pushed
from tests.kit import build
from tests.kit.build import HEAD, REQUESTED, START, Walk

MACHINE = {
    "version": 1,
    "on": {"manual": {}},
    "initial": "open",
    "states": {
        "open": {
            "timeout-minutes": 60,
            "transitions": [
                {"on": "pull_request.closed", "to": "done"},
                {"on": "push", "to": "done"},
                {"on": "command.go", "to": "done"},
                {"on": "timeout", "to": "done"},
            ],
        },
        "done": {"final": True, "conclusion": "success"},
    },
}
WAITING = {
    "version": 1,
    "on": {"manual": {}},
    "tasks": {
        "merged": {"wait": {"event": "pull_request.closed", "for": "7d"}},
        "bake": {"wait": {"for": "1h"}},
        "build": {"dispatch": "acme/api/.github/workflows/run.yml@main"},
        "later": {"needs": ["merged"], "wait": {"event": "push", "for": "1h"}},
    },
}


def live(definition: dict[str, Any], number: int | None = None) -> Orchestration:
    plan = build.plan_of(json.dumps(definition), pull_request=number, sha=HEAD)
    return Walk.through(plan, [REQUESTED]).decisions[-1].state


def interest(event: str, number: int = 0) -> Interest:
    return Interest(event=event, repository_id=1, number=number)


def test_a_machine_listens_to_what_leads_out_of_its_state() -> None:
    """GitHub's events only: time, commands and its own work come by other ways."""
    state = live(MACHINE, 5)

    assert interests(state) == {
        interest("pull_request.closed", 5),
        interest("push"),
        said_on(1, 5),
    }


def test_a_wait_listens_while_it_waits() -> None:
    """One that has not begun, or waits for time alone, listens to nothing."""
    state = live(WAITING)

    assert interests(state) == {
        interest("pull_request.closed"),
        said_about(1, state.plan.cause.sha),
    }


def test_what_has_ended_listens_only_to_people() -> None:
    """An end is for good, until somebody tries again."""
    state = live(MACHINE, 5)
    plain = live(json.loads(build.document("build", whole={})))
    nowhere = replace(plain.plan, cause=replace(plain.plan.cause, sha=Sha("")))

    assert interests(replace(state, status=OrchestrationStatus.CANCELLED)) == {said_on(1, 5)}
    assert interests(plain) == {said_about(1, plain.plan.cause.sha)}
    assert interests(replace(plain, plan=nowhere)) == frozenset()


def test_who_voted_about_a_commit_may_take_it_back() -> None:
    """Where a comment stands is not known of what a push began, but which it was."""
    tasks = {"ask": {"approval": {"rules": [{"require": [{"users": ["mona"]}]}]}}}
    state = live({"version": 1, "on": {"manual": {}}, "tasks": tasks})
    gate = GateId(task=TaskName("ask"))
    vote = Vote(by="x", option="approve", at=START, reference="comment/1", sha=HEAD)
    voted = decide(state, VoteCast(at=START, gate=gate, vote=vote)).state
    ended = replace(voted, status=OrchestrationStatus.CANCELLED)

    assert interests(voted) - interests(state) == {said_in(1, "comment/1")}
    assert interests(ended) == interests(state)


def test_an_issue_is_where_people_speak_of_what_began_there() -> None:
    """A comment on an issue has no pull request, and its number is the issue's."""
    plain = live(json.loads(build.document("build", whole={})))
    cause = replace(plain.plan.cause, event={"issue": {"number": 12}})

    assert interests(replace(plain, plan=replace(plain.plan, cause=cause))) == {said_on(1, 12)}


def test_people_speak_on_the_issue_that_is_reported_to() -> None:
    """Which may be one of the definition's own repository while the cause is elsewhere."""
    whole = {"report-to": {"issue": "${{ event.number }}"}}
    plan = build.plan_of(build.document("build", whole=whole), sha=HEAD)
    plan = replace(plan, cause=replace(plan.cause, event={"number": 41}, repository_id=77))
    state = Walk.through(plan, [REQUESTED]).decisions[-1].state

    assert interests(state) == {said_about(77, HEAD), said_on(1, 41)}
    assert interests(new_orchestration(plan)) == {said_about(77, HEAD)}


@pytest.mark.parametrize(
    ("name", "repository", "number", "is_heard"),
    [
        ("pull_request.closed", 1, 5, True),
        ("pull_request.closed", 1, 6, False),
        ("pull_request.closed", 2, 5, False),
        ("pull_request.labeled", 1, 5, False),
        ("push.anything", 1, None, True),
    ],
)
def test_an_event_concerns_some(
    name: str, repository: int, number: int | None, is_heard: bool
) -> None:
    """Its name, its repository and its pull request must be those that are listened to."""
    state = live(MACHINE, 5)
    cause = replace(state.plan.cause, repository_id=repository, pull_request=number)

    assert concerns(state, name, cause) is is_heard


def test_a_delivery_is_found_by_all_that_one_may_listen_to() -> None:
    """With its action and without, for its pull request and for any."""
    heard = read("pull_request", proposed("closed"))

    assert name_of(heard) == "pull_request.closed"
    assert set(topics_of(heard)) == {
        interest("pull_request", 0),
        interest("pull_request", 5),
        interest("pull_request.closed", 0),
        interest("pull_request.closed", 5),
    }
    assert topics_of(read("push", pushed())) == (interest("push"),)
    assert topics_of(read("installation", {"action": "created"})) == ()


def test_a_comment_is_heard_by_what_its_pull_request_has_started() -> None:
    """Its payload holds an issue, which tells that it is one of a pull request."""
    issue = {"number": 5, "pull_request": {"url": "https://api.github.com/x"}}
    said = {"action": "created", "issue": issue, "comment": {"id": 1, "body": "go"}}
    heard = read("issue_comment", {**said, "repository": proposed("closed")["repository"]})

    assert {topic.number for topic in topics_of(heard)} == {0, 5}


def test_a_stranger_s_pull_request_leads_nobody_on() -> None:
    """Only what it started itself hears of a pull request from a fork."""
    heard = read("pull_request", proposed("closed", head=99))

    assert {topic.number for topic in topics_of(heard)} == {5}
    assert topics_of(read("release", heard_of("release", action="published")))


def test_what_has_another_key_is_about_something_else() -> None:
    """An event with a correlation of its own concerns only those of the same one."""
    keyed = {**MACHINE, "correlate": "${{ string(event.train) }}"}
    state = live(keyed)
    state = replace(state, plan=replace(state.plan, correlation="7"))
    cause = state.plan.cause

    assert concerns(state, "push", replace(cause, event={"train": 7}))
    assert not concerns(state, "push", replace(cause, event={"train": 8}))
    assert concerns(state, "push", replace(cause, event={}))
