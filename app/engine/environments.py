"""Workflow runs that wait at an environment: whose they are, if an orchestration's.

A run that an orchestration dispatched is answered for by that orchestration alone. Any other
sets off the definitions that listen; where none does, and it may turn out to be one of ours
whose number is not known yet, the delivery is parked.
"""

from typing import Final

from app.core.environment_events import EnvironmentAsked
from app.core.hearing.heard import Heard
from app.engine.work import Work
from app.ports import Delivery, DeliveryDone, DeliveryStatus, Dispatched

RULE: Final = "deployment_protection_rule"


def ask_of(heard: Heard, whose: Dispatched | None, work: Work) -> bool:
    """Tell the orchestration whose workflow run waits. Return whether there is one."""
    if heard.event != RULE or whose is None:
        return False
    subject, repository = heard.subject, heard.repository
    assert subject.workflow_run_id is not None, "by it was found whose it is"
    if repository is None or heard.installation_id is None or not subject.environments:
        return True
    event = EnvironmentAsked(
        at=work.now,
        attempt=whose.attempt,
        workflow_run_id=subject.workflow_run_id,
        environment=subject.environments[0],
        repository_id=repository.id,
        repository=repository.name,
        installation_id=heard.installation_id,
    )
    work.add(whose.orchestration_id, event)
    return True


def parked_until_known(heard: Heard, delivery: Delivery) -> DeliveryDone | None:
    """Park a delivery that nobody listened to and that may be about a run of ours."""
    run = heard.subject.workflow_run_id
    if heard.event != RULE or run is None:
        return None
    if heard.payload.get("event") != "workflow_dispatch":
        return None
    return DeliveryDone(
        id=delivery.id,
        status=DeliveryStatus.PARKED,
        note="nobody has claimed the workflow run yet",
        workflow_run_id=run,
    )
