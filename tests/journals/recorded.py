"""Which journals are recorded: of each example a good end and a bad one."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
RECORDED: Final = (
    "ai-repair/repaired",
    "ai-repair/not-proved",
    "change-approval/applied",
    "change-approval/reverted",
    "incident/contained",
    "incident/not-contained",
    "integration/flaky",
    "integration/fork-rejected",
    "release-train/shipped",
    "release-train/rolled-back",
    "rollout/rolled-out",
    "rollout/half-burns",
)
"""The scenarios, by example and name."""


def file_of(name: str) -> Path:
    """Return the file of a recorded journal."""
    return FOLDER / f"{name.replace('/', '.')}.jsonl"
