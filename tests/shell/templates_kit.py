"""What stories about `signalbox templates` share: an organisation, and a way to offer there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from app.cli.offering_templates import BRANCH, Wish, offer_with
from app.cli.saying import Refused, complain
from app.cli.shipped_templates import Template, shipped
from app.rehearsal import Flavour, Rehearsal, WallClock, serve_in_thread
from app.rehearsal.model.state import Commit, PullRequest, Repository
from tests.kit.judge import CLOUD, ENTERPRISE_SERVER, Judge
from tests.shell.cli_kit import Said

HOME = "acme/.github"
PROPERTIES, WORKFLOW = (each.path for each in shipped())


class Desk:
    """Where mona, who may write to `acme/.github`, calls the command."""

    def __init__(self, github: Rehearsal, capture: pytest.CaptureFixture[str]) -> None:
        self.github = github
        self._capture = capture
        self.environ = {
            "GITHUB_TOKEN": github.personal_token("mona"),
            "GITHUB_API_URL": github.api_url,
        }

    def offer(
        self,
        *,
        as_json: bool = True,
        organization: str = "acme",
        repository: str = ".github",
        server_url: str = "",
        action: str = "",
        is_dry_run: bool = False,
        environ: Mapping[str, str] | None = None,
        timeout_seconds: int = 30,
    ) -> Said:
        """Call it, with some settings changed. The token is never in what it prints."""
        self._capture.readouterr()
        given = {**self.environ, **(environ or {})}
        wish = Wish(
            organization=organization,
            repository=repository,
            server_url=server_url,
            action=action,
            is_dry_run=is_dry_run,
        )
        try:
            code = offer_with(given, wish, as_json=as_json, timeout_seconds=timeout_seconds)
        except Refused as refused:
            # As `run` does it, which takes the environment of the whole process.
            complain(refused.message, refused.remedy)
            code = refused.code
        printed = self._capture.readouterr()
        token = given["GITHUB_TOKEN"].strip()
        assert not token or token not in printed.out + printed.err
        return Said(code, printed.out, printed.err)

    @property
    def home(self) -> Repository:
        return self.github.world.repository(HOME)

    @property
    def pulls(self) -> list[PullRequest]:
        return list(self.home.pulls.values())

    @property
    def branch(self) -> Commit:
        """The last commit of the branch that the pull request comes from."""
        return self.home.commits[self.home.refs[f"heads/{BRANCH}"]]

    def text(self, commit: Commit, path: str) -> str:
        return self.home.blobs[commit.tree[path]].decode()

    @property
    def writes(self) -> list[str]:
        """What was written, if it was done."""
        return [
            f"{call.method} {call.path.removeprefix(f'/repos/{HOME}')}"
            for call in self.github.calls
            if call.method != "GET" and call.is_done
        ]


@contextmanager
def desk(
    capture: pytest.CaptureFixture[str], flavour: Flavour = Flavour.CLOUD
) -> Iterator[Desk]:
    """Open an organisation on a rehearsed GitHub, judged by its own description."""
    github = Rehearsal(clock=WallClock(), flavour=flavour)
    github.add_organization("acme", ["mona", "hubot"])
    github.add_repository(
        HOME,
        {"README.md": "# acme\n", "workflow-templates/lint.yml": "on: push\n"},
        is_private=False,
        roles={"mona": "write"},
    )
    judge = Judge(github.asgi, CLOUD if flavour is Flavour.CLOUD else ENTERPRISE_SERVER)
    with serve_in_thread(github, app=judge):
        yield Desk(github, capture)
    judge.check()


def files(said: Said) -> dict[str, str]:
    """Return the state of each file, by path."""
    return {each["path"]: each["state"] for each in said.json["files"]}


def as_files(templates: tuple[Template, ...]) -> dict[str, str]:
    """Return templates as they would be pushed."""
    return {each.path: each.text for each in templates}


def differing(old: Commit, new: Commit) -> set[str]:
    """Return the paths at which two commits differ."""
    return {p for p in {*old.tree, *new.tree} if old.tree.get(p) != new.tree.get(p)}
