"""The stage of a round: gates, locks, retries, children, a machine, and what undoes.

Beside what is dispatched, a workflow run of others waits at an environment for our answer, a
stranger proposes from a fork, and the merge queue asks.
"""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from app.demo.stage import workflow
from app.rehearsal import Outcome, Rehearsal
from app.rehearsal.model.state import WorkflowRun

HOME: Final = "acme/release"
ACTOR: Final = "mona"
APPROVERS: Final = ("sarah", "steve")
OUTSIDER: Final = "eve"
PEOPLE: Final = {ACTOR: "admin", "sarah": "write", "steve": "maintain", OUTSIDER: "read"}
LOCKED: Final = "deploy.yml"
"""The workflow that all definitions run under the lock `production`, which has one place."""

RELEASE: Final = """\
version: 1
name: Release
on: {push: {branches: [main], paths: ['versions/**']}}
tasks:
  build:
    strategy: {matrix: {component: [api, web]}, fail-fast: false}
    dispatch: acme/${{ matrix.component }}/.github/workflows/build.yml@main
    retry: {max-attempts: 3, backoff: {initial: 5s}}
    outputs: {image: {type: string, required: true}}
  sign_off:
    needs: [build]
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
      exclude: [actor]
  deploy:
    needs: [sign_off, build]
    dispatch: acme/deploy/.github/workflows/deploy.yml@main
    with: {image: '${{ needs.build.outputs["api"].image }}'}
    concurrency: {group: production, scope: organization}
    compensate: {dispatch: acme/deploy/.github/workflows/undeploy.yml@main}
  smoke:
    needs: [deploy]
    dispatch: acme/deploy/.github/workflows/smoke.yml@main
    retry: {max-attempts: 2}
"""

PREVIEW: Final = """\
version: 1
name: Preview
on: {pull_request: {types: [opened, synchronize], branches: [main]}}
tasks:
  build:
    dispatch: acme/web/.github/workflows/build.yml@main
    outputs: {image: {type: string, required: true}}
  agree:
    needs: [build]
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
      exclude: [actor, authors]
  deploy:
    needs: [agree]
    dispatch: acme/deploy/.github/workflows/preview.yml@main
    concurrency: {group: previews, limit: 2}
  tell:
    needs: [deploy]
    join: all-done
    github: comment.create
    with: {repository: acme/release, number: '${{ event.number }}', body: The preview ended.}
"""

TRAIN: Final = """\
version: 1
name: Train
on: {push: {branches: [main], paths: ['train/**']}}
tasks:
  announce:
    github: issue.create
    with: {repository: acme/release, title: A train departs}
  parts:
    needs: [announce]
    strategy: {matrix: {component: [api, web]}, fail-fast: false}
    orchestrate: acme/release/.github/orchestrations/part.yml
    with: {component: '${{ matrix.component }}'}
  rest: {needs: [parts], wait: {for: 2m}}
  arrive:
    needs: [rest]
    dispatch: acme/deploy/.github/workflows/arrive.yml@main
    environment: staging
    retry: {max-attempts: 2}
"""

PART: Final = """\
version: 1
name: Part
on: {manual: {}}
inputs: {component: {type: string, required: true}}
tasks:
  build:
    dispatch: acme/${{ inputs.component }}/.github/workflows/build.yml@main
    retry: {max-attempts: 3, backoff: {initial: 5s}}
  deploy:
    needs: [build]
    dispatch: acme/deploy/.github/workflows/deploy.yml@main
    concurrency: {group: production, scope: organization}
"""

CHANGE: Final = """\
version: 1
name: Change
on: {push: {branches: [main], paths: ['changes/**']}}
initial: assessing
data: {rounds: {type: integer, default: 0}}
states:
  assessing:
    max-visits: 3
    on-max-visits: {to: rejected}
    tasks:
      plan: {dispatch: acme/web/.github/workflows/build.yml@main, retry: {max-attempts: 2}}
    transitions:
      - {on: tasks.succeeded, to: reviewing}
      - {on: tasks.failed, set: {rounds: data.rounds + 1}, to: assessing}
  reviewing:
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
      exclude: [actor]
    timeout-minutes: 2880
    transitions:
      - {on: approval.approved, to: applying}
      - {on: approval.rejected, to: rejected}
      - {on: timeout, to: rejected}
  applying:
    tasks:
      apply:
        dispatch: acme/deploy/.github/workflows/deploy.yml@main
        concurrency: {group: production, scope: organization}
    transitions:
      - {on: tasks.succeeded, to: done}
      - {on: tasks.failed, to: rejected}
  done: {final: true, conclusion: success}
  rejected: {final: true, conclusion: failure}
"""

OUTSIDE: Final = """\
version: 1
name: Outside
on: {pull_request: {types: [opened, synchronize], branches: [outside]}}
tasks:
  agree:
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
      exclude: [actor, authors]
  try:
    needs: [agree]
    dispatch: acme/deploy/.github/workflows/try.yml@main
"""

QUEUE: Final = """\
version: 1
name: Queue
on: {merge_group: {}}
tasks:
  agree:
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
      exclude: [actor]
  land:
    needs: [agree]
    dispatch: acme/deploy/.github/workflows/land.yml@main
"""

GUARD: Final = """\
version: 1
name: Guard
on:
  deployment_protection_rule: {repositories: [acme/site], environments: [production]}
tasks:
  agree:
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
"""

AUDIT: Final = """\
version: 1
name: Audit
on: {push: {branches: [main], paths: ['audits/**']}}
correlate: "'audit'"
tasks:
  listen: {wait: {for: 2m}}
  look:
    needs: [listen]
    dispatch: acme/web/.github/workflows/build.yml@main
  pack:
    needs: [look]
    join: all-done
    report: {format: [json, markdown]}
"""
"""What is pushed while one listens joins it, and nothing else tells that it was heard."""

VIGIL: Final = """\
version: 1
name: Vigil
on: {push: {branches: [main], paths: ['vigils/**']}}
timeout-minutes: 43200
tasks:
  agree:
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
      exclude: [actor]
  end_it:
    needs: [agree]
    dispatch: acme/deploy/.github/workflows/end.yml@main
"""

GATED: Final[Mapping[str, tuple[str, str]]] = {
    "release": ("deploy.yml", "sign_off"),
    "preview": ("preview.yml", "agree"),
    "change": ("deploy.yml", "reviewing"),
    "outside": ("try.yml", "agree"),
    "queue": ("land.yml", "agree"),
    "vigil": ("end.yml", "agree"),
}
"""Per definition: the workflow that its gate holds back, and the gate."""
SITE: Final = "acme/site"
FORK: Final = f"{OUTSIDER}/release"
GUARDED_FOR: Final = timedelta(seconds=20)
"""How long a guarded workflow run takes once it is let go."""

POLICY: Final = (
    "version: 1\naccept:\n  - {from: acme/release}\n"
    "  - {from: acme/release, environments: [staging, production]}\n"
)
WORKFLOWS: Final = {
    "acme/api": {"build.yml": "Build"},
    "acme/web": {"build.yml": "Build"},
    "acme/deploy": {
        "deploy.yml": "Deploy",
        "undeploy.yml": "Undeploy",
        "smoke.yml": "Smoke",
        "preview.yml": "Preview",
        "arrive.yml": "Arrive",
        "try.yml": "Try",
        "land.yml": "Land",
        "end.yml": "End",
    },
    SITE: {"site.yml": "Site"},
}
COVERED: Final = (HOME, *WORKFLOWS)
"""The repositories that the App is installed in; a stranger's fork is none of them."""


def set_stage(github: Rehearsal, chance: random.Random, failing: float) -> None:
    """Make the organisation, let `failing` of all workflow runs fail, and install the App."""
    github.add_organization("acme", sorted(PEOPLE), {"sre": APPROVERS})
    definitions = {
        "release": RELEASE,
        "preview": PREVIEW,
        "train": TRAIN,
        "part": PART,
        "change": CHANGE,
        "outside": OUTSIDE,
        "queue": QUEUE,
        "guard": GUARD,
        "audit": AUDIT,
        "vigil": VIGIL,
    }
    files = {f".github/orchestrations/{id_}.yml": text for id_, text in definitions.items()}
    github.add_repository(HOME, {**files, "README.md": "hello\n"}, roles=PEOPLE)
    github.push(HOME, {"README.md": "hello, stranger\n"}, branch="outside")
    github.fork(HOME, OUTSIDER)
    fates: dict[tuple[int, int], Outcome] = {}

    def fate(run: WorkflowRun, attempt: int) -> Outcome:
        return fates.setdefault((run.id, attempt), _fate(run, chance, failing))

    for repository, workflows in WORKFLOWS.items():
        files = {".github/orchestration-policy.yml": POLICY}
        for file, name in workflows.items():
            files[f".github/workflows/{file}"] = workflow(name, "image")
        github.add_repository(repository, files, roles=PEOPLE)
        for file in workflows:
            github.script(repository, file, fate)
    github.protect("acme/deploy", "staging")
    github.protect(SITE, "production")
    github.install_app("acme")


def _fate(run: WorkflowRun, chance: random.Random, failing: float) -> Outcome:
    """Draw how one attempt of a workflow run goes."""
    if run.repository.full_name == SITE:
        return Outcome(duration=GUARDED_FOR, environment="production")
    is_build = run.workflow.path.endswith("build.yml")
    return Outcome(
        queued=timedelta(seconds=chance.choice((1, 5, 20))),
        duration=timedelta(seconds=chance.choice((2, 20, 90))),
        conclusion="failure" if chance.random() < failing else "success",
        outputs={"image": "ghcr.io/acme/app:1"} if is_build else None,
        environment="staging" if run.workflow.path.endswith("arrive.yml") else None,
    )
