"""What now: the check and the comment say what is asked of people, and how they answer."""

from collections.abc import Sequence
from dataclasses import replace

from app.core.events import Conclusion, PauseRequested, RunStatus
from app.core.state import Orchestration, Vote
from app.core.summary import summarise_check, summarise_comment
from app.core.telling.answering import what_now
from app.core.values import Json
from tests.core.ballot import HEAD, TASKS, TWO_TEAMS, Ballot
from tests.core.told import Told, plan_of

TEN_HOURS = "until 2026-11-23 19:30 UTC"
MANY = HEAD + "tasks:\n" + "".join(f"  g{at}: {{approval: {{}}}}\n" for at in range(7))
WAVES = """
tasks:
  roll:
    strategy:
      matrix: {region: [eu, us]}
      waves: [{name: all, percent: 100, approval: {}}]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
ASKING = (
    HEAD
    + "tasks:\n"
    + "".join(
        f"  t{at}: {{dispatch: acme/api/.github/workflows/build.yml@main, on-failure: ask}}\n"
        for at in range(7)
    )
)


def elsewhere(state: Orchestration, **cause: Json) -> Orchestration:
    """Let it have another cause: by default one without a pull request."""
    changed = replace(state.plan.cause, **{"pull_request": None, **cause})
    return replace(state, plan=replace(state.plan, cause=changed))


def ended(names: Sequence[str], conclusion: Conclusion, text: str) -> Orchestration:
    """Let these tasks begin, and end so."""
    told = Told(plan_of(text)).begin()
    for name in names:
        told.accept(name).run(name).end(name, conclusion=conclusion)
    return told.state


def test_a_question_stands_above_everything() -> None:
    """Whoever looks reads first of whom something is asked, until when, and how to answer."""
    state = Ballot(TWO_TEAMS).state
    lines = what_now(state)

    assert lines == [
        "",
        f"- **sign_off** waits for 1 vote from acme/sre and 1 vote from acme/qa, {TEN_HOURS}",
        "  - answer with `/approve sign_off` or `/reject sign_off REASON` in a comment, "
        "a review or the button *Approve* of the check",
    ]
    for shown in (summarise_check(state).summary, summarise_comment(state).body):
        assert "\n".join(lines) in shown
        assert shown.index(lines[1]) < shown.index("started by octocat")


def test_votes_are_told_with_whether_they_count() -> None:
    """Nobody wonders what became of a vote; one that is looked at yet says so."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    ballot.vote("eve")
    gate = replace(
        ballot.gate, votes=(*ballot.gate.votes, Vote(by="ada", option="approve", at=ballot.now))
    )
    leg = replace(next(iter(ballot.state.tasks.values())).legs[""], gate=gate)
    name, task = next(iter(ballot.state.tasks.items()))
    state = ballot.state.with_task(name, task.with_leg(leg))

    assert what_now(state)[2] == (
        "  - so far `approve` by mona; `approve` by eve does not count, since no rule in force "
        "asks for @&#8203;eve; `approve` by ada, which is being looked at"
    )


def test_of_many_votes_the_last_are_told() -> None:
    """The rest are counted."""
    ballot = Ballot(TWO_TEAMS)
    for number in range(12):
        ballot.vote("eve", reference=f"c/{number}")

    assert what_now(ballot.state)[2].startswith("  - so far 2 more; `approve` by eve")


def test_a_form_is_shown_with_the_words_that_answer_it() -> None:
    """What a button or a review cannot say is asked for in a comment alone."""
    form = "inputs: {ticket: {type: string, required: true}, note: {type: string}}"
    ballot = Ballot(f"options: [ship, hold], {form}")

    assert what_now(ballot.state)[-1] == (
        "  - answer with <code>&#47;approve sign&#95;off ship&#124;hold "
        "ticket&#61;&#8230;</code> in a comment"
    )


def test_who_answers_a_fork_names_the_commit() -> None:
    """The words that are shown are those that count."""
    state = elsewhere(
        Ballot(TWO_TEAMS).state,
        pull_request=12,
        event_name="pull_request",
        event={"pull_request": {"head": {"repo": {"id": 99}}, "base": {"repo": {"id": 1}}}},
    )

    assert f"`/approve sign_off commit={state.plan.cause.sha[:12]}`" in what_now(state)[-1]


def test_where_nobody_can_comment_the_command_line_is_named() -> None:
    """A start by hand has no pull request; the button is there, and where it is not, `say`."""
    state = elsewhere(Ballot(TWO_TEAMS).state)
    paged = elsewhere(Ballot(f"{TWO_TEAMS}, sources: [page]").state)

    assert what_now(state)[-1] == "  - answer with the button *Approve* of the check"
    assert what_now(paged)[-1] == (
        "  - answer with `signalbox say release-train#42 LOGIN '/approve sign_off'`"
    )


def test_a_wave_asks_like_a_task() -> None:
    """It is named by its task and itself, and waits as long as the whole may."""
    state = Ballot("", HEAD + WAVES).state

    assert what_now(state)[1].startswith("- **roll/all** waits for its wave all, which ")


def test_of_many_questions_a_few_are_spelt_out() -> None:
    """The rest stand in the table."""
    assert what_now(Ballot("", MANY).state)[-1] == "- and 2 more, which stand in the table"
    asking = ended([f"t{at}" for at in range(7)], Conclusion.FAILURE, ASKING)
    assert what_now(asking)[-1] == "- and 2 more, which stand in the table"


def test_a_task_that_asks_what_to_do_says_the_ways() -> None:
    """On a pull request in the words of comments, elsewhere in those of the command line."""
    state = ended(["t0"], Conclusion.FAILURE, ASKING)

    assert what_now(state)[1] == (
        "- **t0** asks what to do: the workflow run failed; answer with `/retry t0`, "
        "`/skip t0 REASON` or `/reject t0 REASON`"
    )
    assert "`signalbox say release-train#42 LOGIN '/retry t0'`" in what_now(elsewhere(state))[1]


def test_what_github_holds_is_named_with_its_page() -> None:
    """It is released there, so the link stands first."""
    told = Told(plan_of(ASKING)).begin()
    for at in range(7):
        told.accept(f"t{at}").run(f"t{at}", status=RunStatus.WAITING)
    lines = what_now(told.state)

    assert lines[1].startswith(
        "- **t0** waits for a person on GitHub, who can release it on [its page](https://"
    )
    assert lines[-1] == "- and 2 more, which stand in the table"


def test_what_failed_says_where_to_look_and_how_to_go_on() -> None:
    """Once it has ended; before that others are still on their way."""
    text = ASKING.replace(", on-failure: ask", "")
    names = [f"t{at}" for at in range(7)]
    going, over = (ended(these, Conclusion.FAILURE, text) for these in (names[:1], names))

    assert what_now(going) == []
    (line,) = what_now(over)[1:]
    assert line.startswith("- look at [t0](https://github.com/acme/api/actions/runs/")
    assert line.endswith(
        " first; `/retry`, or the button *Retry failed* of the check, tries again what did "
        "not succeed and keeps what did"
    )
    assert "`signalbox retry release-train#42`" in what_now(elsewhere(over))[1]


def test_where_nothing_is_to_be_done_nothing_is_said() -> None:
    """Not of what runs, and not of what is paused or went well."""
    told = Told(plan_of(HEAD + TASKS % "")).begin()
    paused = told.hear(PauseRequested(at=told.now, by="ada", reason="lunch")).state
    good = ended([f"t{at}" for at in range(7)], Conclusion.SUCCESS, ASKING)

    assert what_now(Told(plan_of(ASKING)).begin().state) == []
    assert what_now(good) == []
    assert what_now(paused)[1].startswith("- **sign_off** waits for")
