"""Nothing is refused without a code: whoever is turned away can look up why, and what to do."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.core.actions import Permission
from app.core.approvals.people import Voter
from app.core.approvals.reasons import REASONS, ReasonCode
from app.core.approvals.survey import PolicyText
from app.core.doorways.responding import HUH, NO
from app.core.state import Orchestration
from tests.core.test_doorways import ADMIN, answer, asked, failed, gated

CODE = re.compile(r"\(`([a-z-]+)`\)")
WORDS = st.sampled_from(
    ["/approve", "/reject", "/retry", "/skip", "/cancel", "/why", "/freeze", "/orchestrate"]
)
REST = st.sampled_from(
    ["", " sign_off", " build", " nothing", " ship:sign_off", " two three", " approve",
     " maybe", " because", " until tomorrow", " build because it is so", " a=b",
     " break-glass=now"]
)  # fmt: skip
LINES = st.lists(st.builds(str.__add__, WORDS, REST), min_size=1, max_size=12)
VOTERS = st.sampled_from(
    [
        None,
        ADMIN,
        replace(ADMIN, permission=Permission.READ),
        Voter(login="x[bot]", is_bot=True),
    ]
)
POLICIES = st.sampled_from(
    [
        (),
        (PolicyText(owner="acme/x", error="500"),),
        (PolicyText(owner="acme/x", text="no: no"),),
    ]
)
STATES = st.sampled_from(
    [(), (gated(),), (gated("one"), gated("two")), (failed(),), (failed(), gated())]
)


@given(LINES, VOTERS, POLICIES, STATES, st.booleans())
def test_every_refusal_of_a_command_has_its_code(
    lines: list[str],
    voter: Voter | None,
    policies: tuple[PolicyText, ...],
    states: tuple[Orchestration, ...],
    is_changed: bool,
) -> None:
    """Whatever is asked, by whomever, of whatever there is: each no has one, explained."""
    judged = asked("\n".join(lines), voter=voter, policies=policies, is_changed=is_changed)
    reply = answer(judged, *states)
    refusals = sum(sign in (NO, HUH) for sign in reply.signs)
    codes = [found.group(1) for found in map(CODE.search, reply.words) if found is not None]

    assert len(codes) >= refusals
    assert {ReasonCode(each) for each in codes} <= REASONS.keys()
