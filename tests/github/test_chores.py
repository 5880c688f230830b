"""Stories about what chores find out, told against a whole GitHub."""

import pytest

from app.core.chores import (
    CheckDefinitions,
    ListChangedFiles,
    ListInstallations,
    ListRepositories,
    ReadRepository,
)
from app.core.hearing.findings import (
    ChangedFilesListed,
    InstallationsListed,
    RepositoriesListed,
    RepositoryGone,
    RepositoryRead,
    RepositoryUnreadable,
)
from app.core.values import Sha
from app.github.chores import REFUSED_TIMES
from app.ports import Carried, Postponed
from app.rehearsal import CallFault
from tests.github.house import ACCEPTS, TRAIN, TRAIN_PATH, House

pytestmark = pytest.mark.anyio

GOOD = TRAIN.replace("run.yml", "deploy.yml") + "\n"
BROKEN = "version: 1\nname: Train\non: {manual: {}}\ntasks: {}\n"


def read(here: House, name: str = "acme/release") -> ReadRepository:
    return ReadRepository(
        installation_id=here.installation.id, repository_id=here.repository_id(name)
    )


async def test_installations_are_listed_without_those_suspended(here: House) -> None:
    """What is suspended can do nothing, so it counts as not there."""
    before = await here.finding(ListInstallations())
    here.github.suspend(here.installation)
    afterwards = await here.finding(ListInstallations())

    assert before == InstallationsListed(installation_ids=(here.installation.id,))
    assert afterwards == InstallationsListed(installation_ids=())


async def test_repositories_are_listed(here: House) -> None:
    """All that an installation covers is named."""
    found = await here.finding(ListRepositories(installation_id=here.installation.id))

    assert isinstance(found, RepositoriesListed)
    assert {r.name for r in found.repositories} == {
        "acme/release",
        "acme/api",
        "acme/plain",
        "acme/closed",
        "acme/ops",
    }


async def test_an_installation_that_is_gone_covers_nothing(here: House) -> None:
    """So all that was known of it is forgotten."""
    here.github.uninstall(here.installation)
    found = await here.finding(ListRepositories(installation_id=here.installation.id))

    assert found == RepositoriesListed(installation_id=here.installation.id, repositories=())


async def test_a_repository_is_read_at_one_commit(here: House) -> None:
    """Its definitions come with their blobs, and other files do not."""
    here.github.push("acme/release", {".github/orchestrations/README.md": "# not one\n"})
    found = await here.finding(read(here))

    assert isinstance(found, RepositoryRead)
    assert found.head_sha == here.github.world.repository("acme/release").head.sha
    assert [(file.path, file.text) for file in found.definitions] == [(TRAIN_PATH, TRAIN)]
    assert found.policy is None


async def test_a_policy_is_read_with_its_repository(here: House) -> None:
    """A repository without definitions may still have a policy."""
    found = await here.finding(read(here, "acme/api"))

    assert isinstance(found, RepositoryRead)
    assert (found.definitions, found.policy) == ((), ACCEPTS)


async def test_a_definition_is_read_once_for_each_blob(here: House) -> None:
    """What has not changed is not read again at the next commit."""
    await here.finding(read(here))
    here.github.push("acme/release", {"other.txt": "x"})
    await here.finding(read(here))

    assert here.calls("GET", f"contents/{TRAIN_PATH}") == 1


async def test_a_renamed_repository_is_read_under_its_new_name(here: House) -> None:
    """The id is what counts."""
    command = read(here)
    here.github.rename_repository("acme/release", "trains")
    found = await here.finding(command)

    assert isinstance(found, RepositoryRead)
    assert found.repository.name == "acme/trains"


async def test_a_repository_that_is_not_ours_any_more_is_gone(here: House) -> None:
    """If the installation does not cover it, it is forgotten."""
    command = read(here)
    here.installation.repository_ids = {here.repository_id("acme/api")}

    assert await here.finding(command) == RepositoryGone(
        installation_id=here.installation.id, repository_id=command.repository_id
    )


async def test_a_github_in_trouble_only_delays_a_chore(here: House) -> None:
    """Trouble is no finding: nothing is forgotten for it."""
    here.github.world.faults.plan_call(CallFault.ERROR_BEFORE, path="/contents/", times=3)

    assert isinstance(await here.perform(read(here)), Postponed)
    assert isinstance(await here.finding(read(here)), RepositoryRead)


async def test_a_repository_that_may_not_be_read_is_known_to_be_so(here: House) -> None:
    """The permission is missing: what waits for the reading need not wait any longer."""
    granted = dict(here.installation.permissions)
    del granted["contents"]
    here.github.set_permissions(here.installation, granted)
    command = read(here)
    found = await here.finding(command)

    assert isinstance(found, RepositoryUnreadable)
    assert found.repository_id == command.repository_id
    assert "does not grant Contents: read" in found.why
    assert found.until > here.github.clock.now()


async def test_a_refusal_is_believed_when_it_is_repeated(here: House) -> None:
    """GitHub may be wrong for a moment; after half a minute nothing waits for it any more."""
    here.github.faults.plan_call(
        CallFault.ERROR_BEFORE, path="/git/ref/", times=REFUSED_TIMES, status=403
    )
    outcomes = [await here.perform(read(here)) for _ in range(REFUSED_TIMES + 1)]
    known = [each.findings[0] for each in outcomes if isinstance(each, Carried)]

    assert [type(it) for it in outcomes[:-2]] == [Postponed] * (REFUSED_TIMES - 1)
    assert [type(it) for it in known] == [RepositoryUnreadable, RepositoryRead]


# --- checks of definitions --------------------------------------------------------------------


def check(here: House, sha: str, *paths: str, number: int | None = None) -> CheckDefinitions:
    return CheckDefinitions(
        installation_id=here.installation.id,
        repository_id=here.repository_id("acme/release"),
        sha=Sha(sha),
        paths=paths,
        pull_request=number,
    )


@pytest.mark.parametrize(("text", "conclusion"), [(GOOD, "success"), (BROKEN, "failure")])
async def test_a_commit_learns_what_is_wrong_with_it(
    here: House, text: str, conclusion: str
) -> None:
    """The check of a commit says whether its definitions are fine, beside the lines."""
    sha = here.github.push("acme/release", {TRAIN_PATH: text}, branch="change")
    outcome = await here.perform(check(here, sha, TRAIN_PATH))

    [run] = here.github.world.repository("acme/release").check_runs.values()
    assert outcome == Carried()
    assert (run.head_sha, run.conclusion) == (sha, conclusion)
    assert bool(run.annotations) is (conclusion == "failure")


async def test_the_pull_request_of_a_fork_is_checked_too(here: House) -> None:
    """Of a fork's commits nobody tells us, so the files of the pull request are asked for."""
    here.github.fork("acme/release", "mona")
    pull = here.github.open_pull_request(
        "acme/release", {TRAIN_PATH: BROKEN}, fork="mona/release", author="mona"
    )
    await here.perform(check(here, pull.head_sha, number=pull.number))

    [run] = here.github.world.repository("acme/release").check_runs.values()
    assert run.conclusion == "failure"


async def test_a_commit_that_only_removes_needs_no_check(here: House) -> None:
    """Nothing is left to be wrong."""
    sha = here.github.push("acme/release", {TRAIN_PATH: None}, branch="change")
    outcome = await here.perform(check(here, sha, TRAIN_PATH))

    assert outcome == Carried()
    assert not here.github.world.repository("acme/release").check_runs


async def test_a_check_whose_creation_is_in_doubt_is_not_made_twice(here: House) -> None:
    """After a lost answer it is looked for first."""
    here.github.world.faults.plan_call(CallFault.ERROR_AFTER, path="/check-runs$")
    sha = here.github.push("acme/release", {TRAIN_PATH: TRAIN + "\n"}, branch="change")
    first = await here.perform(check(here, sha, TRAIN_PATH))
    second = await here.perform(check(here, sha, TRAIN_PATH))

    assert isinstance(first, Postponed)
    assert second == Carried()
    assert len(here.github.world.repository("acme/release").check_runs) == 1


# --- changed files ----------------------------------------------------------------------------


def changed(here: House, base: str, head: str, number: int | None = None) -> ListChangedFiles:
    return ListChangedFiles(
        installation_id=here.installation.id,
        repository_id=here.repository_id("acme/release"),
        delivery_id="d1",
        number=number,
        base=base,
        head=head,
    )


async def test_the_files_between_two_commits_are_listed(here: House) -> None:
    """From what was there to what is there now."""
    base = here.github.world.repository("acme/release").head.sha
    here.github.push("acme/release", {"a.txt": "x"})
    head = here.github.push("acme/release", {"b.txt": "x"})
    found = await here.finding(changed(here, base, head))

    assert found == ChangedFilesListed(delivery_id="d1", files=("a.txt", "b.txt"))


@pytest.mark.parametrize("base", ["main", "0" * 40, "f" * 40])
async def test_a_new_or_forced_branch_is_compared_with_the_default_one(
    here: House, base: str
) -> None:
    """Where the old end is none, or not there any more, the default branch stands for it."""
    head = here.github.push("acme/release", {"a.txt": "x"}, branch="topic")

    assert await here.finding(changed(here, base, head)) == ChangedFilesListed(
        delivery_id="d1", files=("a.txt",)
    )


async def test_the_files_of_a_pull_request_are_listed(here: House) -> None:
    """All that it changes, whatever its commits."""
    pull = here.github.open_pull_request("acme/release", {"a.txt": "x", "b/c.txt": "y"})
    found = await here.finding(changed(here, "", "", pull.number))

    assert found == ChangedFilesListed(delivery_id="d1", files=("a.txt", "b/c.txt"))


async def test_a_delivery_does_not_wait_for_what_is_not_there(here: House) -> None:
    """If GitHub knows of no such commit, nothing was changed."""
    found = await here.finding(changed(here, "f" * 40, "e" * 40))

    assert found == ChangedFilesListed(delivery_id="d1", files=())
