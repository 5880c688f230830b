"""Reading `roles` and `organization` of a policy file; what is wrong goes to the reader."""

from collections.abc import Mapping
from datetime import timedelta

from app.core.actions import Permission, Requirement
from app.core.approvals.roles import Grants, Role
from app.core.expressions import NameType, Scope, Types
from app.core.hearing.filters import problem_of
from app.core.policies.calendars import read_calendars
from app.core.policies.organization import AppliesTo, Mode, Organization, PolicyRule
from app.core.problems import Code
from app.core.reading.actions.approval import read_parties, read_requirement
from app.core.reading.document import Items, Node
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.remedies import Surroundings
from app.core.reading.scopes import OF_EVENT
from app.core.reading.words import Vocabulary, words
from app.core.terms import Expression

RULES_MAX = 100
REQUIREMENTS_MAX = 20
GRANTS_MAX = 20
RETENTION_DAYS_MAX = 3_650
ATTEMPTS_MAX = 100
POLICY_NAMES: Types = (
    *OF_EVENT,
    ("definition", NameType.STRING),
    ("environments", NameType.ARRAY),
    ("repositories", NameType.ARRAY),
    ("inputs", NameType.ANY),
)
"""What conditions of a policy may read; `rule_on` adds what the subject is."""

_ROLES = Vocabulary(of="`roles`", known=frozenset(Role))
_GRANT = Vocabulary(of="a role", known=words("permission teams users"))
_ORGANIZATION = Vocabulary(
    of="`organization`", known=words("mode rules calendars roles retention-days max-attempts")
)
_RULE = Vocabulary(
    of="a rule of the policy",
    known=words("name applies-to when require deny calendars mode"),
)
_APPLIES_TO = Vocabulary(
    of="`applies-to`", known=words("definitions repositories environments")
)
_ROLE_HINT = "write `{permission: write}`, `{teams: [owner/team]}` or `{users: [login]}`"
_RULE_HINT = "write `{applies-to: {environments: [production]}, require: [{teams: [a/b]}]}`"


def read_roles(reader: Reader, node: Node) -> Grants:
    """Read who has which role; of several entries for one role any is enough."""
    entries = reader.entries(node, "`roles`", f"{_ROLE_HINT} for `start`, `cancel`, ...")
    found = reader.known(entries, _ROLES) if entries else ()
    return {Role(name): _grant(reader, each, f"`{name}`") for name, each in found}


def read_organization(reader: Reader, node: Node) -> Organization | None:
    """Read what an organisation says about all of its orchestrations."""
    hint = "write `organization: {mode: evaluate, rules: [...]}`"
    entries = reader.entries(node, "`organization`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, _ORGANIZATION))
    retention = attempts = None
    if "retention-days" in keys:
        what = "`retention-days`"
        retention = reader.integer(keys["retention-days"], what, 1, RETENTION_DAYS_MAX)
    if "max-attempts" in keys:
        attempts = reader.integer(keys["max-attempts"], "`max-attempts`", 1, ATTEMPTS_MAX)
    calendars = read_calendars(reader, keys["calendars"]) if "calendars" in keys else {}
    rules: tuple[PolicyRule, ...] = ()
    if "rules" in keys:
        nodes = reader.several(keys["rules"], "`rules`", 0, RULES_MAX, f"[{_RULE_HINT}]")
        read = (_rule(reader, each, spot, calendars) for spot, each in enumerate(nodes, 1))
        rules = tuple(each for each in read if each is not None)
    return Organization(
        mode=_mode(reader, keys),
        rules=rules,
        calendars=calendars,
        roles=read_roles(reader, keys["roles"]) if "roles" in keys else {},
        retention=timedelta(days=retention) if retention else None,
        max_attempts=attempts,
    )


def read_patterns(reader: Reader, keys: Mapping[str, Node], name: str) -> tuple[str, ...]:
    """Read patterns of names; none where the key is not there."""
    node = keys.get(name)
    if node is None:
        return ()
    found = []
    for text, place in reader.one_or_more(node, f"`{name}`"):
        problem = problem_of(text)
        if problem is not None:
            reader.report(Code.BAD_FILTER, problem, "see docs/policy.md", place)
        found.append(text)
    return tuple(found)


def _grant(reader: Reader, node: Node, what: str) -> Requirement:
    nodes = node.nodes if isinstance(node, Items) else (node,)
    if not 1 <= len(nodes) <= GRANTS_MAX:
        message = f"{what} has {len(nodes)} entries"
        code = Code.TOO_MANY if nodes else Code.WRONG_VALUE
        reader.report(code, message, f"write 1 to {GRANTS_MAX}; {_ROLE_HINT}", node.place)
    teams: list[str] = []
    users: list[str] = []
    permissions: list[Permission] = []
    for each in nodes[:GRANTS_MAX]:
        entries = reader.entries(each, what, _ROLE_HINT)
        keys = dict(reader.known(entries, _GRANT)) if entries else {}
        if entries is not None and not entries.nodes:
            reader.report(Code.MISSING_KEY, f"{what} names nobody", _ROLE_HINT, each.place)
        teams += read_parties(reader, keys["teams"], "teams") if "teams" in keys else ()
        users += read_parties(reader, keys["users"], "users") if "users" in keys else ()
        if "permission" in keys:
            word = reader.choice(keys["permission"], "`permission`", tuple(Permission))
            permissions += [Permission(word)] if word else []
    order = tuple(Permission)
    return Requirement(
        teams=tuple(dict.fromkeys(teams)),
        users=tuple(dict.fromkeys(users)),
        permission=min(permissions, key=order.index, default=None),
    )


def _rule(
    reader: Reader, node: Node, spot: int, calendars: Mapping[str, object]
) -> PolicyRule | None:
    entries = reader.entries(node, "a rule of the policy", _RULE_HINT)
    if entries is None:
        return None
    keys = dict(reader.known(entries, _RULE))
    if not {"require", "deny", "calendars"} & keys.keys():
        message = "a rule of the policy neither asks for anybody nor forbids anything"
        hint = "add `require`, `deny: why` or `calendars`"
        reader.report(Code.MISSING_KEY, message, hint, entries.place)
    require: tuple[Requirement, ...] = ()
    if "require" in keys:
        hint = "write `[{teams: [owner/team], count: 1}]`"
        nodes = reader.several(keys["require"], "`require`", 1, REQUIREMENTS_MAX, hint)
        read = (read_requirement(reader, each) for each in nodes)
        require = tuple(each for each in read if each is not None)
    name = reader.text(keys["name"], "`name`") if "name" in keys else None
    deny = reader.text(keys["deny"], "`deny`", "write why") if "deny" in keys else None
    return PolicyRule(
        name=name or f"rule {spot}",
        applies_to=_applies_to(reader, keys.get("applies-to")),
        when=_condition(reader, keys["when"]) if "when" in keys else None,
        require=require,
        deny=deny or "",
        calendars=_calendars(reader, keys.get("calendars"), calendars),
        mode=_mode(reader, keys),
    )


def _condition(reader: Reader, node: Node) -> Expression | None:
    around = Surroundings(scope=Scope(names=POLICY_NAMES))
    return Formulas(reader, around).condition(node, "`when`")


def _applies_to(reader: Reader, node: Node | None) -> AppliesTo:
    hint = "write `{environments: [production]}`"
    entries = node and reader.entries(node, "`applies-to`", hint)
    keys = dict(reader.known(entries, _APPLIES_TO)) if entries else {}
    return AppliesTo(
        definitions=read_patterns(reader, keys, "definitions"),
        repositories=read_patterns(reader, keys, "repositories"),
        environments=read_patterns(reader, keys, "environments"),
    )


def _calendars(
    reader: Reader, node: Node | None, known: Mapping[str, object]
) -> tuple[str, ...]:
    names = reader.one_or_more(node, "`calendars`") if node is not None else ()
    for name, place in names:
        if name not in known:
            message = f"there is no calendar `{name}`{did_you_mean(name, known.keys())}"
            hint = "write it below `organization: calendars:`"
            reader.report(Code.WRONG_VALUE, message, hint, place)
    return tuple(name for name, _ in names)


def _mode(reader: Reader, keys: Mapping[str, Node]) -> Mode:
    # What is not said, or not understood, is enforced.
    word = reader.choice(keys["mode"], "`mode`", tuple(Mode)) if "mode" in keys else None
    return Mode(word) if word else Mode.ENFORCE
