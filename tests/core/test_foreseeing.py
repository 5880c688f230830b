"""What a changed policy would do to orchestrations that are under way."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.policies.foreseeing import Effect, Proposed, foresee, told
from app.core.values import RepositoryName
from tests.core.at_environments import rule
from tests.kit.build import START
from tests.kit.stage import Stage, graph

TARGET = "acme/api/.github/workflows/deploy.yml@main"
DEPLOY = {"dispatch": TARGET, "environment": "production", "retry": {"max-attempts": 5}}
ASK = {"approval": {"rules": [{"require": [{"users": ["mona"]}]}]}}
CALENDAR = "calendars: {quiet: {timezone: UTC, closed: [%s]}}"
ALWAYS = "{from: 2020-01-01T00:00, to: 2090-01-01T00:00}"
NEVER = "{from: 2020-01-01T00:00, to: 2020-01-02T00:00}"
ACCEPTS = "version: 1\naccept: [{from: acme/release}]\n"


def organization(*parts: str) -> str:
    return f"{{version: 1, organization: {{{', '.join(parts)}}}}}"


def rules(*each: str) -> str:
    return f"rules: [{', '.join(each)}]"


def stage(**tasks: Any) -> Stage:
    return Stage.of(graph(tasks or {"deploy": DEPLOY, "sign_off": ASK}))


def effects(
    after: str | None, before: str | None = None, of: Stage | None = None, **changes: Any
) -> list[str]:
    """Say what would change, without whose it is."""
    given = {"repository": RepositoryName("acme/.github"), "is_organizations": True, **changes}
    proposed = Proposed(before=before, after=after, **given)
    found = foresee(proposed, [(of or stage()).state], START)
    return [f"{each.text}{'' if each.is_enforced else ' (told)'}" for each in found]


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (None, []),
        (organization(), []),
        (
            organization(rules("{name: no, deny: never}")),
            [
                "`deploy` would be denied by `no`: never",
                "the gate `sign_off` would be shut by `no`",
            ],
        ),
        (
            organization(rules("{name: no, deny: never, mode: evaluate}")),
            [
                "`deploy` would be denied by `no`: never (told)",
                "the gate `sign_off` would be shut by `no` (told)",
            ],
        ),
        (
            organization(
                rules("{name: no, deny: never, applies-to: {environments: [staging]}}")
            ),
            [],
        ),
        (
            organization(rules("{calendars: [quiet]}"), CALENDAR % ALWAYS),
            ["`deploy` would wait for the calendar `quiet`, which is closed now"],
        ),
        (
            organization(rules("{calendars: [quiet]}"), CALENDAR % NEVER),
            ["`deploy` would wait for the calendar `quiet`"],
        ),
        (organization("max-attempts: 3"), ["`deploy` would be tried 3 times at most"]),
        (organization("max-attempts: 9"), []),
        (
            organization(
                rules("{name: two, require: [{teams: [acme/sre]}]}",
                      "{name: other, when: 'false', require: [{teams: [acme/qa]}]}")
            ),
            ["the gate `sign_off` would ask for `two`, too"],
        ),
    ],
)  # fmt: skip
def test_what_a_policy_adds_is_told(after: str | None, found: list[str]) -> None:
    """Of dispatches and of open gates, enforced or only evaluated."""
    assert effects(after) == found


def test_what_was_so_before_is_no_change() -> None:
    """Only the difference is told."""
    same = organization(
        rules("{deny: never}", "{calendars: [quiet]}", "{require: [{users: [eve]}]}"),
        CALENDAR % ALWAYS,
        "max-attempts: 2",
    )

    assert effects(same, same) == []


def test_what_has_ended_or_goes_elsewhere_is_not_concerned() -> None:
    """Nor is what another organisation owns, or only an expression tells."""
    denies = organization(rules("{name: no, deny: never}"))
    ended = stage(deploy=DEPLOY)
    ended.run("deploy")
    half = stage(deploy=DEPLOY, prove={"dispatch": TARGET})
    half.run("deploy")
    dark = stage(deploy={"dispatch": "${{ repository }}/.github/workflows/a.yml@main"})
    other = {"repository": RepositoryName("other/.github")}

    assert effects(denies, of=ended) == []
    assert effects(denies, of=half) == ["`prove` would be denied by `no`: never"]
    assert effects(denies, of=dark) == []
    assert effects(denies, **other) == []


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (ACCEPTS, None, ["`deploy` would not be let in here any more"]),
        (ACCEPTS, "version: 1\n", ["`deploy` would not be let in here any more"]),
        (ACCEPTS, ACCEPTS, []),
        (None, None, []),
        (None, ACCEPTS, []),
    ],
)
def test_who_is_let_in_no_more_is_told(
    before: str | None, after: str | None, found: list[str]
) -> None:
    """Of the repository whose policy it is."""
    api = {"repository": RepositoryName("acme/api"), "is_organizations": False}
    web = {"repository": RepositoryName("acme/web"), "is_organizations": False}

    assert effects(after, before, **api) == found
    assert effects(after, before, **web) == []


def test_it_is_told_as_markdown() -> None:
    """With what is only evaluated marked so, and cut where it is too long."""
    one = Effect(title="train #1", text="`deploy` would be denied")
    two = Effect(title="train #2", text="`deploy` would be denied", is_enforced=False)
    many = [Effect(title=f"train #{number}", text="x" * 1_000) for number in range(100)]

    assert told([], 3) == "Nothing would change for the 3 orchestrations that are under way."
    assert told([one, two], 2).endswith("— only reported, by `mode: evaluate`")
    assert "more" in told(many, 100).rpartition("\n")[2]


def test_what_is_written_started_or_let_go_is_concerned_too() -> None:
    """A call, a child, and a workflow run that waits at an environment; not what only reads."""
    child = "acme/release/.github/orchestrations/other.yml"
    tasks = {
        "tell": {"needs": ["sign_off"], "github": "issue.create", "with": {"title": "a"}},
        "there": {"needs": ["sign_off"], "github": "issue.create",
                  "with": {"title": "a", "repository": "acme/ops"}},
        "dark": {"needs": ["sign_off"], "github": "issue.create",
                 "with": {"title": "a", "repository": "${{ repository }}"}},
        "read": {"needs": ["sign_off"], "github": "file.read", "with": {"path": "a"}},
        "begin": {"needs": ["sign_off"], "orchestrate": child},
        "unclear": {"needs": ["sign_off"],
                    "orchestrate": "${{ repository }}/.github/orchestrations/a.yml"},
        "sign_off": ASK,
    }  # fmt: skip
    guard = Stage.of(graph(tasks, cause=rule()))
    frozen = organization(rules("{calendars: [quiet]}"), CALENDAR % NEVER)
    denied = organization(
        rules("{name: no, deny: never, applies-to: {environments: [production]}}")
    )
    waits = "would wait for the calendar `quiet`"

    assert effects(frozen, of=guard) == [
        f"the workflow run 9 at `production` {waits}",
        f"`tell` {waits}",
        f"`there` {waits}",
        f"`begin` {waits}",
    ]
    assert effects(denied, of=guard) == [
        "the workflow run 9 at `production` would be denied by `no`: never"
    ]
    [run] = guard.state.environments
    guard.state = replace(guard.state, environments=(replace(run, answer="approved"),))
    assert effects(denied, of=guard) == []


ALL = "[{from: acme/release, operations: ['*'], environments: ['*']}]"


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (ALL, []),
        ("[{from: acme/release, operations: ['*']}]",
         ["`deploy` would not be let answer for `production` here any more"]),
        ("[{from: acme/release, environments: ['*']}]",
         ["`tell` would not be let do `issue.create` here any more"]),
        ("[]", [
            "`deploy` would not be let in here any more",
            "`deploy` would not be let answer for `production` here any more",
            "`tell` would not be let do `issue.create` here any more",
            "`begin` would not be let begin anything here any more",
        ]),
    ],
)  # fmt: skip
def test_what_a_repository_lets_in_no_more_is_told_by_what_it_is(
    after: str, found: list[str]
) -> None:
    """A dispatch, an answer for an environment, a call, and a child."""
    of = stage(
        deploy=DEPLOY,
        tell={"github": "issue.create", "with": {"title": "a", "repository": "acme/api"}},
        begin={"orchestrate": "acme/api/.github/orchestrations/other.yml"},
    )
    before, changed = (f"{{version: 1, accept: {each}}}" for each in (ALL, after))
    where = {"repository": RepositoryName("acme/api"), "is_organizations": False}

    assert effects(changed, before, of, **where) == found


@pytest.mark.parametrize(
    ("repository", "is_organizations", "of_whom"),
    [("acme/release", False, True), ("acme/api", False, False), ("acme/.github", True, True),
     ("other/.github", True, False)],
)  # fmt: skip
def test_whoever_would_get_or_lose_a_role_is_told(
    repository: str, is_organizations: bool, of_whom: bool
) -> None:
    """By the policy of the definition's own repository, and by its organisation's."""
    inner = "roles: {cancel: {teams: [acme/sre]}}"
    says = f"organization: {{{inner}}}" if is_organizations else inner
    where = {"repository": RepositoryName(repository), "is_organizations": is_organizations}
    given, taken = f"{{version: 1, {says}}}", "version: 1\n"

    gets = effects(given, taken, **where)
    loses = effects(taken, given, **where)

    assert gets == (["who may `cancel` it would be a member of acme/sre"] if of_whom else [])
    default = ["who may `cancel` it would be whoever it is by default"]
    assert loses == (default if of_whom else [])
