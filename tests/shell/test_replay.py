"""`signalbox replay`: a journal of the database or of a file, compared with what is stored."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from app.core.commands import Message
from app.core.events import OrchestrationRequested
from app.core.replay import replay
from app.ports import Batch, JournalEntry, NewCommand, Saved
from app.store.codec import UnreadableError
from app.store.journals import read_journal
from app.store.migrations import migrate
from app.store.sql import open_store
from tests.kit import build, tree
from tests.shell.cli_kit import Terminal

JOURNALS = tree.ROOT / "tests" / "journals"
ONE = JOURNALS / "release-train.rolled-back.jsonl"


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def stored(folder: Path, *, is_true: bool = True, lacks: str = "") -> str:
    """Store an orchestration whose journal tells how it became what it is, or does not.

    `lacks` is the key of a command that got lost.
    """
    url = f"sqlite:///{folder / 'signalbox.db'}"
    migrate(url)
    plan = build.plan("build; test: build")
    events = [
        OrchestrationRequested(at=build.START, by="mona"),
        build.accepted("build"),
        build.ended("build"),
    ]
    replayed = replay(plan, events)
    state = replayed.state
    if not is_true:
        state = replace(state, requested_by="somebody else")
    entries = [
        JournalEntry(orchestration_id=plan.id, seq=seq, event=event)
        for seq, event in enumerate(events, 1)
    ]

    commands = [
        NewCommand(subject=plan.id, command=each, due=build.START, priority=1)
        for each in replayed.commands
        if not isinstance(each, get_args(Message)) and each.key != lacks
    ]

    async def save() -> None:
        store = open_store(url)
        states = [Saved(state=state, version=1)]
        await store.commit(Batch(states=states, journal=entries, commands=commands))
        await store.close()

    asyncio.run(save())
    return url


def test_a_journal_of_the_database_is_replayed(terminal: Terminal, tmp_path: Path) -> None:
    """It leads to the very state that is stored."""
    said = terminal.run("replay", "train#1", "--database", stored(tmp_path))

    assert said.code == 0, said.out + said.err
    assert "3 events" in said.out


def test_the_first_difference_is_said(terminal: Terminal, tmp_path: Path) -> None:
    """What is stored is not what the journal tells."""
    said = terminal.run("replay", "train#1", "--database", stored(tmp_path, is_true=False))

    assert said.code == 1
    assert "requested_by: mona, not somebody else" in said.out


def test_a_command_that_got_lost_is_said(terminal: Terminal, tmp_path: Path) -> None:
    """What the journal asks for must have been stored."""
    said = terminal.run(
        "replay", "train#1", "--database", stored(tmp_path, lacks="dispatch/test/1")
    )

    assert said.code == 1
    assert "dispatch/test/1 should have been stored, and is not" in said.out


def test_a_journal_is_exported_and_replayed_from_its_file(
    terminal: Terminal, tmp_path: Path
) -> None:
    """It needs no database then, and holds the definition."""
    file = tmp_path / "one.jsonl"
    terminal.run("replay", "train#1", "--database", stored(tmp_path), "--export", file)
    said = terminal.run("replay", "--journal", file, "--json")

    assert said.code == 0
    assert said.json["is_same"] is True
    assert said.json["events"] == 3


def test_a_file_that_tells_something_else_is_1(terminal: Terminal, tmp_path: Path) -> None:
    """The first difference is said, down to the field."""
    *lines, last = ONE.read_text(encoding="utf-8").splitlines()
    end = json.loads(last)
    end["state"]["tasks"]["pin"]["status"] = "failed"
    file = tmp_path / "changed.jsonl"
    file.write_text("\n".join([*lines, json.dumps(end)]), encoding="utf-8")
    said = terminal.run("replay", "--journal", file)

    assert said.code == 1
    assert "state.tasks.pin.status: succeeded, not failed" in said.out


def test_a_missing_event_is_said(terminal: Terminal, tmp_path: Path) -> None:
    """By its number."""
    lines = ONE.read_text(encoding="utf-8").splitlines()
    del lines[3]
    file = tmp_path / "short.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    said = terminal.run("replay", "--journal", file)

    assert said.code == 1
    assert "the event 3 is missing" in said.out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a head, events and an end"),
        ("{}\n{}\n", "no journal of the form"),
        ("not JSON\n{}\n", "line 1 is no JSON"),
        ("[]\n{}\n", "line 1 is no JSON object"),
        ('{"journal": 2}\n{}\n', "no journal of the form"),
        ('{"journal": 1, "plan": {}, "text": ""}\n{}\n', "damaged"),
    ],
)
def test_what_is_no_journal_is_refused(text: str, why: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(UnreadableError, match=why):
        read_journal(text)


def test_a_definition_that_is_not_read_any_more_is_said() -> None:
    """Instead of replaying another."""
    head, *lines = ONE.read_text(encoding="utf-8").splitlines()
    changed = {**json.loads(head), "text": "version: 1\non: pish\n"}

    with pytest.raises(UnreadableError, match="not read any more"):
        read_journal("\n".join([json.dumps(changed), *lines]))


@pytest.mark.parametrize("arguments", [(), ("train#1", "--journal", "x.jsonl")])
def test_one_journal_is_replayed(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """Not none, and not two."""
    said = terminal.run("replay", *arguments)

    assert said.code == 2
    assert "one journal is replayed" in said.err


def test_what_is_not_there_is_2(terminal: Terminal, tmp_path: Path) -> None:
    """Neither in the database nor on the disk."""
    url = stored(tmp_path)
    unknown = terminal.run("replay", "train#9", "--database", url)
    no_file = terminal.run("replay", "--journal", tmp_path / "no.jsonl")
    no_folder = terminal.run(
        "replay", "train#1", "--database", url, "--export", tmp_path / "no" / "x.jsonl"
    )

    assert [each.code for each in (unknown, no_file, no_folder)] == [2, 2, 2]
