"""Reading what people do in a scenario: each entry of `people` is one deed."""

from collections.abc import Mapping

from app.core.actions import APPROVE, REJECT, Agent, Approval
from app.core.problems import Code
from app.core.reading.document import Node
from app.core.reading.reader import did_you_mean
from app.core.reading.words import Vocabulary, words
from app.scenario.language import SOMEBODY, Deed, Verb
from app.scenario.reading.asking import Asking, as_text
from app.scenario.reading.names import is_meant, parted, without_visits

DEED = Vocabulary(
    of="an entry of `people`",
    known=words("at once after by option inputs reason wave until door") | frozenset(Verb),
)
HINT = "write `- {approve: sign_off, by: mona, at: 2h}`"
ABOUT_TASKS = (Verb.APPROVE, Verb.REJECT, Verb.CHOOSE, Verb.RETRY, Verb.SKIP, Verb.RERUN)
ALL = "all"
DOORS = ("comment", "review")
QUESTION = ("retry", "skip", "fail")
"""What people choose of when a task asks after a failure."""


def read_deed(asking: Asking, node: Node) -> Deed | None:
    """Read what one person does."""
    keys = asking.keys(node, DEED, HINT)
    if keys is None:
        return None
    verbs = [verb for verb in Verb if verb.value in keys]
    if len(verbs) != 1:
        message = "an entry of `people` says one thing that somebody does"
        hint = f"write one of {', '.join(Verb)}"
        asking.reader.report(Code.CONFLICTING_KEYS, message, hint, node.place)
        return None
    verb = verbs[0]
    value = keys[verb.value]
    text = as_text(value) or ""
    target, leg = _target(asking, verb, text, value)
    option = _option(asking, keys, verb, target)
    reason = asking.text(keys, "reason")
    if verb in (Verb.CANCEL, Verb.PAUSE, Verb.ROLL_BACK, Verb.FREEZE) and not reason:
        reason = "" if text in ("true", "") else text
    if verb is Verb.SKIP and not reason:
        message = "a task is skipped without a `reason`"
        asking.reader.report(Code.MISSING_KEY, message, "write why", node.place)
    if verb is Verb.FREEZE and "until" not in keys:
        asking.missing("until", "a freeze", "write `{freeze: NAME, until: 3d}`", node)
    return Deed(
        verb=verb,
        target=target,
        leg=leg,
        wave=asking.text(keys, "wave"),
        by=asking.text(keys, "by", SOMEBODY),
        when=asking.moment(keys),
        option=option,
        reason=reason,
        inputs=asking.object(keys, "inputs"),
        until=asking.time(keys, "until"),
        is_at_a_time="at" in keys,
        door=_door(asking, keys, verb),
        place=node.place,
    )


def _target(asking: Asking, verb: Verb, text: str, node: Node) -> tuple[str, str]:
    """Read what a deed is about: a task with its leg, or a word of its own."""
    if verb not in ABOUT_TASKS:
        return text, ""
    if verb is Verb.RETRY and text == ALL:
        return ALL, ""
    if not text:
        asking.reader.text(node, f"`{verb}`", HINT)
        return "", ""
    asking.task(text, node.place)
    return parted(text) or (text, "")


def _option(asking: Asking, keys: Mapping[str, Node], verb: Verb, target: str) -> str:
    """Read what is chosen, and look whether it can be."""
    if verb is Verb.APPROVE:
        return asking.text(keys, "option", APPROVE)
    if verb is Verb.REJECT:
        return asking.text(keys, "option", REJECT)
    option = asking.text(keys, "option")
    if verb is not Verb.CHOOSE:
        return option
    if not option:
        place = keys[verb.value].place
        asking.reader.missing("option", "a choice", "write `option: ...`", place)
        return option
    options = {*_options(asking, target), *QUESTION}
    if option not in options:
        message = f"`{target}` has no option `{option}`{did_you_mean(option, options)}"
        hint = f"it has {', '.join(sorted(options))}"
        asking.reader.report(Code.UNKNOWN_OPTION, message, hint, keys["option"].place)
    return option


def _door(asking: Asking, keys: Mapping[str, Node], verb: Verb) -> str:
    if "door" not in keys:
        return ""
    if verb not in (Verb.APPROVE, Verb.REJECT, Verb.CHOOSE):
        message = f"`{verb}` goes through no door"
        place = keys["door"].place
        asking.reader.report(Code.CONFLICTING_KEYS, message, "leave `door` out", place)
    return asking.reader.choice(keys["door"], "`door`", DOORS) or ""


def _options(asking: Asking, target: str) -> tuple[str, ...]:
    definition = asking.definition
    tasks = {str(name): task for name, task in definition.tasks.items()}
    for state in definition.machine.states.values() if definition.machine else ():
        for word, task in state.tasks.items():
            tasks[f"{state.name}.1.{word}"] = task
    found: list[str] = []
    for name, task in tasks.items():
        if not is_meant(without_visits(target), name):
            continue
        action = task.action.review if isinstance(task.action, Agent) else task.action
        if isinstance(action, Approval):
            found += action.options
    return tuple(found)
