"""Stories about one dispatch, and about finding its workflow run again."""

import json
from typing import Any

import httpx
import pytest

from app.core.hearing.heard import WorkflowRunFacts
from app.github import dispatching
from app.github.dispatching import Dispatcher, Sought, Started
from app.github.errors import ConflictError, UnavailableError, UnprocessableError
from tests.github.wire import ACCESS, API, NOON, Wire, run_json, wire

pytestmark = pytest.mark.anyio

HERE = f"{API}/repos/acme/api"
DEPLOY = f"{HERE}/actions/workflows/deploy.yml"
MARKER = "sb-0123456789abcdef-89abcdef"
OTHER = "sb-ffffffffffffffff-00000000"
SHA = "c" * 40
UNEXPECTED = {"message": 'Unexpected inputs provided: ["signalbox"]'}
TAKEN = {
    "workflow_run_id": 99,
    "run_url": f"{HERE}/actions/runs/99",
    "html_url": "https://github.com/acme/api/actions/runs/99",
}
STARTED = Started(workflow_run_id=99, url="https://github.com/acme/api/actions/runs/99")


async def dispatch(github: Wire, dispatcher: Dispatcher | None = None, **how: Any) -> Started:
    given: dict[str, Any] = {"workflow": "deploy.yml", "ref": "main", "inputs": {}, **how}
    return await (dispatcher or Dispatcher(github.client)).dispatch(
        ACCESS, marker=MARKER, **given
    )


def bodies(github: Wire) -> list[Any]:
    path = "/repos/acme/api/actions/workflows/deploy.yml/dispatches"
    return [json.loads(request.read()) for request in github.sent("POST", path)]


async def test_a_dispatch_carries_its_marker_and_returns_its_run(github: Wire) -> None:
    """The marker goes along as an input, every input as text, and the run's id comes back."""
    github.router.post(f"{DEPLOY}/dispatches").respond(json=TAKEN)
    started = await dispatch(
        github,
        workflow=".github/workflows/deploy.yml",
        inputs={"image": "api:1", "dry": False, "n": 3, "list": [1, {"a": None}]},
    )

    assert started == STARTED
    assert bodies(github) == [
        {
            "ref": "main",
            "inputs": {
                "image": "api:1",
                "dry": "false",
                "n": "3",
                "list": '[1,{"a":null}]',
                "signalbox": MARKER,
            },
        }
    ]


@pytest.mark.parametrize(("api_url", "asks"), [(API, True), ("https://ghe.test/api/v3", False)])
async def test_an_older_host_is_asked_for_the_run_only_if_it_can_tell(
    api_url: str, asks: bool
) -> None:
    """Before 2026-03-10 github.com tells the run if asked to; an Enterprise Server cannot."""
    host = wire(api_url)
    host.router.get(f"{api_url}/versions").respond(json=["2022-11-28"])
    host.router.post(f"{api_url}/app/installations/7/access_tokens").respond(
        201, json={"token": "ghs_1", "expires_at": "2026-11-23T13:00:00Z"}
    )
    asked = host.router.post(
        f"{api_url}/repos/acme/api/actions/workflows/deploy.yml/dispatches"
    ).respond(204)
    async with host.client:
        started = await dispatch(host)

    assert started == Started(workflow_run_id=None, url="")
    assert ("return_run_details" in json.loads(asked.calls[0].request.read())) is asks


async def test_a_target_that_declares_no_marker_is_dispatched_without(github: Wire) -> None:
    """GitHub's 422 has no effect, so the dispatch is made again; the lesson lasts an hour."""
    github.router.post(f"{DEPLOY}/dispatches").mock(
        side_effect=[
            httpx.Response(422, json=UNEXPECTED),
            *[httpx.Response(200, json=TAKEN)] * 3,
        ]
    )
    dispatcher = Dispatcher(github.client)
    for _ in range(2):
        await dispatch(github, dispatcher)
    github.clock.go(minutes=61)
    await dispatch(github, dispatcher)

    carried = ["signalbox" in body.get("inputs", {}) for body in bodies(github)]
    assert carried == [True, False, False, True]


@pytest.mark.parametrize(
    "message",
    [
        'Unexpected inputs provided: ["signalbox", "imgae"]',
        "Required input 'image' not provided",
        "Workflow does not have 'workflow_dispatch' trigger",
        "Unexpected inputs provided: [oops]",
    ],
)
async def test_any_other_422_is_a_refusal(github: Wire, message: str) -> None:
    """A dispatch that GitHub minds for another reason is not made again."""
    github.router.post(f"{DEPLOY}/dispatches").respond(422, json={"message": message})
    with pytest.raises(UnprocessableError, match=message[:20]):
        await dispatch(github)

    assert len(bodies(github)) == 1


async def test_a_dispatch_with_all_inputs_taken_goes_without_marker(github: Wire) -> None:
    """Where no input is left, the marker stays behind: the work is what matters."""
    github.router.post(f"{DEPLOY}/dispatches").respond(json=TAKEN)
    await dispatch(github, inputs={f"i{n}": "x" for n in range(25)})

    assert len(bodies(github)[0]["inputs"]) == 25


async def test_a_dispatch_whose_answer_is_lost_is_not_made_again(github: Wire) -> None:
    """Nothing repeats a dispatch that may have had its effect."""
    github.router.post(f"{DEPLOY}/dispatches").mock(side_effect=httpx.ReadTimeout("slow"))
    with pytest.raises(UnavailableError) as caught:
        await dispatch(github)

    assert caught.value.effect_unknown
    assert len(bodies(github)) == 1


async def test_a_commit_is_dispatched_through_a_tag(github: Wire) -> None:
    """GitHub dispatches no SHA, so a tag of ours is put on it first."""
    tagged = github.router.post(f"{HERE}/git/refs").respond(201, json={})
    github.router.post(f"{DEPLOY}/dispatches").respond(json=TAKEN)
    await dispatch(github, ref=SHA)

    assert json.loads(tagged.calls[0].request.read()) == {
        "ref": f"refs/tags/signalbox/{MARKER}",
        "sha": SHA,
    }
    assert bodies(github)[0]["ref"] == f"signalbox/{MARKER}"


async def test_a_tag_that_is_there_already_will_do(github: Wire) -> None:
    """A tag from an earlier try is used if it is at that commit, and only then."""
    github.router.post(f"{HERE}/git/refs").respond(
        422, json={"message": "Reference already exists"}
    )
    there = github.router.get(f"{HERE}/git/ref/tags/signalbox/{MARKER}")
    there.respond(json={"object": {"sha": SHA}})
    github.router.post(f"{DEPLOY}/dispatches").respond(json=TAKEN)

    assert await dispatch(github, ref=SHA) == STARTED
    there.respond(json={"object": {"sha": "d" * 40}})
    with pytest.raises(ConflictError, match="another commit"):
        await dispatch(github, ref=SHA)


async def test_a_commit_that_does_not_exist_is_githubs_refusal(github: Wire) -> None:
    """If no tag can be made and none is there, GitHub's own words are told."""
    github.router.post(f"{HERE}/git/refs").respond(
        422, json={"message": "Object does not exist"}
    )
    github.router.get(f"{HERE}/git/ref/tags/signalbox/{MARKER}").respond(404)
    with pytest.raises(UnprocessableError, match="Object does not exist"):
        await dispatch(github, ref=SHA)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(204),
        httpx.Response(404),
        httpx.Response(422, json={"message": "Reference does not exist"}),
    ],
)
async def test_a_tag_that_is_gone_is_as_good_as_deleted(
    github: Wire, answer: httpx.Response
) -> None:
    """Deleting twice is deleting once."""
    gone = github.router.delete(f"{HERE}/git/refs/tags/signalbox/{MARKER}")
    gone.mock(return_value=answer)
    await dispatching.delete_tag(github.client, ACCESS, f"signalbox/{MARKER}")

    assert gone.call_count == 1


# --- looking up -------------------------------------------------------------------------------


async def look_up(github: Wire, *runs: dict[str, Any], ref: str = "main") -> object:
    github.router.get(f"{DEPLOY}/runs").respond(json={"workflow_runs": list(runs)})
    found = await dispatching.look_up(
        github.client, ACCESS, workflow="deploy.yml", ref=ref, marker=MARKER, since=NOON
    )
    return found.id if isinstance(found, WorkflowRunFacts) else found


async def test_a_run_is_found_by_the_marker_in_its_title(github: Wire) -> None:
    """Among others of the same workflow and branch, the marker tells which one is ours."""
    found = await look_up(
        github,
        run_json(3, display_title=f"Deploy [{OTHER}]"),
        run_json(2, display_title=f"Deploy [{MARKER}]"),
        run_json(1),
    )

    assert found == 2


async def test_a_run_is_found_by_the_tag_it_runs_on(github: Wire) -> None:
    """A dispatched commit shows its tag as branch."""
    runs = (run_json(3), run_json(2, head_branch=f"signalbox/{MARKER}"))

    assert await look_up(github, *runs, ref=SHA) == 2


async def test_only_runs_since_the_intent_are_asked_for(github: Wire) -> None:
    """The list is cut to dispatched runs since then, with minutes for clocks that differ."""
    await look_up(github)

    [asked] = github.sent("GET", "/repos/acme/api/actions/workflows/deploy.yml/runs")
    assert asked.url.params["event"] == "workflow_dispatch"
    assert asked.url.params["created"] == ">=2026-11-23T11:58:00Z"


@pytest.mark.parametrize(
    ("ref", "run", "answer"),
    [
        ("main", None, Sought.NOT_THERE),
        ("main", run_json(1), Sought.CANNOT_TELL),
        ("main", run_json(1, actor=None), Sought.CANNOT_TELL),
        ("refs/heads/main", run_json(1), Sought.CANNOT_TELL),
        ("main", run_json(1, display_title=f"Deploy [{OTHER}]"), Sought.NOT_THERE),
        ("main", run_json(1, head_branch="next"), Sought.NOT_THERE),
        ("main", run_json(1, actor={"login": "ann", "type": "User"}), Sought.NOT_THERE),
        (SHA, run_json(1), Sought.NOT_THERE),
    ],
)
async def test_the_newest_run_is_never_the_answer(
    github: Wire, ref: str, run: dict[str, Any] | None, answer: Sought
) -> None:
    """A run without our marker is not ours if it cannot be; if it may be, nobody can tell."""
    assert await look_up(github, *([run] if run else []), ref=ref) is answer
