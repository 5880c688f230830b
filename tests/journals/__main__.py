"""Records the journals: `python -m tests.journals` writes those that there are not yet.

What is there is never written again: it is what an older version has left behind. A journal
is removed by hand, and only as long as the version that wrote it was never released.
"""

import sys
from pathlib import Path

from app.store.journals import write_journal
from tests.journals.recorded import FOLDER, RECORDED, file_of
from tests.scenarios.test_scenarios import lived_through


def record(name: str, file: Path) -> None:
    """Live a scenario and write the journal of what it started."""
    main = lived_through(name).main
    assert main is not None, f"{name} starts nothing"
    events = [entry.event for entry in main.journal]
    file.write_text(write_journal(main.state.plan, events), encoding="utf-8")
    sys.stdout.write(f"{file.relative_to(FOLDER)}: {len(events)} events\n")


if __name__ == "__main__":
    for each in RECORDED:
        if not file_of(each).exists():
            record(each, file_of(each))
