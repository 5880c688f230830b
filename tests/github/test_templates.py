"""Stories about templates and policies of organizations, read against a whole GitHub."""

from typing import Any

import pytest

from app.core.chores import CheckDefinitions, ReadRepository
from app.core.hearing.findings import File, RepositoryRead
from app.core.parse import parse
from app.core.values import Sha
from app.rehearsal.model.state import Repository
from tests.github.house import House
from tests.kit.build import document

pytestmark = pytest.mark.anyio
FOLDER = ".github/orchestrations"
POLICY = ".github/orchestration-policy.yml"
TEMPLATE = document("build", whole={"on": {"manual": {}}})
OPS = "acme/ops/.github/orchestrations/shared.yml"


def using(name: str) -> str:
    return f"version: 1\non: {{manual: {{}}}}\nuses: {name}\n"


async def read(here: House, name: str = "acme/release") -> RepositoryRead:
    command = ReadRepository(
        installation_id=here.installation.id, repository_id=here.repository_id(name)
    )
    found = await here.finding(command)
    assert isinstance(found, RepositoryRead)
    return found


async def user_of(here: House, name: str) -> File:
    """Return the definition that uses a template, as it is read."""
    here.github.push("acme/release", {f"{FOLDER}/user.yml": using(name)})
    return next(file for file in (await read(here)).definitions if "user" in file.path)


def codes(file: File) -> list[str]:
    return [problem.code.value for problem in parse(file.text, file.path)[1]]


async def test_a_template_beside_its_user_is_read_with_it(here: House) -> None:
    """The definition is whole, and another one when its template changes."""
    here.github.push("acme/release", {f"{FOLDER}/shared.yml": TEMPLATE})
    first = await user_of(here, "./shared.yml")
    here.github.push(
        "acme/release", {f"{FOLDER}/shared.yml": TEMPLATE.replace("Train", "Plane")}
    )
    second = next(it for it in (await read(here)).definitions if "user" in it.path)

    assert codes(first) == []
    assert first.text != second.text
    assert first.blob_sha != second.blob_sha


async def test_a_template_elsewhere_is_read_at_its_ref(here: House) -> None:
    """A repository that lets the definition in gives its template, pinned by a SHA once."""
    sha = here.github.push("acme/ops", {f"{FOLDER}/shared.yml": TEMPLATE})
    file = await user_of(here, f"{OPS}@{sha}")
    await read(here)

    assert codes(file) == []
    assert here.calls("GET", f"acme/ops/contents/{FOLDER}/shared.yml") == 1


@pytest.mark.parametrize(
    "name",
    [
        "./missing.yml",
        "acme/closed/.github/orchestrations/shared.yml@main",
        "acme/nowhere/.github/orchestrations/shared.yml@main",
        f"{OPS}@no-such-ref",
    ],
)
async def test_a_template_that_cannot_be_had_is_a_problem(here: House, name: str) -> None:
    """Without the template the definition is not in force, and its user is told."""
    here.github.push("acme/closed", {f"{FOLDER}/shared.yml": TEMPLATE})
    file = await user_of(here, name)

    assert codes(file) == ["template-missing"]


async def test_a_commit_s_check_knows_its_template(here: House) -> None:
    """A definition that uses a template of the same commit has no problem."""
    target = "acme/release/.github/workflows/deploy.yml"
    template = TEMPLATE.replace("acme/build/.github/workflows/run.yml", target)
    files = {f"{FOLDER}/user.yml": using("./shared.yml"), f"{FOLDER}/shared.yml": template}
    sha = here.github.push("acme/release", files, branch="change")
    await here.perform(
        CheckDefinitions(
            installation_id=here.installation.id,
            repository_id=here.repository_id("acme/release"),
            sha=Sha(sha),
            paths=tuple(files),
        )
    )
    repository: Repository = here.github.world.repository("acme/release")
    [run] = repository.check_runs.values()

    assert run.conclusion == "success"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"orchestration-policy.yml": "root", POLICY: "folder"}, "root"),
        ({POLICY: "folder"}, "folder"),
        ({"README.md": "x"}, None),
    ],
)
async def test_an_organization_s_policy_stands_at_the_root(
    here: House, files: dict[str, Any], found: str | None
) -> None:
    """Its own repository is asked for it there first, and then where others have theirs."""
    here.github.add_repository("acme/.github-private", files)
    here.installation.repository_ids = None

    assert (await read(here, "acme/.github-private")).policy == found
