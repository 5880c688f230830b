"""CODEOWNERS as GitHub reads it: who owns which path. Text in, rules and owners out.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/
customizing-your-repository/about-code-owners says what is different from `.gitignore`: no `!`,
no `[ ]`, no `\\#`, and `docs/*` stops at one level. The last rule that matches a path counts,
also one without owners: then nobody owns it. A line that GitHub cannot read is skipped.

Patterns are matched part by part against the path, never as regular expressions: that takes
time in proportion to both, whatever somebody writes. Of many rules only those are tried that
name a part of the path or none at all, and what takes too long all the same is given up.
"""

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.actions import Permission
from app.core.approvals.people import Voter, has_permission

LOCATIONS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order, on the base branch; the first that is there counts."""

FILE_BYTES_MAX = 3 * 1024 * 1024
"""GitHub does not load a larger file."""

MATCHING_MAX = 4_000_000_000
"""Signs of patterns times signs of paths: seconds, where hardly any rule names a folder."""
MATCHING_LEAST = 20
"""Signs that a short pattern or path counts for: to begin takes its time, too."""

_PERSON = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})", re.ASCII)
_TEAM = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})/[\w.-]{1,100}", re.ASCII)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_ANY_DEPTH = "**"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line: a pattern and its owners, in lower case; none means that nobody owns it."""

    pattern: str
    owners: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOwners:
    """What a file says. `skipped` are the numbers of lines that GitHub cannot read."""

    rules: tuple[Rule, ...] = ()
    skipped: tuple[int, ...] = ()
    is_too_large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Changed paths that have the same owners."""

    owners: frozenset[str]
    paths: tuple[str, ...]


def read_code_owners(text: str) -> CodeOwners:
    """Read a CODEOWNERS file. Any text is welcome."""
    if len(text.encode("utf-8", "replace")) > FILE_BYTES_MAX:
        return CodeOwners(is_too_large=True)
    rules: list[Rule] = []
    skipped: list[int] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        words = _words(line)
        if not words:
            continue
        pattern, *owners = words
        if _is_pattern(pattern) and all(map(_is_owner, owners)):
            folded = tuple(dict.fromkeys(owner.lower() for owner in owners))
            rules.append(Rule(pattern=pattern, owners=folded, line=number))
        else:
            skipped.append(number)
    return CodeOwners(rules=tuple(rules), skipped=tuple(skipped))


def owners_of(known: CodeOwners, path: str) -> Rule | None:
    """Return the rule that counts for a path; `None` where no rule matches."""
    parts = tuple(path.removeprefix("/").split("/"))
    return next((rule for rule in reversed(known.rules) if _matches(rule.pattern, parts)), None)


def owned(known: CodeOwners, paths: Iterable[str]) -> tuple[Owned, ...] | None:
    """Group the paths that have owners by these, in the order in which they come.

    `None` where the file is too large: that nobody owns anything is not what it says.
    """
    if known.is_too_large:
        return None
    groups: dict[frozenset[str], list[str]] = {}
    by_part, left = _by_part(known.rules), MATCHING_MAX
    for path in dict.fromkeys(paths):
        parts = tuple(path.removeprefix("/").split("/"))
        for rule in _candidates(known.rules, by_part, parts):
            left -= (len(rule.pattern) + MATCHING_LEAST) * (len(path) + MATCHING_LEAST)
            if left < 0:
                return None
            if _matches(rule.pattern, parts):
                if rule.owners:
                    groups.setdefault(frozenset(rule.owners), []).append(path)
                break
    return tuple(Owned(owners=owners, paths=tuple(each)) for owners, each in groups.items())


def _by_part(rules: Sequence[Rule]) -> Mapping[str, Sequence[int]]:
    """Sort rules, the last first, by a part that a path must have: the last without a sign."""
    seen: set[str] = set()
    found: dict[str, list[int]] = {}
    for number in range(len(rules) - 1, -1, -1):
        pattern = rules[number].pattern
        if pattern not in seen:
            seen.add(pattern)
            plain = [part for part in pattern.split("/") if part and not _has_sign(part)]
            found.setdefault(plain[-1] if plain else "", []).append(number)
    return found


def _candidates(
    rules: Sequence[Rule], by_part: Mapping[str, Sequence[int]], path: tuple[str, ...]
) -> Iterator[Rule]:
    """Yield the rules that may match a path, the last first."""
    known = [by_part[part] for part in {"", *path} if part in by_part]
    for number in heapq.merge(*known, reverse=True):
        yield rules[number]


def owns(voter: Voter, group: Owned) -> bool:
    """Tell whether a person is among the owners; like GitHub, only whoever may write is."""
    if not has_permission(voter, Permission.WRITE):
        return False
    names = {f"@{voter.login.lower()}"}
    names |= {f"@{team.lower()}" for team in voter.teams}
    names |= {email.lower() for email in voter.emails}
    return not group.owners.isdisjoint(names)


def matches(pattern: str, path: str) -> bool:
    """Tell whether one pattern matches a path."""
    return _matches(pattern, tuple(path.removeprefix("/").split("/")))


def _words(line: str) -> list[str]:
    """Split a line at white space that has no backslash before it, up to a comment."""
    words: list[str] = []
    for found in re.finditer(r"(?:\\.|[^\s\\]|\\$)+", line):
        if found.group().startswith("#"):
            break
        words.append(found.group())
    return words


def _is_pattern(text: str) -> bool:
    is_odd = text.startswith(("!", "\\#")) or "***" in text
    return not is_odd and "[" not in text and "]" not in text


def _is_owner(text: str) -> bool:
    return any(kind.fullmatch(text) for kind in (_PERSON, _TEAM, _EMAIL))


def _matches(pattern: str, path: tuple[str, ...]) -> bool:
    parts = pattern.split("/")
    if parts[0] == "":
        parts = parts[1:]
    elif len(parts) == 1 or (len(parts) == 2 and parts[1] == ""):
        # Without a slash inside, a pattern matches at any depth.
        parts = [_ANY_DEPTH, *parts]
    if parts == [""]:
        return False
    if parts[-1] == "":
        parts[-1] = _ANY_DEPTH
    elif parts[-1] not in ("*", _ANY_DEPTH):
        # What a pattern names may be a folder, with all that is in it; `docs/*` names files.
        parts.append("")
    reached = {0}
    for number, part in enumerate(parts):
        reached = _step(part, path, reached, is_last=number == len(parts) - 1)
    return len(path) in reached


def _step(part: str, path: tuple[str, ...], reached: set[int], *, is_last: bool) -> set[int]:
    """Go on from each number of matched parts of the path by one part of the pattern."""
    if not reached:
        return reached
    first = min(reached)
    if part == "":
        return {len(path)} if is_last else set()
    if part == _ANY_DEPTH:
        # At the end there must be something below: `docs/` is no file called docs.
        return set(range(first + 1 if is_last else first, len(path) + 1))
    return {at + 1 for at in reached if at < len(path) and _fits(part, path[at])}


def _fits(part: str, text: str) -> bool:
    """Tell whether one part of a pattern matches one part of a path."""
    if not _has_sign(part):
        return part == text
    if part.startswith("*") and not _has_sign(part[1:]):
        return text.endswith(part[1:])
    reached = {0}
    at = 0
    while at < len(part) and reached:
        sign = part[at]
        if sign == "*":
            reached = set(range(min(reached), len(text) + 1))
        elif sign == "?":
            reached = {spot + 1 for spot in reached if spot < len(text)}
        else:
            if sign == "\\" and at + 1 < len(part):
                at += 1
            reached = {spot + 1 for spot in reached if text[spot : spot + 1] == part[at]}
        at += 1
    return len(text) in reached


def _has_sign(part: str) -> bool:
    return "*" in part or "?" in part or "\\" in part
