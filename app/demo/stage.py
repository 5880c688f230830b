"""The stage of the demo: an organisation of four repositories, and how its workflows go."""

from datetime import timedelta
from typing import Final

from app.rehearsal import Outcome, Rehearsal

ORGANIZATION: Final = "acme"
ACTOR: Final = "mona"
REVIEWER: Final = "hubot"
WRITER: Final = "ada"
HOME: Final = "acme/release"

RELEASE: Final = """\
version: 1
name: Release
on:
  push: {branches: [main], paths: ['versions/**']}
  manual: {}
tasks:
  build:
    strategy: {matrix: {component: [api, web]}}
    dispatch: acme/${{ matrix.component }}/.github/workflows/build.yml@main
    with: {commit: '${{ sha }}'}
    outputs:
      image: {type: string, required: true, pattern: '^ghcr\\.io/acme/'}
  contract:
    needs: [build]
    dispatch: acme/release/.github/workflows/contract.yml@main
    with:
      api: ${{ needs.build.outputs["api"].image }}
      web: ${{ needs.build.outputs["web"].image }}
    outputs:
      breaking: {type: integer, required: true}
  deploy:
    needs: [contract, build]
    if: needs.contract.outputs.breaking == 0
    dispatch: acme/deploy/.github/workflows/deploy.yml@main
    with: {image: '${{ needs.build.outputs["api"].image }}'}
    timeout-minutes: 30
"""

PREVIEW: Final = """\
version: 1
name: Preview
on:
  pull_request: {paths-ignore: ['production/**']}
tasks:
  build:
    dispatch: acme/web/.github/workflows/build.yml@main
    with: {commit: '${{ sha }}'}
    outputs:
      image: {type: string, required: true}
  browser_test:
    needs: [build]
    dispatch: acme/web/.github/workflows/browser-test.yml@main
    with: {image: '${{ needs.build.outputs.image }}'}
  deploy_preview:
    needs: [browser_test, build]
    dispatch: acme/deploy/.github/workflows/deploy.yml@main
    with: {image: '${{ needs.build.outputs.image }}'}
"""

SHIP: Final = """\
version: 1
name: Ship
on:
  pull_request: {paths: ['production/**']}
tasks:
  sign_off:
    approval:
      title: Ship it to production?
      rules: [{require: [{teams: [acme/sre], count: 1}, {permission: write, count: 1}]}]
      exclude: [actor, authors, last-pusher]
  deploy:
    needs: [sign_off]
    dispatch: acme/deploy/.github/workflows/deploy.yml@main
    with: {image: 'ghcr.io/acme/api:2026.47'}
"""

POLICY: Final = """\
version: 1
accept:
  - {from: acme/release, definitions: [release, preview, ship]}
"""

DEFINITIONS: Final = 3
DISPATCHES: Final = 7
"""Two builds, a contract test and a deployment; then one build and one test that fails; then
the deployment that two people have agreed to."""


def set_stage(rehearsal: Rehearsal) -> None:
    """Make the organisation, and install the App in it."""
    rehearsal.add_organization(ORGANIZATION, [ACTOR, WRITER], {"sre": [REVIEWER]})
    rehearsal.add_repository(
        HOME,
        {
            ".github/orchestrations/release.yml": RELEASE,
            ".github/orchestrations/preview.yml": PREVIEW,
            ".github/workflows/contract.yml": workflow("Contract test", "api", "web"),
            ".github/orchestrations/ship.yml": SHIP,
            "versions/train.txt": "2026.46\n",
        },
        roles=dict.fromkeys((ACTOR, REVIEWER, WRITER), "write"),
    )
    build = workflow("Build", "commit")
    policy = {".github/orchestration-policy.yml": POLICY}
    rehearsal.add_repository("acme/api", {".github/workflows/build.yml": build, **policy})
    rehearsal.add_repository(
        "acme/web",
        {
            ".github/workflows/build.yml": build,
            ".github/workflows/browser-test.yml": workflow("Browser test", "image"),
            **policy,
        },
    )
    deploy = workflow("Deploy", "image")
    rehearsal.add_repository("acme/deploy", {".github/workflows/deploy.yml": deploy, **policy})
    rehearsal.install_app(ORGANIZATION)
    _script(rehearsal)


def _script(rehearsal: Rehearsal) -> None:
    """Say how long each workflow takes, how it ends, and what it reports."""
    for component, seconds in (("api", 1.6), ("web", 1.0)):
        rehearsal.script(
            f"{ORGANIZATION}/{component}",
            "build.yml",
            outcome(seconds, outputs={"image": f"ghcr.io/acme/{component}:2026.47"}),
        )
    rehearsal.script(HOME, "contract.yml", outcome(0.8, outputs={"breaking": 0}))
    rehearsal.script("acme/deploy", "deploy.yml", outcome(0.8))
    rehearsal.script("acme/web", "browser-test.yml", outcome(0.8, conclusion="failure"))


def outcome(
    seconds: float, *, conclusion: str = "success", outputs: dict[str, object] | None = None
) -> Outcome:
    """Return how a workflow run goes: a moment in the queue, then some seconds."""
    return Outcome(
        queued=timedelta(seconds=0.3),
        duration=timedelta(seconds=seconds),
        conclusion=conclusion,
        outputs=outputs,
    )


def workflow(name: str, *inputs: str) -> str:
    """Write a workflow as a target repository would have it."""
    declared = "".join(f"      {each}: {{type: string}}\n" for each in (*inputs, "signalbox"))
    return (
        f"name: {name}\n"
        f"on:\n  workflow_dispatch:\n    inputs:\n{declared}"
        f"run-name: {name} [${{{{ inputs.signalbox }}}}]\n"
        "permissions: {contents: read, id-token: write}\n"
        f"jobs:\n  work:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
    )
