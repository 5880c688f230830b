"""Stories about controlling what is under way from the command line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.kit.build import document
from tests.shell.cli_kit import House, Terminal

GROUP: Mapping[str, Any] = {"concurrency": {"group": "production", "scope": "organization"}}
TRAIN = document("build; test: build", whole=GROUP)
REPORT = {"report": {"format": ["json"], "include": ["journal"]}}
AUDIT = json.dumps({"version": 1, "on": {"manual": {}}, "tasks": {"evidence": REPORT}})


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Return a database in which a train runs, and another waits for its place."""
    house = House(tmp_path)
    house.knows("acme/release", 1, {"train.yml": TRAIN, "audit.yml": AUDIT})
    return house


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def under_way(house: House, terminal: Terminal, *stems: str) -> None:
    for stem in stems:
        assert terminal.run("start", stem, "--database", house.url).code == 0
        house.work_off()


@pytest.mark.parametrize(
    ("arguments", "event", "wish"),
    [
        (["cancel", "--reason", "wrong"], "cancel", {"reason": "wrong"}),
        (["pause", "--reason", "lunch"], "pause", {"reason": "lunch"}),
        (["resume"], "resume", {}),
        (["retry"], "retry", {"task": ""}),
        (["retry", "build"], "retry", {"task": "build"}),
        (["skip", "build", "--reason", "no"], "skip", {"task": "build", "reason": "no"}),
        (["rollback"], "rollback", {"reason": ""}),
        (
            [
                *("approve", "test", "ticket=CHG-1", "--option", "ship", "--leg", "api"),
                *("--override", "--reason", "they sleep"),
            ],
            "approve",
            {
                "task": "test",
                "option": "ship",
                "leg": "api",
                "wave": "",
                "reason": "they sleep",
                "override": True,
                "inputs": {"ticket": "CHG-1"},
            },
        ),
        (
            ["reject", "test", "--reason", "no", "--as", "ada"],
            "approve",
            {"option": "reject", "reason": "no", "as": "ada", "override": False},
        ),
        (["cancel", "--as", "ada"], "cancel", {"as": "ada"}),
    ],
)
def test_a_wish_is_written_down(
    house: House, terminal: Terminal, arguments: list[str], event: str, wish: dict[str, Any]
) -> None:
    """Each command leaves a delivery that says what is wanted, by whom and why."""
    under_way(house, terminal, "train")
    verb, *rest = arguments
    said = terminal.run(verb, "train#1", *rest, "--actor", "mona", "--database", house.url)
    [delivery] = house.deliveries()
    body = json.loads(delivery.body)

    assert said.code == 0, said.err
    assert f"train#1: {event} is asked for by {body.get('as', 'mona')}" in said.out
    assert delivery.event == f"signalbox/{event}"
    assert {name: body[name] for name in wish} == wish
    assert (body["actor"], len(body["orchestration"])) == ("mona", 16)


def test_somebody_says_something_by_the_command_line(house: House, terminal: Terminal) -> None:
    """It is written down as what that person says; who that is, GitHub will be asked."""
    under_way(house, terminal, "train")
    said = terminal.run("say", "train#1", "mona", "/approve test", "--database", house.url)
    [delivery] = house.deliveries()
    body = json.loads(delivery.body)

    assert said.code == 0, said.err
    assert (delivery.event, body["actor"], body["text"]) == (
        "signalbox/say",
        "mona",
        "/approve test",
    )


GATE = {"sign_off": {"approval": {"rules": [{"require": [{"teams": ["acme/sre"]}]}]}}}
GATED = json.dumps({"version": 1, "on": {"manual": {}}, "tasks": GATE})


def test_why_explains_what_is_missing(house: House, terminal: Terminal) -> None:
    """The same tree for people and for programs; what there is not is said so."""
    house.knows("acme/release", 1, {"gated.yml": GATED})
    under_way(house, terminal, "gated")
    said = terminal.run("why", "gated#1", "--database", house.url)
    whole = terminal.run("why", "gated#1", "--json", "--database", house.url).json
    one = terminal.run("why", "gated#1", "sign_off", "--json", "--database", house.url).json
    wrong = terminal.run("why", "gated#1", "sign_of", "--database", house.url)
    nothing = terminal.run("why", "other#1", "--database", house.url)

    assert "acme/sre" in said.out
    assert "requirement-unmet" in said.out
    assert [gate["gate"] for gate in whole["gates"]] == ["sign_off"]
    assert whole["gates"][0]["why"]["code"] == "gate-undecided"
    assert one["gates"] == whole["gates"]
    assert (wrong.code, nothing.code) == (2, 2)
    assert "sign_off" in wrong.err


def test_a_cancelled_train_lets_the_next_one_go(house: House, terminal: Terminal) -> None:
    """What is asked for is done by the server, and can be seen."""
    under_way(house, terminal, "train", "train", "train")
    before = terminal.run("locks", "--json", "--database", house.url).json["locks"]
    said = terminal.run("cancel", "train#2", "--json", "--database", house.url)
    house.work_off()
    [lock] = terminal.run("locks", "--json", "--database", house.url).json["locks"]

    assert said.json["asked"] == "cancel"
    assert [place["position"] for place in before[0]["places"]] == [0, 1, 2]
    assert lock["group"] == "organization/acme/production"
    assert [(place["who"], place["position"]) for place in lock["places"]] == [
        ("train #1", 0),
        ("train #3", 1),
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["resume", "train#1"], "it is not paused"),
        (["pause", "train#2"], ""),
        (["retry", "train#1"], "there is nothing to retry: 0 of 2 tasks done"),
        (["retry", "train#1", "test"], "test is waiting, and there is nothing to retry"),
        (
            ["approve", "train#1", "build", "--as", "ada"],
            "build asks nobody; it is dispatching",
        ),
    ],
)
def test_a_wish_in_vain_is_said_to_be(
    house: House, terminal: Terminal, arguments: list[str], why: str
) -> None:
    """It is written down, since things may have changed before it is read."""
    under_way(house, terminal, "train", "train")
    said = terminal.run(*arguments, "--database", house.url)

    assert said.code == 0
    assert ("as things stand nothing follows of it" in said.out) == bool(why)
    assert why in said.out


def test_it_is_said_who_votes(house: House, terminal: Terminal) -> None:
    """Neither by forgetting it, nor without a reason, does anybody become the operator."""
    under_way(house, terminal, "train")
    vote = ["approve", "train#1", "build", "--database", house.url]
    nobody = terminal.run(*vote)
    no_reason = terminal.run(*vote, "--override")

    assert (nobody.code, no_reason.code) == (2, 2)
    assert "--as LOGIN" in nobody.err
    assert "--reason" in no_reason.err
    assert house.deliveries() == []


def test_a_start_may_be_that_of_an_account(house: House, terminal: Terminal) -> None:
    """Whether they may start it, the server asks GitHub."""
    said = terminal.run("start", "train", "--as", "ada", "--database", house.url)
    [delivery] = house.deliveries()

    assert said.code == 0
    assert json.loads(delivery.body)["as"] == "ada"


def test_what_has_ended_is_not_ended_again(house: House, terminal: Terminal) -> None:
    """Who asks for it is told how it ended; a pause of what is paused, by whom it is."""
    under_way(house, terminal, "train")
    paused = ["pause", "train#1", "--actor", "mona", "--database", house.url]
    cancel = ["cancel", "train#1", "--database", house.url]
    for arguments in (paused, cancel):
        assert terminal.run(*arguments).code == 0
        house.work_off()

    again = terminal.run(*cancel, "--json").json
    assert "cancel" in again["doubt"]


def test_locks_are_shown_to_people(house: House, terminal: Terminal) -> None:
    """Who has a place and who waits, why, and which calendars are closed by hand."""
    nobody = terminal.run("locks", "--database", house.url)
    under_way(house, terminal, "train", "train")
    terminal.run(
        "freeze", "acme", "nights", "--until", "2999-01-01T00:00Z", "--because", "fire",
        "--actor", "mona", "--database", house.url,
    )  # fmt: skip
    house.work_off()
    said = terminal.run("locks", "--database", house.url)

    assert "nobody has a place" in nobody.out
    assert "the only place is taken by train #1" in said.out
    assert "waits at 1" in said.out
    assert "by operator mona until 2999-01-01T00:00 fire" in said.out


def test_evidence_is_printed(house: House, terminal: Terminal) -> None:
    """A pack is printed as it is kept; where there is none it is said how to get one."""
    under_way(house, terminal, "train", "audit")
    pack = terminal.run("report", "audit#1", "--format", "json", "--database", house.url)
    other = terminal.run("report", "audit#1", "--database", house.url)
    none = terminal.run("report", "train#1", "--database", house.url)

    assert pack.json["orchestration"]["title"] == "audit #1"
    assert "it has one as json" in other.err
    assert "a `report` task makes one" in none.err
    assert (other.code, none.code) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cancel", "train#7"], "there is no orchestration train#7"),
        (["retry", "train#1", "biuld"], "did you mean build?"),
        (["retry", "train#1", "zzz"], "there are build, test"),
        (["skip", "train#1", "build"], "--reason"),
        (["freeze", "acme", "--until", "soon"], "soon is no moment"),
    ],
)
def test_what_cannot_be_is_refused(
    house: House, terminal: Terminal, arguments: list[str], said: str
) -> None:
    """A wish about something that is not there is not written down."""
    under_way(house, terminal, "train")
    refused = terminal.run(*arguments, "--database", house.url)

    assert refused.code == 2
    assert said in refused.err
    assert house.deliveries() == []


def test_a_freeze_of_everything_is_written_down(house: House, terminal: Terminal) -> None:
    """Without a calendar's name all of the organization are meant."""
    said = terminal.run(
        "freeze", "acme", "--until", "2999-01-01T00:00Z", "--json", "--database", house.url
    )
    [delivery] = house.deliveries()

    assert said.json == {"organization": "acme", "asked": "freeze"}
    assert json.loads(delivery.body)["calendar"] == ""
