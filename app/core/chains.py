"""Orchestrations that lead to others: children, and definitions that hear of an end.

A chain has a bounded length and never comes back to a definition that is in it already, so
that neither children nor listeners can go round for ever. GitHub bounds its own chains of
`workflow_run` for the same reason:
https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_run
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.core.commands import StartChild, TellEnd
from app.core.definition import Listen
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.hearing.catalogue import Catalogue, Covered, Entry, listens
from app.core.hearing.filters import accepts, wants_name, wants_repository
from app.core.plan import Cause, Parent, Plan
from app.core.planning import make_plan, values_of
from app.core.policy import POLICY_PATH, read_policy
from app.core.state import Orchestration
from app.core.values import JsonObject, OrchestrationId, Sha

DEPTH_MAX = 5
"""How many orchestrations may stand before one: deeper than that nobody sees through."""

_TARGET = re.compile(
    r"(?P<repository>[^/@\s]+/[^/@\s]+)/(?P<path>\.github/orchestrations/[^/@\s]+\.ya?ml)"
    r"(?:@(?P<ref>\S+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something will not be started: a stable code, and what to do about it."""

    code: str
    message: str


def link_of(plan: Plan) -> str:
    """Name the definition of a plan as a link of a chain; repositories may be renamed."""
    return f"{plan.origin.repository_id}/{plan.definition.id}"


# ------------------------------------------------------------------------------- children


def plan_child(
    parent: Plan,
    command: StartChild,
    catalogue: Catalogue,
    policy_of: Callable[[int], str | None],
) -> Plan | Refusal:
    """Plan the child that an orchestration asks for, or say why there will be none.

    `policy_of` returns the text of a repository's policy. The number is still to be given.
    """
    found = _find(command.target, catalogue)
    if isinstance(found, Refusal):
        return found
    entry, covered = found
    refusal = _consent(parent, entry, policy_of(entry.origin.repository_id))
    refusal = refusal or _too_long(parent, entry)
    if refusal is not None:
        return refusal
    plan, faults = make_plan(
        entry,
        _cause_of_child(parent, command, covered),
        command.inputs,
        delivery_id=command.marker,
        number=0,
    )
    if plan is None:
        message = f"the inputs of {command.target} are wrong: {'; '.join(faults)}"
        return Refusal(code="bad-inputs", message=message)
    depth = parent.parent.depth + 1 if parent.parent is not None else 1
    return replace(
        plan,
        id=child_id(command.marker),
        parent=Parent(orchestration=parent.id, attempt=command.attempt, depth=depth),
        chain=(*parent.chain, link_of(parent)),
    )


def child_id(marker: str) -> OrchestrationId:
    """Derive the id of the child that bears a marker, so that it is never started twice."""
    return OrchestrationId(hashlib.sha256(f"child/{marker}".encode()).hexdigest()[:16])


def _find(target: str, catalogue: Catalogue) -> tuple[Entry, Covered] | Refusal:
    """Find a definition, at the head of its default branch and nowhere else."""
    named = _TARGET.fullmatch(target)
    if named is None:
        message = (
            f"`{target}` names no definition: write "
            "`owner/repository/.github/orchestrations/file.yml@branch`"
        )
        return Refusal(code="child-unknown", message=message)
    repository, path, ref = named["repository"], named["path"], named["ref"]
    stem = path.rpartition("/")[2].rpartition(".")[0]
    entry = catalogue.find(repository, stem)
    if entry is None or entry.origin.path != path:
        message = (
            f"there is no definition {path} in {repository}: see whether it is on the default "
            "branch, has no problems, and the App is installed there"
        )
        return Refusal(code="child-unknown", message=message)
    covered = catalogue.repositories[entry.origin.repository_id]
    branch = covered.repository.default_branch
    if ref is not None and ref.removeprefix("refs/heads/") != branch:
        message = (
            f"definitions are read at the default branch, which is `{branch}` in "
            f"{repository}: write `@{branch}` in place of `@{ref}`"
        )
        return Refusal(code="child-not-at-default-branch", message=message)
    return entry, covered


def _consent(parent: Plan, entry: Entry, policy: str | None) -> Refusal | None:
    """Say why another repository does not let its definition be started, if so.

    Whatever its `accept` says of workflows is about dispatches; here the definition that asks
    must be among `definitions`.
    """
    asking, target = parent.origin.repository, entry.origin.repository
    if entry.origin.repository_id == parent.origin.repository_id:
        return None
    who = f"the definition {parent.definition.id} of {asking}"
    remedy = (
        f"add `- {{from: {asking}, definitions: [{parent.definition.id}]}}` to `accept` in "
        f"{POLICY_PATH} of {target}"
    )
    found, problems = read_policy(policy) if policy is not None else (None, ())
    if problems:
        first = problems[0]
        message = (
            f"the policy of {target} cannot be read, so nobody is let in: "
            f"line {first.line}: {first.message}; {first.hint}"
        )
        return Refusal(code="policy-unreadable", message=message)
    for accepted in found.accept if found is not None else ():
        is_from = accepts((accepted.source.lower(),), asking.lower())
        if is_from and wants_name(accepted.definitions, (), parent.definition.id):
            return None
    message = f"{target} does not let {who} start {entry.definition.id}: {remedy}"
    return Refusal(code="consent-missing", message=message)


def _too_long(before: Plan, entry: Entry) -> Refusal | None:
    """Say why a chain may not go on with a definition, if so."""
    chain = (*before.chain, link_of(before))
    name = f"{entry.origin.repository}/{entry.definition.id}"
    if f"{entry.origin.repository_id}/{entry.definition.id}" in chain:
        message = f"{name} led to {before.title} itself: a chain may not come back to it"
        return Refusal(code="chain-comes-back", message=message)
    if len(chain) > DEPTH_MAX:
        message = (
            f"{DEPTH_MAX} orchestrations stand before {before.title}: {name} may not follow"
        )
        return Refusal(code="chain-too-long", message=message)
    return None


def _cause_of_child(parent: Plan, command: StartChild, covered: Covered) -> Cause:
    """Say what a child sees: its inputs, its parent, and its own default branch."""
    asked_by = {"id": parent.id, "title": parent.title, "repository": parent.origin.repository}
    return Cause(
        event_name="orchestrate",
        event={"inputs": command.inputs, "parent": asked_by},
        repository_id=covered.repository.id,
        repository=covered.repository.name,
        installation_id=covered.installation_id,
        actor=parent.cause.actor,
        sha=covered.head_sha or Sha(""),
        ref=f"refs/heads/{covered.repository.default_branch}",
    )


# ------------------------------------------------------------------ who hears of an end


@dataclass(frozen=True, slots=True, kw_only=True)
class Heirs:
    """The plans that an end starts, their numbers still to be given; and why others do not."""

    plans: tuple[Plan, ...] = ()
    notes: tuple[str, ...] = ()


def plan_heirs(state: Orchestration, command: TellEnd, catalogue: Catalogue) -> Heirs:
    """Plan what definitions start that listen to the end of an orchestration."""
    plans: list[Plan] = []
    notes: list[str] = []
    cause = cause_of_end(state, command)
    for entry in catalogue.listeners("orchestration", state.plan.origin.repository_id):
        listening = listens(entry, "orchestration")
        refusals = [_refusal(listen, entry, state, command, cause) for listen in listening]
        too_long = _too_long(state.plan, entry)
        plan: Plan | None = None
        if None not in refusals:
            faults = tuple(refusal for refusal in refusals if refusal is not None)
        elif too_long is not None:
            faults = (too_long.message,)
        else:
            delivery_id = f"end/{state.id}/{command.count}"
            plan, faults = make_plan(entry, cause, {}, delivery_id=delivery_id, number=0)
        if plan is None:
            name = f"{entry.origin.repository}/{entry.definition.id}"
            notes.append(f"{name}: {'; '.join(faults)}")
            continue
        plans.append(replace(plan, chain=(*state.plan.chain, link_of(state.plan))))
    return Heirs(plans=tuple(plans), notes=tuple(notes))


def cause_of_end(state: Orchestration, command: TellEnd) -> Cause:
    """Say of an end what expressions call `event`; it stands on the commit of its own cause."""
    plan, before = state.plan, state.plan.cause
    ended: JsonObject = {
        "id": plan.id,
        "number": plan.number,
        "name": plan.definition.name,
        "definition": plan.definition.id,
        "conclusion": command.conclusion.value,
        "outputs": command.outputs,
    }
    return Cause(
        event_name="orchestration",
        event={
            "action": command.conclusion.value,
            "orchestration": ended,
            "repository": {
                "id": plan.origin.repository_id,
                "full_name": plan.origin.repository,
            },
        },
        repository_id=before.repository_id,
        repository=before.repository,
        installation_id=before.installation_id,
        actor=before.actor,
        sha=before.sha,
        ref=before.ref,
        pull_request=before.pull_request,
    )


def _refusal(
    listen: Listen, entry: Entry, state: Orchestration, command: TellEnd, cause: Cause
) -> str | None:
    """Say why one `on` entry does not want an end."""
    plan = state.plan
    if not wants_repository(listen, entry.origin.repository, plan.origin.repository):
        return "it does not listen to the repository"
    if listen.types and command.conclusion.value not in listen.types:
        return f"`{command.conclusion.value}` is not among its `types`"
    if not wants_name(listen.workflows, (), plan.definition.id):
        return "the definition is not among its `workflows`"
    if listen.condition is None:
        return None
    try:
        holds = evaluate_condition(listen.condition, values_of(cause))
    except ExpressionError as error:
        return f"its `if` has no value: {error}"
    return None if holds else "its `if` does not hold"
