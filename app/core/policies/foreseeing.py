"""What a changed policy would do to orchestrations that are under way.

For the pull request that changes it: what would be forbidden, put off or let in no more of
what is dispatched, written, started or let go, and which gates would ask for more people.
What only an expression will tell is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.actions import Agent, Approval, Dispatch, GitHubOperation, Orchestrate
from app.core.approvals.people import described
from app.core.approvals.roles import Grants, Role
from app.core.calendars import is_open
from app.core.definition import TaskDefinition
from app.core.legs.asking import gates_of, subject_of
from app.core.legs.context import cause_values, values_for
from app.core.legs.dispatching import CHILD
from app.core.naming import definition_of
from app.core.policies.organization import Organization, Ruling, Subject, rule_on
from app.core.policy import (
    READING,
    Policy,
    consent_to_dispatch,
    consent_to_operate,
    consent_to_release,
    consent_to_write,
    read_policy,
)
from app.core.preflight import Target, literal, target_of
from app.core.state import Orchestration
from app.core.telling.markdown import code, fit, plain, size
from app.core.values import Json, RepositoryName, TaskName

SUMMARY_MAX = 60_000
Values = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A policy as it is in force and as it would be; `repository` holds it.

    `is_organizations`: it stands where an organisation's policy does.
    """

    repository: RepositoryName
    is_organizations: bool
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing that would change; one that is only evaluated would be told and not done."""

    title: str
    text: str
    is_enforced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where something is done: a repository, and the environment that is answered for."""

    repository: str
    environment: str = ""


def foresee(
    proposed: Proposed, states: Sequence[Orchestration], now: datetime
) -> tuple[Effect, ...]:
    """Say what a changed policy would do to each of these."""
    found = [
        effect
        for state in states
        if not state.has_ended
        for effect in _effects(proposed, state, now)
    ]
    return tuple(dict.fromkeys(found))


def told(effects: Sequence[Effect], seen: int) -> str:
    """Say in Markdown what would change, after a look at so many live orchestrations."""
    if not effects:
        return f"Nothing would change for the {seen} orchestrations that are under way."
    head = f"Of {seen} orchestrations that are under way:\n"
    lines = [
        f"- {plain(each.title)}: {each.text}"
        + ("" if each.is_enforced else " — only reported, by `mode: evaluate`")
        for each in effects
    ]
    rows = fit(lines, SUMMARY_MAX - size(head), lambda left: f"- and {left} more")
    return "\n".join([head, *rows])


def _effects(proposed: Proposed, state: Orchestration, now: datetime) -> Iterator[Effect]:
    before, after = _read(proposed.before), _read(proposed.after)
    was = before.organization if before is not None else None
    will = after.organization if after is not None else None
    if proposed.is_organizations:
        yield from _of_runs(proposed, state, was, will, now)
        if _owns(proposed, state):
            yield from _of_roles(state, _roles(was), _roles(will))
    elif proposed.repository.lower() == state.plan.origin.repository.lower():
        yield from _of_roles(state, _roles(before), _roles(after))
    for name, task in state.tasks.items():
        if task.has_ended:
            continue
        definition = definition_of(state.plan.definition, name)
        if not proposed.is_organizations:
            yield from _of_consent(proposed, state, name, definition)
            continue
        values = values_for(state, name, now)
        yield from _of_dispatch(proposed, state, definition, values, was, will, now)
        if isinstance(definition.action, Approval | Agent) and _owns(proposed, state):
            yield from _of_gates(state, name, values, was, will)


def _roles(of: Policy | Organization | None) -> Grants:
    return of.roles if of is not None else {}


def _of_roles(state: Orchestration, before: Grants, after: Grants) -> Iterator[Effect]:
    """Tell which roles somebody else would have."""
    for role in Role:
        if before.get(role) == after.get(role):
            continue
        given = after.get(role)
        whom = (
            " or ".join(described(given)) if given is not None else "whoever it is by default"
        )
        text = f"who may {code(role.value)} it would be {plain(whom)}"
        yield Effect(title=state.plan.title, text=text)


def _read(text: str | None) -> Policy | None:
    return read_policy(text)[0] if text is not None else None


def _owns(proposed: Proposed, state: Orchestration) -> bool:
    return _owner(proposed.repository) == _owner(state.plan.origin.repository)


def _owner(repository: str) -> str:
    return repository.partition("/")[0].lower()


def _target(definition: TaskDefinition) -> Target | None:
    action = definition.action
    action = action.dispatch if isinstance(action, Agent) else action
    return target_of(definition.name, action) if isinstance(action, Dispatch) else None


def _of_consent(
    proposed: Proposed, state: Orchestration, name: TaskName, definition: TaskDefinition
) -> Iterator[Effect]:
    place = _place(state, definition)
    if place is None or place.repository.lower() != proposed.repository.lower():
        return
    was = _consents(proposed, state, definition, proposed.before)
    will = _consents(proposed, state, definition, proposed.after)
    for what, is_given in was.items():
        if is_given and not will[what]:
            text = f"{code(name)} would not be let {what} any more"
            yield Effect(title=state.plan.title, text=text)


def _consents(
    proposed: Proposed, state: Orchestration, definition: TaskDefinition, text: str | None
) -> Mapping[str, bool]:
    """Tell what a policy lets a task do in its repository, by words for it."""
    origin, id_ = state.plan.origin, state.plan.definition.id
    here, action, target = proposed.repository, definition.action, _target(definition)
    if isinstance(action, GitHubOperation):
        given = consent_to_operate(
            text, target=here, origin=origin, definition=id_, operation=action.name
        )
        return {f"do {code(action.name)} here": given.is_given}
    if target is None:
        given = consent_to_write(text, target=here, origin=origin, definition=id_)
        return {"begin anything here": given.is_given}
    ref = target.ref.removeprefix("refs/heads/")
    given = consent_to_dispatch(
        text,
        target=here,
        origin=origin,
        definition=id_,
        workflow=target.workflow,
        ref=ref,
    )
    found = {"in here": given.is_given}
    named = literal(target.environment) if target.environment is not None else None
    if isinstance(named, str):
        given = consent_to_release(
            text, target=here, origin=origin, definition=id_, environment=named
        )
        found[f"answer for {code(named)} here"] = given.is_given
    return found


def _of_dispatch(
    proposed: Proposed,
    state: Orchestration,
    definition: TaskDefinition,
    values: Values,
    before: Organization | None,
    after: Organization | None,
    now: datetime,
) -> Iterator[Effect]:
    place = _place(state, definition)
    if place is None:
        return
    yield from _of_place(
        proposed, state, code(definition.name), place, values, before, after, now
    )
    title, task = state.plan.title, code(definition.name)
    most = after.max_attempts if after is not None else None
    asked = definition.retry.max_attempts if definition.retry is not None else 1
    known = before.max_attempts if before is not None else None
    if most is not None and most < min(asked, known or asked):
        yield Effect(title=title, text=f"{task} would be tried {most} times at most")


def _of_place(
    proposed: Proposed,
    state: Orchestration,
    what: str,
    place: _Place,
    values: Values,
    before: Organization | None,
    after: Organization | None,
    now: datetime,
) -> Iterator[Effect]:
    """Tell what would be denied or put off that is about to be done somewhere."""
    own, title = str(state.plan.origin.repository), state.plan.title
    if _owner(proposed.repository) not in {_owner(place.repository), _owner(own)}:
        return
    subject = Subject(
        definition=state.plan.definition.id,
        repositories=frozenset({own, place.repository}),
        environments=frozenset({place.environment} if place.environment else ()),
    )
    was, will = rule_on(before, subject, values), rule_on(after, subject, values)
    for each in will.denials:
        if each not in was.denials:
            text = f"{what} would be denied by {code(each.policy)}: "
            said = plain(each.message or each.error)
            yield Effect(title=title, text=text + said, is_enforced=each.is_enforced)
    for calendar in _new_calendars(was, will):
        text = f"{what} would wait for the calendar {code(calendar)}"
        yield Effect(title=title, text=text + _closed(after, calendar, now))


def _place(state: Orchestration, definition: TaskDefinition) -> _Place | None:
    """Return where a task does something, as far as the definition alone says."""
    action = definition.action
    if isinstance(action, GitHubOperation):
        given = action.inputs.get("repository")
        where = literal(given) if given is not None else str(state.plan.origin.repository)
        is_told = isinstance(where, str) and action.name not in READING
        return _Place(repository=str(where)) if is_told else None
    if isinstance(action, Orchestrate):
        said = literal(action.target)
        child = CHILD.fullmatch(said) if isinstance(said, str) else None
        return _Place(repository=child["repository"]) if child is not None else None
    target = _target(definition)
    if target is None:
        return None
    named = literal(target.environment) if target.environment is not None else None
    return _Place(
        repository=str(target.repository),
        environment=named if isinstance(named, str) else "",
    )


def _of_runs(
    proposed: Proposed,
    state: Orchestration,
    before: Organization | None,
    after: Organization | None,
    now: datetime,
) -> Iterator[Effect]:
    """Tell of workflow runs that wait to be let go at an environment."""
    for run in state.environments:
        if run.is_open:
            what = f"the workflow run {run.workflow_run_id} at {code(run.environment)}"
            place = _Place(repository=str(run.repository), environment=run.environment)
            values = cause_values(state, now)
            yield from _of_place(proposed, state, what, place, values, before, after, now)


def _new_calendars(was: Ruling, will: Ruling) -> list[str]:
    return [each for each in will.calendars if each not in was.calendars]


def _closed(organization: Organization | None, name: str, now: datetime) -> str:
    calendar = organization.calendars.get(name) if organization is not None else None
    is_closed = calendar is not None and not is_open(calendar, now)
    return ", which is closed now" if is_closed else ""


def _of_gates(
    state: Orchestration,
    name: TaskName,
    values: Values,
    before: Organization | None,
    after: Organization | None,
) -> Iterator[Effect]:
    subject = subject_of(state)
    was, will = rule_on(before, subject, values), rule_on(after, subject, values)
    for where, _ in gates_of(state, name):
        for rule in will.rules:
            if rule in was.rules or not (rule.holds or rule.error):
                continue
            text = f"the gate {code(str(where))} would ask for {code(rule.policy)}, too"
            yield Effect(title=state.plan.title, text=text, is_enforced=rule.is_enforced)
        for denial in will.denials:
            if denial not in was.denials:
                text = f"the gate {code(str(where))} would be shut by {code(denial.policy)}"
                yield Effect(title=state.plan.title, text=text, is_enforced=denial.is_enforced)
