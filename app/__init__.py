"""Signalbox: orchestrations over GitHub Actions workflows in many repositories.

A webhook, a click or a timer reaches `web`, which turns it into one **event**.
`engine` loads the orchestration, asks `core` what to do, and saves event, new state and
**commands** in one transaction.
`courier` carries each saved command to `github`, and brings the outcome back as another event.
`core` does all the thinking and touches nothing: no network, clock, database or randomness.
Everything else touches the world and does no thinking.
"""

__version__ = "0.1.0"
