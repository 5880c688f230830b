"""The organisation's policy: it tightens and never loosens; and who has which role."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actions import Permission, Requirement
from app.core.approvals.people import Voter
from app.core.approvals.question import AskedRule, Denial
from app.core.approvals.reasons import explain
from app.core.approvals.roles import DEFAULTS, Giver, Role, fallback, may
from app.core.policies.organization import (
    Organization,
    Ruling,
    Subject,
    capped_attempts,
    rule_on,
    unreadable,
)
from app.core.policy import Policy, read_policy
from app.core.values import JsonObject

POLICY = """\
version: 1
roles:
  start: {permission: write}
  cancel: [{permission: maintain}, {teams: [acme/sre]}, {users: ['rob[bot]']}]
organization:
  mode: enforce
  max-attempts: 3
  retention-days: 400
  roles:
    start: {teams: [acme/staff]}
  calendars:
    production-freeze:
      timezone: Europe/Berlin
      closed: [{weekly: 'Fri 16:00 - Mon 08:00', why: Weekend}]
  rules:
    - name: production
      applies-to: {environments: [production, 'prod-*']}
      require: [{teams: [acme/sre], count: 2}]
      calendars: [production-freeze]
    - applies-to: {definitions: ['rollout*'], repositories: ['acme/*', '!acme/play']}
      when: actor == "mallory"
      deny: Mallory left
    - name: trial
      mode: evaluate
      deny: not on my watch
    - name: trial freeze
      mode: evaluate
      calendars: production-freeze
"""
SRE = (Requirement(teams=("acme/sre",), count=2),)


def read(text: str) -> Policy:
    """Read a policy that must be right."""
    policy, problems = read_policy(text)
    assert policy is not None, problems
    return policy


def ruling(
    text: str, *, environments: tuple[str, ...] = (), values: JsonObject | None = None
) -> Ruling:
    """Ask what a policy adds to a rollout of acme/api."""
    subject = Subject(
        definition="rollout",
        repositories=frozenset({"Acme/API"}),
        environments=frozenset(environments),
    )
    known = {"actor": "mona"} if values is None else values
    return rule_on(read(text).organization, subject, known)


def test_a_policy_says_what_holds_for_all() -> None:
    """Limits, calendars and roles are read beside the rules."""
    organization = read(POLICY).organization

    assert organization is not None
    assert organization.retention is not None
    assert organization.retention.days == 400
    assert list(organization.calendars) == ["production-freeze"]
    assert organization.roles[Role.START].teams == ("acme/staff",)
    assert [rule.name for rule in organization.rules][:2] == ["production", "rule 2"]


def test_a_rule_adds_people_and_calendars_to_what_it_is_about() -> None:
    """Only where one of the environments is named; a trial is only reported."""
    trial = Denial(policy="trial", message="not on my watch", is_enforced=False)

    assert ruling(POLICY, environments=("prod-eu",)) == Ruling(
        rules=(AskedRule(require=SRE, policy="production"),),
        denials=(trial,),
        calendars=("production-freeze",),
    )
    assert ruling(POLICY, environments=("staging",)) == Ruling(denials=(trial,))


def test_a_denial_forbids_where_its_condition_holds() -> None:
    """And a condition that cannot be worked out says so, and keeps it shut."""
    denied = ruling(POLICY, values={"actor": "mallory"})
    in_doubt = ruling(POLICY, values={})

    assert denied.denials[0] == Denial(policy="rule 2", message="Mallory left")
    assert in_doubt.denials[0].error


def test_a_condition_reads_what_it_judges() -> None:
    """The definition, the repositories and the environments are at hand for every rule."""
    text = """\
version: 1
organization:
  rules:
    - when: definition == "rollout" && "prod" in environments && "Acme/API" in repositories
      deny: not yet
"""

    assert [each.message for each in ruling(text, environments=("prod",)).denials] == [
        "not yet"
    ]
    assert ruling(text, environments=("test",)).denials == ()


def test_a_policy_in_trial_enforces_nothing() -> None:
    """With `mode: evaluate` everything is marked as not enforced."""
    text = POLICY.replace("mode: enforce", "mode: evaluate")
    trial = ruling(text, environments=("production",), values={"actor": "mallory"})

    assert [rule.is_enforced for rule in trial.rules] == [False]
    assert [denial.is_enforced for denial in trial.denials] == [False, False]
    assert trial.calendars == ()
    assert capped_attempts(read(text).organization, 9) == 9


def test_attempts_are_the_lower_of_two() -> None:
    """A task may ask for fewer than the policy lets, never for more."""
    organization = read(POLICY).organization

    assert [capped_attempts(organization, asked) for asked in (2, 9)] == [2, 3]
    assert capped_attempts(None, 9) == capped_attempts(Organization(), 9) == 9


def test_no_policy_adds_nothing_and_an_unreadable_one_shuts() -> None:
    """Nobody knows what an unreadable policy would have said."""
    subject = Subject(definition="rollout", repositories=frozenset())

    assert rule_on(None, subject, {}) == Ruling()
    assert unreadable("line 3: no").denials[0].error == "line 3: no"


def person(**known: Any) -> Voter:
    """Make a voter called mona."""
    return Voter(login="mona", **known)


@pytest.mark.parametrize(
    ("role", "permission"),
    [
        (Role.START, "write"), (Role.APPROVE, "write"), (Role.CANCEL, "maintain"),
        (Role.OVERRIDE, "admin"), (Role.OBSERVE, "read"),
    ],
)  # fmt: skip
def test_without_roles_the_permission_decides(role: Role, permission: str) -> None:
    """Each role has a least permission, which those below it do not have."""
    order = list(Permission)
    least = order.index(Permission(permission))

    found = [may(role, person(permission=each), ()).is_met for each in order]
    assert found == [place >= least for place in range(len(order))]
    assert not may(role, person(), ()).is_met


def test_a_role_is_given_by_any_of_its_entries() -> None:
    """By permission, team or name; a bot by its name alone."""
    giver = Giver(name="acme/api", grants=read(POLICY).roles)
    sre = frozenset({"acme/sre"})
    rob = Voter(login="rob[bot]", is_bot=True)
    other = Voter(login="other[bot]", is_bot=True, teams=sre, permission=Permission.ADMIN)

    assert may(Role.CANCEL, person(permission=Permission.MAINTAIN), [giver]).is_met
    assert may(Role.CANCEL, person(teams=sre), [giver]).is_met
    assert may(Role.CANCEL, rob, [giver]).is_met
    assert may(Role.CANCEL, other, [giver]).code == "role-is-bot"
    assert may(Role.CANCEL, None, [giver]).code == "role-unknown-person"


def test_where_two_give_a_role_both_must_agree() -> None:
    """The organisation only asks for more, and the refusal says who could."""
    policy = read(POLICY)
    assert policy.organization is not None
    givers = [
        Giver(name="acme/api", grants=policy.roles),
        Giver(name="the organisation", grants=policy.organization.roles),
    ]
    writer = person(permission=Permission.WRITE)
    staff = person(permission=Permission.WRITE, teams=frozenset({"acme/staff"}))
    refused = may(Role.START, writer, givers)

    assert may(Role.START, staff, givers).is_met
    assert (refused.code, refused.could) == ("role-missing", ("a member of acme/staff",))
    assert "the organisation lets a member of acme/staff start" in explain(refused)


def test_a_gate_without_rules_asks_for_the_approve_role() -> None:
    """The organisation's word counts before the repository's."""
    one = Giver(name="one", grants={Role.APPROVE: Requirement(teams=("a/b",))})
    other = Giver(name="other", grants={Role.APPROVE: Requirement(users=("mona",))})

    assert fallback([]) == DEFAULTS[Role.APPROVE]
    assert fallback([one, other]).users == ("mona",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("roles: {begin: {permission: write}}", "unknown-key"),
        ("roles: {start: write}", "wrong-type"),
        ("roles: {start: {}}", "missing-key"),
        ("roles: {start: []}", "wrong-value"),
        ("roles: {start: [" + "{permission: write}, " * 21 + "]}", "too-many"),
        ("roles: {start: {permission: owner}}", "wrong-value"),
        ("roles: {start: {teams: [sre]}}", "bad-party"),
        ("roles: {start: {users: ['@mona']}}", "bad-party"),
        ("organization: {mode: maybe}", "wrong-value"),
        ("organization: {max-attempts: 0}", "out-of-range"),
        ("organization: {retention-days: often}", "wrong-type"),
        ("organization: {rules: {}}", "wrong-type"),
        ("organization: {rules: [no]}", "wrong-type"),
        ("organization: {rules: [{name: x}]}", "missing-key"),
        ("organization: {rules: [{deny: ''}]}", "wrong-value"),
        ("organization: {rules: [{require: []}]}", "out-of-range"),
        ("organization: {rules: [{require: [{count: 2}]}]}", "missing-key"),
        ("organization: {rules: [{require: [no]}]}", "wrong-type"),
        ("organization: {rules: [{deny: no, when: actr == 'x'}]}", "unknown-name"),
        ("organization: {rules: [{deny: no, when: actor == 1}]}", "expression-type"),
        ("organization: {rules: [{deny: no, applies-to: production}]}", "wrong-type"),
        (
            "organization: {rules: [{deny: no, applies-to: {environments: ['[']}}]}",
            "bad-filter",
        ),
        ("organization: {rules: [{calendars: [freeze]}]}", "wrong-value"),
        ("organization: {calendars: {freeze: {timezone: Mars, closed: []}}}", "wrong-value"),
    ],
)
def test_a_mistake_is_a_problem_with_its_remedy(text: str, code: str) -> None:
    """Roles and rules are read as strictly as definitions, and nothing is guessed."""
    policy, problems = read_policy(f"version: 1\n{text}\n")

    assert policy is None
    assert (problems[0].code, problems[0].line) == (code, 2)
    assert problems[0].hint


_WORDS = st.sampled_from(
    ["version", "accept", "roles", "start", "organization", "rules", "calendars", "closed",
     "open", "weekly", "timezone", "UTC", "deny", "require", "teams", "when", "applies-to",
     "mode", "Fri 16:00 - Mon 08:00", "2026-01-01", "[", "]", "acme/sre", "${{ actor }}"]
)  # fmt: skip
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), _WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_WORDS, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.one_of(st.text(), _JSON.map(str), st.dictionaries(_WORDS, _JSON).map(str)))
def test_no_text_is_too_odd_for_a_policy(text: str) -> None:
    """Either it is a policy, or there are problems."""
    policy, problems = read_policy(text)

    assert (policy is None) == bool(problems)
