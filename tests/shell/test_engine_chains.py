"""Stories about orchestrations that lead to others: children, heirs of an end, evidence."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.doorways.explaining import explain_orchestration
from app.core.events import ChildEnded, ChildStarted, DispatchRefused, OperationPerformed
from app.core.moves import OrchestrationStatus
from app.core.values import TaskName
from app.engine.library import Library
from app.engine.relations import answer_parent
from tests.kit.build import START, document
from tests.kit.office import HOME_NAME, Office, read_of

pytestmark = pytest.mark.anyio
API = "acme/api"
CONSENT = f"{{version: 1, accept: [{{from: {HOME_NAME}, definitions: [train]}}]}}"


def child_of(target: str, **inputs: Any) -> str:
    """Write a definition whose one task is a child."""
    task: Mapping[str, Any] = {"orchestrate": target, **({"with": inputs} if inputs else {})}
    return json.dumps({"version": 1, "on": {"manual": {}}, "tasks": {"call": task}})


def at(stem: str, repository: str = HOME_NAME, ref: str = "@main") -> str:
    return f"{repository}/.github/orchestrations/{stem}.yml{ref}"


def other(stem_of: str, on: Mapping[str, Any], **whole: Any) -> str:
    return document("build", whole={"name": stem_of, "on": on, **whole})


async def opened(
    *, policy: str | None = None, api: Mapping[str, str] | None = None, **stems: str
) -> Office:
    """Return an office with definitions at home, and others in `acme/api`."""
    office = Office()
    office.hands.knows_run = False
    await office.open_with(read_of(**stems), read_of(2, API, policy=policy, **(api or {})))
    return office


async def events_of(office: Office, title: str, *kinds: type) -> list[Any]:
    """Return the events of some kinds that an orchestration heard."""
    entries = await office.store.journal((await office.state(title)).id)
    return [entry.event for entry in entries if isinstance(entry.event, kinds)]


PART = document("build", whole={"inputs": {"size": {"type": "integer", "required": True}}})


async def test_what_an_organisation_forbids_no_parent_starts() -> None:
    """A denial binds the start of a child, too."""
    text = "{version: 1, organization: {rules: [{deny: no}]}}"
    office = Office()
    home = read_of(train=child_of(at("part"), size=3), part=PART)
    await office.open_with(home, read_of(3, "acme/.github", policy=text))
    await office.start()
    [refused] = await events_of(office, "train #1", DispatchRefused)

    assert refused.code == "policy-denies"
    assert await office.statuses() == {"train #1": "failed"}


@pytest.mark.parametrize(("owner", "calendar"), [("acme", "nights"), ("other", "other/nights")])
async def test_what_an_organisation_freezes_no_parent_starts_before_it_opens(
    owner: str, calendar: str
) -> None:
    """The child is put off, which costs no try, and begins when the calendar opens.

    So it is where another organisation owns the child: its own calendar says when.
    """
    closed = {"from": str(START - timedelta(days=1)), "to": str(START + timedelta(days=2))}
    nights = {"nights": {"timezone": "UTC", "closed": [{**closed, "why": "Easter"}]}}
    says = {"calendars": nights, "rules": [{"calendars": ["nights"]}]}
    text = json.dumps({"version": 1, "organization": says})
    office, where = Office(), f"{owner}/api"
    home = read_of(train=child_of(at("part", where), size=3))
    child = read_of(2, where, policy=CONSENT, part=PART)
    await office.open_with(home, child, read_of(3, f"{owner}/.github", policy=text))
    await office.start()
    [refused] = await events_of(office, "train #1", DispatchRefused)
    state = await office.state("train #1")
    said = explain_orchestration(state, office.now())
    early = await office.statuses()
    await office.wait(days=3)

    assert (refused.code, refused.calendars) == ("policy-freezes", (calendar,))
    assert f"the calendar `{calendar}` is closed until 2026" in said
    assert "Easter" in said
    assert early == {"train #1": "running"}
    assert (await office.statuses())["part #1"] == "running"


async def test_a_child_is_followed_to_its_end() -> None:
    """A child is begun with its inputs, and its end is its parent's task's."""
    office = await opened(train=child_of(at("part"), size=3), part=PART)
    await office.start()
    child = await office.state("part #1")
    early = await office.statuses()
    await office.end("part #1")

    assert child.plan.inputs == {"size": 3}
    assert child.requested_by == "train #1"
    assert child.plan.parent is not None
    assert (child.plan.parent.depth, len(child.plan.chain)) == (1, 1)
    assert early == {"part #1": "running", "train #1": "running"}
    assert await office.statuses() == {"part #1": "succeeded", "train #1": "succeeded"}
    started, ended = await events_of(office, "train #1", ChildStarted, ChildEnded)
    assert (started.title, ended.conclusion) == ("part #1", "success")


async def test_a_failure_of_a_child_is_its_parent_s() -> None:
    """What fails below fails above."""
    office = await opened(train=child_of(at("part"), size=3), part=PART)
    await office.start()
    await office.end("part #1", conclusion="failure")

    assert await office.statuses() == {"part #1": "failed", "train #1": "failed"}


async def test_cancelling_a_parent_cancels_its_children() -> None:
    """The child is asked to cancel, and its parent waits for its end."""
    office = await opened(train=child_of(at("part"), size=3), part=PART)
    await office.start()
    await office.ask("cancel", orchestration=(await office.state("train #1")).id, reason="no")
    asked = await office.statuses()
    await office.end("part #1", conclusion="cancelled")

    assert asked == {"part #1": "cancelling", "train #1": "cancelling"}
    assert await office.statuses() == {"part #1": "cancelled", "train #1": "cancelled"}


async def test_a_child_elsewhere_needs_consent() -> None:
    """Another repository lets its definitions be started, or they are not."""
    train = child_of(at("part", API), size=3)
    without = await opened(train=train, api={"part": PART})
    consenting = await opened(train=train, api={"part": PART}, policy=CONSENT)
    for office in (without, consenting):
        await office.start()
    [refused] = await events_of(without, "train #1", DispatchRefused)

    assert refused.code == "consent-missing"
    assert "add `- {from: acme/release, definitions: [train]}` to `accept`" in refused.message
    assert await without.statuses() == {"train #1": "failed"}
    assert await consenting.statuses() == {"part #1": "running", "train #1": "running"}


@pytest.mark.parametrize(
    ("target", "policy", "code"),
    [
        (at("nothing"), None, "child-unknown"),
        (at("part", "acme/nowhere"), None, "child-unknown"),
        (at("part", ref="@v1"), None, "child-not-at-default-branch"),
        (at("part", API), "version: 9", "policy-unreadable"),
        (at("part", API), "{version: 1, accept: []}", "consent-missing"),
        (at("part"), None, "bad-inputs"),
        (at("train"), None, "chain-comes-back"),
    ],
)
async def test_a_child_that_cannot_be(target: str, policy: str | None, code: str) -> None:
    """It is refused with a code, and nothing is begun."""
    office = await opened(train=child_of(target), part=PART, api={"part": PART}, policy=policy)
    await office.start()
    [refused] = await events_of(office, "train #1", DispatchRefused)

    assert refused.code == code
    assert await office.statuses() == {"train #1": "failed"}


async def test_a_chain_has_an_end() -> None:
    """Children of children go as deep as one can see through, and no deeper."""
    stems = {f"d{depth}": child_of(at(f"d{depth + 1}")) for depth in range(8)}
    office = await opened(**stems)
    await office.start("d0")
    states = await office.states()
    [refused] = await events_of(office, "d5 #1", DispatchRefused)

    assert len(states) == 6
    assert refused.code == "chain-too-long"
    assert {str(state.status) for state in states} == {"failed"}


async def test_a_child_asked_for_twice_is_begun_once() -> None:
    """Asked for again after its end, it answers that it began, and how it ended."""
    office = await opened(train=child_of(at("part"), size=3), part=PART)
    await office.start()
    await office.end("part #1")
    child = await office.state("part #1")
    letters = answer_parent(child.plan, child, office.moment)
    running = replace(child, status=OrchestrationStatus.RUNNING)
    early = answer_parent(child.plan, running, START)

    assert [type(letter.event) for letter in letters] == [ChildStarted, ChildEnded]
    assert [type(letter.event) for letter in early] == [ChildStarted]


HEIR: Mapping[str, Any] = {"orchestration": {"workflows": ["train"], "types": ["success"]}}
SHARED: Mapping[str, Any] = {
    "orchestration": {"workflows": ["train"], "repositories": ["acme/*"]}
}


async def test_an_end_starts_what_listens_to_it() -> None:
    """Definitions that listen to the end of another start, those that do not stay."""
    office = await opened(
        train=document("build", whole={"on": {"manual": {}}}),
        heir=other("Heir", HEIR),
        mourner=other("M", {"orchestration": {"workflows": ["train"], "types": ["failure"]}}),
        stranger=other("S", {"orchestration": {"workflows": ["plane"]}}),
        picky=other(
            "P",
            {"orchestration": {"workflows": ["train"], "if": "event.orchestration.number > 1"}},
        ),
        odd=other("O", {"orchestration": {"workflows": ["train"], "if": "event.nothing > 1"}}),
        needy=other(
            "N",
            {"orchestration": {"workflows": ["train"]}},
            inputs={"x": {"type": "string", "required": True}},
        ),
        api={
            "far": other("Far", SHARED),
            "near": other("Near", HEIR),
            "away": other("A", {"orchestration": {"repositories": ["acme/zzz"]}}),
        },
    )
    await office.start()
    await office.end("train #1")

    assert await office.statuses() == {
        "far #1": "running",
        "heir #1": "running",
        "train #1": "succeeded",
    }
    heir = await office.state("heir #1")
    assert (heir.plan.cause.event_name, heir.requested_by) == ("orchestration", "train #1")
    assert heir.plan.chain == (f"1/{'train'}",)


async def test_ends_do_not_go_round_in_circles() -> None:
    """Two definitions that listen to each other's ends start each other once."""
    office = await opened(
        ping=other("Ping", {"manual": {}, "orchestration": {"workflows": ["pong"]}}),
        pong=other("Pong", {"orchestration": {"workflows": ["ping"]}}),
    )
    await office.start("ping")
    await office.end("ping #1")
    await office.end("pong #1")

    assert await office.statuses() == {"ping #1": "succeeded", "pong #1": "succeeded"}


async def test_a_report_is_evidence() -> None:
    """A report puts together what is known, and says by which digest it is known."""
    parts = ["definition", "approvals", "attempts", "journal"]
    tasks = {
        "build": {"dispatch": "acme/app/.github/workflows/run.yml@main"},
        "evidence": {
            "needs": ["build"],
            "report": {"format": ["json", "markdown"], "include": parts},
        },
    }
    office = await opened(
        train=json.dumps({"version": 1, "on": {"manual": {}}, "tasks": tasks})
    )
    await office.start()
    await office.end("train #1")
    state = await office.state()
    reports = {each.format: each for each in await office.store.reports(state.id)}
    pack = json.loads(reports["json"].text)
    [performed] = await events_of(office, "train #1", OperationPerformed)

    assert await office.statuses() == {"train #1": "succeeded"}
    assert len(performed.outputs["digest"]) == 64
    assert pack["orchestration"]["title"] == "train #1"
    assert [it["conclusion"] for it in pack["attempts"]] == ["success", None]
    assert next(it["event"] for it in pack["journal"]) == "OrchestrationRequested"
    assert "# Evidence: train" in reports["markdown"].text
    assert state.tasks[TaskName("evidence")].result == "success"


async def test_a_library_without_policies_has_no_calendars() -> None:
    """Nothing is known of an organization that has no policy."""
    library = Library()

    assert library.calendars_of("acme") == []
    assert isinstance(library.calendar("acme", "freeze"), str)
