"""What differs from when people were last asked about the same: for whoever has voted before.

A vote is bound to the plan that it saw (`legs.asking.plan_digest`). What goes into that is kept
in parts (`legs.posing`), and those that are others now are named. Of the first question that
an orchestration asks only that is known which GitHub says of what set it off.
"""

from collections.abc import Iterator, Mapping

from app.core.gate_events import GateId
from app.core.hearing.replanning import COMMITS, REPLANNED
from app.core.legs import posing
from app.core.legs.context import cause_of
from app.core.plan import Cause
from app.core.state import Orchestration
from app.core.state_of_gates import Part
from app.core.telling.markdown import code, plain
from app.core.telling.masking import MASK
from app.core.values import Json

SHA_SHOWN = 12
NAME_MAX = 100
DIFFERENCES_MAX = 10
WORDS: Mapping[str, str] = {
    posing.DEFINITION: "the definition was changed",
    posing.NEEDS: "what it needs came to something else",
    posing.INPUTS: "its inputs are others",
    posing.DATA: "the data of the machine are others",
}
"""What is said of a part that is not shown, or of a group that is too large to be."""

_Parts = Mapping[str, Part]


def differences(state: Orchestration, where: GateId) -> tuple[str, ...]:
    """Say in words what is new since an earlier question; nothing where none is known."""
    posed = state.posed.get(posing.question_of(where))
    if posed is None or posed.before is None:
        return tuple(_of_cause(cause_of(state)))
    found = tuple(_of_parts(posed.before, posed.parts))
    left = len(found) - DIFFERENCES_MAX
    return (*found[:DIFFERENCES_MAX], f"and {left} more") if left > 0 else found


def _of_cause(cause: Cause) -> Iterator[str]:
    if cause.event_name != "pull_request":
        return
    action = cause.event.get("action")
    before = cause.event.get("before")
    if action == COMMITS and isinstance(before, str) and before:
        yield _of_commit(before, cause.sha)
    base = _member(_member(cause.event.get("changes"), "base"), "ref")
    if action == "edited" and isinstance(was := _member(base, "from"), str):
        yield f"the base was {code(was, NAME_MAX)}"
    elif action != "edited" and isinstance(action, str) and action in REPLANNED:
        yield f"it {REPLANNED[action]}"


def _of_parts(before: _Parts, now: _Parts) -> Iterator[str]:
    for key in dict.fromkeys((*before, *now)):
        kind, _, name = key.partition("/")
        is_group = kind in (posing.INPUTS, posing.DATA) or kind == posing.OUTPUTS
        if is_group and "/" in (name if kind == posing.OUTPUTS else key):
            # What is in a group is looked at with it.
            continue
        was, is_now = before.get(key), now.get(key)
        if was != is_now:
            yield from (
                _of_group(key, before, now) if is_group else _of_part(kind, name, was, is_now)
            )


def _of_group(group: str, before: _Parts, now: _Parts) -> Iterator[str]:
    """Name what is another in a group, where both are kept one by one; else only the group."""
    kind, _, task = group.partition("/")
    inside = [
        {key: part for key, part in parts.items() if key.startswith(f"{group}/")}
        for parts in (before, now)
    ]
    if any(
        group in parts and not each for parts, each in zip((before, now), inside, strict=True)
    ):
        yield WORDS.get(kind) or f"the outputs of {code(task, NAME_MAX)} are others"
        return
    was, is_now = inside
    for key in dict.fromkeys((*was, *is_now)):
        if was.get(key) != is_now.get(key):
            name = code(key.removeprefix(f"{group}/"), NAME_MAX)
            of = f" of {code(task, NAME_MAX)}" if task else ""
            word = {posing.INPUTS: "input", posing.DATA: "data"}.get(kind, "output")
            yield _compared(f"{word} {name}{of}", was.get(key), is_now.get(key))


def _of_part(kind: str, name: str, was: Part | None, is_now: Part | None) -> Iterator[str]:
    if kind in WORDS:
        yield WORDS[kind]
    elif kind == posing.TRIES:
        if was is not None and is_now is not None and int(is_now.digest) > int(was.digest):
            yield f"{code(name, NAME_MAX)} was tried again"
    elif kind == posing.DRAFT:
        if is_now is not None:
            action = "converted_to_draft" if is_now.digest == "True" else "ready_for_review"
            yield f"it {REPLANNED[action]}"
    elif kind == posing.COMMIT:
        yield _of_commit(was.shown if was else "", is_now.shown if is_now else "")
    elif kind == posing.BASE:
        yield _compared("the base", was, is_now)
    else:
        yield _compared(f"the result of {code(name, NAME_MAX)}", was, is_now)


def _of_commit(was: str, is_now: str) -> str:
    return f"the commit was {plain(was[:SHA_SHOWN])} and is {plain(is_now[:SHA_SHOWN])}"


def _compared(what: str, was: Part | None, is_now: Part | None) -> str:
    if is_now is None:
        return f"{what} is not there any more"
    shown = code(is_now.shown, NAME_MAX) or "empty"
    if was is None:
        return f"{what} is new: {shown}"
    if MASK in was.shown + is_now.shown or was.shown == is_now.shown:
        return f"{what} is another"
    return f"{what}: {code(was.shown, NAME_MAX) or 'empty'} → {shown}"


def _member(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, Mapping) else None
