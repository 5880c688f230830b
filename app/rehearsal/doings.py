"""What people do on a rehearsal GitHub, runs aside: push, review, merge, release."""

from collections.abc import Mapping
from typing import Any

from app.rehearsal.model import checks, git, pulls
from app.rehearsal.model.state import CheckRun, Comment, PullRequest, Release, Review
from app.rehearsal.places import SOMEBODY, Places
from app.rehearsal.shapes import pulls as pull_shapes


class Doings(Places):
    """A rehearsal in which people do things."""

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
