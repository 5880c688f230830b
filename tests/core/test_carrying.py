"""Which votes of a pull request may count at the gate of its merge group."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.approvals.carry import Carry, weigh_carry
from app.core.hearing.queue import number_in, queued_in
from app.core.state import Orchestration
from app.core.values import JsonObject
from tests.core.queued import (
    BUILT,
    GROUP,
    HEAD,
    ONE,
    PROVED,
    TEXT,
    found,
    group,
    pull_request,
    voted,
)
from tests.core.told import Told


def test_a_carried_vote_keeps_where_it_came_from() -> None:
    """Its door and its reference are what they were; the commit it was about stands with it."""
    source = voted(pull_request(), reason="fine")
    event = found(group().state, source)

    [vote] = event.votes
    assert (vote.source, vote.reference, vote.reason) == ("comment", "comment/mona", "fine")
    assert (vote.sha, vote.digest, vote.carried_from) == (HEAD, "", "pull-1")
    assert event.carry == Carry(
        number=12, source="pull-1", title="land #1", head=HEAD, actor="ada", pusher="ada"
    )


def why(state: Orchestration, *known: Orchestration) -> str:
    """Say why nothing is carried over."""
    event = found(state, *known)
    assert event.votes == ()
    return f"{event.carry.code}: {event.carry.why}"


def test_of_which_nothing_is_known_nothing_is_carried_over() -> None:
    """Not of another pull request, file, repository or child, nor of itself."""
    state, source = group().state, voted(pull_request())
    plan = source.plan
    others = [
        replace(plan, cause=replace(plan.cause, pull_request=13)),
        replace(plan, cause=replace(plan.cause, repository_id=2)),
        replace(plan, origin=replace(plan.origin, path=".github/orchestrations/other.yml")),
        replace(plan, origin=replace(plan.origin, repository_id=2)),
    ]
    known = [replace(source, plan=each) for each in others]

    assert "carry-no-votes: nothing is known" in why(state, *known, state)
    assert "nobody has voted at this gate of land #1" in why(state, pull_request().state)
    assert len(found(state, *known, source).votes) == 1


def test_the_newest_of_the_pull_request_is_the_one_that_counts() -> None:
    """What was asked before was about something else."""
    old, new = voted(pull_request()), pull_request(number=5).state

    assert "of land #5" in why(group().state, new, old)


def test_only_votes_about_the_very_plan_are_carried_over() -> None:
    """Not those about other commits, or that were withdrawn, or carried over themselves."""
    told = pull_request()
    for by, more in (
        ("mona", {"sha": "9" * 40}),
        ("hubot", {"digest": "another"}),
        ("eve", {"sha": HEAD, "is_withdrawn": True}),
        ("ada", {"sha": HEAD, "carried_from": "x"}),
        ("carl", {"sha": HEAD}),
    ):
        state = voted(told, by, **more)

    assert [vote.by for vote in found(group().state, state).votes] == ["carl"]


def test_another_plan_is_asked_about_anew() -> None:
    """The definition and the inputs must be the same."""
    source = voted(pull_request())
    other = group(TEXT % (ONE + ", options: [approve, reject]")).state
    inputs = group(inputs={"train": "v2"}).state
    told = pull_request()
    event = {"pull_request": {"head": {"repo": {"id": 1}}, "base": {"ref": "next"}}}
    plan = replace(told.state.plan, cause=replace(told.state.plan.cause, event=event))
    into = replace(voted(told), plan=plan)

    assert "the definition was changed meanwhile" in why(other, source)
    assert "it was to go into next" in why(group().state, into)
    assert "it has other inputs" in why(inputs, source)


def built(told: Told, image: str) -> Told:
    """Let what comes before the gate end, with an output."""
    told.accept("build").end("build").report("build", image=image)
    return told


def test_what_came_before_must_have_come_to_the_same_but_for_the_commit() -> None:
    """An output that names the commit names another one in the group."""
    source = voted(built(pull_request(BUILT % ONE), f"app:{HEAD}"))
    same = built(group(BUILT % ONE), f"app:{GROUP}").state
    other = built(group(BUILT % ONE), "app:v2").state

    assert len(found(same, source).votes) == 1
    assert "build came to something else" in why(other, source)


READS = {
    "with: {who: '${{ actor }}'}": True,
    "with: {what: '${{ event.pull_request.title }}'}": True,
    "with: {name: '${{ event_name }}'}": True,
    "if: event_name == 'merge_group'": True,
    "if: needs.sign_off.outputs.choice == event_name": True,
    "if: event_name != 'push'": False,
    "with: {at: '${{ sha }} ${{ ref }} ${{ inputs.train }} ${{ repository }}'}": False,
    "if: needs.sign_off.result == 'success'": False,
    "retry: {max-attempts: 2, when: actor == 'ada'}": True,
    "concurrency: {group: 'deploy-${{ event.action }}'}": True,
}


@pytest.mark.parametrize("words", READS)
def test_what_reads_of_the_event_must_come_to_the_same(words: str) -> None:
    """What is carried out behind the gate is what people have approved, or they are asked."""
    text = TEXT.replace("deploy: {", f"deploy: {{{words}, ") % ONE
    text += "  after: {needs: [deploy], join: all-done, report: {}}\n"
    text += "  also: {needs: [deploy, after], report: {}}\n"
    event = found(group(text).state, voted(pull_request(text)))

    assert (event.carry.code == "carry-plan-differs") is READS[words]
    assert ("deploy depends on what set it off" in event.carry.why) is READS[words]


@pytest.mark.parametrize(
    ("ref", "number"),
    [
        ("refs/heads/gh-readonly-queue/main/pr-104-abc", 104),
        ("gh-readonly-queue/release/1.x/pr-7-0f", 7),
        ("refs/heads/main", None),
        ("refs/heads/gh-readonly-queue/main/pr-0-abc", None),
        (None, None),
        (5, None),
    ],
)
def test_the_name_of_a_group_tells_its_pull_request(ref: Any, number: int | None) -> None:
    """As GitHub names it; anything else names none."""
    assert number_in(ref) == number


def test_what_is_no_group_holds_nothing() -> None:
    """Another event, one that is destroyed, and one that lacks what must be known."""
    cause = group().state.plan.cause
    said = cause.event["merge_group"]
    assert isinstance(said, dict)
    odd: list[JsonObject] = [
        {},
        {"action": "destroyed", "merge_group": said},
        {"action": "checks_requested"},
        {"action": "checks_requested", "merge_group": {**said, "head_ref": "x"}},
        {"action": "checks_requested", "merge_group": {**said, "base_sha": None}},
        {"action": "checks_requested", "merge_group": {**said, "base_ref": 1}},
    ]

    assert [queued_in(replace(cause, event=each)) for each in odd] == [None] * 6
    assert queued_in(replace(cause, event_name="push")) is None
    assert weigh_carry(Carry(number=1, head=HEAD, title="x"), PROVED).is_met
