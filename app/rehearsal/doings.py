"""What people do on a rehearsal GitHub, runs aside: push, review, merge, release."""

from collections.abc import Mapping
from typing import Any

from app.rehearsal.model import (
    alerts,
    checks,
    deployments,
    git,
    merging,
    pulls,
    releases,
    talk,
)
from app.rehearsal.model.state import CheckRun, Comment, Issue, PullRequest, Release, Review
from app.rehearsal.places import SOMEBODY, Places


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
        base: str | None = None,
    ) -> PullRequest:
        """Push files to a branch, perhaps of a fork, and open a pull request from it."""
        found, who = self.world.repository(repository), self.world.account(author)
        head = found if fork is None else self.world.repository(fork)
        self.push(head.full_name, files, branch=branch, author=author, message=title)
        return pulls.open_pull_request(
            self.world, found, head, branch, who, title=title, base_ref=base
        )

    def merge_pull_request(self, repository: str, number: int, by: str = SOMEBODY) -> str:
        """Merge a pull request and return the SHA of the merge."""
        found, who = self.world.repository(repository), self.world.account(by)
        return merging.merge(self.world, found, found.pulls[number], who)

    def enqueue(
        self, repository: str, number: int, by: str = SOMEBODY, *, squashes: bool = False
    ) -> str:
        """Put a pull request into the merge queue; return the SHA that is to be checked."""
        found, who = self.world.repository(repository), self.world.account(by)
        pull = found.pulls[number]
        return merging.enqueue(self.world, found, pull, who, squashes=squashes)

    def leave_queue(
        self, repository: str, sha: str, reason: str = "merged", by: str = SOMEBODY
    ) -> None:
        """End a merge group: merged, invalidated or dequeued."""
        found, who = self.world.repository(repository), self.world.account(by)
        merging.leave_queue(self.world, found, sha, reason, who)

    def close_pull_request(self, repository: str, number: int, by: str = SOMEBODY) -> None:
        """Close a pull request without merging it."""
        found = self.world.repository(repository)
        pulls.close(self.world, found, found.pulls[number], self.world.account(by))

    def mark_draft(
        self, repository: str, number: int, *, is_draft: bool, by: str = SOMEBODY
    ) -> None:
        """Make a draft of a pull request, or none of it."""
        found = self.world.repository(repository)
        who = self.world.account(by)
        pulls.mark_draft(self.world, found, found.pulls[number], who, is_draft=is_draft)

    def review(
        self,
        repository: str,
        number: int,
        by: str,
        state: str = "APPROVED",
        *,
        body: str = "",
        commit_id: str | None = None,
    ) -> Review:
        """Review a pull request, at its head unless at an older commit.

        The state is APPROVED, CHANGES_REQUESTED or COMMENTED.
        """
        found, who = self.world.repository(repository), self.world.account(by)
        pull = found.pulls[number]
        return pulls.review(self.world, found, pull, who, state, body, commit_id)

    def edit_review(self, repository: str, number: int, given: Review, body: str) -> None:
        """Let somebody change the words of a review of their own."""
        found = self.world.repository(repository)
        pulls.edit_review(self.world, found, found.pulls[number], given, given.user, body)

    def dismiss_review(
        self, repository: str, number: int, given: Review, by: str = SOMEBODY
    ) -> None:
        """Dismiss a review."""
        found, who = self.world.repository(repository), self.world.account(by)
        pulls.dismiss(self.world, found, found.pulls[number], given, who)

    def open_issue(
        self, repository: str, title: str, body: str = "", by: str = SOMEBODY
    ) -> Issue:
        """Open an issue."""
        found, who = self.world.repository(repository), self.world.account(by)
        return talk.open_issue(self.world, found, who, title, body)

    def close_issue(self, repository: str, number: int, by: str = SOMEBODY) -> None:
        """Close an issue."""
        found, who = self.world.repository(repository), self.world.account(by)
        talk.close_issue(self.world, found, found.issues[number], who)

    def comment(self, repository: str, number: int, body: str, by: str = SOMEBODY) -> Comment:
        """Comment on an issue or pull request."""
        found, who = self.world.repository(repository), self.world.account(by)
        return talk.comment(self.world, found, number, who, body)

    def edit_comment(
        self, repository: str, comment: Comment, body: str, by: str | None = None
    ) -> None:
        """Change the words of a comment, by whoever wrote it or by another."""
        found = self.world.repository(repository)
        who = comment.user if by is None else self.world.account(by)
        talk.edit_comment(self.world, found, comment, who, body)

    def delete_comment(self, repository: str, comment: Comment, by: str = SOMEBODY) -> None:
        """Remove a comment."""
        found, who = self.world.repository(repository), self.world.account(by)
        talk.delete_comment(self.world, found, comment, who)

    def label(self, repository: str, number: int, label: str, by: str = SOMEBODY) -> None:
        """Put a label on an issue or pull request, or take it off."""
        found, who = self.world.repository(repository), self.world.account(by)
        which = talk.find(found, number)
        assert which is not None, f"{repository} has no #{number}"
        change = talk.remove_label if label in which.labels else talk.add_label
        change(self.world, found, which, label, who)

    def release(
        self,
        repository: str,
        tag: str,
        author: str = SOMEBODY,
        *,
        is_prerelease: bool = False,
    ) -> Release:
        """Publish a release, with its tag made if need be."""
        found, who = self.world.repository(repository), self.world.account(author)
        return releases.publish(self.world, found, tag, who, is_prerelease=is_prerelease)

    def raise_alert(self, repository: str, kind: str, **details: Any) -> int:
        """Raise a `code_scanning`, `secret_scanning` or `dependabot` alert; return its number.

        `details` go into the alert; those of a rule (`severity`, ...) into its rule.
        """
        return alerts.create(self.world, self.world.repository(repository), kind, details)

    def deploy(
        self, repository: str, environment: str, state: str = "success", ref: str = "main"
    ) -> None:
        """Let a deployment to an environment come to a state."""
        found, who = self.world.repository(repository), self.world.account(SOMEBODY)
        deployments.set_status(self.world, found, environment, state, ref, who)

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

    def complete_check_suite(
        self, repository: str, sha: str, conclusion: str = "success", by: str = SOMEBODY
    ) -> None:
        """Let the check suite of another App on a commit come to its end."""
        found, who = self.world.repository(repository), self.world.account(by)
        checks.complete_suite(self.world, found, sha, conclusion, who)
