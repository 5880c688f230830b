"""What people read of typical states, held as files that a person would like to read.

The files in `snapshots` are the check and the comment as they stand on GitHub. Where the
wording is changed on purpose, delete the file: the next run writes it anew and fails once.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.events import Conclusion, RunStatus
from app.core.state import Orchestration
from app.core.summary import summarise_check, summarise_comment
from tests.core.told import Told, plan_of

SNAPSHOTS = Path(__file__).parent / "snapshots"

TRAIN = """
version: 1
name: Release train
on: {push: {branches: [main]}}
inputs:
  train: {type: string, default: '2026.11'}
  registry_token: {type: string, default: 'hunter2'}
tasks:
  build:
    dispatch: acme/api/.github/workflows/build.yml@main
    outputs: {image: {type: string}, preview: {type: string, default: ''}}
  test:
    needs: [build]
    strategy:
      matrix: {os: [linux, windows, macos]}
      fail-fast: false
    dispatch: acme/api/.github/workflows/test.yml@main
    with: {os: '${{ matrix.os }}'}
  lint:
    dispatch: acme/web/.github/workflows/lint.yml@main
    continue-on-error: true
  deploy_api:
    needs: [test, lint]
    dispatch: acme/ops/.github/workflows/deploy.yml@release/2026
    with: {image: 'latest'}
  announce:
    needs: [deploy_api]
    if: inputs.train != "2026.11"
    dispatch: acme/ops/.github/workflows/announce.yml@main
"""

FLEET = """
version: 1
name: Fleet
on: {push: {}}
tasks:
  roll:
    strategy:
      matrix: {node: [%s]}
      max-parallel: 3
      fail-fast: false
    dispatch: acme/fleet/.github/workflows/roll.yml@main
    with: {node: '${{ matrix.node }}'}
""" % ", ".join(f"n{number:02}" for number in range(40))  # noqa: UP031 - braces are YAML's


def train() -> Told:
    return Told(plan_of(TRAIN, inputs={"train": "2026.11", "registry_token": "hunter2"}))


def after_build(told: Told, **ends: Conclusion) -> Told:
    """Build, lint and test, each system with its end."""
    told.begin().wait(seconds=2).accept("build").accept("lint").wait(seconds=8)
    told.run("build").run("lint").wait(seconds=75).end("lint").wait(minutes=2)
    told.report(
        "build",
        image="ghcr.io/acme/api:2026.11",
        preview="https://preview.acme.example/pr-12?theme=dark",
        summary="| suite | passed |\n| --- | --- |\n| unit | 412 |\n\nThanks, @alice, see #7.",
    ).end("build").wait(seconds=3)
    for system in ("linux", "windows", "macos"):
        told.run("test", system).wait(seconds=20)
    for system, conclusion in ends.items():
        told.wait(minutes=4).end("test", system, conclusion)
    return told


def all_good(told: Told) -> Told:
    good = Conclusion.SUCCESS
    return after_build(told, linux=good, windows=good, macos=good)


def requested() -> Told:
    return train()


def begun() -> Told:
    return train().begin().wait(seconds=3).accept("build")


def running() -> Told:
    return after_build(train(), linux=Conclusion.SUCCESS)


def held() -> Told:
    told = all_good(train()).wait(seconds=5)
    return told.run("deploy_api", status=RunStatus.WAITING)


def failing() -> Told:
    return after_build(train(), linux=Conclusion.FAILURE)


def failed() -> Told:
    return after_build(
        train(),
        linux=Conclusion.FAILURE,
        windows=Conclusion.TIMED_OUT,
        macos=Conclusion.SUCCESS,
    )


def succeeded() -> Told:
    told = train().begin().wait(seconds=1).run("build").run("lint").wait(seconds=40)
    told.end("lint", conclusion=Conclusion.FAILURE).wait(minutes=2)
    told.report("build", image="ghcr.io/acme/api:2026.11").end("build").wait(minutes=1)
    for system in ("linux", "windows", "macos"):
        told.end("test", system).wait(seconds=30)
    return told.run("deploy_api").wait(minutes=61).end("deploy_api")


def refused() -> Told:
    told = train().begin().wait(seconds=1).run("lint").end("lint")
    return told.refuse(
        "build",
        code="no-consent",
        message="acme/api does not accept acme/release; add it to `accept` in "
        "its .github/orchestration-policy.yml on the default branch",
    )


def cancelling() -> Told:
    return running().cancel(by="hubot", reason="superseded by #43")


def cancelled() -> Told:
    told = cancelling().wait(seconds=30)
    for system in ("windows", "macos"):
        told.end("test", system, Conclusion.CANCELLED).wait(seconds=5)
    return told


def large_matrix() -> Told:
    told = Told(plan_of(FLEET, stem="fleet", number=7)).begin()
    told.run("roll", "n00").run("roll", "n01").run("roll", "n02").wait(minutes=1)
    told.end("roll", "n00").end("roll", "n01", Conclusion.FAILURE).wait(seconds=5)
    return told.run("roll", "n03").run("roll", "n04", status=RunStatus.WAITING)


STATES: tuple[Callable[[], Told], ...] = (
    requested,
    begun,
    running,
    held,
    failing,
    failed,
    succeeded,
    refused,
    cancelling,
    cancelled,
    large_matrix,
)


@pytest.mark.parametrize("tell", STATES, ids=lambda tell: tell.__name__)
def test_a_typical_state_reads_as_it_should(tell: Callable[[], Told]) -> None:
    """The check and the comment of a typical state are those on file."""
    state = tell().state
    path = SNAPSHOTS / f"{tell.__name__}.md"
    shown = page(state)
    if not path.exists():
        path.write_text(shown, encoding="utf-8")
        pytest.fail(f"{path.name} is new: read it, and run again")

    assert shown == path.read_text(encoding="utf-8")


def page(state: Orchestration) -> str:
    """Put the check and the comment on one page, with what GitHub shows outside of them."""
    check = summarise_check(state)
    times = " to ".join(f"{at:%H:%M:%S}" for at in (check.started_at, check.ended_at) if at)
    outcome = f"{check.status}, {check.conclusion}" if check.conclusion else check.status
    return "\n\n".join(
        (
            f"# {check.name}: {check.title}",
            f"*check: {outcome}{f', {times}' if times else ''}*",
            check.summary,
            check.text,
            "---",
            summarise_comment(state).body + "\n",
        )
    )
