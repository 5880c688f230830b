"""Looks at what the rehearsed GitHub saw, and says point by point whether it is right."""

from dataclasses import dataclass

from app.demo.stage import DISPATCHES, HOME
from app.demo.visiting import Visit
from app.rehearsal import Dispatch, Rehearsal


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was looked at, and whether it was so."""

    points: tuple[tuple[str, bool], ...]

    @property
    def holds(self) -> bool:
        return all(holds for _, holds in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How many deployments there were while the gate waited, and with one of two votes.

    `signs` are those that stand under the comment that voted.
    """

    sha: str
    waiting: int
    halfway: int
    signs: tuple[str, ...]


def deployments(rehearsal: Rehearsal) -> int:
    """Count the deployments that were dispatched."""
    return sum(each.workflow.endswith("deploy.yml") for each in rehearsal.dispatches)


def prove(
    rehearsal: Rehearsal, pushed: str, proposed: str, number: int, gate: Gate, page: Visit
) -> Proof:
    """Look at all scenes."""
    dispatches = rehearsal.dispatches
    checks = rehearsal.check_runs(HOME, pushed)
    proposed_checks = rehearsal.check_runs(HOME, proposed)
    comments = rehearsal.comments(HOME, number)
    markers = {dispatch.inputs.get("signalbox") for dispatch in dispatches}
    contract, deploy = _first(dispatches, "contract.yml"), _first(dispatches, "deploy.yml")
    points = (
        ("the release succeeded", [c.conclusion for c in checks] == ["success"]),
        (
            f"{DISPATCHES} workflows were dispatched, each exactly once",
            len(dispatches) == DISPATCHES and len(markers) == DISPATCHES,
        ),
        (
            "the images that the builds reported reached the contract test",
            contract is not None
            and contract.inputs.get("api") == "ghcr.io/acme/api:2026.47"
            and contract.inputs.get("web") == "ghcr.io/acme/web:2026.47",
        ),
        (
            "the deployment got the image, after the contract test and not before",
            deploy is not None
            and contract is not None
            and deploy.inputs.get("image") == "ghcr.io/acme/api:2026.47"
            and deploy.at > contract.at,
        ),
        ("the preview failed", [c.conclusion for c in proposed_checks] == ["failure"]),
        (
            "what needed the failed test was not deployed",
            gate.waiting == 1,
        ),
        (
            "one comment says so, edited in place",
            len(comments) == 1 and "browser_test" in comments[0].body,
        ),
        *_gate(rehearsal, gate),
        _page(page),
        (
            "workflow runs were followed by webhooks alone, without a poll",
            not any(
                call.method == "GET" and "/actions/runs" in call.path
                for call in rehearsal.world.calls
            ),
        ),
    )
    return Proof(points=points)


def _page(page: Visit) -> tuple[str, bool]:
    return (
        "its page is there for whoever signs in and may read the repository",
        page.was_sent_to_sign_in and page.status == 200 and "sign_off" in page.text,
    )


def _gate(rehearsal: Rehearsal, gate: Gate) -> tuple[tuple[str, bool], ...]:
    checks = rehearsal.check_runs(HOME, gate.sha)
    return (
        (
            "the deployment to production waited for two people, and one was not enough",
            (gate.waiting, gate.halfway, deployments(rehearsal)) == (1, 1, 2),
        ),
        (
            "a review and a comment let it go on, and the comment was answered",
            gate.signs == ("+1",) and [c.conclusion for c in checks] == ["success"],
        ),
    )


def _first(dispatches: list[Dispatch], file: str) -> Dispatch | None:
    return next((each for each in dispatches if each.workflow.endswith(file)), None)
