"""Reading `approval`: who must agree, by which doors, and what else may decide."""

import re
from collections.abc import Mapping
from datetime import timedelta

from app.core.actions import (
    APPROVE,
    REJECT,
    Approval,
    ApprovalRule,
    Auto,
    BreakGlass,
    Permission,
    Requirement,
)
from app.core.expressions import NameType
from app.core.problems import Code
from app.core.reading.declarations import Declared, read_declarations
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.reader import NAME, Reader, did_you_mean
from app.core.reading.words import (
    APPROVAL,
    AUTO,
    BREAK_GLASS,
    EXCLUDED,
    INVALIDATIONS,
    PERMISSIONS,
    REQUIREMENT,
    RULE,
    SOURCES,
    USUAL_SOURCES,
)
from app.core.terms import ValueType

RULES_MAX = 20
PARTIES_MAX = 50
COUNT_MAX = 20
OPTIONS_MAX = 10
CHOICE = "choice"
_MINUTE = timedelta(minutes=1)
_TEAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(\[bot\])?")


def read_approval(
    reader: Reader, node: Node, formulas: Formulas, what: str = "`approval`"
) -> Approval | None:
    """Read an approval; without `rules` one person with the role `approve` is asked for."""
    before = len(reader.problems)
    entries = reader.entries(node, what, "write `{rules: [{require: [{teams: [a/b]}]}]}`")
    if entries is None:
        return None
    keys = dict(reader.known(entries, APPROVAL))
    title = expires = None
    rules: tuple[ApprovalRule, ...] = ()
    if "title" in keys and reader.text(keys["title"], "`title`") is not None:
        title = formulas.template(keys["title"], "`title`", ValueType.STRING)
    if "rules" in keys:
        hint = "write `[{require: [{teams: [owner/team], count: 1}]}]`"
        items = reader.several(keys["rules"], "`rules`", 1, RULES_MAX, hint)
        rules = tuple(rule for each in items if (rule := _rule(reader, each, formulas)))
    options: tuple[str, ...] = (APPROVE, REJECT)
    if "options" in keys:
        options = read_options(reader, keys["options"])
    if "expires-after" in keys:
        expires = reader.span(keys["expires-after"], "`expires-after`", _MINUTE)
    approval = Approval(
        title=title,
        rules=rules,
        exclude=_set(reader, keys, "exclude", EXCLUDED) or frozenset(),
        sources=_set(reader, keys, "sources", SOURCES) or frozenset(USUAL_SOURCES),
        inputs=_form(reader, keys.get("inputs")).right,
        options=options,
        auto=_auto(reader, keys["auto"], options, formulas) if "auto" in keys else None,
        break_glass=_break_glass(reader, keys.get("break-glass")),
        expires_after=expires,
    )
    _set(reader, keys, "invalidate-on", INVALIDATIONS)
    return approval if len(reader.problems) == before else None


def form_of(node: Node) -> tuple[Declared, tuple[str, ...]]:
    """Return what an approval puts out, and its options, without saying what is wrong."""
    quiet = Reader()
    nodes = node.nodes if isinstance(node, Entries) else {}
    declared = _form(quiet, nodes.get("inputs"))
    declared.types[CHOICE] = NameType.STRING
    options: tuple[str, ...] = (APPROVE, REJECT)
    if "options" in nodes:
        options = read_options(quiet, nodes["options"])
    return declared, options


def read_options(reader: Reader, node: Node) -> tuple[str, ...]:
    """Read the options that people choose from."""
    found = reader.some(node, "`options`", most=OPTIONS_MAX)
    for option in found:
        if not NAME.fullmatch(option):
            message = f"the option `{option}` is no name"
            hint = "write lower-case letters, digits and _, such as `not_now`"
            reader.report(Code.BAD_NAME, message, hint, node.place)
    if len(found) == 1:
        message = "there is only one option to choose from"
        reader.report(Code.OUT_OF_RANGE, message, f"write 2 to {OPTIONS_MAX}", node.place)
    return found


def read_parties(reader: Reader, node: Node, key: str) -> tuple[str, ...]:
    """Read `teams` or `users`."""
    is_team = key == "teams"
    found = reader.some(node, f"`{key}`", most=PARTIES_MAX)
    for each in found:
        if not (_TEAM if is_team else _USER).fullmatch(each):
            form = "`owner/team`" if is_team else "the login of a person"
            hint = "write for instance acme/sre" if is_team else "write it without @"
            reader.report(Code.BAD_PARTY, f"`{each}` is not {form}", hint, node.place)
    return found


def _rule(reader: Reader, node: Node, formulas: Formulas) -> ApprovalRule | None:
    entries = reader.entries(node, "a rule", "write `{require: [{teams: [owner/team]}]}`")
    if entries is None:
        return None
    keys = dict(reader.known(entries, RULE))
    when = formulas.condition(keys["when"], "`when`") if "when" in keys else None
    if "require" not in keys:
        hint = "write `require: [{teams: [owner/team], count: 1}]`"
        reader.missing("require", "a rule", hint, entries.place)
        return None
    hint = "write `[{teams: [owner/team], count: 1}]`"
    items = reader.several(keys["require"], "`require`", 1, RULES_MAX, hint)
    found = (read_requirement(reader, each) for each in items)
    return ApprovalRule(require=tuple(each for each in found if each), when=when)


def read_requirement(reader: Reader, node: Node) -> Requirement | None:
    """Read one requirement: who is asked, and how many of them."""
    entries = reader.entries(node, "a requirement", "write `{teams: [owner/team], count: 1}`")
    if entries is None:
        return None
    keys = dict(reader.known(entries, REQUIREMENT))
    parties = {
        key: read_parties(reader, keys[key], key) if key in keys else ()
        for key in ("teams", "users")
    }
    permission = owners = None
    if "permission" in keys:
        permission = reader.choice(keys["permission"], "`permission`", PERMISSIONS)
    if "code-owners" in keys:
        owners = reader.truth(keys["code-owners"], "`code-owners`")
    count = 1
    if "count" in keys:
        count = reader.integer(keys["count"], "`count`", 1, COUNT_MAX) or 1
    if not {"teams", "users", "permission", "code-owners"} & keys.keys() or (
        owners is False and len(keys.keys() - {"count"}) == 1
    ):
        message = "a requirement does not say who is asked"
        hint = "add `teams`, `users`, `permission` or `code-owners: true`"
        reader.report(Code.MISSING_KEY, message, hint, entries.place)
    return Requirement(
        teams=parties["teams"],
        users=parties["users"],
        permission=Permission(permission) if permission else None,
        code_owners=bool(owners),
        count=count,
    )


def _set(
    reader: Reader, keys: Mapping[str, Node], key: str, choices: tuple[str, ...]
) -> frozenset[str]:
    return frozenset(reader.some(keys[key], f"`{key}`", choices) if key in keys else ())


def _form(reader: Reader, node: Node | None) -> Declared:
    if node is None:
        return Declared({}, {})
    declared = read_declarations(reader, node, "inputs")
    if isinstance(node, Entries) and CHOICE in node.keys:
        message = f"the input `{CHOICE}` has the name of the option that is chosen"
        place = node.keys[CHOICE].place
        reader.report(Code.RESERVED_INPUT, message, "give it another name", place)
    return declared


def _auto(
    reader: Reader, node: Node, options: tuple[str, ...], formulas: Formulas
) -> Auto | None:
    hint = "write `{when: ..., choose: ...}`"
    entries = reader.entries(node, "`auto`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, AUTO))
    for key in ("when", "choose"):
        if key not in keys:
            reader.missing(key, "`auto`", hint, entries.place)
    when = formulas.condition(keys["when"], "`when`") if "when" in keys else None
    choose = None
    if "choose" in keys:
        choose = read_choice(reader, keys["choose"], options)
    return Auto(when=when, choose=choose) if when and choose else None


def read_choice(reader: Reader, node: Node, options: tuple[str, ...]) -> str | None:
    """Read one of an approval's options."""
    text = reader.text(node, "`choose`", f"write one of {', '.join(options)}")
    if text is None or text in options:
        return text
    message = f"there is no option `{text}`{did_you_mean(text, options)}"
    reader.report(Code.UNKNOWN_OPTION, message, f"there are {', '.join(options)}", node.place)
    return None


def _break_glass(reader: Reader, node: Node | None) -> BreakGlass | None:
    hint = "write `{teams: [owner/team], reason: required}`"
    entries = node and reader.entries(node, "`break-glass`", hint)
    if not entries:
        return None
    keys = dict(reader.known(entries, BREAK_GLASS))
    found = {
        key: read_parties(reader, keys[key], key) if key in keys else ()
        for key in ("teams", "users")
    }
    if not {"teams", "users"} & keys.keys():
        message = "`break-glass` does not say who may"
        reader.report(Code.MISSING_KEY, message, hint, entries.place)
    reason = keys.get("reason")
    if isinstance(reason, Scalar) and reason.value != "required":
        message = "whoever breaks the glass must say why"
        reader.report(Code.WRONG_VALUE, message, "write `reason: required`", reason.place)
    return BreakGlass(teams=found["teams"], users=found["users"])
