"""What an evidence pack says, and that nobody can change it without a trace."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from app.core.actions import Permission
from app.core.approvals.people import Voter
from app.core.approvals.survey import PolicyText, Survey
from app.core.audit import Chain
from app.core.events import GitHubEventHeard
from app.core.evidence import chained, evidence
from app.core.plan import Cause
from app.core.state import Gate, Vote, WaveProgress
from app.core.values import RepositoryName, Sha, TaskName
from tests.core.at_environments import ASKS, guarded
from tests.kit import build
from tests.kit.build import REQUESTED, START, Walk

ALL = ("definition", "approvals", "attempts", "journal")
LATER = START + timedelta(hours=1)
EVENTS = [(1, REQUESTED), (2, build.accepted("build"))]


def pack(*include: str) -> dict[str, object]:
    walk = Walk.through(build.plan("build", inputs={}), [event for _, event in EVENTS])
    state = walk.decisions[-1].state
    texts = evidence(state, EVENTS, ("json",), include, LATER)
    assert set(texts) == {"json"}
    found: dict[str, object] = json.loads(texts["json"])
    return found


def test_it_says_what_it_was_asked_for() -> None:
    """Only the parts that were named are in it."""
    assert not set(ALL) & set(pack())
    assert set(ALL) <= set(pack(*ALL))
    assert pack("definition")["definition"]["text"].startswith("{")  # type: ignore[index]  # JSON


def test_a_change_leaves_a_trace() -> None:
    """Each entry's digest is over itself and the one before."""
    digests = [entry["digest"] for entry in chained(EVENTS)]
    other = [entry["digest"] for entry in chained([(1, replace(REQUESTED, by="x")), EVENTS[1]])]

    assert digests == [entry["digest"] for entry in chained(EVENTS)]
    assert [one != two for one, two in zip(digests, other, strict=True)] == [True, True]


def test_of_a_delivery_only_what_identifies_it_is_kept() -> None:
    """Payloads are large and full of what does not matter."""
    cause = Cause(
        event_name="push",
        event={"secret": "x" * 1000},
        repository_id=1,
        repository=RepositoryName("acme/api"),
        installation_id=1,
        actor="mona",
        sha=Sha("c" * 40),
        ref="refs/heads/main",
    )
    [entry] = chained([(1, GitHubEventHeard(at=START, name="push", cause=cause))])

    assert entry["cause"] == {
        "event": "push",
        "repository": "acme/api",
        "sha": "c" * 40,
        "ref": "refs/heads/main",
        "actor": "mona",
    }


def test_every_question_to_people_is_in_it() -> None:
    """Gates of legs, of waves, and what was asked after a failure, with the votes."""
    state = Walk.through(build.plan("build"), [REQUESTED]).decisions[-1].state
    vote = Vote(by="mona", option="approve", at=START, reason="fine")
    gate = Gate(opened_at=START, votes=(vote,), choice="approve", by="mona")
    held = replace(gate, choice="hold")
    task = state.tasks[TaskName("build")]
    leg = next(iter(task.legs.values()))
    task = replace(
        task.with_leg(replace(leg, gate=gate)),
        question=replace(gate, choice="retry"),
        waves={"canary": WaveProgress(gate=held), "all": WaveProgress()},
    )
    state = state.with_task(TaskName("build"), task)
    texts = evidence(state, [], ("json", "markdown"), ("approvals",), LATER)
    approvals = json.loads(texts["json"])["approvals"]

    assert [(it["wave"], it["choice"]) for it in approvals] == [
        ("", "retry"),
        ("canary", "hold"),
        ("", "approve"),
    ]
    assert approvals[0]["votes"][0]["by"] == "mona"
    assert "| build |  | canary | hold | mona |" in texts["markdown"]


def test_it_can_be_read_by_people() -> None:
    """Markdown shows the same, with secrets masked and nothing that breaks out."""
    whole = {"inputs": {"api_token": {"type": "string"}, "note": {"type": "string"}}}
    plan = build.plan("build", whole=whole, inputs={"api_token": "tops3cret", "note": "a|b"})
    state = Walk.through(plan, [REQUESTED]).decisions[-1].state
    texts = evidence(state, EVENTS, ("markdown",), ALL, LATER)
    text = texts["markdown"]

    assert "# Evidence: train" in text
    assert "tops3cret" not in text
    assert "## Journal" in text
    assert "## Definition" in text
    assert "## Votes" not in evidence(state, [], ("markdown",), (), LATER)["markdown"]


def test_votes_are_told_with_what_their_voters_were() -> None:
    """Memberships as they were when the vote was used, and policies by their digests."""
    state = Walk.through(build.plan("build"), [REQUESTED]).decisions[-1].state
    policy = PolicyText(owner="acme/.github", text="version: 1\n")
    voter = Voter(login="Mona", permission=Permission.WRITE, teams=frozenset({"acme/sre"}))
    survey = Survey(
        at=START, votes=2, voters=(voter,), policies=(policy, PolicyText(owner="acme/infra"))
    )
    votes = (Vote(by="mona", option="approve", at=START), Vote(by="eve", option="x", at=START))
    gate = Gate(opened_at=START, votes=votes, choice="approve", by="mona", survey=survey)
    name = TaskName("build")
    waves = {"canary": WaveProgress(gate=gate)}
    state = state.with_task(name, replace(state.tasks[name], question=gate, waves=waves))
    texts = evidence(
        state, [], ("json", "markdown"), ("approvals",), LATER, Chain(head="c0ffee")
    )
    told = json.loads(texts["json"])
    approval, _ = told["approvals"]
    digest = hashlib.sha256(policy.text.encode()).hexdigest()

    assert [it["memberships"] for it in approval["votes"]] == [["acme/sre"], []]
    assert [it["permission"] for it in approval["votes"]] == ["write", ""]
    assert [it["digest"] for it in approval["survey"]["policies"]] == [digest, ""]
    assert [(it["owner"], it["text"]) for it in told["policies"]] == [
        ("acme/.github", "version: 1\n"),
        ("acme/infra", ""),
    ]
    assert told["chain"] == {"entries": 0, "head": "c0ffee"}
    assert "| acme/.github |" in texts["markdown"]
    assert "acme/sre" in texts["markdown"]
    assert "| head of the journal | `c0ffee` after 0 entries |" in texts["markdown"]


def test_what_was_answered_at_an_environment_is_in_it() -> None:
    """Which run waited where, what it was answered, and what GitHub made of that."""
    stage = guarded({"sign_off": ASKS})
    stage.choose("sign_off")
    texts = evidence(stage.state, [], ("json", "markdown"), ("approvals",), stage.now)
    [run] = json.loads(texts["json"])["environments"]

    assert (run["environment"], run["workflow_run_id"], run["answer"]) == (
        "production", 9, "approved",
    )  # fmt: skip
    assert "| production | 9 |" in texts["markdown"]
