"""Stories about forks: a stranger starts only what waits for people before it does anything."""

import pytest

from app.core.hearing.catalogue import Entry
from app.core.hearing.forks import is_guarded
from tests.core.routed import entry, proposed, routed
from tests.kit import build

WORK = "dispatch: acme/api/.github/workflows/test.yml@main"
RULES = "rules: [{require: [{teams: [acme/maintainers], count: 1}]}]"
GATE = f"gate: {{approval: {{{RULES}}}}}"
PIN = "pin: {github: refs.resolve, with: {refs: {api: acme/api@main}}}"

PINNED = PIN[:-1] + ", outputs: {shas: {type: object}, untrusted: {type: boolean}}}"


def guarded(*tasks: str) -> bool:
    """Tell whether a definition of these tasks is guarded."""
    lines = "".join(f"  {task}\n" for task in tasks)
    return is_guarded(build.definition(f"version: 1\non: pull_request\ntasks:\n{lines}"))


@pytest.mark.parametrize(
    "tasks",
    [
        (GATE, f"test: {{needs: [gate], {WORK}}}"),
        (GATE, f"test: {{needs: [gate], {WORK}}}", f"more: {{needs: [test], {WORK}}}"),
        (f"more: {{needs: [test], {WORK}}}", f"test: {{needs: [gate], {WORK}}}", GATE),
        (PIN, GATE, "pause: {wait: {for: 1h}}", f"test: {{needs: [pin, gate], {WORK}}}"),
        (
            PIN,
            f"gate: {{needs: [pin], approval: {{{RULES}}}}}",
            f"test: {{needs: [pin, gate], join: none-failed, {WORK}}}",
        ),
        (GATE, "told: {needs: [gate], join: all-done, report: {}}"),
        (
            PINNED,
            f"gate: {{needs: [pin], if: needs.pin.outputs.untrusted, approval: {{{RULES}}}}}",
            f"test: {{needs: [pin, gate], join: none-failed, {WORK}}}",
        ),
    ],
)
def test_what_waits_for_people_may_be_started_by_a_fork(tasks: tuple[str, ...]) -> None:
    """Everything that acts needs an approval; what reads, waits or reports needs none."""
    assert guarded(*tasks)


@pytest.mark.parametrize(
    "tasks",
    [
        (f"test: {{{WORK}}}",),
        (GATE, f"test: {{needs: [gate], {WORK}}}", f"other: {{{WORK}}}"),
        (GATE, f"test: {{needs: [gate], join: all-done, {WORK}}}"),
        (GATE, PIN, f"test: {{needs: [gate, pin], join: any, {WORK}}}"),
        (
            PIN,
            f"gate: {{needs: [pin], approval: {{{RULES}}}}}",
            f"test: {{needs: [gate], join: none-failed, {WORK}}}",
        ),
        (
            f"gate: {{approval: {{{RULES}, auto: {{when: 'true', choose: approve}}}}}}",
            f"test: {{needs: [gate], {WORK}}}",
        ),
        (
            f"gate: {{approval: {{{RULES}}}, on-timeout: {{choose: approve}}}}",
            f"test: {{needs: [gate], {WORK}}}",
        ),
        (
            f"gate: {{approval: {{{RULES}}}, on-failure: continue}}",
            f"test: {{needs: [gate], {WORK}}}",
        ),
        (
            f"gate: {{approval: {{{RULES}}}, continue-on-error: true}}",
            f"test: {{needs: [gate], {WORK}}}",
        ),
        (
            PINNED,
            f"gate: {{needs: [pin], if: 'actor != \"eve\"', approval: {{{RULES}}}}}",
            f"test: {{needs: [pin, gate], join: none-failed, {WORK}}}",
        ),
        (
            PINNED,
            f"gate: {{if: 'actor != \"eve\"', approval: {{{RULES}}}}}",
            f"test: {{needs: [gate], join: none-failed, {WORK}}}",
        ),
        ("tell: {github: issue.create, with: {repository: acme/api, title: x}}",),
    ],
)
def test_what_can_begin_without_people_is_not_started_by_a_fork(tasks: tuple[str, ...]) -> None:
    """A gate that can be passed otherwise, or gone round, is none."""
    assert not guarded(*tasks)


def test_a_machine_is_not_started_by_a_fork() -> None:
    """Its states may be reached on many ways."""
    found = build.definition(
        "version: 1\non: pull_request\ninitial: one\nstates:\n"
        f"  one: {{approval: {{{RULES}}}, transitions: [{{on: approval.approved, to: done}},"
        " {on: approval.rejected, to: done}]}\n"
        "  done: {final: true, conclusion: success}\n"
    )

    assert not is_guarded(found)


def test_a_fork_starts_what_waits_for_a_maintainer() -> None:
    """The gate asks about the very commit that the stranger proposes."""
    text = (
        f"version: 1\non: pull_request\ntasks:\n  {GATE}\n  test: {{needs: [gate], {WORK}}}\n"
    )
    usual = entry("pull_request")
    gated = Entry(origin=usual.origin, definition=build.definition(text), text=text)
    found = routed("pull_request", proposed(head=99), gated)
    refused = routed("pull_request", proposed(head=99), usual)

    assert [start.cause.sha for start in found.starts] == ["b" * 40]
    assert refused.starts == ()
