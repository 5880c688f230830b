"""Stories of repositories that cannot be reached for a while, and who is paused meanwhile."""

from dataclasses import replace

from app.core.absence import (
    OURSELVES,
    Absence,
    is_away,
    is_forbidden,
    lives_in,
    pause,
    presence,
    resume,
    waits_for,
)
from app.core.commands import DispatchWorkflow, WriteCheck
from app.core.events import PauseRequested, ResumeRequested
from app.core.rules import Decision
from app.core.state import Reason
from app.core.values import RepositoryName
from tests.kit import build
from tests.kit.build import REQUESTED, after, ended, plan
from tests.kit.said import paused, resumed

SUSPENDED = PauseRequested(
    at=build.START,
    by=OURSELVES,
    reason="the App is suspended there (acme/release)",
    code=Absence.SUSPENDED.value,
)
BACK = ResumeRequested(at=build.START, by=OURSELVES, code=Absence.SUSPENDED.value)


def begun(*events: object) -> Decision:
    """Begin a plan of two tasks, and let these events happen."""
    return after(plan("build; test: build"), REQUESTED, *events)  # type: ignore[arg-type]


def test_what_cannot_be_reached_is_paused_with_the_reason() -> None:
    """Nothing new begins, the reason has a code of its own, and it goes on by itself."""
    away = begun(SUSPENDED, ended("build"))
    back = after(away, BACK)

    assert away.state.paused is not None
    assert away.state.paused.code == "installation-suspended"
    assert "the App is suspended there" in away.state.paused.message
    assert is_away(away.state)
    assert build.statuses(away.state)["test"] == "waiting"
    assert (back.state.paused, build.statuses(back.state)["test"]) == (None, "running")


def test_what_a_person_paused_stays_paused() -> None:
    """That the App is back resumes only what was paused because it was away."""
    held = begun(paused(why="lunch"), SUSPENDED, BACK)

    assert held.state.paused is not None
    assert held.state.paused.message == "paused by mona: lunch"
    assert not is_away(held.state)


def test_a_person_may_take_the_pause_over() -> None:
    """Then it stays paused when the App is back, until a person resumes it."""
    held = begun(SUSPENDED, paused(why="lunch"), BACK)

    assert held.state.paused is not None
    assert after(held, resumed()).state.paused is None


def test_it_is_known_where_each_lives_and_what_it_waits_for() -> None:
    """Of what has ended nothing is."""
    going, away = begun().state, begun(SUSPENDED).state
    over = begun(ended("build"), ended("test")).state
    home = going.plan.origin.repository_id
    elsewhere = replace(going.plan.cause, repository_id=77)
    caused = replace(going, plan=replace(going.plan, cause=elsewhere))

    assert presence(going) == {lives_in(home)}
    assert presence(caused) == {lives_in(home), lives_in(77)}
    assert presence(away) == {lives_in(home), waits_for(home)}
    assert presence(over) == frozenset()


FORBIDDEN = Reason(code=Absence.FORBIDDEN.value, message="it does not grant Actions: write")
DISPATCH = DispatchWorkflow(
    attempt=build.attempt("build"),
    repository=RepositoryName("acme/api"),
    workflow="deploy.yml",
    ref="main",
    inputs={},
    marker="m",
)


def test_whatever_needs_a_permission_that_is_missing_is_paused() -> None:
    """What only people read holds nothing up, and what is done at last resumes it."""
    wanted = pause(DISPATCH, FORBIDDEN, build.START)
    assert wanted is not None
    held = begun(wanted).state
    [back] = resume(held, DISPATCH, build.START)

    assert is_forbidden(held)
    assert is_away(held)
    assert pause(WriteCheck(), FORBIDDEN, build.START) is None
    assert resume(held, WriteCheck(), build.START) == ()
    assert after(begun(wanted), back).state.paused is None


def test_what_was_done_resumes_nothing_that_waits_for_something_else() -> None:
    """Neither what a person paused, nor what waits for the App, nor what is not paused."""
    others = (begun(), begun(paused(why="lunch")), begun(SUSPENDED))

    assert [resume(each.state, DISPATCH, build.START) for each in others] == [()] * 3
    assert not any(is_forbidden(each.state) for each in others)


def test_a_repository_that_is_out_of_reach_pauses_whatever_is_to_be_done_there() -> None:
    """Be it only to write the check; and once that is done it goes on."""
    gone = Reason(code=Absence.REMOVED.value, message="the App does not reach acme/release")
    told = pause(WriteCheck(), gone, build.START)
    assert told is not None
    held = begun(told).state

    assert is_away(held)
    assert not is_forbidden(held)
    assert [it.code for it in resume(held, WriteCheck(), build.START)] == ["repository-removed"]
