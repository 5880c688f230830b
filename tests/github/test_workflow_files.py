"""Stories about what a workflow's file says before a dispatch, and how seldom it is read."""

import asyncio
from dataclasses import replace

import pytest

from app.core.commands import DispatchWorkflow
from app.core.events import DispatchAccepted, DispatchRefused
from app.rehearsal import CallFault, Flavour
from app.rehearsal.model import workflows
from tests.github.house import DEPLOY_PATH, House, house
from tests.kit import build

pytestmark = pytest.mark.anyio

HOME = "acme/release"
TYPED = """
name: Typed
run-name: "[${{ inputs.signalbox }}]"
on:
  workflow_dispatch:
    inputs:
      level: {type: choice, options: [low, high], required: true}
      count: {type: number}
      dry: {type: boolean, default: false}
      where: {required: true, default: here}
      signalbox: {type: string, required: true}
"""
MANY = "on:\n  workflow_dispatch:\n    inputs:\n" + "".join(
    f"      i{number}: {{}}\n" for number in range(26)
)
TYPED_PATH = ".github/workflows/typed.yml"
FILE = "/contents/.github/workflows/"


def to(here: House, inputs: dict[str, str], *, number: int = 1) -> DispatchWorkflow:
    """Return the dispatch of the typed workflow, one of several."""
    return here.dispatch(
        HOME,
        workflow="typed.yml",
        inputs=inputs,
        marker=f"sb-0123456789abcdef-{number:08x}",
        attempt=build.attempt(f"api#{number}"),
    )


@pytest.mark.parametrize(
    ("inputs", "code", "words"),
    [
        ({"level": "low", "count": "3", "dry": "true"}, "", ""),
        ({}, "input-missing", "requires the input `level`: give it under `with`"),
        ({"level": "medium"}, "bad-input", "is one of low, high, and not `medium`"),
        ({"level": "low", "count": "many"}, "bad-input", "is a number, and not `many`"),
        ({"level": "low", "dry": "maybe"}, "bad-input", "is true or false, and not `maybe`"),
        ({"level": "low", "oops": "1"}, "unexpected-inputs", "declares no input `oops`"),
        ({"level": "low", "where": "x" * 65_536}, "bad-input", "65535 characters"),
    ],
)
async def test_what_github_would_refuse_is_not_even_asked(
    here: House, inputs: dict[str, str], code: str, words: str
) -> None:
    """The refusal says what to do; the marker is ours to give."""
    here.github.push(HOME, {TYPED_PATH: TYPED})
    event = await here.event(to(here, inputs))

    if not code:
        assert isinstance(event, DispatchAccepted)
        return
    assert isinstance(event, DispatchRefused)
    assert event.code == code
    assert words in event.message
    assert here.calls("POST", "/dispatches") == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [("on: push\njobs: {}\n", "not-dispatchable"), (MANY, "too-many-inputs")],
)
async def test_a_file_that_takes_no_dispatch_is_not_dispatched(
    here: House, text: str, code: str
) -> None:
    """It has no such trigger, or GitHub would not take it."""
    here.github.push(HOME, {TYPED_PATH: text})
    event = await here.event(to(here, {}))

    assert isinstance(event, DispatchRefused)
    assert event.code == code
    assert here.calls("POST", "/dispatches") == 0


async def test_a_file_is_read_once_a_minute_however_much_is_dispatched(here: House) -> None:
    """And then only if it has changed: the second call costs nothing of the limit."""
    here.github.push(HOME, {TYPED_PATH: TYPED})
    given = {"level": "low"}
    await asyncio.gather(
        *(here.event(to(here, given, number=number)) for number in range(1, 21))
    )
    at_once = here.calls("GET", FILE)
    await here.wait(minutes=2)
    await here.event(to(here, given, number=21))
    reads = [each.status for each in here.github.calls if FILE in each.path]

    assert len(here.github.world.dispatches) == 21
    assert at_once == 1
    assert reads == [200, 304]


async def test_a_file_at_a_commit_is_read_once_an_hour(here: House) -> None:
    """It cannot change."""
    sha = here.github.push(HOME, {TYPED_PATH: TYPED})
    for number in (1, 2):
        command = to(here, {"level": "low"}, number=number)
        await here.event(replace(command, ref=sha))
        await here.wait(minutes=10)

    assert here.calls("GET", FILE) == 1


async def test_nothing_is_refused_by_what_was_read_a_while_ago(here: House) -> None:
    """Somebody mended the workflow half a minute after it was read."""
    here.github.push(HOME, {TYPED_PATH: TYPED})
    first = await here.event(to(here, {"level": "low"}, number=1))
    here.github.push(HOME, {TYPED_PATH: TYPED.replace("low, high", "low, high, extreme")})
    await here.wait(seconds=30)
    second = await here.event(to(here, {"level": "extreme"}, number=2))

    assert isinstance(first, DispatchAccepted)
    assert isinstance(second, DispatchAccepted)


@pytest.mark.parametrize("status", [410, 502])
async def test_what_cannot_be_read_is_left_to_github(here: House, status: int) -> None:
    """Its refusal has the same code, and says what to do."""
    here.github.push(HOME, {TYPED_PATH: TYPED})
    here.github.faults.plan_call(CallFault.ERROR_BEFORE, path=FILE, status=status, times=9)
    good = await here.event(to(here, {"level": "low"}, number=1))
    bad = await here.event(to(here, {"level": "medium"}, number=2))

    assert isinstance(good, DispatchAccepted)
    assert isinstance(bad, DispatchRefused)
    assert bad.code == "bad-input"
    assert "Give it a value that typed.yml in acme/release declares" in bad.message


@pytest.mark.parametrize("text", ["a: [", "[]", "on: {workflow_dispatch: {}}\non: push\n"])
async def test_an_odd_file_is_left_to_github(here: House, text: str) -> None:
    """We do not understand it; perhaps GitHub does."""
    here.github.push(HOME, {DEPLOY_PATH: text})
    await here.perform(here.dispatch(HOME))

    assert here.calls("POST", "/dispatches") >= 1


@pytest.mark.parametrize(
    ("ref", "workflow", "code", "posts"),
    [
        ("old", "typed.yml", "workflow-not-found", 0),
        ("nowhere", "typed.yml", "ref-not-found", 1),
    ],
)
async def test_a_missing_file_and_a_missing_ref_are_told_apart(
    here: House, ref: str, workflow: str, code: str, posts: int
) -> None:
    """A ref may come at any moment, so it is GitHub that says that it is not there."""
    here.github.push(HOME, {"README.md": "old"}, branch="old")
    here.github.push(HOME, {TYPED_PATH: TYPED})
    event = await here.event(replace(to(here, {"level": "low"}), ref=ref, workflow=workflow))

    assert isinstance(event, DispatchRefused)
    assert event.code == code
    assert here.calls("POST", "/dispatches") == posts


async def test_what_only_github_knows_it_refuses_itself(here: House) -> None:
    """A workflow that is disabled costs no call but the dispatch."""
    here.github.push(HOME, {TYPED_PATH: TYPED})
    repository = here.github.world.repository(HOME)
    workflows.find(here.github.world, repository, "typed.yml").state = "disabled_manually"
    event = await here.event(to(here, {"level": "low"}))

    assert isinstance(event, DispatchRefused)
    assert event.code == "workflow-disabled"


async def test_files_of_several_repositories_are_kept_apart(here: House) -> None:
    """Each has its own say."""
    here.github.push(HOME, {TYPED_PATH: TYPED})
    own = await here.event(to(here, {"level": "low"}))
    another = here.dispatch("acme/api", attempt=build.attempt("api#2"))
    other = await here.event(another)

    assert isinstance(own, DispatchAccepted)
    assert isinstance(other, DispatchAccepted)
    assert here.calls("GET", FILE) == 2


async def test_a_host_that_takes_fewer_inputs_is_not_asked_for_more() -> None:
    """A GitHub Enterprise Server takes ten."""
    names = "".join(f"      i{number}: {{}}\n" for number in range(11))
    text = f"on:\n  workflow_dispatch:\n    inputs:\n{names}"
    async with house(Flavour.ENTERPRISE_SERVER) as here:
        here.github.push(HOME, {TYPED_PATH: text})
        event = await here.event(to(here, {}))

        assert isinstance(event, DispatchRefused)
        assert event.code == "too-many-inputs"
        assert "GitHub takes 10" in event.message
        assert here.calls("POST", "/dispatches") == 0
