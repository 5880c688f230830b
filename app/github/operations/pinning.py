"""Operations that read: which commits refs stand for, and what a file says."""

from collections.abc import Mapping
from typing import Final

from app.core.legs.refs import is_sha
from app.core.naming import definition_of
from app.core.values import Json, JsonObject, RepositoryName, Sha
from app.github import repositories
from app.github.client import Access
from app.github.errors import NotFoundError, UnprocessableError
from app.github.operations.arguments import Arguments, Refusal, repository_name
from app.github.operations.desk import Desk, Made
from app.github.webhooks import load_any, storable

REFS_MAX: Final = 50
# What is read becomes an output, which is kept with the orchestration for ever.
FILE_CHARACTERS_MAX: Final = 65_535


async def resolve_refs(desk: Desk, given: Arguments) -> Made:
    """Find out the commit of each `owner/repository@ref`, so that all tasks use the same.

    `override` puts a commit in place of the ref of whichever repository it is of. Outputs
    are `shas` by name, and `untrusted`: whether that commit is of a fork, or nobody knows.
    """
    refs = given.table("refs")
    if not refs or len(refs) > REFS_MAX:
        raise given.wrong("refs", f"must name 1 to {REFS_MAX} refs as owner/repository@ref")
    override = Arguments(desk.command.operation, given.table("override"))
    instead = override.text("repository", "").lower()
    sha = override.text("sha", "") if instead else ""
    if sha and not is_sha(sha):
        raise given.wrong("override", "must hold the SHA of a commit")
    shas: dict[str, Json] = {}
    untrusted = False
    for name, value in refs.items():
        repository, _, ref = value.partition("@") if isinstance(value, str) else ("", "", "")
        target = repository_name(repository, given, "refs")
        access = await desk.enter(target)
        if sha and target.lower() == instead:
            shas[name] = await _commit(desk, access, target, sha)
            untrusted = untrusted or not await _is_trusted(desk, access, Sha(sha))
        else:
            wanted = ref or await desk.consents.default_branch(access)
            shas[name] = await _commit(desk, access, target, wanted)
    return Made(outputs={"shas": shas, "untrusted": untrusted})


async def read_file(desk: Desk, given: Arguments) -> Made:
    """Read a text file, as JSON where it is some: its members by name, or the whole."""
    repository = given.repository("repository", desk.plan.origin.repository)
    path, ref = given.text("path"), given.text("ref", "")
    access = await desk.enter(repository)
    found = await repositories.read_file(desk.client, access, path, ref or None)
    if len(found.text) > FILE_CHARACTERS_MAX:
        message = f"{path} of {repository} is longer than {FILE_CHARACTERS_MAX} characters"
        raise Refusal("file-too-large", f"{message}: read a smaller file")
    content: Json = storable(found.text)
    try:
        content = load_any(found.text.encode())
    except (ValueError, RecursionError) as error:
        if path.endswith(".json"):
            message = f"{path} of {repository} is not JSON: {error}"
            raise Refusal("file-unreadable", f"{message}; mend it there") from error
    return Made(outputs=_asked_for(desk, content, found.blob_sha))


def _asked_for(desk: Desk, content: Json, sha: Sha) -> JsonObject:
    """Give what the task declares; one output of any other name is the whole."""
    whole: dict[str, Json] = {"content": content, "sha": sha}
    declared = tuple(definition_of(desk.plan.definition, desk.command.attempt.task).outputs)
    if not declared:
        return whole
    known = {**whole, **content} if isinstance(content, Mapping) else whole
    if len(declared) == 1 and declared[0] not in known:
        return {declared[0]: content}
    return {name: known[name] for name in declared if name in known}


async def _commit(desk: Desk, access: Access, repository: RepositoryName, ref: str) -> Sha:
    try:
        return await repositories.commit_of(desk.client, access, ref)
    except (NotFoundError, UnprocessableError) as error:
        message = f"{repository} has no branch, tag or commit {ref}: {error.message}"
        raise Refusal("ref-not-found", f"{message}; look at `refs` and `override`") from error


async def _is_trusted(desk: Desk, access: Access, sha: Sha) -> bool:
    """Tell whether somebody who may write there has brought a commit in.

    Either it is on a branch, or it is the head of a pull request from one. GitHub serves the
    commits of forks, too, as if they were the repository's own.
    """
    branch = await desk.consents.default_branch(access)
    if await repositories.is_on_branch(desk.client, access, sha, branch):
        return True
    listed = await repositories.list_pull_requests_of(desk.client, access, sha)
    return any(pull.head_sha == sha and not pull.is_fork for pull in listed)
