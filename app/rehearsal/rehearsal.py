"""A rehearsal: one GitHub with its people, repositories, time and trouble, in few words.

What people do on GitHub is a method here; what the App does it does through the API. The
world below may be looked at freely.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.rehearsal.model import checks, git, oidc, pulls, runs
from app.rehearsal.model.faults import Faults
from app.rehearsal.model.outcome import Script
from app.rehearsal.model.state import (
    Account,
    AppRegistration,
    CheckRun,
    Comment,
    Installation,
    PullRequest,
    Release,
    Repository,
    Review,
    Team,
    WorkflowRun,
)
from app.rehearsal.model.world import Call, Dispatch
from app.rehearsal.shapes import people
from app.rehearsal.shapes import pulls as pull_shapes
from app.rehearsal.timekeeper import Timekeeper

PERMISSIONS = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
}
EVENTS = (
    "push",
    "pull_request",
    "pull_request_review",
    "issue_comment",
    "workflow_run",
    "check_run",
    "release",
    "repository_dispatch",
)
SOMEBODY = "mona"


class Rehearsal(Timekeeper):
    """One rehearsal GitHub, and the one App that is registered there."""

    # People and places.

    def add_organization(
        self,
        login: str,
        members: Iterable[str] = (),
        teams: Mapping[str, Iterable[str]] | None = None,
    ) -> Account:
        """Make an organisation with its members and its teams."""
        made = self.world.account(login, "Organization")
        everybody = self.world.members.setdefault(login.lower(), set())
        everybody |= set(members)
        for slug, logins in (teams or {}).items():
            team = Team(self.world.new_id(), slug, dict.fromkeys(logins, "member"))
            self.world.teams[login.lower(), slug] = team
            everybody |= set(team.members)
        for member in everybody:
            self.world.account(member)
        return made

    def add_repository(
        self,
        full_name: str,
        files: Mapping[str, str] | None = None,
        *,
        is_private: bool = True,
        default_branch: str = "main",
        roles: Mapping[str, str] | None = None,
        environments: Iterable[str] = (),
    ) -> Repository:
        """Make a repository with a first commit of these files, without telling anybody."""
        world = self.world
        login, _, name = full_name.partition("/")
        made = Repository(
            id=world.new_id(),
            owner=world.account(login),
            name=name,
            created_at=world.now(),
            is_private=is_private,
            default_branch=default_branch,
            roles=dict(roles or {}),
            environments={name: world.new_id() for name in environments},
        )
        first = git.commit_files(
            made,
            (),
            files or {"README.md": f"# {name}\n"},
            world.account(SOMEBODY),
            "Initial commit",
            world.now(),
        )
        made.refs[f"heads/{default_branch}"] = first.sha
        world.repositories[made.id] = made
        world.names[full_name.lower()] = made.id
        return made

    def fork(self, full_name: str, owner: str) -> Repository:
        """Make a fork of a repository for somebody."""
        parent = self.world.repository(full_name)
        fork = self.add_repository(f"{owner}/{parent.name}", is_private=parent.is_private)
        fork.parent, fork.default_branch = parent, parent.default_branch
        git.share_objects(parent, fork)
        fork.refs = {r: sha for r, sha in parent.refs.items() if r.startswith("heads/")}
        return fork

    def rename_repository(self, full_name: str, name: str) -> Repository:
        """Give a repository another name. The old one redirects."""
        renamed = self.world.repository(full_name)
        renamed.name = name
        renamed.shapes.clear()
        self.world.names[renamed.full_name.lower()] = renamed.id
        return renamed

    def install_app(
        self,
        owner: str,
        repositories: Iterable[str] | None = None,
        permissions: Mapping[str, str] | None = None,
        events: Iterable[str] | None = None,
    ) -> Installation:
        """Install the App on all or some repositories of an account, and tell it so."""
        world = self.world
        if world.app is None:
            world.app = self._register(permissions or PERMISSIONS, tuple(events or EVENTS))
        chosen = None
        if repositories is not None:
            chosen = {world.repository(name).id for name in repositories}
        made = Installation(
            id=world.new_id(),
            account=world.account(owner),
            permissions=dict(permissions or world.app.permissions),
            created_at=world.now(),
            repository_ids=chosen,
        )
        world.installations[made.id] = made
        self._tell_installation(made, "created")
        return made

    def suspend(self, which: Installation) -> None:
        """Suspend an installation: its tokens stop working, and nothing is heard of it."""
        which.suspended_at = self.clock.now()
        self._tell_installation(which, "suspend")

    def unsuspend(self, which: Installation) -> None:
        """Let a suspended installation work again."""
        which.suspended_at = None
        self._tell_installation(which, "unsuspend")

    def uninstall(self, which: Installation) -> None:
        """Remove an installation."""
        del self.world.installations[which.id]
        self._tell_installation(which, "deleted")

    def _register(
        self, permissions: Mapping[str, str], events: tuple[str, ...]
    ) -> AppRegistration:
        number = self.world.new_id()
        return AppRegistration(
            id=number,
            slug="signalbox",
            client_id=f"Iv23li{number:014d}",
            owner=self.world.account("signalbox-makers", "Organization"),
            bot=self.world.account("signalbox[bot]", "Bot"),
            public_key_pem=oidc.public_pem(oidc.private_key("app")),
            permissions=dict(permissions),
            events=events,
            created_at=self.clock.now(),
            hook_id=self.world.new_id(),
        )

    def _tell_installation(self, which: Installation, action: str) -> None:
        world = self.world
        covered = [r for r in world.repositories.values() if world.covers(which, r)]
        payload: dict[str, Any] = {
            "action": action,
            "installation": people.installation(world.at, world.registered_app(), which),
            "repositories": people.installed_repositories(covered),
            "requester": None,
            "sender": people.account(world.at, which.account),
        }
        world.send("installation", payload, which.id, None)

    # What people do.

    def push(
        self,
        repository: str,
        files: Mapping[str, str | None],
        *,
        branch: str = "main",
        author: str = SOMEBODY,
        message: str = "Change something",
        is_forced: bool = False,
    ) -> str:
        """Commit files to a branch, made if need be, and return the SHA."""
        found, who = self.world.repository(repository), self.world.account(author)
        return git.push(self.world, found, branch, files, who, message, is_forced=is_forced)

    def push_tag(self, repository: str, tag: str, author: str = SOMEBODY) -> str:
        """Put a tag on the head of the default branch and return the SHA."""
        found = self.world.repository(repository)
        sha = found.head.sha
        git.move_ref(self.world, found, f"tags/{tag}", sha, self.world.account(author))
        return sha

    def open_pull_request(
        self,
        repository: str,
        files: Mapping[str, str | None],
        *,
        branch: str = "change",
        author: str = SOMEBODY,
        title: str = "Change something",
        fork: str | None = None,
    ) -> PullRequest:
        """Push files to a branch, perhaps of a fork, and open a pull request from it."""
        found, who = self.world.repository(repository), self.world.account(author)
        head = found if fork is None else self.world.repository(fork)
        self.push(head.full_name, files, branch=branch, author=author, message=title)
        return pulls.open_pull_request(self.world, found, head, branch, who, title=title)

    def merge_pull_request(self, repository: str, number: int, by: str = SOMEBODY) -> str:
        """Merge a pull request and return the SHA of the merge."""
        found, who = self.world.repository(repository), self.world.account(by)
        pull = found.pulls[number]
        base = git.merge_base(found, pull.base_sha, pull.head_sha)
        head = found.commits[pull.head_sha]
        changed = git.changed_files(found, base, pull.head_sha)
        files = {
            path: None if how == "removed" else found.blobs[head.tree[path]].decode()
            for path, how in changed.items()
        }
        message = f"Merge pull request #{number}"
        parents = (pull.base_sha, pull.head_sha)
        now = self.clock.now()
        commit = git.commit_files(found, parents, files, who, message, now)
        pulls.mark_merged(self.world, found, pull, who, commit.sha)
        git.move_ref(self.world, found, f"heads/{pull.base_ref}", commit.sha, who)
        return commit.sha

    def close_pull_request(self, repository: str, number: int, by: str = SOMEBODY) -> None:
        """Close a pull request without merging it."""
        found = self.world.repository(repository)
        pulls.close(self.world, found, found.pulls[number], self.world.account(by))

    def review(self, repository: str, number: int, by: str, state: str = "APPROVED") -> Review:
        """Review a pull request: APPROVED, CHANGES_REQUESTED or COMMENTED."""
        found, who = self.world.repository(repository), self.world.account(by)
        return pulls.review(self.world, found, found.pulls[number], who, state)

    def comment(self, repository: str, number: int, body: str, by: str = SOMEBODY) -> Comment:
        """Comment on a pull request."""
        found, who = self.world.repository(repository), self.world.account(by)
        return pulls.comment(self.world, found, number, who, body)

    def label(self, repository: str, number: int, label: str, by: str = SOMEBODY) -> None:
        """Put a label on a pull request, or take it off."""
        found, who = self.world.repository(repository), self.world.account(by)
        pulls.set_label(self.world, found, found.pulls[number], label, who)

    def release(self, repository: str, tag: str, author: str = SOMEBODY) -> Release:
        """Publish a release, with its tag made if need be."""
        found, who = self.world.repository(repository), self.world.account(author)
        if f"tags/{tag}" not in found.refs:
            self.push_tag(repository, tag, author)
        made = Release(self.world.new_id(), tag, tag, who, self.clock.now())
        found.releases.append(made)
        shape = pull_shapes.release(self.world.at, found, made)
        self.world.emit("release", found, who, {"action": "published", "release": shape})
        return made

    def send_repository_dispatch(
        self, repository: str, event_type: str, payload: Mapping[str, Any], by: str = SOMEBODY
    ) -> None:
        """Send a `repository_dispatch` event, as somebody with a token would."""
        found, who = self.world.repository(repository), self.world.account(by)
        branch = found.default_branch
        body = {"action": event_type, "branch": branch, "client_payload": dict(payload)}
        self.world.emit("repository_dispatch", found, who, body)

    def press_button(
        self, repository: str, run: CheckRun, identifier: str, by: str = SOMEBODY
    ) -> None:
        """Press one of the buttons of a check run."""
        found, who = self.world.repository(repository), self.world.account(by)
        checks.request_action(self.world, found, run, who, identifier)

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

    def rerun(self, run: WorkflowRun, by: str = SOMEBODY) -> None:
        """Run a workflow run again, as somebody would from the Actions tab."""
        runs.rerun(self.world, run, self.world.account(by), is_failed_only=False)

    def cancel_run(self, run: WorkflowRun) -> None:
        """Cancel a workflow run, as somebody would from the Actions tab."""
        runs.cancel(self.world, run)

    def release_run(self, run: WorkflowRun, *, is_approved: bool = True) -> None:
        """Let a run go on that waits at an environment, or turn it away."""
        runs.release(self.world, run, is_approved=is_approved)

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

    def comments(self, repository: str, number: int) -> list[Comment]:
        """Return the comments on a pull request, the oldest first."""
        return pulls.comments_of(self.world.repository(repository), number)
