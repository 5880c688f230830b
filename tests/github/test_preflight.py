"""Stories about what a commit learns of the workflows that its definitions dispatch."""

import json
from typing import Any

import pytest

from app.core.chores import CheckDefinitions
from app.core.values import Sha
from app.rehearsal.model import workflows
from tests.github.house import DEPLOY, POLICY_PATH, House

pytestmark = pytest.mark.anyio

PATH = ".github/orchestrations/new.yml"
TYPED = """
name: Typed
on:
  workflow_dispatch:
    inputs:
      level: {type: choice, options: [low, high], required: true}
      count: {type: number}
      dry: {type: boolean, default: false}
      signalbox: {type: string, required: true}
"""
ACCEPTS = "version: 1\naccept: [{from: acme/release, environments: [production]}]\n"


async def learned(here: House, *tasks: dict[str, Any], **files: str) -> list[tuple[str, int]]:
    """Push a definition of these tasks to a branch, and return what its check says where."""
    named = {f"t{number}": each for number, each in enumerate(tasks)}
    text = json.dumps({"version": 1, "on": {"manual": {}}, "tasks": named}, indent=1)
    sha = here.github.push("acme/release", {PATH: text, **files}, branch="change")
    await here.perform(
        CheckDefinitions(
            installation_id=here.installation.id,
            repository_id=here.repository_id("acme/release"),
            sha=Sha(sha),
            paths=(PATH,),
        )
    )
    [run] = here.github.world.repository("acme/release").check_runs.values()
    noted = run.annotations
    failures = [it for it in noted if it["annotation_level"] == "failure"]
    assert run.conclusion == ("failure" if failures else "success")
    lines = text.split("\n")
    for each in noted:
        assert any(key in lines[each["start_line"] - 1] for key in ("dispatch", "with", ":"))
    return [(it["title"], it["start_line"]) for it in noted]


def to(
    repository: str, workflow: str = "deploy.yml", *, ref: str = "@main", **more: Any
) -> Any:
    return {"dispatch": f"acme/{repository}/.github/workflows/{workflow}{ref}", **more}


async def test_what_is_fine_is_fine(here: House) -> None:
    """Nothing is said where all is there."""
    assert await learned(here, {**to("api"), "with": {"image": "a:1"}}) == []


@pytest.mark.parametrize(
    ("task", "code"),
    [
        (to("nobody"), "app-not-installed"),
        (to("closed"), "consent-missing"),
        (to("api", ref="@next"), "consent-missing ref-not-found"),
        (to("release", "other.yml"), "workflow-not-found"),
        (to("release", ref="@next"), "ref-not-found"),
        ({**to("api"), "with": {"oops": "1"}}, "unexpected-inputs"),
        (to("api", environment="production"), "consent-missing environment-not-found"),
        (to("release", environment="nowhere"), "environment-not-found"),
        (to("${{ repository }}"), "not-checked"),
        ({**to("release", ref=""), "ref": "${{ sha }}"}, "not-checked"),
    ],
)
async def test_what_is_missing_is_named_by_the_code_of_a_refusal(
    here: House, task: Any, code: str
) -> None:
    """At the line that asks for it, before anything is dispatched."""
    if "${{" in task["dispatch"]:
        task = {**task, "dispatch": task["dispatch"].replace("acme/", "")}
    found = await learned(here, task)

    assert [title for title, _ in found] == code.split()


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"level": "low", "count": 3, "dry": True}, []),
        ({"level": "${{ sha }}", "count": "${{ ref }}"}, []),
        ({}, ["input-missing"]),
        ({"level": "medium"}, ["bad-input"]),
        ({"level": "low", "count": "many"}, ["bad-input"]),
        ({"level": "low", "dry": "maybe"}, ["bad-input"]),
    ],
)
async def test_inputs_must_fit(here: House, given: Any, codes: list[str]) -> None:
    """In name, type and choice, as far as they are written out; the marker is ours to give."""
    here.github.push("acme/release", {".github/workflows/typed.yml": TYPED})
    found = await learned(here, {**to("release", "typed.yml"), "with": given})

    assert [title for title, _ in found] == codes


async def test_of_many_targets_it_is_said_which_are_not_looked_at(here: House) -> None:
    """A hundred different ones are; one that was looked at counts once."""
    many = [to("release", f"w{number}.yml") for number in range(100)]
    found = await learned(here, *many, to("release", "w0.yml"), to("api"), to("ops"))

    assert [title for title, _ in found].count("workflow-not-found") == 101
    assert [title for title, _ in found if title != "workflow-not-found"] == ["not-checked"]


async def test_a_workflow_may_come_with_the_definition(here: House) -> None:
    """In one and the same commit; elsewhere it must be there before."""
    files = {".github/workflows/fresh.yml": DEPLOY}
    found = await learned(here, to("release", "fresh.yml"), to("ops", "fresh.yml"), **files)

    assert [title for title, _ in found] == ["workflow-not-found"]


async def test_what_is_disabled_or_has_no_dispatch_is_told(here: House) -> None:
    """Each with its remedy, at its own line."""
    here.github.push(
        "acme/release",
        {
            ".github/workflows/push.yml": "on: push\njobs: {}\n",
            ".github/workflows/list.yml": "on: [push]\njobs: {}\n",
            ".github/workflows/map.yml": "on: {push: {}}\njobs: {}\n",
            ".github/workflows/word.yml": "on: workflow_dispatch\njobs: {}\n",
            ".github/workflows/words.yml": "on: [workflow_dispatch]\njobs: {}\n",
            ".github/workflows/odd.yml": "[]\n",
        },
    )
    api = here.github.world.repository("acme/api")
    workflows.find(here.github.world, api, "deploy.yml").state = "disabled_manually"
    names = ("push", "list", "map", "word", "words", "odd")
    found = await learned(here, to("api"), *(to("release", f"{name}.yml") for name in names))

    assert [title for title, _ in found] == [
        "workflow-disabled",
        *["not-dispatchable"] * 3,
        "not-checked",
    ]
    assert len({line for _, line in found}) == 5


async def test_a_missing_permission_is_told(here: House) -> None:
    """Before the first dispatch finds out."""
    here.installation.permissions = {
        "actions": "read",
        "checks": "write",
        "contents": "read",
        "metadata": "read",
        "pull_requests": "read",
    }
    found = await learned(here, to("api"))

    assert [title for title, _ in found] == ["permission-missing"]


@pytest.mark.parametrize(
    ("granted", "task", "words"),
    [
        ({"deployments": "read"}, to("release", environment="production"), "Deployments: w"),
        ({"contents": "read"}, to("release", ref=f"@{'c' * 40}"), "Contents: write"),
    ],
)
async def test_each_permission_that_its_task_needs_is_looked_for(
    here: House, granted: dict[str, str], task: Any, words: str
) -> None:
    """To answer for an environment, and to reach a commit through a tag."""
    here.github.protect("acme/release", "production")
    here.installation.permissions = {
        "actions": "write",
        "checks": "write",
        "contents": "read",
        "metadata": "read",
        "pull_requests": "read",
        **granted,
    }
    found = await learned(here, task)
    [run] = here.github.world.repository("acme/release").check_runs.values()

    assert [title for title, _ in found] == ["permission-missing"]
    assert words in run.annotations[0]["message"]


async def test_an_environment_that_is_there_and_consented_to_is_fine(here: House) -> None:
    """The task may answer for it."""
    here.github.push("acme/api", {POLICY_PATH: ACCEPTS})
    here.github.protect("acme/api", "production")

    assert await learned(here, to("api", environment="production")) == []


async def test_policies_are_checked_where_they_change(here: House) -> None:
    """With line and column, like definitions; the organisation's at its own place."""
    here.github.add_repository("acme/.github", {"README.md": "hello\n"})
    for repository, path in (("release", POLICY_PATH), (".github", "orchestration-policy.yml")):
        sha = here.github.push(f"acme/{repository}", {path: "version: 7\n"}, branch="change")
        number = here.repository_id(f"acme/{repository}")
        await here.perform(
            CheckDefinitions(
                installation_id=here.installation.id,
                repository_id=number,
                sha=Sha(sha),
                paths=(path,),
            )
        )
        [run] = here.github.world.repository(f"acme/{repository}").check_runs.values()

        assert run.conclusion == "failure"
        assert run.annotations[0]["path"] == path
