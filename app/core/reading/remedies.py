"""What CEL has against an expression, said to somebody who may know only GitHub Actions.

CEL reports what it expected. Here that becomes the code of a problem, a message in the words
of the definition, and a remedy: the name that was meant, the task to add to `needs`, or what
to write instead of a habit from GitHub Actions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.expressions import Mistake, Scope
from app.core.problems import Code
from app.core.reading.filling import NO_FILLING, Filling
from app.core.reading.reader import did_you_mean
from app.core.reading.words import words
from app.core.tokens import Chain, chains, tokens

FUNCTIONS = words(
    "all bool bytes contains double duration dyn endsWith exists exists_one filter getDate "
    "getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes "
    "getMonth getSeconds has int map matches size startsWith string timestamp type uint"
)
_STATUS = (
    'a task runs when all of its needs succeeded; their ends are `needs.<task>.result == "..."`'
)
_FUNCTIONS_OF_ACTIONS: Mapping[str, str] = {
    "always": _STATUS,
    "success": _STATUS,
    "failure": _STATUS,
    "cancelled": _STATUS,
    "contains": 'write `text.contains("part")`, or `"item" in list`',
    "startsWith": 'write `text.startsWith("part")`',
    "endsWith": 'write `text.endsWith("part")`',
    "format": "join texts with `+`, or write several `${{ }}` in one text",
    "join": "hand the list over as it is; it becomes JSON text",
    "toJSON": "leave it out: an object or a list becomes JSON text by itself",
    "fromJSON": "declare the output as `array` or `object`; it is then read already",
    "hashFiles": "files are for the workflow that is dispatched; it can report an output",
}
_CONTEXTS_OF_ACTIONS: Mapping[str, str] = {
    "secrets": "the workflow that is dispatched has its own secrets",
    "vars": "the workflow that is dispatched has its own; else an input with a `default`",
    "env": "write the value where it is used, or declare it in `inputs`",
    "steps": "`needs.<task>.outputs.<name>` is what a task reported",
    "jobs": "`needs.<task>.outputs.<name>` is what a task reported",
    "job": "`needs.<task>.result` is how a task ended",
    "runner": "the workflow that is dispatched knows its runner",
    "strategy": "`matrix.<name>` is the value of a dimension",
}
_OF_GITHUB = ("event", "event_name", "repository", "actor", "sha", "ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What may be read at one place, and the tasks there are, read or not."""

    scope: Scope
    tasks: frozenset[str] = frozenset()
    filling: Filling = NO_FILLING

    def members(self, prefix: str) -> set[str]:
        """Name what stands behind a prefix, as `image` behind `needs.build.outputs.`."""
        names = [name for name, _ in (*self.scope.names, *self.scope.legs)]
        return {n.removeprefix(prefix).split(".")[0] for n in names if n.startswith(prefix)}


@dataclass(frozen=True, slots=True)
class Remedy:
    """A problem but for its place in the file: `offset` counts within the expression."""

    code: Code
    message: str
    hint: str
    offset: int


def remedy_for(mistake: Mistake, source: str, around: Surroundings) -> Remedy:
    """Explain one mistake."""
    text, offset = mistake.text, mistake.offset
    if found := re.search(r"undeclared reference to '([^']*)'", text):
        return _undeclared(found[1], offset, source, around)
    if found := re.search(r"no matching overload for '(.+)' applied to '(.*)'", text):
        return _no_overload(found[1], found[2], offset, source)
    if found := re.search(
        r"undefined field '(.*)' not found in struct 'legs\.Outputs(\d+)'", text
    ):
        name, outputs = around.scope.legs[int(found[2])]
        guess = did_you_mean(found[1], [output for output, _ in outputs])
        message = f"`{name}` has no output `{found[1]}`{guess}"
        return Remedy(Code.UNKNOWN_NAME, message, "declare it in the task's `outputs`", offset)
    if found := re.search(r"type '(.*)' cannot be the operand of a select", text):
        message = f"{_type_word(found[1])} has no members"
        return Remedy(Code.EXPRESSION_TYPE, message, "compare it as it is", offset)
    if "recursion" in text or "at most" in text:
        hint = "break it up, or let a workflow work it out and report an output"
        message = "the expression is nested too deeply" if "recursion" in text else text
        return Remedy(Code.EXPRESSION_LIMIT, message, hint, offset)
    return _syntax(offset, source)


def _undeclared(name: str, offset: int, source: str, around: Surroundings) -> Remedy:
    covering = [each for each in chains(source) if each.start <= offset <= each.end]
    if not covering:
        return _unknown(f"there is no `{name}`", "functions are those of CEL", offset)
    chain = covering[-1]
    if chain.is_called and chain.names[-1] == name:
        return _no_function(chain)
    if chain.names[0] == "github":
        member = chain.names[1] if len(chain.names) > 1 else ""
        known = [each for each in _OF_GITHUB if each == member] or _OF_GITHUB
        hint = f"write {', '.join(f'`{each}`' for each in known)}"
        return _of_actions("github", hint, chain)
    if chain.names[0] in _CONTEXTS_OF_ACTIONS:
        return _of_actions(chain.names[0], _CONTEXTS_OF_ACTIONS[chain.names[0]], chain)
    return _unknown_name(chain, around)


def _no_function(chain: Chain) -> Remedy:
    name = chain.names[-1]
    if len(chain.names) == 1 and name in _FUNCTIONS_OF_ACTIONS:
        return _of_actions(f"{name}()", _FUNCTIONS_OF_ACTIONS[name], chain)
    if name in FUNCTIONS:
        message = f"`{name}` does not take these arguments"
        return Remedy(Code.EXPRESSION_TYPE, message, "see https://cel.dev", chain.start)
    guess = did_you_mean(name, FUNCTIONS)
    hint = "functions are those of CEL, such as size, contains, matches, exists, string"
    return _unknown(f"there is no function `{name}`{guess}", hint, chain.end - len(name))


def _of_actions(what: str, hint: str, chain: Chain) -> Remedy:
    message = f"`{what}` is of GitHub Actions; expressions here are CEL"
    return Remedy(Code.ACTIONS_EXPRESSION, message, hint, chain.start)


def _unknown(message: str, hint: str, offset: int) -> Remedy:
    return Remedy(Code.UNKNOWN_NAME, message, hint, offset)


def _unknown_name(chain: Chain, around: Surroundings) -> Remedy:
    root, roots = chain.names[0], around.members("")
    if root == "needs" or (root == "tasks" and around.members("tasks.")):
        return _unknown_task(chain, around)
    if root in roots:
        members = around.members(f"{root}.")
        member = chain.names[1] if len(chain.names) > 1 else ""
        if member in members or not member:
            hint = f"write `{root}.<name>` with one of {_listed(members)}"
            return _unknown(f"`{root}` is read by its members only", hint, chain.start)
        message = f"there is no `{root}.{member}`{did_you_mean(member, members)}"
        return _unknown(message, f"there are {_listed(members)}", chain.start)
    if root in _ELSEWHERE:
        return _unknown(f"there is no `{root}` here", _ELSEWHERE[root], chain.start)
    guess = did_you_mean(root, roots)
    hint = f'there are {_listed(roots)}; a text stands in quotes: `"{root}"`'
    return _unknown(f"there is no `{root}`{guess}", hint, chain.start)


_ELSEWHERE: Mapping[str, str] = {
    "inputs": "declare it in `inputs`",
    "matrix": "`strategy.matrix` declares it; the task's `if` cannot read it",
    "data": "the `data` of a state machine declare it",
    "tasks": "a task reads `needs.<task>`; `tasks.<task>` is for transitions, `outputs` and "
    "`report-to`",
    "last": "`last.conclusion` is for `retry.when`",
    "outputs": "`outputs.<name>` is for `pass-when` of a `bake-check`",
}


def _unknown_task(chain: Chain, around: Surroundings) -> Remedy:
    room, start = chain.names[0], chain.start
    direct = around.members(f"{room}.")
    what = "need" if room == "needs" else "task"
    name = chain.names[1] if len(chain.names) > 1 else ""
    if not name:
        hint = f"write `{room}.<task>.result` or `{room}.<task>.outputs.<name>`, with dots"
        return _unknown(f"`{room}` is read by the names of tasks only", hint, start)
    if name not in direct and name in around.tasks:
        hint = f"add `{name}` to the task's `needs`"
        message = f"`{name}` is a task, but this one does not need it"
        return Remedy(Code.NOT_IN_NEEDS, message, hint, start)
    if name not in direct:
        guess = did_you_mean(name, direct | around.tasks)
        hint = f"it needs {_listed(direct)}" if direct else "there are no needs here"
        if room == "tasks":
            hint = f"there are {_listed(direct)}"
        return _unknown(f"there is no {what} `{name}`{guess}", hint, start)
    member = chain.names[2] if len(chain.names) > 2 else ""
    outputs = around.members(f"{room}.{name}.outputs.")
    if member != "outputs":
        guess = did_you_mean(member, ("result", "outputs"))
        message = f"a {what} has `result` and `outputs`{guess}"
        # Somebody who left `outputs` out, or nearly wrote it, is after one of them.
        meant = member if member in outputs else "<name>" if "outputs" in guess else ""
        hint = f"write `{room}.{name}.{f'outputs.{meant}' if meant else 'result'}`"
        return _unknown(message, hint, start)
    if not outputs:
        hint = f"declare what it puts out in the `outputs` of `{name}`"
        return _unknown(f"`{name}` declares no outputs", hint, start)
    output = chain.names[3] if len(chain.names) > 3 else ""
    guess = did_you_mean(output, outputs)
    message = f"`{name}` has no output `{output}`{guess}" if output else "name one output"
    return _unknown(message, f"it has {_listed(outputs)}", start)


_WORDS = {
    "int": "an integer",
    "uint": "an unsigned integer",
    "double": "a number",
    "string": "a text",
    "bool": "true or false",
    "dyn": "anything",
    "null_type": "null",
    "google.protobuf.Timestamp": "a time",
    "google.protobuf.Duration": "a duration",
}


def _type_word(type_: str) -> str:
    if type_ in _WORDS:
        return _WORDS[type_]
    return "a list" if type_.startswith("list") else "an object"


_OPERATOR = re.compile(r"_(.+)_|([!-])_")


def _no_overload(function: str, types: str, offset: int, source: str) -> Remedy:
    operands = re.findall(r"[\w.]+(?:\([^()]*(?:\([^()]*\))?[^()]*\))?", types)
    said = [_type_word(each) for each in operands]
    if function in ("_&&_", "_||_", "!_"):
        marks = {token.text for token in tokens(source)}
        sign = function.strip("_")
        if {"&&", "||"} <= marks:
            message = "`a && b || c` of GitHub Actions does not choose a value here"
            return Remedy(Code.ACTIONS_EXPRESSION, message, "write `a ? b : c`", offset)
        message = f"`{sign}` takes true or false on each side, not {' and '.join(said)}"
        return Remedy(Code.EXPRESSION_TYPE, message, "compare with something first", offset)
    if function == "_?_:_":
        message = f"the choices of `? :` differ: {' and '.join(said[1:])}"
        hint = "make both the same type, for instance with `string(...)`"
        return Remedy(Code.EXPRESSION_TYPE, message, hint, offset)
    if set(operands) == {"int", "double"}:
        message = "an integer and a number do not mix"
        hint = "write 1.0 instead of 1, or `double(...)` around the integer"
        return Remedy(Code.EXPRESSION_TYPE, message, hint, offset)
    function = function.removeprefix("@")
    sign = found[1] or found[2] if (found := _OPERATOR.fullmatch(function)) else function
    message = f"`{sign}` does not go with {' and '.join(said)}"
    hint = "convert one side with `string(...)`, `int(...)` or `double(...)`"
    return Remedy(Code.EXPRESSION_TYPE, message, hint, offset)


_WORD_OPERATORS = {"and": "&&", "or": "||", "not": "!"}


def _syntax(offset: int, source: str) -> Remedy:
    code = Code.EXPRESSION_SYNTAX
    marks = [token for token in tokens(source) if token.kind == "mark"]
    for token in marks:
        if token.text == "=":
            return Remedy(code, "`=` is no operator", "write `==` to compare", token.start)
    for word, sign in _WORD_OPERATORS.items():
        if source[offset:].startswith(f"{word} ") or source[:offset].endswith(f"{word} "):
            return Remedy(code, f"`{word}` is no operator", f"write `{sign}`", offset)
    if ".*" in source:
        message = "`.*` of GitHub Actions is not known here"
        hint = "write `list.map(x, x.name)` or `list.exists(x, x.name == ...)`"
        return Remedy(Code.ACTIONS_EXPRESSION, message, hint, source.index(".*"))
    hint = "see https://cel.dev for how expressions are written"
    for token in marks:
        if token.text in "\"'":
            return Remedy(code, "a text is not closed", "end it with its quote", token.start)
    if offset >= len(source):
        return Remedy(code, "the expression ends too early", hint, offset)
    return Remedy(code, f"`{source[offset : offset + 12]}` does not belong here", hint, offset)


def _listed(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"
