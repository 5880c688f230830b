"""Reading `expect`: how a scenario is to end."""

from collections.abc import Mapping

from app.core.problems import Code
from app.core.reading.document import Node, Scalar
from app.core.reading.reader import did_you_mean
from app.core.reading.words import CONCLUSIONS, Vocabulary, words
from app.scenario.language import Expected
from app.scenario.reading.asking import Asking, as_text

EXPECT = Vocabulary(
    of="`expect`",
    known=words(
        "conclusion reason state states tasks why dispatched not-dispatched took-less-than "
        "took-more-than outputs told starts"
    ),
)
TASK_ENDS = words("waiting running asking succeeded failed cancelled skipped")


def read_expect(asking: Asking, node: Node) -> Expected | None:
    """Read what is expected."""
    keys = asking.keys(node, EXPECT, "write `expect: {conclusion: success}`")
    if keys is None:
        return None
    conclusion = ""
    if "conclusion" in keys:
        read = asking.reader.choice(keys["conclusion"], "`conclusion`", CONCLUSIONS)
        conclusion = read or ""
    return Expected(
        conclusion=conclusion,
        reason=asking.text(keys, "reason"),
        state=_state(asking, keys["state"]) if "state" in keys else "",
        states=_states(asking, keys["states"]) if "states" in keys else (),
        tasks=_of_tasks(asking, keys, "tasks", sorted(TASK_ENDS)),
        why=_of_tasks(asking, keys, "why", ()),
        dispatched=_references(asking, keys, "dispatched"),
        not_dispatched=_references(asking, keys, "not-dispatched"),
        took_less_than=asking.time(keys, "took-less-than")
        if "took-less-than" in keys
        else None,
        took_more_than=asking.time(keys, "took-more-than")
        if "took-more-than" in keys
        else None,
        outputs=asking.object(keys, "outputs") if "outputs" in keys else None,
        told=asking.words(keys, "told"),
        starts=asking.truth(keys, "starts", True),
        places={key: value.place for key, value in keys.items()},
    )


def _of_tasks(
    asking: Asking, keys: Mapping[str, Node], key: str, choices: list[str] | tuple[str, ...]
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if key not in keys:
        return found
    for name, value, place in asking.named(keys[key], f"`{key}`", "write `{build: ...}`"):
        asking.task(name, place)
        what = f"`{name}`"
        text = (
            asking.reader.choice(value, what, choices)
            if choices
            else asking.reader.text(value, what)
        )
        found[name] = text or ""
    return found


def _references(asking: Asking, keys: Mapping[str, Node], key: str) -> tuple[str, ...]:
    if key not in keys:
        return ()
    found = asking.reader.one_or_more(keys[key], f"`{key}`")
    for text, place in found:
        asking.task(text, place, has_workflows=True)
    return tuple(text for text, _ in found)


def _state(asking: Asking, node: Node) -> str:
    text = as_text(node) or ""
    if text not in asking.states:
        message = f"the definition has no state `{text}`{did_you_mean(text, asking.states)}"
        states = ", ".join(sorted(asking.states))
        hint = f"it has {states}" if states else "it has tasks and no states: write `tasks`"
        asking.reader.report(Code.UNKNOWN_STATE, message, hint, node.place)
    return text


def _states(asking: Asking, node: Node) -> tuple[str, ...]:
    hint = "write the states in the order in which they are entered"
    return tuple(
        _state(asking, each)
        for each in asking.each(node, "`states`", hint)
        if isinstance(each, Scalar)
    )
