"""Stories about what orchestrations share: places, calendars, keys, events, schedules."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import structlog.testing

from app.core.calendar_state import CalendarState
from app.core.commands import DispatchWorkflow
from app.core.locks import Lock, members, places
from app.core.moves import OrchestrationStatus
from app.core.shared import CALENDAR, LOCK
from tests.kit.build import START, document
from tests.kit.office import HOME, HOME_NAME, Office, read_of

pytestmark = pytest.mark.anyio
MANUAL: Mapping[str, Any] = {"on": {"manual": {}}}
GROUP: Mapping[str, Any] = {"concurrency": {"group": "production", "scope": "organization"}}


async def opened(*, policy: str | None = None, **stems: str) -> Office:
    """Return an office that knows these definitions, and dispatches without being told ids."""
    office = Office()
    office.hands.knows_run = False
    await office.open_with(read_of(**stems), read_of(2, "acme/.github-private", policy=policy))
    return office


def one_task(**whole: Any) -> str:
    return document("build", whole={**MANUAL, **whole})


async def lock_of(office: Office) -> Lock | None:
    """Return the only lock, if there is one."""
    found = [saved.state for saved in await office.store.shared_of_kind(LOCK)]
    assert len(found) <= 1
    return found[0] if found and isinstance(found[0], Lock) else None


# places in groups


async def test_one_after_the_other() -> None:
    """Orchestrations of one group wait for one another, and no place is kept at the end."""
    office = await opened(train=one_task(**GROUP))
    for _ in range(3):
        await office.start()
    early = await office.statuses()
    lock = await lock_of(office)
    await office.end("train #1")
    middle = await office.statuses()
    await office.end("train #2")
    await office.end("train #3")

    assert early == {"train #1": "running", "train #2": "blocked", "train #3": "blocked"}
    assert lock is not None
    assert [(it.who, it.position) for it in places(lock)] == [
        ("train #1", 0),
        ("train #2", 1),
        ("train #3", 2),
    ]
    assert middle == {"train #1": "succeeded", "train #2": "running", "train #3": "blocked"}
    assert set((await office.statuses()).values()) == {"succeeded"}
    assert await lock_of(office) is None


async def test_the_place_and_what_it_lets_begin_are_saved_together() -> None:
    """The end of one, the place given on, and the next one's dispatch are one transaction."""
    office = await opened(train=one_task(**GROUP))
    await office.start()
    await office.start()
    await office.end("train #1")
    journal = await office.store.journal((await office.state("train #2")).id)

    assert [type(entry.event).__name__ for entry in journal][:3] == [
        "OrchestrationRequested",
        "SeatQueued",
        "SeatGranted",
    ]
    assert office.hands.keys(DispatchWorkflow) == ["dispatch/build/1"] * 2


async def test_two_processes_never_give_out_one_place_twice() -> None:
    """Whoever is late decides anew on what the other has saved."""
    one = await opened(train=one_task(**GROUP))
    two = Office(one.store, owner="two")
    two.hands.knows_run = False
    await two.engine.open()
    await one.start()
    await two.start()
    await one.start()
    lock = await lock_of(one)

    assert sorted((await one.statuses()).values()) == ["blocked", "blocked", "running"]
    assert lock is not None
    assert [it.position for it in places(lock)] == [0, 1, 2]


async def test_whoever_is_cancelled_while_it_waits_waits_no_longer() -> None:
    """A cancelled one leaves the queue, and the next one goes on when its turn comes."""
    office = await opened(train=one_task(**GROUP))
    for _ in range(3):
        await office.start()
    await office.ask("cancel", orchestration=(await office.state("train #2")).id)
    await office.end("train #1")

    assert await office.statuses() == {
        "train #1": "succeeded",
        "train #2": "cancelled",
        "train #3": "running",
    }


async def test_the_newest_cancels_what_is_in_progress() -> None:
    """The one that runs is cancelled on GitHub, and the new one begins once it has ended."""
    group = {"concurrency": {"group": "pull", "cancel-in-progress": True}}
    office = await opened(train=one_task(**group))
    await office.start()
    await office.start()
    early = await office.statuses()
    await office.end("train #1", conclusion="cancelled")

    assert early == {"train #1": "cancelling", "train #2": "blocked"}
    assert await office.statuses() == {"train #1": "cancelled", "train #2": "running"}


async def test_tasks_of_different_definitions_share_a_group() -> None:
    """A task waits for a place while others go on, and gives it back at its end."""
    deploy = document("build; deploy: build", whole=MANUAL, deploy=GROUP)
    office = await opened(api=deploy, web=deploy)
    for stem in ("api", "web"):
        await office.start(stem)
        await office.end(f"{stem} #1", "build")
    lock = await lock_of(office)
    await office.end("api #1", "deploy")
    ends = await office.statuses()
    await office.end("web #1", "deploy")

    assert await lock_of(office) is None
    assert lock is not None
    assert [it.who for it in places(lock)] == ["api #1 deploy", "web #1 deploy"]
    assert ends == {"api #1": "succeeded", "web #1": "running"}


# calendars


FROZEN = json.dumps(
    {
        "version": 1,
        "organization": {
            "calendars": {
                "freeze": {
                    "timezone": "UTC",
                    "closed": [
                        {"from": "2026-11-20T00:00", "to": "2026-11-24T00:00", "why": "Sale"}
                    ],
                }
            }
        },
    }
)


async def calendar_of(office: Office) -> CalendarState | None:
    found = [saved.state for saved in await office.store.shared_of_kind(CALENDAR)]
    assert len(found) <= 1
    return found[0] if found and isinstance(found[0], CalendarState) else None


async def test_nothing_is_dispatched_while_a_calendar_is_closed() -> None:
    """What waits goes on by itself when the calendar opens."""
    office = await opened(policy=FROZEN, train=one_task(freeze=["freeze"]))
    await office.start()
    early = office.hands.keys(DispatchWorkflow)
    await office.wait(hours=14)
    still = office.hands.keys(DispatchWorkflow)
    await office.wait(hours=2)

    assert (early, still) == ([], [])
    assert office.hands.keys(DispatchWorkflow) == ["dispatch/build/1"]
    assert await calendar_of(office) is None


async def test_an_unknown_calendar_is_shut_until_somebody_defines_it() -> None:
    """It says how to define it; once that is read, what waited goes on."""
    office = await opened(train=one_task(freeze=["freeze"]))
    await office.start()
    [passages] = (await office.state()).passages.values()
    await office.learn(read_of(2, "acme/.github-private", policy='{"version": 1}'))
    still = office.hands.keys(DispatchWorkflow)
    await office.learn(
        read_of(2, "acme/.github-private", policy=FROZEN.replace("2026-11-24", "2026-11-22"))
    )

    assert "acme has no calendar freeze: add it under" in passages[0].why
    assert still == []
    assert office.hands.keys(DispatchWorkflow) == ["dispatch/build/1"]


async def test_a_policy_that_cannot_be_read_closes_everything() -> None:
    """It fails shut, and says where the mistake is."""
    office = await opened(policy="version: 2", train=one_task(freeze=["freeze"]))
    await office.start()
    [passages] = (await office.state()).passages.values()

    assert "the policy of acme/.github-private cannot be read" in passages[0].why
    assert office.hands.keys(DispatchWorkflow) == []


async def test_people_may_freeze_and_thaw() -> None:
    """A freeze by hand holds what comes, also of every calendar at once, until it is lifted."""
    open_now = FROZEN.replace("2026-11-24", "2026-11-22")
    office = await opened(policy=open_now, train=one_task(freeze=["freeze"]))
    until = (START + timedelta(days=1)).isoformat()
    await office.ask("freeze", organization="acme", until=until, because="fire")
    await office.start()
    [passages] = (await office.state()).passages.values()
    held = office.hands.keys(DispatchWorkflow)
    await office.ask(
        "freeze", organization="acme", calendar="freeze", until=START.isoformat(), because=""
    )

    assert passages[0].why == "operator mona closed freeze until 2026-11-24 09:00 UTC: fire"
    assert held == []
    assert office.hands.keys(DispatchWorkflow) == ["dispatch/build/1"]


async def test_an_end_is_forgotten_by_calendars() -> None:
    """A cancelled orchestration waits for nothing any more."""
    office = await opened(policy=FROZEN, train=one_task(freeze=["freeze"]))
    await office.start()
    before = await calendar_of(office)
    await office.ask("cancel", orchestration=(await office.state()).id)

    assert before is not None
    assert len(before.waiting) == 1
    assert await calendar_of(office) is None


# what joins, and what is overheard


def pull_request(action: str, number: int = 5) -> dict[str, Any]:
    about = {"id": HOME, "full_name": HOME_NAME, "default_branch": "main"}
    pull = {
        "number": number,
        "head": {"sha": "c" * 40, "ref": "change", "repo": {"id": HOME}},
        "base": {"sha": "a" * 40, "ref": "main", "repo": {"id": HOME}},
    }
    return {
        "action": action,
        "pull_request": pull,
        "repository": about,
        "sender": {"id": 5, "login": "mona", "type": "User"},
        "installation": {"id": 9},
        "number": number,
    }


async def heard_by(office: Office, title: str) -> list[str]:
    """Return the names of the events that an orchestration heard."""
    entries = await office.store.journal((await office.state(title)).id)
    return [entry.event.name for entry in entries if hasattr(entry.event, "cause")]


async def test_an_event_of_a_live_key_joins() -> None:
    """A second event of the same key starts nothing while the first one lives."""
    keyed = document(
        "build",
        whole={
            "on": {"pull_request": {"types": ["opened", "reopened"]}},
            "correlate": "${{ repository }}#${{ string(event.number) }}",
        },
    )
    office = await opened(train=keyed)
    for number in (5, 5, 6):
        await office.deliver("pull_request", pull_request("opened", number))
    await office.work()
    live = await office.statuses()
    await office.end("train #1")
    await office.deliver("pull_request", pull_request("reopened"))
    await office.work()

    assert live == {"train #1": "running", "train #2": "running"}
    assert await office.statuses() == {
        "train #1": "succeeded",
        "train #2": "running",
        "train #3": "running",
    }


async def test_a_key_without_a_value_joins_nothing() -> None:
    """What does not render is noted, and everything starts as usual."""
    keyed = document("build", whole={"on": {"push": {}}, "correlate": "${{ event.nothing }}"})
    office = await opened(train=keyed)
    with structlog.testing.capture_logs() as logged:
        await office.push()
        await office.push()
        await office.work()

    assert len(await office.states()) == 2
    assert {entry["event"] for entry in logged} == {"no correlation"}


async def test_only_who_waits_for_it_hears_of_it() -> None:
    """A delivery touches those that listen to it: the same event, place and pull request."""
    waiting = {
        "version": 1,
        "on": {"pull_request": {"types": ["opened"]}},
        "tasks": {"merged": {"wait": {"event": "pull_request.closed", "for": "7d"}}},
    }
    office = await opened(train=json.dumps(waiting))
    for number in (5, 6):
        await office.deliver("pull_request", pull_request("opened", number))
    await office.work()
    await office.wait(minutes=1)
    await office.deliver("pull_request", pull_request("labeled", 5))
    await office.deliver("pull_request", pull_request("closed", 7))
    await office.deliver("pull_request", pull_request("closed", 5), guid="closed")
    await office.deliver("pull_request", pull_request("closed", 5), guid="closed")
    await office.work()

    assert await office.statuses() == {"train #1": "succeeded", "train #2": "running"}
    assert await heard_by(office, "train #1") == ["pull_request.closed"]
    assert await heard_by(office, "train #2") == []


async def test_what_is_asked_for_wrongly_is_set_aside() -> None:
    """Each wish that lacks something is refused with a note, and harms nobody."""
    office = await opened(train=one_task())
    for event, body in (
        ("nonsense", {}),
        ("cancel", {"orchestration": "x"}),
        ("skip", {"actor": "mona", "orchestration": "x", "task": "build"}),
        ("cancel", {"actor": "mona"}),
        ("freeze", {"actor": "mona", "until": "soon"}),
        ("freeze", {"actor": "mona", "until": "2026-12-24"}),
        ("freeze", {"actor": "mona", "until": "2026-12-24", "organization": "acme"}),
        ("tick", {}),
        ("tick", {"missed": 0, "is_started": True, "repository_id": 77}),
        ("tick", {"missed": 0, "is_started": True, "repository_id": HOME}),
        ("start", {"repository": HOME_NAME, "definition": "train", "inputs": {"no": 1}}),
    ):
        await office.deliver(f"signalbox/{event}", body)
    await office.work()

    assert await office.states() == []


async def test_a_place_that_comes_too_late_is_given_back() -> None:
    """Nobody keeps a place for an orchestration that does not want it any more."""
    office = await opened(train=one_task(**GROUP))
    await office.start()
    await office.start()
    second = await office.state("train #2")
    await office.ask("cancel", orchestration=second.id)
    lock = await lock_of(office)

    assert lock is not None
    assert members(lock) == {(await office.state("train #1")).id}
    assert second.status is OrchestrationStatus.BLOCKED
