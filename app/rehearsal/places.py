"""The places of a rehearsal: organisations, repositories, and where the App is installed."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.rehearsal.model import git, oidc
from app.rehearsal.model.state import (
    Account,
    AppRegistration,
    Environment,
    Installation,
    Repository,
    Team,
)
from app.rehearsal.shapes import people
from app.rehearsal.timekeeper import Timekeeper

PERMISSIONS = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "members": "read",
    "merge_queues": "read",
    "metadata": "read",
    "pull_requests": "write",
    "secret_scanning_alerts": "read",
    "security_events": "read",
    "vulnerability_alerts": "read",
}
EVENTS = (
    "push",
    "repository",
    "create",
    "delete",
    "pull_request",
    "pull_request_review",
    "merge_group",
    "issues",
    "issue_comment",
    "workflow_run",
    "check_run",
    "check_suite",
    "deployment_protection_rule",
    "deployment_review",
    "deployment_status",
    "release",
    "repository_dispatch",
    "code_scanning_alert",
    "dependabot_alert",
    "secret_scanning_alert",
)
SOMEBODY = "mona"


class Places(Timekeeper):
    """A rehearsal in which places can be made."""

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

    def nest_team(self, organization: str, child: str, parent: str) -> None:
        """Make a team part of another: who is in the child is in the parent, too."""
        teams = self.world.teams
        where = organization.lower()
        teams[where, child].parent = teams[where, parent]

    def join_team(self, organization: str, slug: str, login: str) -> None:
        """Let somebody into a team."""
        self.world.teams[organization.lower(), slug].members[login] = "member"

    def leave_team(self, organization: str, slug: str, login: str) -> None:
        """Let somebody leave a team."""
        del self.world.teams[organization.lower(), slug].members[login]

    def add_repository(
        self,
        full_name: str,
        files: Mapping[str, str] | None = None,
        *,
        is_private: bool = True,
        default_branch: str = "main",
        roles: Mapping[str, str] | None = None,
        environments: Iterable[str] = (),
        is_empty: bool = False,
    ) -> Repository:
        """Make a repository with a first commit of these files, without telling anybody.

        An empty one has no commit, and so no branch.
        """
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
            environments={
                name: Environment(world.new_id(), name, world.now()) for name in environments
            },
        )
        if not is_empty:
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

    def rename_account(self, login: str, name: str) -> Account:
        """Give a person another login, under which they keep all that they may do.

        The old one is free for somebody else.
        """
        world = self.world
        renamed = world.accounts.pop(login.lower())
        renamed.login, renamed.shape = name, None
        world.accounts[name.lower()] = renamed
        for members in world.members.values():
            if login in members:
                members.remove(login)
                members.add(name)
        by_login = [each.members for each in world.teams.values()]
        by_login += [each.roles for each in world.repositories.values()]
        for given in by_login:
            if login in given:
                given[name] = given.pop(login)
        return renamed

    def rename_repository(self, full_name: str, name: str) -> Repository:
        """Give a repository another name. The old one redirects."""
        renamed = self.world.repository(full_name)
        before, renamed.name = renamed.name, name
        renamed.shapes.clear()
        self.world.names[renamed.full_name.lower()] = renamed.id
        changes = {"repository": {"name": {"from": before}}}
        body = {"action": "renamed", "changes": changes}
        self.world.emit("repository", renamed, renamed.owner, body)
        return renamed

    def transfer_repository(self, full_name: str, owner: str) -> Repository:
        """Give a repository to another account. The old name redirects.

        Only an installation there, if it covers the repository, is told so.
        """
        world = self.world
        moved = world.repository(full_name)
        before = moved.owner
        shape = people.organization if before.type == "Organization" else people.account
        was = {before.type.lower(): shape(world.at, before)}
        moved.owner = world.account(owner)
        moved.shapes.clear()
        world.names[moved.full_name.lower()] = moved.id
        changes = {"owner": {"from": was}}
        body = {"action": "transferred", "changes": changes}
        world.emit("repository", moved, moved.owner, body)
        return moved

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

    def set_permissions(self, which: Installation, permissions: Mapping[str, str]) -> None:
        """Let an installation grant other permissions, and tell the App so."""
        which.permissions = dict(permissions)
        self._tell_installation(which, "new_permissions_accepted")

    def choose_repositories(
        self, which: Installation, repositories: Iterable[str] | None
    ) -> None:
        """Let an installation cover these repositories, or all, and tell the App so."""
        world = self.world
        before = {r.id for r in world.repositories.values() if world.covers(which, r)}
        which.repository_ids = (
            None
            if repositories is None
            else {world.repository(name).id for name in repositories}
        )
        known = world.repositories.values()
        after = {r.id for r in known if world.covers(which, r)}
        for action, ids in (("added", after - before), ("removed", before - after)):
            if not ids:
                continue
            named = people.installed_repositories([r for r in known if r.id in ids])
            payload: dict[str, Any] = {
                "action": action,
                "installation": people.installation(world.at, world.registered_app(), which),
                "repository_selection": "all" if repositories is None else "selected",
                f"repositories_{action}": named,
                "sender": people.account(world.at, which.account),
            }
            world.send("installation_repositories", payload, which.id, None)

    def uninstall(self, which: Installation) -> None:
        """Remove an installation."""
        del self.world.installations[which.id]
        self._tell_installation(which, "deleted")

    def ask_for(
        self,
        permissions: Mapping[str, str] | None = None,
        events: Iterable[str] | None = None,
    ) -> None:
        """Let the App ask for other permissions or events; what is granted stays as it is."""
        app = self.world.registered_app()
        app.permissions = dict(app.permissions if permissions is None else permissions)
        app.events = app.events if events is None else tuple(events)

    def set_webhook(
        self,
        *,
        url: str | None = None,
        content_type: str = "json",
        insecure_ssl: str = "0",
        has_secret: bool = True,
    ) -> None:
        """Change where the App's webhooks go, and what its settings say of how."""
        app = self.world.registered_app()
        self.world.webhook_url = self.world.webhook_url if url is None else url
        app.hook_content_type, app.hook_insecure_ssl = content_type, insecure_ssl
        app.has_hook_secret = has_secret

    def _register(
        self, permissions: Mapping[str, str], events: tuple[str, ...]
    ) -> AppRegistration:
        number = self.world.new_id()
        return AppRegistration(
            id=number,
            slug="signalbox",
            client_id=f"Iv23li{number:014d}",
            client_secret=f"{number:040x}",
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
