"""What the tasks of a definition do and how, in the sentences that `signalbox plan` prints.

Only what can be said without asking anybody; values that are known before anything has run
are `foreseeing`'s.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from app.core.actions import (
    Action,
    Agent,
    Approval,
    ApprovalRule,
    Dispatch,
    Orchestrate,
    Report,
    Requirement,
    Wait,
)
from app.core.definition import (
    Concurrency,
    Definition,
    Escalation,
    Join,
    StateDefinition,
    Strategy,
    TaskDefinition,
)
from app.core.reading.reader import spelt
from app.core.terms import Template

Show: TypeAlias = Callable[[Template], str]
"""Writes a value with what is known of it."""

JOINS = {
    Join.ANY: "begins as soon as any of them ended",
    Join.ALL_DONE: "begins once all of them ended, however",
    Join.NONE_FAILED: "begins once none of them failed",
    Join.ONE_SUCCESS: "begins once one of them succeeded",
}


def facts_of_whole(definition: Definition, show: Show) -> Iterator[str]:
    """Say how the whole goes about it."""
    yield f"at most {spelt(definition.timeout)}"
    yield from of_concurrency(definition.concurrency, show)
    if definition.correlate is not None:
        yield f"events join it by {show(definition.correlate)}"
    if definition.freeze:
        yield f"dispatches only while open: {', '.join(definition.freeze)}"
    for alert in definition.alerts:
        yield f"if {alert.when.source}: {alert.notify} is told by {', '.join(alert.via)}"


def facts_of(task: TaskDefinition, show: Show) -> Iterator[str]:
    """Say what a task does besides its calls, and how it is carried out."""
    if task.join in JOINS:
        yield JOINS[task.join]
    yield from _action(task.action, show)
    if task.strategy is not None:
        yield from _strategy(task.strategy, show)
    if not isinstance(task.action, Wait):
        yield f"at most {spelt(task.timeout)}{_on_timeout(task)}"
    elif task.on_timeout.then != "fail":
        yield f"if that does not come{_on_timeout(task)}"
    if task.queue_timeout is not None:
        yield f"given up when it has not started after {spelt(task.queue_timeout)}"
    if task.retry is not None and task.retry.max_attempts > 1:
        when = f" if {task.retry.when.source}" if task.retry.when else ""
        jobs = ", failed jobs only" if task.retry.scope == "failed-jobs" else ""
        yield f"up to {task.retry.max_attempts} attempts{when}{jobs}"
    if task.on_failure.value != "fail":
        yield f"on failure: {task.on_failure.value}"
    if task.continue_on_error.value is not False:
        yield f"its failure is tolerated: continue-on-error {show(task.continue_on_error)}"
    if task.on_warning.value != "continue":
        yield f"on warning: {task.on_warning.value}"
    if task.compensate is not None:
        yield f"undone by {target_of(task.compensate.action, show)}"
    yield from of_concurrency(task.concurrency, show)
    yield from of_escalations(task.escalate)


def facts_of_state(state: StateDefinition, show: Show) -> Iterator[str]:
    """Say how a state of a machine goes about it."""
    if state.timeout is not None:
        yield f"at most {spelt(state.timeout)}"
    if state.max_visits is not None:
        yield f"at most {state.max_visits} visits"
    yield from of_concurrency(state.concurrency, show)
    yield from of_escalations(state.escalate)


def target_of(action: Action, show: Show) -> str:
    """Name what an action starts or calls."""
    match action:
        case Dispatch() | Orchestrate():
            return show(action.target)
        case Agent():
            return show(action.dispatch.target)
        case Approval() | Wait() | Report():
            return ""
        case _:
            return action.name


def of_concurrency(concurrency: Concurrency | None, show: Show) -> Iterator[str]:
    """Say which place in a group is asked for."""
    if concurrency is not None:
        group = show(concurrency.group)
        places = f"{concurrency.limit} place{'' if concurrency.limit == 1 else 's'}"
        yield f"one of {places} in the {concurrency.scope}'s group {group}"


def of_escalations(escalations: tuple[Escalation, ...]) -> Iterator[str]:
    """Say who is told after how long."""
    for each in escalations:
        yield f"after {spelt(each.after)}: {each.notify} is told by {', '.join(each.via)}"


def _action(action: Action, show: Show) -> Iterator[str]:
    match action:
        case Approval():
            yield from _approval(action, show)
        case Agent():
            yield f"its outputs: {', '.join(_properties(action)) or 'none'}"
            yield from _limits(action)
            review = action.review
            if review is None:
                yield "its result goes on without a review"
            else:
                yield from (f"review: {fact}" for fact in _approval(review, show))
        case Wait():
            yield _wait(action, show)
        case Report():
            formats, parts = ", ".join(action.formats), ", ".join(action.include)
            yield f"writes a report as {formats} with {parts}"
        case Dispatch():
            if action.environment is not None:
                yield f"answers for the environment {show(action.environment)}"
            if action.require_jobs:
                yield f"counts only if {', '.join(action.require_jobs)} succeeded"
            if action.min_duration is not None:
                yield f"counts only if it took {spelt(action.min_duration)}"
        case _:
            pass


def _limits(agent: Agent) -> Iterator[str]:
    limits = agent.limits
    if limits is not None and limits.max_files is not None:
        yield f"its branch changes at most {limits.max_files} files"
    if limits is not None and limits.max_lines is not None:
        yield f"its branch changes at most {limits.max_lines} lines"
    if limits is not None and limits.deny_paths:
        yield f"its branch changes nothing in {', '.join(limits.deny_paths)}"
    if agent.invalid_retries:
        then = "people are asked" if agent.invalid_then == "ask" else "it fails"
        times = f"tried again {agent.invalid_retries} times".replace(" 1 times", " once")
        yield f"{times} if its outputs do not fit, then {then}"


def _properties(action: Agent) -> list[str]:
    properties = action.schema.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _approval(approval: Approval, show: Show) -> Iterator[str]:
    if approval.title is not None:
        yield f"asks: {show(approval.title)}"
    for rule in approval.rules:
        yield _rule(rule)
    if approval.exclude:
        yield f"not {', '.join(sorted(approval.exclude))}"
    yield f"choices: {', '.join(approval.options)}"
    if approval.inputs:
        yield f"asks for {', '.join(approval.inputs)}"
    if approval.auto is not None:
        yield f"chooses {approval.auto.choose} by itself if {approval.auto.when.source}"
    if approval.break_glass is not None:
        who = [*approval.break_glass.teams, *approval.break_glass.users]
        yield f"in an emergency {' or '.join(who)} alone, with a reason"


def _rule(rule: ApprovalRule) -> str:
    when = f"if {rule.when.source}: " if rule.when is not None else ""
    return when + " and ".join(_requirement(each) for each in rule.require)


def _requirement(requirement: Requirement) -> str:
    who = [*requirement.teams, *requirement.users]
    if requirement.permission is not None:
        who.append(f"people with {requirement.permission.value} permission")
    if requirement.code_owners:
        who.append("code owners")
    return f"{requirement.count} of {' or '.join(who)}"


def _wait(wait: Wait, show: Show) -> str:
    long = spelt(wait.duration)
    if wait.until is not None:
        return f"waits until {show(wait.until)}, at most {long}"
    if wait.event is not None:
        when = f" with {wait.when.source}" if wait.when is not None else ""
        return f"waits for {wait.event}{when}, at most {long}"
    return f"waits for {long}"


def _strategy(strategy: Strategy, show: Show) -> Iterator[str]:
    if strategy.max_parallel is not None:
        yield f"at most {strategy.max_parallel} at once"
    for wave in strategy.waves:
        which = f"{wave.percent} %" if wave.condition is None else wave.condition.source
        bake = f", holds for {spelt(wave.bake)}" if wave.bake else ""
        gate = ", after an approval" if wave.approval is not None else ""
        yield f"wave {wave.name}: {which}{bake}, at most {wave.max_failures} may fail{gate}"
        if wave.approval is not None:
            yield from (f"  {fact}" for fact in _approval(wave.approval, show))
    check = strategy.bake_check
    if check is not None:
        target = target_of(check.action, show)
        yield f"checked every {spelt(check.every)} by {target}: {check.pass_when.source}"
    if strategy.rollback is not None:
        legs = "the wave" if strategy.rollback.scope == "wave" else "all waves"
        yield f"a failed wave rolls {legs} back by {target_of(strategy.rollback.action, show)}"


def _on_timeout(task: TaskDefinition) -> str:
    match task.on_timeout.then:
        case "skip":
            return ", then it is skipped"
        case "choose":
            return f", then {task.on_timeout.choose} is chosen"
        case _:
            return ""
