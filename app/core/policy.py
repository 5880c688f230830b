"""The policy file, and consent: may this definition dispatch that workflow, and if not, why.

A repository other than the definition's own says whom it lets in, in its policy file on its
default branch. Without one nothing is dispatched there and nothing is written there; one that
cannot be read lets nobody in. Roles and the organisation's rules stand in the same file and
are read by `app.core.policies`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.approvals.roles import Grants
from app.core.hearing.filters import accepts, problem_of
from app.core.parse import read_document
from app.core.plan import Origin
from app.core.policies.organization import Organization
from app.core.policies.reading import read_organization, read_patterns, read_roles
from app.core.problems import Code, Problem, in_order
from app.core.reading.document import Node, Scalar
from app.core.reading.reader import Reader
from app.core.reading.words import Vocabulary, words
from app.core.values import RepositoryName

POLICY_PATH = ".github/orchestration-policy.yml"
ACCEPTED_MAX = 500

POLICY = Vocabulary(of="a policy", known=words("version accept roles organization"))
ACCEPT = Vocabulary(
    of="an entry of `accept`",
    known=words("from definitions workflows refs operations environments"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One entry of `accept`. An empty list of definitions, workflows or refs means any.

    An empty list of operations means none that writes: whoever lets workflows be dispatched
    has not thereby let anybody merge. An empty list of environments means none, too: whoever
    is let in has not thereby the say over what is protected.
    """

    source: str
    definitions: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whom a repository lets in, who may do what there, and what holds for all.

    `organization` counts only in the organisation's own repository.
    """

    accept: tuple[Acceptance, ...]
    roles: Grants = field(default_factory=dict)
    organization: Organization | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The answer: given, or refused with a stable code and the remedy in words."""

    is_given: bool
    code: str = ""
    message: str = ""


GIVEN = Consent(is_given=True)

READING = frozenset({"refs.resolve", "file.read"})
"""Operations that change nothing."""


def read_policy(text: str) -> tuple[Policy | None, tuple[Problem, ...]]:
    """Read a policy file. It is there only if it has no problem."""
    reader = Reader()
    root = read_document(text, reader)
    policy = _policy(reader, root) if root is not None else None
    if reader.problems:
        return None, in_order(reader.problems)
    return policy, ()


def consent_to_dispatch(
    policy: str | None,
    *,
    target: RepositoryName,
    origin: Origin,
    definition: str,
    workflow: str,
    ref: str,
) -> Consent:
    """Say whether `target` lets a definition dispatch a workflow at a ref.

    `policy` is the text of its policy file, `None` where it has none; `ref` is as GitHub is
    asked for it, a branch, a tag or a SHA, without `refs/heads/`.
    """
    if target.lower() == origin.repository.lower():
        return GIVEN
    who = f"the definition {definition} of {origin.repository}"
    remedy = (
        f"add `- {{from: {origin.repository}, definitions: [{definition}], "
        f"workflows: [{workflow}]}}` to `accept` in {POLICY_PATH} of {target}"
    )
    found = _readable(policy, target, remedy)
    if isinstance(found, Consent):
        return found
    for accepted in _from(found, origin, definition):
        if _passes(accepted.workflows, workflow) and _passes(accepted.refs, ref):
            return GIVEN
    message = f"{target} does not let {who} dispatch {workflow} at {ref}: {remedy}"
    return Consent(is_given=False, code="consent-missing", message=message)


def consent_to_write(
    policy: str | None, *, target: RepositoryName, origin: Origin, definition: str
) -> Consent:
    """Say whether `target` lets a definition write there: any entry that names it will do."""
    if target.lower() == origin.repository.lower():
        return GIVEN
    remedy = f"add `- {{from: {origin.repository}}}` to `accept` in {POLICY_PATH} of {target}"
    found = _readable(policy, target, remedy)
    if isinstance(found, Consent):
        return found
    if _from(found, origin, definition):
        return GIVEN
    message = f"{target} does not let {origin.repository} write there: {remedy}"
    return Consent(is_given=False, code="consent-missing", message=message)


def consent_to_operate(
    policy: str | None,
    *,
    target: RepositoryName,
    origin: Origin,
    definition: str,
    operation: str,
) -> Consent:
    """Say whether `target` lets a definition make one call there, as `issue.create`.

    Any entry that names the definition lets it read; what writes must stand in `operations`.
    """
    if target.lower() == origin.repository.lower():
        return GIVEN
    needs = "" if operation in READING else f", operations: [{operation}]"
    remedy = (
        f"add `- {{from: {origin.repository}, definitions: [{definition}]{needs}}}` "
        f"to `accept` in {POLICY_PATH} of {target}"
    )
    found = _readable(policy, target, remedy)
    if isinstance(found, Consent):
        return found
    for accepted in _from(found, origin, definition):
        if operation in READING or accepts(accepted.operations, operation):
            return GIVEN
    message = (
        f"{target} does not let the definition {definition} of {origin.repository} do "
        f"`{operation}` there: {remedy}"
    )
    return Consent(is_given=False, code="consent-missing", message=message)


def consent_to_release(
    policy: str | None,
    *,
    target: RepositoryName,
    origin: Origin,
    definition: str,
    environment: str,
) -> Consent:
    """Say whether `target` lets a definition answer for one of its protected environments."""
    if target.lower() == origin.repository.lower():
        return GIVEN
    remedy = (
        f"add `- {{from: {origin.repository}, definitions: [{definition}], "
        f"environments: [{environment}]}}` to `accept` in {POLICY_PATH} of {target}"
    )
    found = _readable(policy, target, remedy)
    if isinstance(found, Consent):
        return found
    if any(
        accepts(each.environments, environment) for each in _from(found, origin, definition)
    ):
        return GIVEN
    message = (
        f"{target} does not let the definition {definition} of {origin.repository} answer "
        f"for the environment {environment}: {remedy}"
    )
    return Consent(is_given=False, code="consent-missing", message=message)


def _readable(policy: str | None, target: RepositoryName, remedy: str) -> Policy | Consent:
    if policy is None:
        message = f"{target} has no {POLICY_PATH} on its default branch: {remedy}"
        return Consent(is_given=False, code="consent-missing", message=message)
    found, problems = read_policy(policy)
    if found is None:
        first = problems[0]
        message = (
            f"the policy of {target} cannot be read, so nobody is let in: "
            f"line {first.line}: {first.message}; {first.hint}"
        )
        return Consent(is_given=False, code="policy-unreadable", message=message)
    return found


def _from(policy: Policy, origin: Origin, definition: str) -> tuple[Acceptance, ...]:
    return tuple(
        each
        for each in policy.accept
        if accepts((each.source.lower(),), origin.repository.lower())
        and _passes(each.definitions, definition)
    )


def _passes(patterns: Sequence[str], text: str) -> bool:
    return not patterns or accepts(patterns, text)


def _policy(reader: Reader, root: Node) -> Policy | None:
    entries = reader.entries(root, "a policy", "see docs/policy.md for an example")
    if entries is None:
        return None
    keys = dict(reader.known(entries, POLICY))
    version = keys.get("version")
    if not isinstance(version, Scalar) or version.value is True or version.value != 1:
        place = version.place if version is not None else entries.place
        message = "a policy needs `version: 1`"
        reader.report(Code.WRONG_VALUE, message, "write `version: 1` first", place)
    organization = None
    if "organization" in keys:
        organization = read_organization(reader, keys["organization"])
    return Policy(
        accept=_accept(reader, keys["accept"]) if "accept" in keys else (),
        roles=read_roles(reader, keys["roles"]) if "roles" in keys else {},
        organization=organization,
    )


def _accept(reader: Reader, node: Node) -> tuple[Acceptance, ...]:
    items = reader.items(node, "`accept`")
    nodes = items.nodes if items is not None else ()
    if len(nodes) > ACCEPTED_MAX:
        message = f"`accept` has {len(nodes)} entries; the most is {ACCEPTED_MAX}"
        reader.report(Code.TOO_MANY, message, "use patterns: `from: acme/*`", node.place)
        return ()
    found = (_acceptance(reader, each) for each in nodes)
    return tuple(each for each in found if each is not None)


def _acceptance(reader: Reader, node: Node) -> Acceptance | None:
    hint = "write `- {from: owner/repository, workflows: [deploy.yml]}`"
    entries = reader.entries(node, "an entry of `accept`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, ACCEPT))
    source = reader.text(keys["from"], "`from`") if "from" in keys else None
    if "from" not in keys:
        reader.report(Code.MISSING_KEY, "there is no `from`", hint, entries.place)
    if source is not None and not _is_repository(source):
        message = f"`from` is `{source}`, which is no repository"
        reader.report(Code.WRONG_VALUE, message, "write `owner/repository`", keys["from"].place)
    return Acceptance(
        source=source or "",
        definitions=read_patterns(reader, keys, "definitions"),
        workflows=read_patterns(reader, keys, "workflows"),
        refs=read_patterns(reader, keys, "refs"),
        operations=read_patterns(reader, keys, "operations"),
        environments=read_patterns(reader, keys, "environments"),
    )


def _is_repository(source: str) -> bool:
    """Tell whether a pattern names repositories of one owner: nobody lets the world in."""
    owner, slash, name = source.partition("/")
    has_sign = any(sign in owner for sign in "*?+[]!\\")
    return bool(owner and slash and name) and not has_sign and problem_of(source) is None
