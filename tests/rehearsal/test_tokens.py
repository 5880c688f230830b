"""Who may ask what: the App's JWT, installation tokens, and where they reach."""

import pytest

from app.rehearsal import Flavour
from tests.rehearsal.stage import NEW, PLAIN, R, Stage

pytestmark = pytest.mark.anyio


async def test_a_token_has_the_long_format_and_lives_an_hour() -> None:
    """An installation token is longer than 40 characters and worthless after an hour."""
    stage = Stage()
    minted = (await stage.mint()).json()
    before = await stage.ask("GET", R)
    await stage.github.advance(3600)
    after = await stage.ask("GET", R)

    assert minted["token"].startswith(f"ghs_{stage.github.app_id}_")
    assert len(minted["token"]) > 100
    assert before.status_code == 200
    assert (after.status_code, after.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "somebody"},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"iat": 4_000_000_000},
    ],
)
async def test_a_wrong_app_token_is_refused(changed: dict[str, object]) -> None:
    """A JWT of another App, too old, too long or from the future is answered 401."""
    stage = Stage()
    headers = {"authorization": f"Bearer {stage.app_token(**changed)}"}
    response = await stage.client.get("/app", headers=headers)

    assert response.status_code == 401


async def test_the_client_id_serves_as_issuer_too() -> None:
    """A JWT may name the App by its client id."""
    stage = Stage()
    token = stage.app_token(iss=stage.github.world.registered_app().client_id)
    response = await stage.client.get("/app", headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 200


async def test_each_kind_of_token_opens_its_own_doors_only() -> None:
    """A JWT reads no repository, and an installation token does not speak for the App."""
    stage = Stage()

    assert (await stage.ask_as_app("GET", R)).status_code == 401
    assert (await stage.ask("GET", "/app")).status_code == 401
    assert (await stage.client.get(R)).status_code == 401


async def test_a_token_narrowed_to_a_permission_may_do_no_more() -> None:
    """A token without a permission is answered 403, as GitHub words it."""
    stage = Stage()
    stage.token = (await stage.mint(permissions={"contents": "read"})).json()["token"]
    allowed = await stage.ask("GET", f"{R}/contents/README.md")
    refused = await stage.ask("POST", f"{R}/git/refs", {"ref": "refs/tags/v", "sha": "0" * 40})

    assert allowed.status_code == 200
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by integration"


async def test_a_token_narrowed_to_a_repository_does_not_see_others() -> None:
    """A private repository outside the token's scope does not exist for it."""
    stage = Stage()
    other = stage.github.add_repository("acme/other", {"a": "1"})
    by_name = await stage.mint(repositories=["other"])
    by_id = await stage.mint(repository_ids=[other.id])
    stage.token = by_name.json()["token"]

    assert [r["full_name"] for r in by_id.json()["repositories"]] == ["acme/other"]
    assert (await stage.ask("GET", "/repos/acme/other")).status_code == 200
    assert (await stage.ask("GET", R)).status_code == 404
    listed = (await stage.ask("GET", "/installation/repositories")).json()
    assert listed["total_count"] == 1


async def test_a_public_repository_may_be_read_but_not_changed_by_others() -> None:
    """What is public is open to any token for reading only."""
    stage = Stage()
    stage.github.add_repository("world/open", {"a": "1"}, is_private=False)
    read = await stage.ask("GET", "/repos/world/open/contents/a")
    write = await stage.ask("POST", "/repos/world/open/dispatches", {"event_type": "x"})

    assert (read.status_code, write.status_code) == (200, 403)


async def test_no_token_is_given_for_more_than_was_granted() -> None:
    """Asking for a permission or a repository beyond the installation is answered 422."""
    stage = Stage()
    stage.github.add_repository("world/open", {"a": "1"})
    more = await stage.mint(permissions={"administration": "write"})
    higher = await stage.mint(permissions={"members": "write"})
    elsewhere = await stage.mint(repositories=["open"])

    assert [r.status_code for r in (more, higher, elsewhere)] == [422, 422, 422]


async def test_a_suspended_installation_is_shut() -> None:
    """While suspended, tokens neither work nor are minted; afterwards they do again."""
    stage = Stage()
    await stage.ask("GET", R)
    stage.github.suspend(stage.installation)
    shut = [(await stage.ask("GET", R)).status_code, (await stage.mint()).status_code]
    stage.github.unsuspend(stage.installation)

    assert shut == [403, 403]
    assert (await stage.ask("GET", R)).status_code == 200


async def test_a_revoked_token_is_worthless() -> None:
    """DELETE /installation/token ends the token that asks."""
    stage = Stage()
    await stage.ask("DELETE", "/installation/token")

    assert (await stage.ask("GET", R)).status_code == 401


async def test_an_installation_on_some_repositories_covers_no_others() -> None:
    """R/installation is answered 404 where the App is not installed."""
    stage = Stage()
    stage.github.add_repository("acme/later", {"a": "1"})
    stage.installation.repository_ids = {stage.repository.id}

    assert (await stage.ask_as_app("GET", f"{R}/installation")).status_code == 200
    later = await stage.ask_as_app("GET", "/repos/acme/later/installation")
    assert later.status_code == 404


@pytest.mark.parametrize(
    ("flavour", "version", "status"),
    [
        (Flavour.CLOUD, "2022-11-28", 200),
        (Flavour.CLOUD, NEW, 200),
        (Flavour.CLOUD, "2019-01-01", 410),
        (Flavour.ENTERPRISE_SERVER, "2022-11-28", 200),
        (Flavour.ENTERPRISE_SERVER, NEW, 400),
    ],
)
async def test_an_api_version_is_known_or_refused(
    flavour: Flavour, version: str, status: int
) -> None:
    """GitHub answers 410 to a version it does not serve, an Enterprise Server 400."""
    stage = Stage(flavour)
    response = await stage.ask("GET", R, x_github_api_version=version)

    assert response.status_code == status


async def test_a_renamed_repository_redirects_by_its_id() -> None:
    """The old name leads to /repositories/ID, for reading and for writing."""
    stage = Stage()
    stage.github.add_repository("acme/old", {".github/workflows/plain.yml": PLAIN})
    renamed = stage.github.rename_repository("acme/old", "new")
    moved = await stage.ask("GET", "/repos/acme/old/contents/")
    url = f"{stage.github.api_url}/repositories/{renamed.id}/contents"
    followed = await stage.ask("GET", moved.headers["location"])

    assert (moved.status_code, moved.headers["location"]) == (301, url)
    assert followed.json()[0]["path"] == ".github"
    assert (await stage.ask("GET", "/repos/acme/new")).json()["full_name"] == "acme/new"


async def test_roles_and_teams_are_told() -> None:
    """Five roles are told in four words, and a team's members are known."""
    stage = Stage()
    role = (await stage.ask("GET", f"{R}/collaborators/hubot/permission")).json()
    member = (await stage.ask("GET", f"{R}/collaborators/mona/permission")).json()
    stranger = await stage.ask("GET", "/orgs/acme/teams/release/memberships/hubot")

    assert (role["permission"], role["role_name"]) == ("write", "maintain")
    assert member["permission"] == "read"
    assert stranger.status_code == 404
