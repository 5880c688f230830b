"""Reading how a task is carried out: retries, escalations, places in groups, time-outs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from app.core.definition import Backoff, Concurrency, Escalation, OnTimeout, Retry
from app.core.expressions import NameType
from app.core.problems import Code
from app.core.reading.actions.approval import read_choice
from app.core.reading.document import Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader, spelt
from app.core.reading.words import (
    BACKOFF,
    CHANNELS,
    CONCURRENCY,
    ESCALATION,
    JITTERS,
    ON_TIMEOUT,
    QUEUES,
    RETRY,
    RETRY_SCOPES,
    SCOPES,
    TIMEOUT_WORDS,
)
from app.core.terms import Template, ValueType

ATTEMPTS_MAX = 20
PAUSE_MAX = timedelta(hours=24)
FACTOR_MAX = 10
ESCALATIONS_MAX = 10
PLACES_MAX = 1_000
GROUP_LENGTH_MAX = 200
PRIORITY_MAX = 1_000_000
TIMEOUT_MINUTES_MAX = 43_200  # 30 days
QUEUE_MINUTES_MAX = 1_440  # GitHub gives up what waits for a runner of one's own after a day
_MINUTE = timedelta(minutes=1)
_NOTIFIED = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?")


def minutes(
    reader: Reader,
    node: Node | None,
    default: timedelta,
    key: str = "timeout-minutes",
    most: int = TIMEOUT_MINUTES_MAX,
) -> timedelta:
    """Read a number of minutes."""
    if node is None:
        return default
    found = reader.integer(node, f"`{key}`", 1, most)
    return default if found is None else timedelta(minutes=found)


def read_retry(reader: Reader, node: Node, formulas: Formulas) -> Retry | None:
    """Read `retry`."""
    hint = "write `{max-attempts: 3}`"
    entries = reader.entries(node, "`retry`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, RETRY))
    if "max-attempts" not in keys:
        reader.missing("max-attempts", "`retry`", hint, entries.place)
        return None
    most = reader.integer(keys["max-attempts"], "`max-attempts`", 1, ATTEMPTS_MAX)
    when = scope = None
    if "when" in keys:
        seen = formulas.wider((("last.conclusion", NameType.STRING),))
        when = seen.condition(keys["when"], "`when`")
    if "scope" in keys:
        scope = reader.choice(keys["scope"], "`scope`", RETRY_SCOPES)
    backoff = _backoff(reader, keys["backoff"]) if "backoff" in keys else Backoff()
    return Retry(
        max_attempts=most or 1,
        when=when,
        backoff=backoff,
        scope="failed-jobs" if scope == "failed-jobs" else "all",
    )


def _backoff(reader: Reader, node: Node) -> Backoff:
    found = Backoff()
    entries = reader.entries(node, "`backoff`", "write `{initial: 30s, factor: 2, max: 10m}`")
    if entries is None:
        return found
    keys = dict(reader.known(entries, BACKOFF))
    if "initial" in keys:
        span = reader.span(keys["initial"], "`initial`", timedelta(0), PAUSE_MAX)
        found = replace(found, initial=span or timedelta(0))
        found = replace(found, max=max(found.max, found.initial))
    if "factor" in keys:
        factor = reader.number(keys["factor"], "`factor`", 1, FACTOR_MAX)
        found = replace(found, factor=factor or 1.0)
    if "max" in keys:
        span = reader.span(keys["max"], "`max`", timedelta(seconds=1), PAUSE_MAX)
        found = replace(found, max=span or found.max)
        if found.max < found.initial:
            message = f"`max` is less than `initial`, {spelt(found.initial)}"
            hint = f"write {spelt(found.initial)} or more"
            reader.report(Code.OUT_OF_RANGE, message, hint, keys["max"].place)
    if "jitter" in keys:
        jitter = reader.choice(keys["jitter"], "`jitter`", JITTERS)
        found = replace(found, jitter="none" if jitter == "none" else "full")
    return found


def read_escalations(
    reader: Reader, node: Node | None, timeout: timedelta | None
) -> tuple[Escalation, ...]:
    """Read `escalate`: whom to tell after how long, at the latest before the time is up."""
    if node is None:
        return ()
    hint = "write `[{after: 4h, notify: owner/team, via: [comment]}]`"
    found: list[Escalation] = []
    for each in reader.several(node, "`escalate`", 1, ESCALATIONS_MAX, hint):
        entries = reader.entries(each, "an escalation", hint)
        if entries is None:
            continue
        keys = dict(reader.known(entries, ESCALATION))
        for key in ("after", "notify", "via"):
            if key not in keys:
                reader.missing(key, "an escalation", hint, entries.place)
        after = reader.span(keys["after"], "`after`", _MINUTE) if "after" in keys else None
        if after and timeout and after >= timeout:
            message = f"nobody is told: the time is up after {spelt(timeout)}"
            reader.report(Code.OUT_OF_RANGE, message, "write less", keys["after"].place)
        notify, via = read_notice(reader, keys.get("notify"), keys.get("via"))
        if after and notify and via:
            found.append(Escalation(after=after, notify=notify, via=via))
    return tuple(found)


def read_notice(
    reader: Reader, notify: Node | None, via: Node | None
) -> tuple[str, tuple[str, ...]]:
    """Read `notify` and `via`: whom to tell, by which channels."""
    who = reader.text(notify, "`notify`", "write owner/team or a login") if notify else None
    if who is not None and notify and not _NOTIFIED.fullmatch(who):
        message = f"`{who[:60]}` is neither a team `owner/team` nor the login of a person"
        hint = "write for instance acme/sre, without @"
        reader.report(Code.BAD_PARTY, message, hint, notify.place)
    return who or "", reader.some(via, "`via`", CHANNELS) if via else ()


def read_concurrency(reader: Reader, node: Node, formulas: Formulas) -> Concurrency | None:
    """Read `concurrency`; a text alone is the group, as in Actions."""
    hint = "write `{group: name, limit: 1}`"
    if isinstance(node, Scalar):
        group = _group(reader, node, formulas)
        zero = Template(value=0, place=node.place)
        return Concurrency(group=group, priority=zero) if group else None
    entries = reader.entries(node, "`concurrency`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, CONCURRENCY))
    if "group" not in keys:
        reader.missing("group", "`concurrency`", hint, entries.place)
        return None
    group = _group(reader, keys["group"], formulas)
    scope = queue = cancel = None
    priority: Template | None = Template(value=0, place=entries.place)
    limit = 1
    if "scope" in keys:
        scope = reader.choice(keys["scope"], "`scope`", SCOPES)
    if "limit" in keys:
        limit = reader.integer(keys["limit"], "`limit`", 1, PLACES_MAX) or 1
    if "queue" in keys:
        queue = reader.choice(keys["queue"], "`queue`", QUEUES)
    if "priority" in keys:
        priority = _priority(reader, keys["priority"], formulas)
    if "cancel-in-progress" in keys:
        cancel = reader.truth(keys["cancel-in-progress"], "`cancel-in-progress`")
    if group is None or priority is None:
        return None
    wide: Literal["organization", "repository"] = "repository"
    return Concurrency(
        group=group,
        scope="organization" if scope == "organization" else wide,
        limit=limit,
        queue="latest" if queue == "latest" else "all",
        priority=priority,
        cancel_in_progress=bool(cancel),
    )


def _group(reader: Reader, node: Node, formulas: Formulas) -> Template | None:
    text = reader.text(node, "`group`", "write a name, such as deploy-production")
    if text is not None and "${{" not in text and len(text) > GROUP_LENGTH_MAX:
        message = f"a group's name has at most {GROUP_LENGTH_MAX} characters"
        reader.report(Code.OUT_OF_RANGE, message, "shorten it", node.place)
        return None
    return None if text is None else formulas.template(node)


def _priority(reader: Reader, node: Node, formulas: Formulas) -> Template | None:
    if isinstance(node, Scalar) and "${{" in str(node.value):
        return formulas.template(node, "`priority`", ValueType.INTEGER)
    found = reader.integer(node, "`priority`", -PRIORITY_MAX, PRIORITY_MAX)
    return None if found is None else Template(value=found, place=node.place)


def read_on_timeout(reader: Reader, node: Node, options: Sequence[str]) -> OnTimeout:
    """Read `on-timeout`; only an approval has options to choose."""
    if isinstance(node, Scalar):
        word = reader.choice(node, "`on-timeout`", TIMEOUT_WORDS)
        return OnTimeout(then="skip" if word == "skip" else "fail")
    hint = "write `fail`, `skip` or `{choose: option}`"
    entries = reader.entries(node, "`on-timeout`", hint)
    keys = dict(reader.known(entries, ON_TIMEOUT)) if entries else {}
    if entries and not options:
        message = "only an approval has options to choose"
        reader.report(Code.CONFLICTING_KEYS, message, "write `fail` or `skip`", node.place)
    elif entries and "choose" not in keys:
        reader.missing("choose", "`on-timeout`", hint, entries.place)
    elif entries and (choose := read_choice(reader, keys["choose"], tuple(options))):
        return OnTimeout(then="choose", choose=choose)
    return OnTimeout()
