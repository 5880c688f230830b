"""Stories about what is found out of people and policies when somebody has voted."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.core.actions import Permission
from app.core.approvals.codeowners import owns
from app.core.decide import decide
from app.core.events import OrchestrationRequested
from app.core.gate_commands import SurveyGate
from app.core.gate_events import GateId, GateSurveyed, VoteCast
from app.core.legs.asking import digest_of
from app.core.state import Orchestration, Vote, new_orchestration
from app.core.state_of_gates import Words
from app.core.values import TaskName
from app.rehearsal.model.pulls import open_pull_request
from tests.github.house import House
from tests.kit import build

pytestmark = pytest.mark.anyio

GATE = GateId(task=TaskName("ask"))
HOME = "acme/release"


def asked(here: House, approval: dict[str, Any], *logins: str, **cause: Any) -> Orchestration:
    """Return an orchestration at a gate where these have voted."""
    whole = {"version": 1, "on": {"manual": {}}, "tasks": {"ask": {"approval": approval}}}
    text = json.dumps(whole)
    plan = here.state(**cause).plan
    made = replace(build.plan_of(text), origin=plan.origin, cause=plan.cause)
    state = new_orchestration(made)
    state = decide(state, OrchestrationRequested(at=build.START, by="mona")).state
    for login in logins:
        vote = Vote(
            by=login, option="approve", at=build.START, source="comment", sha=plan.cause.sha
        )
        state = decide(state, VoteCast(at=build.START, gate=GATE, vote=vote)).state
    return state


async def survey(here: House, state: Orchestration) -> GateSurveyed:
    """Find out about all the votes."""
    leg = next(iter(state.tasks[TaskName("ask")].legs.values()))
    assert leg.gate is not None, "it is a gate"
    event = await here.event(SurveyGate(gate=GATE, votes=len(leg.gate.votes)), state)
    assert isinstance(event, GateSurveyed)
    return event


def staffed(here: House) -> House:
    """Let two teams, one within the other, and a few people work there."""
    here.github.add_organization("acme", ["eve"], {"sre": ["mona"], "oncall": ["hubot"]})
    here.github.nest_team("acme", "oncall", "sre")
    repository = here.github.world.repository("acme/release")
    repository.roles |= {"mona": "write", "hubot": "maintain"}
    return here


async def test_voters_come_with_what_they_may_and_their_teams(here: House) -> None:
    """Who is in a team below is in the team; who is in none has none."""
    rules = [{"require": [{"teams": ["acme/sre"], "count": 2}]}]
    state = asked(staffed(here), {"rules": rules}, "mona", "hubot", "eve")
    found = (await survey(here, state)).survey

    voters = {voter.login: voter for voter in found.voters}
    assert found.votes == 3
    assert voters["mona"].teams == voters["hubot"].teams == {"acme/sre"}
    assert voters["eve"].teams == frozenset()
    assert voters["mona"].permission is Permission.WRITE
    assert voters["hubot"].permission is Permission.MAINTAIN
    assert all(voter.id for voter in found.voters)


async def test_a_comment_is_read_again_when_its_vote_is_used(here: House) -> None:
    """One that says the same counts; one that was edited, or is gone, is named."""
    rules = [{"require": [{"permission": "write"}]}]
    state = asked(staffed(here), {"rules": rules})
    pull = here.github.open_pull_request(HOME, {"a.md": "x"}, author="eve").number
    texts = {"mona": "/approve", "hubot": "/approve", "eve": "/approve"}
    comments = {by: here.github.comment(HOME, pull, text, by) for by, text in texts.items()}
    here.github.edit_comment(HOME, comments["hubot"], "Fine!\n\n/approve hold", by="hubot")
    here.github.edit_comment(HOME, comments["mona"], "Fine!\n\n/approve", by="mona")
    repository = here.github.world.repository(HOME)
    words = Words(
        installation_id=state.plan.origin.installation_id,
        repository_id=repository.id,
        is_pull_request=True,
        digest=digest_of("/approve"),
    )
    said = [(by, f"comment/{each.id}", words) for by, each in comments.items()]
    said += [("ada", "comment/999999", words), ("bob", "review/1", None)]
    for by, reference, each in said:
        vote = Vote(by=by, option="approve", at=build.START, source="comment", words=each)
        cast = replace(vote, reference=reference, sha=state.plan.cause.sha)
        state = decide(state, VoteCast(at=build.START, gate=GATE, vote=cast)).state
    found = (await survey(here, state)).survey

    assert found.changed == (f"comment/{comments['hubot'].id}", "comment/999999")


async def test_whoever_left_the_team_does_not_count_a_minute_later(here: House) -> None:
    """Memberships are asked when a vote is used, and kept for a minute only."""
    rules = [{"require": [{"teams": ["acme/sre"]}]}]
    state = asked(staffed(here), {"rules": rules}, "mona")
    await survey(here, state)
    here.github.leave_team("acme", "sre", "mona")
    await here.wait(seconds=61)
    found = (await survey(here, state)).survey

    assert [voter.teams for voter in found.voters] == [frozenset()]


async def test_an_answer_is_asked_for_once_a_minute(here: House) -> None:
    """Two surveys in a row ask GitHub about a person once."""
    rules = [{"require": [{"teams": ["acme/sre"]}]}]
    state = asked(staffed(here), {"rules": rules}, "mona")
    await survey(here, state)
    await survey(here, state)

    assert here.calls("GET", "/memberships/mona") == 1
    assert here.calls("GET", "/collaborators/mona/permission") == 1


async def test_the_policies_are_read_whose_word_counts(here: House) -> None:
    """The repository's own comes first, then the organisation's, from its own repository."""
    text = "version: 1\norganization: {rules: [{deny: Not today}]}\n"
    here.github.add_repository("acme/.github", {"orchestration-policy.yml": text})
    rules = [{"require": [{"users": ["mona"]}]}]
    found = (await survey(here, asked(staffed(here), {"rules": rules}, "mona"))).survey

    assert [(each.owner, each.text) for each in found.policies] == [
        ("acme/release", ""),
        ("acme/.github", text),
    ]


async def test_authors_and_the_last_pusher_of_a_push_are_found(here: House) -> None:
    """Who pushed is whom the delivery names; who wrote is whom the commit names."""
    rules = [{"require": [{"users": ["hubot"]}]}]
    approval = {"rules": rules, "exclude": ["authors", "last-pusher"]}
    state = asked(staffed(here), approval, "hubot", event_name="push", event={}, actor="hubot")
    found = (await survey(here, state)).survey

    assert [party.login for party in found.parties["authors"]] == ["mona"]
    assert [party.login for party in found.parties["last-pusher"]] == ["hubot"]


async def test_code_owners_of_what_a_pull_request_changes_are_found(here: House) -> None:
    """The owners are those of the changed paths, by the file on the base branch."""
    staffed(here).github.push("acme/release", {".github/CODEOWNERS": "*.md @mona\n"})
    files = {"a.md": "x", "b.py": "y"}
    number = here.github.open_pull_request("acme/release", files, author="eve").number
    rules = [{"require": [{"code-owners": True}]}]
    state = asked(here, {"rules": rules, "exclude": ["authors"]}, "mona", pull_request=number)
    found = (await survey(here, state)).survey

    assert found.owned is not None
    assert [group.owners for group in found.owned] == [frozenset({"@mona"})]
    assert "authors" in found.parties


async def test_owners_are_those_of_the_branch_that_is_merged_into(here: House) -> None:
    """As on GitHub: what the default branch says of owners is nothing to another base."""
    staffed(here).github.push("acme/release", {".github/CODEOWNERS": "*.md @mona\n"})
    owners = {".github/CODEOWNERS": "*.md @hubot\n"}
    here.github.push("acme/release", owners, branch="next")
    pull = here.github.open_pull_request(
        "acme/release", {"a.md": "x"}, author="eve", base="next"
    )
    rules = [{"require": [{"code-owners": True}]}]
    state = asked(here, {"rules": rules}, "mona", pull_request=pull.number)
    found = (await survey(here, state)).survey

    assert found.owned is not None
    assert [group.owners for group in found.owned][-1] == frozenset({"@hubot"})


async def test_who_opened_a_pull_request_is_an_author_whatever_its_commits_say(
    here: House,
) -> None:
    """A commit names as its author whom its maker likes; GitHub knows who opened it."""
    staffed(here).github.push("acme/release", {"a.md": "x"}, branch="theirs", author="mona")
    world = here.github.world
    repository, eve = world.repository("acme/release"), world.account("eve")
    pull = open_pull_request(world, repository, repository, "theirs", eve, title="Mine")
    approval = {"rules": [{"require": [{"permission": "write"}]}], "exclude": ["authors"]}
    state = asked(here, approval, "hubot", pull_request=pull.number)
    found = (await survey(here, state)).survey

    assert "eve" in {party.login for party in found.parties["authors"]}


async def test_a_team_that_owns_what_is_changed_is_asked_about(here: House) -> None:
    """Who is in a team that CODEOWNERS alone names is found to be in it."""
    staffed(here).github.push("acme/release", {".github/CODEOWNERS": "*.md @acme/sre\n"})
    number = here.github.open_pull_request("acme/release", {"a.md": "x"}, author="eve").number
    rules = [{"require": [{"code-owners": True}]}]
    state = asked(here, {"rules": rules}, "mona", pull_request=number)
    found = (await survey(here, state)).survey

    assert [voter.teams for voter in found.voters] == [frozenset({"acme/sre"})]


async def test_an_owner_by_address_is_whoever_shows_that_address(here: House) -> None:
    """GitHub tells of an address only what its owner shows to everybody."""
    owners = {".github/CODEOWNERS": "*.md mona@example.com hubot@example.com\n"}
    staffed(here).github.push("acme/release", owners)
    here.github.world.account("mona").email = "Mona@example.com"
    number = here.github.open_pull_request("acme/release", {"a.md": "x"}, author="eve").number
    rules = [{"require": [{"code-owners": True}]}]
    state = asked(here, {"rules": rules}, "mona", "hubot", pull_request=number)
    found = (await survey(here, state)).survey

    assert found.owned is not None
    assert [owns(voter, found.owned[0]) for voter in found.voters] == [True, False]


async def test_commits_that_hold_the_same_files_are_told(here: House) -> None:
    """A vote about another commit counts where its files are the same."""
    state = asked(staffed(here), {"rules": [{"require": [{"users": ["mona"]}]}]})
    other = here.github.push("acme/release", {"x.md": "x"}, branch="other")
    same = here.github.push("acme/release", {"x.md": None}, branch="other")
    for about in (other, same, "f" * 40):
        vote = Vote(by="mona", option="approve", at=build.START, source="review", sha=about)
        state = decide(state, VoteCast(at=build.START, gate=GATE, vote=vote)).state
    found = (await survey(here, state)).survey

    assert found.same_tree == (same,)


async def test_nothing_is_asked_about_a_gate_that_is_closed(here: House) -> None:
    """A survey that comes too late makes no call."""
    state = here.state()
    before = len(here.github.calls)
    outcome = await here.perform(SurveyGate(gate=GATE, votes=1), state)

    assert outcome.events == ()
    assert len(here.github.calls) == before


async def test_nothing_is_asked_where_a_later_survey_is_under_way(here: House) -> None:
    """Where many vote at once there is a survey for each, and the last of them is enough."""
    rules = [{"require": [{"teams": ["acme/sre"]}]}]
    state = asked(staffed(here), {"rules": rules}, "mona", "hubot")
    before = len(here.github.calls)
    earlier = await here.perform(SurveyGate(gate=GATE, votes=1), state)
    of_before = await here.perform(SurveyGate(gate=GATE, votes=2, round=1), state)
    calls = len(here.github.calls) - before
    latest = await here.perform(SurveyGate(gate=GATE, votes=2), state)

    assert (earlier.events, of_before.events, calls) == ((), (), 0)
    assert len(latest.events) == 1
