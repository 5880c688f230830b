"""Who plays in the simulation of the whole: repositories, definitions, fates of runs."""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from app.rehearsal import Outcome, Rehearsal

HOME: Final = "acme/release"
TARGETS: Final = ("acme/api", "acme/web")
ACCEPT: Final = "version: 1\naccept: [{from: acme/release}]\n"

WORKFLOW: Final = """\
name: Work
on:
  workflow_dispatch:
    inputs:
      part: {type: string}
      signalbox: {type: string}
run-name: Work [${{ inputs.signalbox }}]
jobs: {work: {runs-on: ubuntu-latest, steps: [{run: make}]}}
"""

CHAIN: Final = """\
version: 1
on: {push: {branches: [main]}, pull_request: {}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/work.yml@main
    outputs: {image: {type: string, required: true}}
  test: {needs: [build], dispatch: acme/web/.github/workflows/work.yml@main}
  lint: {dispatch: acme/release/.github/workflows/work.yml@main, continue-on-error: true}
  deploy:
    needs: [test, lint]
    dispatch: acme/api/.github/workflows/work.yml@main
    timeout-minutes: 10
"""

FAN: Final = """\
version: 1
on: {push: {branches: [main]}, pull_request: {}}
tasks:
  build:
    strategy: {matrix: {part: [a, b, c, d]}, max-parallel: 2, fail-fast: FAIL_FAST}
    dispatch: acme/web/.github/workflows/work.yml@main
    with: {part: '${{ matrix.part }}'}
    timeout-minutes: 20
  ship:
    needs: [build]
    dispatch: acme/api/.github/workflows/work.yml
    ref: ${{ sha }}
  tell: {needs: [build], dispatch: acme/web/.github/workflows/work.yml@main}
"""


def cast(github: Rehearsal, chance: random.Random) -> None:
    """Make the organisation, its definition and the fates, and install the App."""
    github.add_organization("acme", ["mona"])
    files: dict[str, str] = {
        ".github/workflows/work.yml": WORKFLOW,
        ".github/orchestrations/release.yml": _definition(chance),
    }
    github.add_repository(HOME, files)
    for name in TARGETS:
        files = {".github/workflows/work.yml": WORKFLOW}
        if chance.random() > 0.05:
            files[".github/orchestration-policy.yml"] = ACCEPT
        github.add_repository(name, files)
    fates: dict[int, Outcome] = {}
    for name in (HOME, *TARGETS):
        github.script(name, "work.yml", lambda run, _: fates.setdefault(run.id, _fate(chance)))
    github.install_app("acme")


def _definition(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return CHAIN
    return FAN.replace("FAIL_FAST", chance.choice(("true", "false")))


def _fate(chance: random.Random) -> Outcome:
    """Draw how one workflow run goes."""
    outputs: Mapping[str, Any] | None = {"image": "ghcr.io/acme/api:1"}
    if chance.random() < 0.1:
        outputs = None
    return Outcome(
        queued=timedelta(seconds=chance.choice((1, 5, 60))),
        duration=timedelta(seconds=chance.choice((2, 30, 300, 1_500))),
        conclusion=chance.choices(("success", "failure", "cancelled"), (10, 1, 1))[0],
        outputs=outputs,
        is_starting=chance.random() > 0.02,
        is_deaf_to_cancel=chance.random() < 0.2,
    )
