"""CODEOWNERS: read as GitHub reads it, and compared with a plain reference."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actions import Permission
from app.core.approvals.codeowners import (
    FILE_BYTES_MAX,
    Owned,
    matches,
    owned,
    owners_of,
    owns,
    read_code_owners,
)
from app.core.approvals.people import Voter

# From GitHub's own page about code owners.
EXAMPLE = """\
# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", "@global-owner1 @global-owner2"),
        ("a/b/c.js", "@js-owner"),
        ("main.go", "docs@example.com"),
        ("x.txt", "@octo-org/octocats"),
        ("build/logs/today", "@octocat"),
        ("deeply/build/logs/today", "@octocat"),
        ("docs/start.md", "@doctocat"),
        ("docs/build/more.md", "@doctocat"),
        ("scripts/run", "@doctocat @octocat"),
        ("lib/apps/x", "@octocat"),
        ("apps/main", "@octocat"),
        ("apps/github", ""),
        ("apps/github/x", ""),
    ],
)
def test_github_s_example_is_read_as_github_says(path: str, owners: str) -> None:
    """The last rule that matches counts; one without owners means nobody."""
    rule = owners_of(read_code_owners(EXAMPLE), path)

    assert rule is not None
    assert " ".join(rule.owners) == owners


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("*", "a/b/c", True),
        ("/*", "a", True),
        ("/*", "a/b", False),
        ("docs/*", "docs/a", True),
        ("docs/*", "docs/a/b", False),
        ("docs/*", "x/docs/a", False),
        ("docs/**", "docs/a/b", True),
        ("docs/", "docs", False),
        ("docs/", "docs/a", True),
        ("docs/", "x/docs/a", True),
        ("/docs/", "x/docs/a", False),
        ("docs", "docs", True),
        ("docs", "x/docs/y", True),
        ("/docs", "docs/y", True),
        ("a/b", "a/b/c", True),
        ("a/b", "x/a/b", False),
        ("**/b", "b", True),
        ("**/b", "x/y/b/z", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y/c", False),
        ("**", "a/b", True),
        ("/", "a", False),
        ("//", "a", False),
        ("a//b", "a/b", False),
        ("*.js", "a.js/b", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a*c*e", "abcde", True),
        ("a*c*e", "abcd", False),
        (r"a\ b", "a b", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("Docs", "docs", False),
        ("a\\", "a\\", True),
        ("foo#bar", "foo#bar", True),
    ],
)
def test_a_pattern_matches_as_on_github(pattern: str, path: str, is_match: bool) -> None:
    """Case counts, a slash anchors, a folder has all that is in it, and `dir/*` one level."""
    assert matches(pattern, path) is is_match


def test_a_line_that_github_cannot_read_is_skipped() -> None:
    """Sections, negation, ranges, escaped hashes and odd owners are no rules."""
    lines = [
        "* @ann",
        "!a @bob",
        "[Section] @bob",
        r"\#a @bob",
        "[ab].c @bob",
        "a bob",
        "a***b @bob",
    ]
    known = read_code_owners("\r\n".join(["", "# a", *lines]))

    assert [rule.owners for rule in known.rules] == [("@ann",)]
    assert known.skipped == (4, 5, 6, 7, 8, 9)
    assert owners_of(read_code_owners("a @ann"), "b") is None


def test_a_file_that_is_too_large_says_nothing() -> None:
    """GitHub does not load more than 3 MB."""
    known = read_code_owners("a @ann\n" * (FILE_BYTES_MAX // 7 + 1))

    assert known.is_too_large
    assert owned(known, ["a"]) is None


def test_what_would_take_too_long_says_nothing() -> None:
    """A file that nobody can read through in time is as good as one that is too large."""
    known = read_code_owners("*a" * 1_000_000 + " @ann\n")

    assert owned(known, ["b" * 2_000]) is None


def test_many_rules_for_many_paths_take_no_long_time() -> None:
    """Of ten thousand folders only those are looked at that a path may lie in."""
    lines = [f"/team{number}/src/part{number}/ @acme/team{number}" for number in range(10_000)]
    paths = [f"team{number}/src/part{number}/x.py" for number in range(3_000)]
    found = owned(read_code_owners("\n".join(["* @ann", *lines])), paths)

    assert found is not None
    assert [group.paths for group in found] == [(path,) for path in paths]


def test_paths_are_grouped_by_their_owners() -> None:
    """Each group needs one owner; what the last rule for it gives to nobody needs none."""
    rules = "* @zoe\n/a @Ann @acme/sre\n/b @acme/SRE @ann\n/c @bob\n/d\n"

    assert owned(read_code_owners(rules), ["a", "b", "c", "d", "e", "a"]) == (
        Owned(owners=frozenset({"@ann", "@acme/sre"}), paths=("a", "b")),
        Owned(owners=frozenset({"@bob"}), paths=("c",)),
        Owned(owners=frozenset({"@zoe"}), paths=("e",)),
    )


def test_what_no_rule_names_is_nobody_s() -> None:
    """Where no rule is for all, most paths have no owner."""
    assert owned(read_code_owners("/a @ann\n"), ["a", "b"]) == (
        Owned(owners=frozenset({"@ann"}), paths=("a",)),
    )


def test_an_owner_is_whoever_may_write() -> None:
    """By name, team or address, and with write permission, as on GitHub."""
    group = Owned(owners=frozenset({"@ann", "@acme/sre", "max@example.com"}), paths=("a",))

    def is_owner(login: str, permission: Permission | None = Permission.WRITE) -> bool:
        voter = Voter(
            login=login,
            permission=permission,
            teams=frozenset({"Acme/SRE"} if login == "cy" else ()),
            emails=frozenset({"Max@example.com"} if login == "max" else ()),
        )
        return owns(voter, group)

    assert [is_owner(each) for each in ("Ann", "cy", "max", "bob")] == [True, True, True, False]
    assert not is_owner("ann", Permission.TRIAGE)
    assert not is_owner("ann", None)


def reference(pattern: str, path: str) -> bool:
    """Match by a regular expression: short, and slow where somebody means ill."""
    text = pattern
    anchored = "/" in text.rstrip("/") or text.startswith("/")
    text = text.removeprefix("/")
    if not text:
        return False
    if text.endswith("/"):
        text += "**"
    tail = "" if text.split("/")[-1] in ("*", "**") else "(?:/.*)?"
    made = "" if anchored else "(?:.+/)?"
    parts = text.split("/")
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if part == "**":
            made += ".+" if is_last else "(?:[^/]+/)*"
            continue
        made += "".join({"*": "[^/]*", "?": "[^/]"}.get(s, re.escape(s)) for s in part)
        made += "" if is_last else "/"
    return re.fullmatch(made + tail, path) is not None


_PART = st.text("ab*?", min_size=1, max_size=3).filter(lambda part: "**" not in part)
_PATTERN = st.builds(
    lambda lead, parts, tail: lead + "/".join(parts) + tail,
    st.sampled_from(["", "/"]),
    st.lists(st.one_of(_PART, st.just("**")), min_size=1, max_size=4),
    st.sampled_from(["", "/"]),
)
_PATH = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=5).map("/".join)


@given(_PATTERN, _PATH)
def test_matching_agrees_with_a_plain_reference(pattern: str, path: str) -> None:
    """Walking part by part finds what a regular expression would find."""
    assert matches(pattern, path) == reference(pattern, path)


@given(st.lists(_PATTERN, max_size=8), st.lists(_PATH, min_size=1, max_size=4))
def test_of_many_rules_the_last_that_matches_counts(
    patterns: list[str], paths: list[str]
) -> None:
    """That most rules are never tried for a path changes nothing."""
    lines = [f"{pattern} @p{number}" for number, pattern in enumerate(patterns)]
    known = read_code_owners("\n".join(lines))
    rules = {path: owners_of(known, path) for path in paths}
    found = owned(known, paths)

    assert found is not None
    assert {path: group.owners for group in found for path in group.paths} == {
        path: frozenset(rule.owners) for path, rule in rules.items() if rule is not None
    }


@given(st.one_of(st.text(), st.text("*?/\\#@![]ab \n\r\t")), st.text())
def test_no_text_is_too_odd(text: str, path: str) -> None:
    """Any file and any path are welcome."""
    known = read_code_owners(text)
    rule = owners_of(known, path)

    assert rule is None or rule in known.rules
    assert bool(owned(known, [path])) == bool(rule and rule.owners)
