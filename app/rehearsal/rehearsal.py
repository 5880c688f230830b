"""A rehearsal: one GitHub with its people, repositories, time and trouble, in few words.

What people do on GitHub is a method here (see also `places` and `doings`); what the App does
it does through the API. The world below may be looked at freely.
"""

from collections.abc import Iterable, Sequence

from app.rehearsal.doings import Doings
from app.rehearsal.model import environments, git, runs, talk
from app.rehearsal.model.faults import Faults
from app.rehearsal.model.outcome import Script
from app.rehearsal.model.state import CheckRun, Comment, Environment, Issue, WorkflowRun
from app.rehearsal.model.world import Call, Dispatch
from app.rehearsal.places import SOMEBODY


class Rehearsal(Doings):
    """One rehearsal GitHub, and the one App that is registered there."""

    # Workflow runs.

    def script(self, repository: str, workflow: str, script: Script) -> None:
        """Say how the runs of a workflow go: `workflow` is its file name."""
        path = git.WORKFLOWS + workflow
        self.world.scripts[self.world.repository(repository).full_name.lower(), path] = script

    def run(self, run_id: int) -> WorkflowRun:
        """Return a workflow run by its id, or raise `KeyError`."""
        for repository in self.world.repositories.values():
            if run_id in repository.runs:
                return repository.runs[run_id]
        raise KeyError(run_id)

    def runs(self, repository: str) -> list[WorkflowRun]:
        """Return the workflow runs of a repository, the oldest first."""
        return list(self.world.repository(repository).runs.values())

    def start_workflow(
        self, repository: str, workflow: str, *, ref: str = "main", by: str = SOMEBODY
    ) -> WorkflowRun:
        """Start a workflow by hand, as somebody would from the Actions tab."""
        found = self.world.repository(repository)
        return runs.dispatch(self.world, found, workflow, ref, {}, self.world.account(by))

    def rerun(self, run: WorkflowRun, by: str = SOMEBODY) -> None:
        """Run a workflow run again, as somebody would from the Actions tab."""
        runs.rerun(self.world, run, self.world.account(by), is_failed_only=False)

    def cancel_run(self, run: WorkflowRun) -> None:
        """Cancel a workflow run, as somebody would from the Actions tab."""
        runs.cancel(self.world, run)

    def release_run(self, run: WorkflowRun, *, is_approved: bool = True) -> None:
        """Let a run go on that waits at an environment, or turn it away."""
        runs.release(self.world, run, is_approved=is_approved)

    def protect(
        self,
        repository: str,
        environment: str,
        *,
        has_rule: bool = True,
        reviewers: Iterable[str] = (),
    ) -> Environment:
        """Put the App's deployment protection rule, or people, before an environment."""
        found = self.world.repository(repository)
        made = environments.environment_of(self.world, found, environment)
        made.has_rule, made.reviewers = has_rule, tuple(reviewers)
        return made

    def review_run(
        self, run: WorkflowRun, by: str, *, is_approved: bool = True, comment: str = ""
    ) -> None:
        """Approve or reject a run that waits at an environment, as one of its reviewers."""
        runs.review_environment(
            self.world, run, self.world.account(by), is_approved=is_approved, comment=comment
        )

    def runner_environment(self, run: WorkflowRun) -> dict[str, str]:
        """Return what a runner has in its environment to ask for its identity token."""
        secret = f"runner-{run.repository.id}-{run.id}-{run.last.number}"
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.oidc_issuer}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": secret,
            "GITHUB_REPOSITORY": run.repository.full_name,
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_ATTEMPT": str(run.last.number),
        }

    # What can be seen.

    @property
    def faults(self) -> Faults:
        """What goes wrong, by plan or by chance."""
        return self.world.faults

    @property
    def calls(self) -> Sequence[Call]:
        """Every call to the API, the oldest first."""
        return self.world.calls

    @property
    def dispatches(self) -> list[Dispatch]:
        """What was truly dispatched, the oldest first."""
        return self.world.dispatches

    def check_runs(self, repository: str, sha: str) -> list[CheckRun]:
        """Return the check runs of the App on a commit, the oldest first."""
        known = self.world.repository(repository).check_runs.values()
        return [run for run in known if run.head_sha == sha]

    def issues(self, repository: str) -> list[Issue]:
        """Return the issues of a repository, the oldest first."""
        return list(self.world.repository(repository).issues.values())

    def comments(self, repository: str, number: int) -> list[Comment]:
        """Return the comments on an issue or pull request, the oldest first."""
        return talk.comments_of(self.world.repository(repository), number)
