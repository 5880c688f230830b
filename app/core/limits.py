"""Every bound the core keeps by itself, each with its reason."""

from datetime import timedelta

QUEUE_TIMEOUT_MAX = timedelta(hours=24)
"""A workflow run that never starts is given up: GitHub does the same for self-hosted runners.

https://docs.github.com/en/actions/reference/limits
"""

CANCEL_GRACE = timedelta(minutes=5)
"""How long a workflow run may take to stop before it is force-cancelled."""

LOOK_UP_FIRST = timedelta(minutes=10)
"""Silence after which a workflow run is looked up: most speak before, and never are."""

LOOK_UP_HELD = timedelta(minutes=20)
"""The same while a workflow run waits for a person on GitHub: each look takes a few calls."""

LOOK_UP_UNKNOWN = timedelta(minutes=1)
"""The same while we do not know the workflow run's id: only its webhook can tell us sooner."""

OUTPUTS_GRACE = timedelta(minutes=1)
"""How long outputs may follow once we know which workflow run an attempt has.

They come before its end, but wait parked until we know whose they are.
"""

LOOK_UP_PAUSE_MAX = timedelta(hours=1)
"""Pauses between look-ups double up to this: never more than 6 calls an hour."""

LOOK_UP_MISSES_MAX = 3
"""Look-ups by marker that may find nothing before the workflow run counts as lost."""

LEGS_MAX = 256
"""Legs a matrix may have, as in GitHub Actions.

https://docs.github.com/en/actions/reference/limits
"""

INPUT_TEXT_MAX = 65_535
"""Characters that all inputs of a dispatch may have together.

https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

SUMMARY_TEXT_MAX = 4_000
"""Characters that are kept of a summary which the companion Action reports."""

REST_MAX = timedelta(hours=24)
"""The longest pause between two attempts, whatever a definition says."""

PASSAGE_FRESH = timedelta(minutes=1)
"""How long what a calendar said may be relied upon before it is asked again."""

PASSAGE_STALE = timedelta(minutes=5)
"""How long after that it may be done what calendars let through: GitHub may make us wait."""

HEARD_MAX = 100
"""Events that a paused machine keeps for later, the latest of them."""

ALERT_PAUSE = timedelta(minutes=15)
"""How often an alert that only the clock can bring about is looked at."""

SETTLE_ROUNDS_MAX = 10_000
"""Rounds of rules in one decision: each round ends a task, enters a state or tells somebody."""
