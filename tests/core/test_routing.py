"""What a delivery concerns: which definitions it starts, what is read anew, and why not."""

from typing import Any

import pytest

from app.core.chores import CheckDefinitions, ListChangedFiles, ListRepositories, ReadRepository
from app.core.routing import Answer, Routed, Verdict, is_ours, wanted
from app.github.webhooks import read
from tests.core.routed import (
    HEAD,
    NEXT,
    RUN,
    covered,
    entry,
    heard_of,
    proposed,
    pushed,
    routed,
)


def started(
    on: str, event: str, payload: dict[str, Any], files: tuple[str, ...] | None = None
) -> bool:
    """Tell whether a definition that listens to `on` is started."""
    return bool(routed(event, payload, entry(on), files=files).starts)


def why_not(on: str, event: str, payload: dict[str, Any]) -> str:
    """Return why a definition was not started."""
    [note] = routed(event, payload, entry(on)).notes
    return note


@pytest.mark.parametrize(
    ("on", "event", "payload"),
    [
        ("push", "push", pushed()),
        ("{push: {branches: [main]}}", "push", pushed()),
        ("{push: {tags: ['v*']}}", "push", pushed("refs/tags/v1")),
        ("{push: {paths: ['src/**']}}", "push", pushed("refs/heads/x", "src/a.py")),
        ("{push: {paths-ignore: ['docs/**']}}", "push", pushed("refs/heads/x", "src/a.py")),
        ("{push: {tags: ['v*'], paths: ['src/**']}}", "push", pushed("refs/tags/v1")),
        ("{push: {if: 'event.after != event.before'}}", "push", pushed()),
        ("pull_request", "pull_request", proposed()),
        ("{pull_request: {branches: [main]}}", "pull_request", proposed()),
        (
            "{workflow_run: {workflows: [CI], branches: [main]}}",
            "workflow_run",
            heard_of(
                "workflow_run", action="completed", workflow_run=RUN, workflow={"name": "CI"}
            ),
        ),
        (
            "{release: {types: [published]}}",
            "release",
            heard_of("release", action="published", release={"tag_name": "v1"}),
        ),
        (
            "{repository_dispatch: {types: [ship]}}",
            "repository_dispatch",
            heard_of("repository_dispatch", action="ship"),
        ),
        (
            "{release: {repositories: ['acme/*']}}",
            "release",
            heard_of("release", repository=2, name="acme/api", action="published"),
        ),
    ],
)
def test_what_passes_every_filter_starts(on: str, event: str, payload: dict[str, Any]) -> None:
    """A definition is started by what it listens to."""
    assert started(on, event, payload)


@pytest.mark.parametrize(
    ("on", "event", "payload", "why"),
    [
        ("{push: {branches: [next]}}", "push", pushed(), "does not pass its filters"),
        ("push", "push", pushed(deleted=True), "the ref was deleted"),
        ("push", "push", pushed("refs/tags/signalbox/sb-1-2"), "the short-lived tag"),
        ("{push: {paths: ['src/**']}}", "push", pushed("refs/heads/x", "a.md"), "`paths`"),
        ("{push: {if: 'false'}}", "push", pushed(), "`if` does not hold"),
        ("{push: {if: 'event.no.such > 1'}}", "push", pushed(), "`if` has no value"),
        ("pull_request", "pull_request", proposed("closed"), "not among its `types`"),
        ("pull_request", "pull_request", proposed("edited"), "not among its `types`"),
        (
            "{pull_request: {types: [opened]}}",
            "pull_request",
            proposed("edited", changes={"base": {"ref": {"from": "next"}}}),
            "not among its `types`",
        ),
        ("pull_request", "pull_request", proposed(head=99), "comes from a fork"),
        (
            "{pull_request: {branches: [next]}}",
            "pull_request",
            proposed(),
            "main does not pass",
        ),
        ("pull_request", "pull_request", heard_of("", action="opened"), "no pull request"),
        (
            "{workflow_run: {workflows: [CI]}}",
            "workflow_run",
            heard_of("", action="completed", workflow_run=RUN, workflow={"name": "Other"}),
            "not among its `workflows`",
        ),
        (
            "{workflow_run: {workflows: [CI]}}",
            "workflow_run",
            heard_of("", action="completed", workflow_run=RUN),
            "not among its `workflows`",
        ),
        (
            "{workflow_run: {workflows: [CI], branches: [next]}}",
            "workflow_run",
            heard_of("", action="completed", workflow_run=RUN, workflow={"name": "CI"}),
            "main does not pass",
        ),
        (
            "{workflow_run: {workflows: [CI]}}",
            "workflow_run",
            heard_of("", action="completed", workflow={"name": "CI"}),
            "no workflow run",
        ),
        (
            "{release: {repositories: ['acme/web']}}",
            "release",
            heard_of("", action="published"),
            "does not listen to acme/release",
        ),
    ],
)
def test_what_fails_a_filter_starts_nothing_and_says_why(
    on: str, event: str, payload: dict[str, Any], why: str
) -> None:
    """Each refusal names what did not pass."""
    assert not started(on, event, payload)
    assert why in why_not(on, event, payload)


def test_a_definition_hears_only_its_own_repository_unless_it_names_others() -> None:
    """Without `repositories` a definition is not even asked about another repository."""
    payload = heard_of("release", repository=2, name="acme/api", action="published")

    assert routed("release", payload, entry("release")) == Routed()


def test_a_definition_that_does_not_listen_to_an_event_says_so() -> None:
    """As `signalbox plan` asks, which looks at one definition whatever it listens to."""
    heard = read("release", heard_of("release", action="published"))

    verdict = wanted(entry("push"), heard, covered(), None)

    assert verdict == Verdict(answer=Answer.NO, why="it does not listen to `release`")


def test_a_definition_with_two_filters_of_an_event_needs_one_to_pass() -> None:
    """The reasons of all are told where none passes."""
    both = entry("{release: {types: [published]}}")

    found = routed("release", heard_of("", action="created"), both)

    assert found.starts == ()
    assert found.notes == ("acme/release/train: `created` is not among its `types`",)


def test_unknown_files_are_asked_for_before_anything_starts() -> None:
    """A pull request with `paths` comes back with its files; then it is judged."""
    watching = entry("{pull_request: {paths: ['src/**']}}")

    asked = routed("pull_request", proposed(), watching)
    there = routed("pull_request", proposed(), watching, files=("src/a.py",))
    not_there = routed("pull_request", proposed(), watching, files=("docs/a.md",))

    [command] = asked.chores
    assert isinstance(command, ListChangedFiles)
    assert (command.number, command.delivery_id, asked.starts) == (5, "guid", ())
    assert len(there.starts) == 1
    assert not_there.starts == ()


@pytest.mark.parametrize(("created", "base"), [(True, "main"), (False, HEAD)])
def test_the_files_of_a_strange_push_are_asked_for(created: bool, base: str) -> None:
    """A forced push is compared with what was, a new branch with the default branch."""
    payload = pushed("refs/heads/x", forced=not created, created=created)

    [command] = routed("push", payload, entry("{push: {paths: ['src/**']}}")).chores

    assert isinstance(command, ListChangedFiles)
    assert (command.base, command.head) == (base, NEXT)


def test_a_push_of_definitions_is_checked_and_read() -> None:
    """On the default branch they come into force; on any branch their problems are shown."""
    path = ".github/orchestrations/train.yml"

    on_main = routed("push", pushed("refs/heads/main", path, "README.md"))
    on_branch = routed("push", pushed("refs/heads/x", path))
    of_tag = routed("push", pushed("refs/tags/v1", path))

    assert [type(each) for each in on_main.chores] == [ReadRepository, CheckDefinitions]
    assert on_main.head == (1, NEXT)
    [check] = on_branch.chores
    assert isinstance(check, CheckDefinitions)
    assert (check.paths, check.sha, check.key) == ((path,), NEXT, f"check-definitions/{NEXT}")
    assert (on_branch.head, of_tag.chores) == (None, ())


def test_a_forced_push_to_the_default_branch_is_read_whatever_it_names() -> None:
    """What its commits name is not all that changed."""
    [read_again] = routed("push", pushed(forced=True)).chores

    assert read_again == ReadRepository(installation_id=7, repository_id=1)


@pytest.mark.parametrize(
    ("name", "is_read"), [(".github-private", True), (".github", True), ("release", False)]
)
def test_an_organization_s_policy_is_read_when_it_changes(name: str, is_read: bool) -> None:
    """It stands at the root of the repositories that are for such things, and of no other."""
    file = "orchestration-policy.yml"

    assert is_ours(file, f"acme/{name}") is is_read
    assert is_ours(f".github/{file}", f"acme/{name}")


def test_a_deleted_default_branch_is_no_new_head() -> None:
    """Nothing is read from what is gone."""
    assert routed("push", pushed(deleted=True)) == Routed()


def test_definitions_in_a_pull_request_of_a_fork_are_checked_by_its_number() -> None:
    """Nobody tells us of pushes to a fork."""
    opened = routed("pull_request", proposed(head=99))
    closed = routed("pull_request", proposed("closed", head=99))

    [check] = opened.chores
    assert isinstance(check, CheckDefinitions)
    assert (check.pull_request, check.sha) == (5, NEXT)
    assert closed.chores == ()


def test_installations_are_listed_anew_rather_than_believed() -> None:
    """Payloads about what was added are empty when everything is."""
    payload = {"action": "created", "installation": {"id": 7}}

    assert routed("installation", payload).chores == (ListRepositories(installation_id=7),)
    assert routed("installation", {**payload, "action": "deleted"}).gone == 7
    assert routed("installation", {"action": "created"}) == Routed()


def test_a_repository_we_do_not_know_makes_us_ask() -> None:
    """It may have been added while nobody listened."""
    payload = pushed()
    payload["repository"] = {"id": 99, "full_name": "acme/new", "default_branch": "main"}

    assert routed("push", payload).chores == (ListRepositories(installation_id=7),)
    assert routed("push", {**payload, "installation": None}) == Routed()
    assert routed("push", {"ref": "x"}) == Routed()


def test_a_renamed_repository_is_read() -> None:
    """Ids are keys, names are a cache."""
    payload = heard_of("repository", action="renamed")

    assert routed("repository", payload).chores == (
        ReadRepository(installation_id=7, repository_id=1),
    )


def test_a_repository_of_which_another_installation_speaks_has_moved() -> None:
    """What follows goes by that one at once, and all that it covers is read anew."""
    payload = {**heard_of("repository", action="transferred"), "installation": {"id": 8}}

    assert routed("repository", payload).chores == (
        ListRepositories(installation_id=8),
        ReadRepository(installation_id=8, repository_id=1),
    )


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        (".github/orchestration-policy.yml", True),
        (".github/orchestrations/a.yaml", True),
        (".github/orchestrations/deep/a.yml", False),
        (".github/orchestrations/README.md", False),
        ("orchestrations/a.yml", False),
    ],
)
def test_our_files_are_known_by_their_place(path: str, is_one: bool) -> None:
    """Definitions and the policy, and nothing beside them."""
    assert is_ours(path) is is_one
