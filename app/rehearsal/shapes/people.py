"""Accounts, repositories, the App and its installations, as GitHub's JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import quote

from app.rehearsal.model.state import (
    Account,
    AppRegistration,
    Installation,
    Repository,
    Team,
)

Shape: TypeAlias = dict[str, Any]

# The app behind the check suites of workflow runs: https://github.com/apps/github-actions
ACTIONS_APP_ID = 15368

REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the rehearsal is: the address of its API and that of its pages."""

    api: str = "https://api.github.com"
    web: str = "https://github.com"


def instant(moment: datetime) -> str:
    """Return a moment as GitHub writes it, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_or_none(moment: datetime | None) -> str | None:
    """Return a moment as GitHub writes it, or null."""
    return None if moment is None else instant(moment)


def account(at: Addresses, who: Account) -> Shape:
    """Return a `simple-user`."""
    if who.shape is None:
        url = f"{at.api}/users/{quote(who.login)}"
        page = who.login if who.type != "Bot" else f"apps/{who.login.removesuffix('[bot]')}"
        who.shape = {
            "login": who.login,
            "id": who.id,
            "node_id": f"U_{who.id}",
            "avatar_url": f"{at.web}/avatars/u/{who.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{at.web}/{page}",
            "followers_url": f"{url}/followers",
            "following_url": f"{url}/following{{/other_user}}",
            "gists_url": f"{url}/gists{{/gist_id}}",
            "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
            "subscriptions_url": f"{url}/subscriptions",
            "organizations_url": f"{url}/orgs",
            "repos_url": f"{url}/repos",
            "events_url": f"{url}/events{{/privacy}}",
            "received_events_url": f"{url}/received_events",
            "type": who.type,
            "user_view_type": "public",
            "site_admin": False,
        }
    return who.shape


def public_user(at: Addresses, who: Account) -> Shape:
    """Return a `public-user`: somebody as they show themselves."""
    # GitHub tells nobody when an account of a rehearsal was made, so it is as old as GitHub.
    opened = "2008-04-10T00:00:00Z"
    about = dict.fromkeys(
        ("name", "company", "location", "hireable", "bio", "twitter_username")
    )
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    return {
        **account(at, who),
        **about,
        **counts,
        "blog": "",
        "email": who.email,
        "created_at": opened,
        "updated_at": opened,
    }


def organization(at: Addresses, who: Account) -> Shape:
    """Return an `organization-simple`."""
    url = f"{at.api}/orgs/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": f"O_{who.id}",
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{at.web}/avatars/u/{who.id}",
        "description": None,
    }


def minimal_repository(at: Addresses, repository: Repository) -> Shape:
    """Return a `minimal-repository`."""
    found = repository.shapes.get("minimal")
    if found is None:
        url = f"{at.api}/repos/{repository.full_name}"
        found = {
            "id": repository.id,
            "node_id": f"R_{repository.id}",
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.is_private,
            "owner": account(at, repository.owner),
            "html_url": f"{at.web}/{repository.full_name}",
            "description": None,
            "fork": repository.parent is not None,
            "url": url,
            **{name: url + tail for name, tail in REPOSITORY_LINKS.items()},
        }
        repository.shapes["minimal"] = found
    return found


def full_repository(at: Addresses, repository: Repository) -> Shape:
    """Return a `full-repository`, which is a `repository` too."""
    found = repository.shapes.get("full")
    if found is None:
        web = f"{at.web}/{repository.full_name}"
        host = at.web.split("://", 1)[1]
        found = {
            **minimal_repository(at, repository),
            "git_url": f"git://{host}/{repository.full_name}.git",
            "ssh_url": f"git@{host}:{repository.full_name}.git",
            "clone_url": f"{web}.git",
            "svn_url": web,
            "homepage": None,
            "size": 1,
            "stargazers_count": 0,
            "watchers_count": 0,
            "language": None,
            "has_issues": True,
            "has_projects": False,
            "has_downloads": False,
            "has_wiki": False,
            "has_pages": False,
            "has_discussions": False,
            "forks_count": 0,
            "mirror_url": None,
            "archived": False,
            "disabled": False,
            "open_issues_count": 0,
            "license": None,
            "allow_forking": True,
            "is_template": False,
            "web_commit_signoff_required": False,
            "topics": [],
            "visibility": "private" if repository.is_private else "public",
            "forks": 0,
            "open_issues": 0,
            "watchers": 0,
            "network_count": 0,
            "subscribers_count": 0,
            "created_at": instant(repository.created_at),
        }
        repository.shapes["full"] = found
    pushed_at = instant(repository.pushed_at or repository.created_at)
    return {
        **found,
        "default_branch": repository.default_branch,
        "pushed_at": pushed_at,
        "updated_at": pushed_at,
    }


def integration(at: Addresses, app: AppRegistration) -> Shape:
    """Return the App as an `integration`."""
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": f"A_{app.id}",
        "owner": account(at, app.owner),
        "name": app.slug,
        "description": None,
        "external_url": f"{at.web}/apps/{app.slug}",
        "html_url": f"{at.web}/apps/{app.slug}",
        "created_at": instant(app.created_at),
        "updated_at": instant(app.created_at),
        "permissions": dict(app.permissions),
        "events": list(app.events),
    }


def installation(at: Addresses, app: AppRegistration, which: Installation) -> Shape:
    """Return an `installation`."""
    api = f"{at.api}/app/installations/{which.id}"
    owner = which.account.login
    return {
        "id": which.id,
        "client_id": app.client_id,
        "account": account(at, which.account),
        "repository_selection": "all" if which.repository_ids is None else "selected",
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": f"{at.api}/installation/repositories",
        "html_url": f"{at.web}/organizations/{owner}/settings/installations/{which.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": which.account.id,
        "target_type": which.account.type,
        "permissions": dict(which.permissions),
        "events": list(app.events),
        "created_at": instant(which.created_at),
        "updated_at": instant(which.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if which.suspended_at is None else account(at, which.account),
        "suspended_at": instant_or_none(which.suspended_at),
    }


def installed_repositories(repositories: Iterable[Repository]) -> list[Shape]:
    """Return the short list of repositories that the installation webhooks carry."""
    return [
        {
            "id": repository.id,
            "node_id": f"R_{repository.id}",
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.is_private,
        }
        for repository in repositories
    ]


def team_membership(
    at: Addresses, organisation: Account, team: Team, login: str, role: str
) -> Shape:
    """Return a `team-membership`."""
    url = f"{at.api}/organizations/{organisation.id}/team/{team.id}/memberships/{login}"
    return {"url": url, "role": role, "state": "active"}


def collaborator_permission(at: Addresses, who: Account, role: str) -> Shape:
    """Return a `repository-collaborator-permission`: five roles told in four words."""
    # https://docs.github.com/rest/collaborators/collaborators
    permission = {"maintain": "write", "triage": "read"}.get(role, role)
    rights = ["pull", "triage", "push", "maintain", "admin"]
    reach = {"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}[role]
    return {
        "permission": permission,
        "role_name": role,
        "user": {
            **account(at, who),
            "email": who.email,
            "role_name": role,
            "permissions": {right: place < reach for place, right in enumerate(rights)},
        },
    }
