"""Filter patterns: GitHub's own examples, the order of patterns, and what no pattern may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.definition import Listen
from app.core.hearing.filters import (
    accepts,
    matches,
    problem_of,
    wants_name,
    wants_paths,
    wants_ref,
    wants_repository,
)
from app.core.terms import Place

PLACE = Place(line=1, column=1)


def push(**filters: tuple[str, ...]) -> Listen:
    """Listen to pushes."""
    return Listen(event="push", place=PLACE, **filters)  # type: ignore[arg-type]  # names vary


# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
# #patterns-to-match-branches-and-tags and #patterns-to-match-file-paths
@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("feature/*", ["feature/my-branch", "feature/your-branch"]),
        (
            "feature/**",
            ["feature/beta-a/my-branch", "feature/your-branch", "feature/mona/the/octocat"],
        ),
        ("main", ["main"]),
        ("releases/mona-the-octocat", ["releases/mona-the-octocat"]),
        ("*", ["main", "releases"]),
        ("**", ["all/the/branches", "every/tag"]),
        ("*feature", ["mona-feature", "feature", "ver-10-feature"]),
        ("v2*", ["v2", "v2.0", "v2.9"]),
        ("v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"]),
        ("*.jsx?", ["page.js", "page.jsx"]),
        ("**.js", ["index.js", "js/index.js", "src/js/app.js"]),
        ("docs/*", ["docs/README.md", "docs/file.md"]),
        ("docs/**", ["docs/README.md", "docs/mona/octocat.txt"]),
        (
            "docs/**/*.md",
            ["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"],
        ),
        ("**/docs/**", ["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"]),
        ("**/README.md", ["README.md", "js/README.md"]),
        ("**/*src/**", ["a/src/app.js", "my-src/code/js/app.js"]),
        ("**/*-post.md", ["my-post.md", "path/their-post.md"]),
        (
            "**/migrate-*.sql",
            ["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"],
        ),
        (r"v\+\?", ["v+?"]),
        ("a++b??", ["ab", "aaab", "aaa"]),
        ("a+?b", ["b", "aab"]),
        ("a*?b**+", ["ab", "axxbc/d"]),
        ("[]]x", ["]x"]),
        ("[a-]", ["a", "-"]),
        ("a\\", ["a\\"]),
        ("[0-9a-f]+", ["09af"]),
    ],
)
def test_what_patterns_match(pattern: str, texts: list[str]) -> None:
    """The examples of GitHub's documentation, and a few corners."""
    assert problem_of(pattern) is None
    assert all(matches(pattern, text) for text in texts)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*", "feature/a"),
        ("feature/*", "feature/a/b"),
        ("main", "maintenance"),
        ("docs/*", "docs/a/b.md"),
        ("*.js", "src/app.js"),
        ("v[12]", "v3"),
        ("v[12]", "v"),
        ("a+", ""),
        ("**/README.md", "NOTREADME.md"),
        ("a?", "aa"),
        ("a**/b", "ab"),
    ],
)
def test_what_patterns_do_not_match(pattern: str, text: str) -> None:
    """A star stops at a slash, and a pattern is about the whole text."""
    assert not matches(pattern, text)


@pytest.mark.parametrize(
    "pattern", ["", "!", "[a", "+a", "?", "[z-a]", "[a-Z]", "[a-é]", "[!-/]", "a" * 1025]
)
def test_patterns_that_are_none(pattern: str) -> None:
    """A pattern that could never be meant is a problem."""
    assert problem_of(pattern)


def test_order_matters() -> None:
    """A `!` takes back what matched before it; a later pattern brings it in again."""
    patterns = ["releases/**", "!releases/**-alpha", "releases/9-alpha"]

    assert accepts(patterns, "releases/10")
    assert not accepts(patterns, "releases/10-alpha")
    assert accepts(patterns, "releases/9-alpha")
    assert not accepts(patterns, "main")


def test_a_name_passes_or_is_ignored() -> None:
    """No list lets everything pass."""
    assert wants_name((), (), "main")
    assert wants_name(("main",), (), "main")
    assert not wants_name(("main",), (), "wip")
    assert not wants_name((), ("wip*",), "wip-1")
    assert wants_name((), ("wip*",), "main")


@pytest.mark.parametrize(
    ("listen", "ref", "wanted"),
    [
        (push(), "refs/heads/main", True),
        (push(), "refs/tags/v1", True),
        (push(branches=("main",)), "refs/heads/main", True),
        (push(branches=("main",)), "refs/tags/v1", False),
        (push(tags=("v*",)), "refs/tags/v1", True),
        (push(tags=("v*",)), "refs/heads/main", False),
        (push(tags_ignore=("v*",)), "refs/tags/v1", False),
        (push(branches_ignore=("wip",), tags=("v*",)), "refs/heads/main", True),
        (push(branches_ignore=("wip",), tags=("v*",)), "refs/heads/wip", False),
    ],
)
def test_branches_and_tags_of_a_push(listen: Listen, ref: str, wanted: bool) -> None:
    """Where only branches are named, tags do not count, and the other way round."""
    assert wants_ref(listen, ref) is wanted


def test_paths_of_a_change() -> None:
    """One file of interest is enough; a change of ignored files only is none."""
    assert wants_paths(push(), [])
    assert wants_paths(push(paths=("src/**",)), ["README.md", "src/a.py"])
    assert not wants_paths(push(paths=("src/**", "!src/**.md")), ["README.md", "src/a.md"])
    assert wants_paths(push(paths_ignore=("docs/**",)), ["docs/a", "src/a"])
    assert not wants_paths(push(paths_ignore=("docs/**",)), ["docs/a"])


def test_repositories() -> None:
    """Without a list, only the definition's own; upper and lower case are the same."""
    assert wants_repository(push(), "acme/api", "Acme/API")
    assert not wants_repository(push(), "acme/api", "acme/web")
    listen = push(repositories=("Acme/*", "!acme/secret"))
    assert wants_repository(listen, "acme/api", "acme/web")
    assert not wants_repository(listen, "acme/api", "acme/secret")
    assert not wants_repository(listen, "acme/api", "other/api")


@given(st.text(alphabet="ab*?+[]-!\\/", max_size=12), st.text(alphabet="ab/", max_size=40))
def test_any_pattern_is_a_problem_or_matches(pattern: str, text: str) -> None:
    """No pattern makes matching raise once it is found right."""
    if problem_of(pattern) is None:
        assert matches(pattern.removeprefix("!"), text) in (True, False)


def test_no_pattern_takes_long() -> None:
    """Stars upon stars do not multiply."""
    assert not matches("**a" * 60 + "c", "ab" * 2_000)
