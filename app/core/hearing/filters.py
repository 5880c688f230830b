"""GitHub Actions' filter patterns for branches, tags, paths, workflows and repositories.

The rules are GitHub's: https://docs.github.com/en/actions/reference/workflows-and-actions/
workflow-syntax#filter-pattern-cheat-sheet. `*` stops at a slash, `**` does not, `?` and `+`
repeat the character before them, `[]` is one of several characters, `\\` takes a sign as it
is, and `!` at the start takes back what earlier patterns of the list have matched.

Patterns are not turned into regular expressions: walking along a text token by token takes
time in proportion to both, whatever somebody writes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.core.definition import Listen
from app.core.hearing.heard import Heard
from app.core.legs.refs import TAG_PREFIX

PATTERN_LENGTH_MAX = 1_024
_LITERAL = re.compile(r"[^*?+\[\]\\!]+")


@dataclass(frozen=True, slots=True)
class _One:
    """One character out of `of` (any but a slash if None), as often as `repeat` says."""

    of: frozenset[str] | None
    repeat: str  # "" once, "?" at most once, "+" at least once, "*" any number of times


@dataclass(frozen=True, slots=True)
class _Anything:
    """Any characters; `is_folders` if they are none or end in a slash, as `**/` does."""

    is_folders: bool


class PatternError(Exception):
    """The pattern can match nothing sensible; the text says why."""


def problem_of(pattern: str) -> str | None:
    """Say what is wrong with a pattern, if anything."""
    try:
        _compiled(pattern.removeprefix("!"))
    except PatternError as error:
        return str(error)
    return None


def matches(pattern: str, text: str) -> bool:
    """Tell whether one pattern, without a leading `!`, matches the whole text."""
    if _LITERAL.fullmatch(pattern):
        return pattern == text
    reached = {0}
    for token in _compiled(pattern):
        reached = _step(token, text, reached)
        if not reached:
            return False
    return len(text) in reached


def accepts(patterns: Iterable[str], text: str) -> bool:
    """Tell whether a list of patterns, `!` and order regarded, lets the text through."""
    is_in = False
    for pattern in patterns:
        if pattern.startswith("!"):
            is_in = is_in and not matches(pattern[1:], text)
        else:
            is_in = is_in or matches(pattern, text)
    return is_in


def wants_name(listed: Sequence[str], ignored: Sequence[str], name: str) -> bool:
    """Tell whether a branch, tag or workflow passes; GitHub allows only one of the lists."""
    if listed:
        return accepts(listed, name)
    return not (ignored and accepts(ignored, name))


def wants_ref(listen: Listen, ref: str) -> bool:
    """Tell whether a push to `refs/heads/...` or `refs/tags/...` passes.

    Where only branches are named, tags do not pass, and the other way round.
    """
    has_branches = bool(listen.branches or listen.branches_ignore)
    has_tags = bool(listen.tags or listen.tags_ignore)
    if ref.startswith("refs/tags/"):
        name = ref.removeprefix("refs/tags/")
        wanted = wants_name(listen.tags, listen.tags_ignore, name)
        return wanted if has_tags else not has_branches
    name = ref.removeprefix("refs/heads/")
    wanted = wants_name(listen.branches, listen.branches_ignore, name)
    return wanted if has_branches else not has_tags


def wants_paths(listen: Listen, files: Iterable[str]) -> bool:
    """Tell whether a change of these files passes: one file of interest is enough.

    GitHub does not apply these filters to pushed tags; that is for the caller to know.
    """
    if listen.paths:
        return any(accepts(listen.paths, file) for file in files)
    if listen.paths_ignore:
        return any(not accepts(listen.paths_ignore, file) for file in files)
    return True


def wants_repository(listen: Listen, own: str, repository: str) -> bool:
    """Tell whether the repository is listened to; without a list, only the definition's own.

    GitHub does not tell upper from lower case in the names of repositories.
    """
    if not listen.repositories:
        return own.lower() == repository.lower()
    patterns = (pattern.lower() for pattern in listen.repositories)
    return accepts(patterns, repository.lower())


def refusal(listen: Listen, heard: Heard) -> str | None:
    """Say why a delivery does not pass, its repository, types, paths and condition aside.

    What its filters look at and the delivery does not tell passes none of them.
    """
    subject = heard.subject
    if subject.is_own:
        return "it is of Signalbox's own making"
    if subject.filtered.startswith(f"refs/tags/{TAG_PREFIX}"):
        return "it is the short-lived tag of a dispatch"
    if _has_refs(listen) and not (subject.filtered and wants_ref(listen, subject.filtered)):
        return f"{subject.filtered or 'it names no ref, so it'} does not pass its filters"
    if listen.workflows and not accepts(listen.workflows, subject.workflow):
        return "the workflow is not among its `workflows`"
    for key, patterns, names in (
        ("labels", listen.labels, subject.labels),
        ("environments", listen.environments, subject.environments),
    ):
        if patterns and not any(accepts(patterns, name) for name in names):
            return f"none of its {key} is among `{key}`"
    return None


def _has_refs(listen: Listen) -> bool:
    return bool(listen.branches or listen.branches_ignore or listen.tags or listen.tags_ignore)


def _step(token: _One | _Anything, text: str, reached: set[int]) -> set[int]:
    if isinstance(token, _Anything):
        first = min(reached)
        if token.is_folders:
            ends = {at + 1 for at in range(first, len(text)) if text[at] == "/"}
            return reached | ends
        return set(range(first, len(text) + 1))
    if token.repeat in ("", "?"):
        after = {at + 1 for at in reached if _fits(token, text, at)}
        return after if token.repeat == "" else reached | after
    run: set[int] = set()
    for at in reached:
        while _fits(token, text, at) and at + 1 not in run:
            at += 1
            run.add(at)
    return run if token.repeat == "+" else reached | run


def _fits(token: _One, text: str, at: int) -> bool:
    if at >= len(text):
        return False
    return text[at] != "/" if token.of is None else text[at] in token.of


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> tuple[_One | _Anything, ...]:
    if not pattern:
        raise PatternError("an empty pattern matches nothing")
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise PatternError(f"a pattern has at most {PATTERN_LENGTH_MAX} characters")
    found: list[_One | _Anything] = []
    at = 0
    while at < len(pattern):
        at = _read_one(pattern, at, found)
    return tuple(found)


def _read_one(pattern: str, at: int, found: list[_One | _Anything]) -> int:
    """Append the token that starts at `at`; return where the next one starts."""
    sign = pattern[at]
    if sign == "*":
        end = at
        while pattern.startswith("*", end):
            end += 1
        if end - at == 1:
            found.append(_One(None, "*"))
            return end
        # `**/` at the start of a part also matches no folder at all: GitHub's own example
        # lets `**/README.md` match `README.md`.
        is_folders = pattern.startswith("/", end) and (at == 0 or pattern[at - 1] == "/")
        found.append(_Anything(is_folders))
        return end + 1 if is_folders else end
    if sign in "?+":
        _repeat(sign, found)
        return at + 1
    if sign == "[":
        close = pattern.find("]", at + 2)
        if close < 0:
            raise PatternError("a `[` has no `]`; write `\\[` for the sign itself")
        found.append(_One(_choices(pattern[at + 1 : close]), ""))
        return close + 1
    if sign == "\\" and at + 1 < len(pattern):
        at += 1
    found.append(_One(frozenset(pattern[at]), ""))
    return at + 1


def _repeat(sign: str, found: list[_One | _Anything]) -> None:
    if not found:
        raise PatternError(f"`{sign}` repeats the character before it, and there is none")
    last = found[-1]
    if isinstance(last, _One) and last.repeat != "*":
        both = last.repeat + sign
        found[-1] = _One(last.of, sign if len(both) == 1 or both == sign * 2 else "*")


def _choices(inside: str) -> frozenset[str]:
    choices: set[str] = set()
    at = 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            first, last = inside[at], inside[at + 2]
            # Ranges can only include a-z, A-Z and 0-9, says GitHub.
            kinds = (str.islower, str.isupper, str.isdigit)
            is_range = any(kind(first) and kind(last) for kind in kinds)
            if not (is_range and (first + last).isascii() and first <= last):
                raise PatternError(f"`{first}-{last}` is not a range of a-z, A-Z or 0-9")
            choices.update(map(chr, range(ord(first), ord(last) + 1)))
            at += 3
        else:
            choices.add(inside[at])
            at += 1
    return frozenset(choices)
