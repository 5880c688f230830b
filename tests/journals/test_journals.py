"""What an older version has written down leads to the same end in this one."""

from pathlib import Path

import pytest

from app.core.replay import first_difference, gap_in, replay
from app.store.journals import end_of, read_journal, write_journal
from tests.journals.recorded import FOLDER, RECORDED, file_of

FILES = sorted(FOLDER.glob("*.jsonl"))


def test_each_example_has_left_journals() -> None:
    """A good end and a bad one of each; nobody has lost one."""
    assert set(FILES) >= {file_of(name) for name in RECORDED}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_journal_leads_to_its_end(file: Path) -> None:
    """The state and all that was asked for are what they were when it was recorded."""
    journal = read_journal(file.read_text(encoding="utf-8"))
    replayed = replay(journal.plan, journal.events)

    assert gap_in(journal.numbers) is None
    found = end_of(replayed.state, replayed.commands)
    assert first_difference(found, journal.end) is None


@pytest.mark.parametrize("file", FILES[:1], ids=lambda file: file.stem)
def test_a_journal_that_is_written_again_is_the_same(file: Path) -> None:
    """Nothing is lost between a file and what it says."""
    text = file.read_text(encoding="utf-8")
    journal = read_journal(text)

    assert read_journal(write_journal(journal.plan, journal.events)) == journal
