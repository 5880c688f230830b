"""Stories of the doors beyond one vote: freezes, doubts, closed requests, other places."""

import json
from datetime import timedelta

import pytest

from app.engine.doors import Doors
from app.engine.library import Library
from app.engine.work import Work
from app.rehearsal import Outcome
from app.store.memory import MemoryStore
from tests.core.test_doorways import asked
from tests.core.told import START
from tests.kit.town import HOME, town
from tests.shell.test_doors import ASK, BY_COMMAND, SHIP, proposed

pytestmark = pytest.mark.anyio

FREEZES = """
version: 1
organization:
  roles: {override: {teams: [acme/qa]}}
  calendars:
    production: {timezone: UTC, closed: [{from: 2090-01-01T00:00, to: 2090-01-02T00:00}]}
"""
FROZEN = "version: 1\nname: Roll\non: {pull_request: {types: [opened]}}\nfreeze: [production]\n"


async def test_calendars_are_closed_by_whom_the_organisation_names() -> None:
    """What one may in a repository is no reason to hold up all others."""
    text = FROZEN + "tasks: {deploy: {dispatch: acme/api/.github/workflows/deploy.yml@main}}\n"
    async with town(roll=text, organization_policy=FREEZES) as here:
        issue = here.github.open_pull_request(HOME, {"a": "b"}, branch="a", author="carl")
        await here.wait(minutes=2)
        freely = here.deployments()
        freeze = "/freeze until 2099-01-01T00:00Z because the shop is open"
        refused = await here.say(issue.number, freeze, by="ada")
        done = await here.say(issue.number, freeze, by="hubot")
        here.github.open_pull_request(HOME, {"c": "d"}, branch="c", author="carl")
        await here.wait(minutes=2)
        await here.say(issue.number, "/why", by="eve")

        assert freely == 1
        assert (here.signs(refused), here.signs(done)) == ({"-1"}, {"+1"})
        assert here.deployments() == 1
        assert await here.status("deploy", "roll #2") == "running"


async def test_in_doubt_nothing_is_guessed() -> None:
    """With two orchestrations a word must say which is meant."""
    async with town(ship=SHIP, second=SHIP) as here:
        number = await proposed(here)
        vote = await here.say(number, "/approve", by="hubot")
        cancel = await here.say(number, "/cancel", by="hubot")
        named = await here.say(number, "/cancel ship", by="hubot")

        assert (here.signs(vote), here.signs(cancel)) == ({"confused"}, {"confused"})
        assert "gate-ambiguous" in here.answers(number)[0]
        assert "target-unclear" in here.answers(number)[1]
        assert here.signs(named) == {"+1"}
        statuses = {it.plan.title: str(it.status) for it in await here.states()}
        assert statuses == {"ship #1": "cancelled", "second #1": "running"}


async def test_what_was_answered_is_answered_once() -> None:
    """The same delivery again brings no second answer and no second deed."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        await here.say(number, "/why", by="eve")
        deliveries = list(here.github.world.deliveries.values())
        last = next(it for it in reversed(deliveries) if it.event == "issue_comment")
        await here.engine.take()
        await here.deliver("issue_comment", {**_json(last.payload)}, last.guid)
        await here.wait(seconds=5)

        assert len(here.answers(number)) == 1


def _json(payload: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(payload)
    return found


async def test_a_new_commit_leaves_nothing_to_decide_about_the_old_one() -> None:
    """The old gate is given up, with the reason on its check; the new one is asked anew."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        await here.review(number, "mona")
        here.github.push(HOME, {"README.md": "more\n"}, branch="change", author="carl")
        await here.wait(seconds=5)
        await here.review(number, "hubot")

        assert str((await here.state("ship #1")).status) == "cancelled"
        assert "superseded" in str((await here.state("ship #1")).tasks)
        assert await here.status("sign_off", "ship #2") == "running"
        assert here.deployments() == 0


async def test_a_closed_pull_request_cancels_what_waits_and_not_what_runs() -> None:
    """A deployment on its way goes on; a gate is given up."""
    async with town(ship=SHIP, ask=ASK) as here:
        number = await proposed(here)
        here.github.close_pull_request(HOME, number)
        await here.wait(minutes=5)

        assert str((await here.state("ship #1")).status) == "cancelled"
        assert str((await here.state("ask #1")).status) == "succeeded"


async def test_a_draft_and_another_base_are_planned_anew() -> None:
    """The question about what there was is given up, and that about what there is asked."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        here.github.mark_draft(HOME, number, is_draft=True)
        await here.wait(seconds=5)
        draft = [str(each.status) for each in await here.states()]
        here.github.mark_draft(HOME, number, is_draft=False)
        await here.wait(seconds=5)
        ready = [str(each.status) for each in await here.states()]

        assert draft == ["cancelled", "running"]
        assert ready == ["cancelled", "cancelled", "running"]
        assert "is a draft now" in str((await here.state("ship #1")).tasks)


async def test_what_is_said_by_the_api_counts_as_far_as_its_author_may() -> None:
    """The token opens the door; the role is still the person's."""
    one = SHIP.replace(", {teams: [acme/qa], count: 1}", "")
    async with town(ship=one) as here:
        await proposed(here)
        about = {"orchestration": (await here.state()).id}
        said = {**about, "actor": "eve", "text": "/approve\n/cancel"}
        await here.deliver("signalbox/say", said, "one")
        await here.wait(seconds=2)
        refused = (str((await here.state()).status), here.deployments())
        await here.deliver("signalbox/say", {**about, "actor": "mona", "text": "/approve"}, "2")
        await here.deliver("signalbox/say", {**about, "actor": "mona", "text": "hello"}, "3")
        await here.deliver("signalbox/say", {**about, "text": "/approve"}, "4")
        await here.deliver("signalbox/say", {**said, "orchestration": "none"}, "5")
        await here.wait(seconds=2)

        assert (refused, here.deployments()) == (("running", 0), 1)


QUEUE = "version: 1\nname: Queue\non: {merge_group: {}}\ntasks: {wait: {wait: {for: 1h}}}\n"


async def test_a_merge_group_is_checked_on_its_commit_and_cancelled_with_it() -> None:
    """The check stands where GitHub looks for it."""
    async with town(queue=QUEUE) as here:
        number = await proposed(here)
        sha = here.github.enqueue(HOME, number)
        await here.wait(seconds=5)
        checks = [each.name for each in here.github.check_runs(HOME, sha)]
        here.github.leave_queue(HOME, sha, "dequeued")
        await here.wait(seconds=5)

        assert checks == ["Queue"]
        state = await here.state()
        assert str(state.status) == "cancelled"
        assert state.reason is not None
        assert "dequeued" in state.reason.message


QUEUED = """
version: 1
name: Land
on:
  pull_request: {types: [opened]}
  merge_group: {}
tasks:
  sign_off:
    approval:
      rules: [{require: [{teams: [acme/sre]}]}]
      auto: {when: 'event_name == "merge_group"', choose: approve}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def test_a_rule_may_let_in_the_queue_what_nobody_was_asked_about() -> None:
    """Whoever makes the check required of pull requests need not be asked twice."""
    async with town(land=QUEUED) as here:
        number = await proposed(here)
        before = here.deployments()
        here.github.enqueue(HOME, number)
        await here.wait(seconds=5)

        assert await here.status("sign_off", "land #1") == "running"
        assert await here.status("sign_off", "land #2") == "succeeded"
        assert (before, here.deployments()) == (0, 1)


PUSHED = """
version: 1
name: Try
on:
  push: {branches: ['change']}
tasks:
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
"""


async def test_what_a_push_began_is_found_by_the_commit_of_the_pull_request() -> None:
    """GitHub does not always say to which pull request a commit belongs."""
    async with town(again=PUSHED) as here:
        number = await proposed(here)
        before = (await here.state()).plan.cause.pull_request
        comment = await here.say(number, "/approve")

        assert before is None
        assert here.signs(comment) == {"+1"}
        assert await here.status("sign_off") == "succeeded"


async def test_what_a_push_began_hears_that_a_vote_is_taken_back() -> None:
    """The comment stands under a pull request of which it knows nothing."""
    two = PUSHED.replace("{teams: [acme/sre]}", "{teams: [acme/sre], count: 2}")
    async with town(again=two) as here:
        number = await proposed(here, author="ada")
        vote = await here.say(number, "/approve", by="mona")
        here.github.edit_comment(HOME, vote, "Hm.", by="mona")
        await here.wait(seconds=5)
        await here.say(number, "/approve", by="carl")

        assert await here.status("sign_off") == "running"


async def test_a_command_on_an_issue_begins_at_the_default_branch() -> None:
    """What it began is spoken of there, too."""
    async with town(roll=BY_COMMAND.replace("required: true", "default: v1")) as here:
        issue = here.github.open_issue(HOME, "Please roll")
        await here.wait(seconds=2)
        done = await here.say(issue.number, "/orchestrate roll")
        await here.wait(minutes=1)
        await here.say(issue.number, "/why deploy", by="eve")

        assert here.signs(done) == {"+1"}
        assert here.deployments() == 1
        assert "`deploy` succeeded" in here.answers(issue.number)[0]


ENVIRONMENT = """
version: 1
name: Roll
on: {pull_request: {types: [opened]}}
tasks:
  build: {dispatch: acme/api/.github/workflows/deploy.yml@main}
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre]}]}], sources: [environment]}
"""


async def test_github_s_own_reviewers_are_understood_where_a_rule_says_so() -> None:
    """Who lets a workflow run into an environment votes at the gate that takes it."""
    async with town(roll=ENVIRONMENT) as here:
        here.github.protect("acme/api", "production", has_rule=False, reviewers=["mona"])
        here.github.script("acme/api", "deploy.yml", Outcome(environment="production"))
        await proposed(here)
        [run] = here.github.runs("acme/api")
        before = await here.status("sign_off")
        here.github.review_run(run, "mona", comment="fine")
        await here.wait(minutes=1)

        assert (before, await here.status("sign_off")) == ("running", "succeeded")


async def test_a_comment_that_was_no_vote_withdraws_none_when_it_is_changed() -> None:
    """Most comments are none; those that were are taken back when they are deleted."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        chat = await here.say(number, "Hello", by="mona")
        before = await here.state()
        here.github.edit_comment(HOME, chat, "Hello!")
        here.github.delete_comment(HOME, chat)
        await here.wait(seconds=5)
        same = await here.state()
        vote = await here.say(number, "/approve", by="mona")
        here.github.delete_comment(HOME, vote)
        await here.wait(seconds=5)
        await here.say(number, "/approve", by="hubot")

        assert same.tasks == before.tasks
        assert await here.status("sign_off") == "running"


async def test_where_we_are_not_installed_nobody_is_heard() -> None:
    """A delivery of a repository that is not covered any more asks for nothing."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        installation = next(iter(here.github.world.installations.values()))
        comment = here.github.comment(HOME, number, "/why", "eve")
        await here.github.run_due()
        here.github.uninstall(installation)
        await here.wait(minutes=1)

        assert here.signs(comment) == set()


async def test_words_that_are_most_likely_another_s_are_left_alone() -> None:
    """Where nothing is known to be meant a strange word is none of ours."""
    async with town(roll=BY_COMMAND) as here:
        number = await proposed(here)
        elsewhere = here.github.open_pull_request("acme/api", {"a": "b"}, author="carl")
        other = here.github.comment("acme/api", elsewhere.number, "/approve", "carl")
        strange = await here.say(number, "/lgtm")
        ours = await here.say(number, "/retry")

        assert (here.signs(other), here.signs(strange)) == (set(), set())
        assert here.signs(ours) == {"confused"}


async def test_what_comes_back_after_the_repository_has_gone_does_nothing() -> None:
    """Between the question and the answer the App was uninstalled."""
    work = Work(now=START, owner="one", lease=timedelta(minutes=1), library=Library())
    text = "/orchestrate roll\n/freeze until 2099-01-01T00:00Z because so"
    await Doors(MemoryStore(), Library()).take(asked(text, number=None), work)

    assert work.batch.commands == []
