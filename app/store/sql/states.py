"""Reading orchestrations: a state with the plan and the definition that belong to it."""

from collections.abc import Collection, Mapping
from typing import Final

import sqlalchemy as sa

from app.core.plan import Plan
from app.core.values import OrchestrationId
from app.ports import Saved
from app.store import codec
from app.store.plans import Definitions
from app.store.schema import orchestrations, plans, texts
from app.store.sql.many import Among
from app.store.sql.remembered import Remembered

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
VERSIONS: Final = Among(
    (orchestrations.c.id,), sa.select(orchestrations.c.id, orchestrations.c.version).where
)
_STATES: Final = Among(
    (orchestrations.c.id,),
    sa.select(orchestrations.c.id, orchestrations.c.version, orchestrations.c.state).where,
    are_large=True,
)
_PLANS: Final = Among(
    (plans.c.orchestration_id,),
    sa.select(plans.c.orchestration_id, plans.c.plan).where,
    are_large=True,
)
_TEXTS: Final = Among(
    (texts.c.digest,), sa.select(texts.c.digest, texts.c.text).where, are_large=True
)


def read_states(
    connection: sa.Connection,
    ids: Collection[OrchestrationId],
    remembered: Mapping[OrchestrationId, Remembered],
    definitions: Definitions,
) -> dict[OrchestrationId, Remembered]:
    """Load states; what is remembered in its present version is not read again."""
    found: dict[OrchestrationId, Remembered] = {}
    outdated: list[OrchestrationId] = []
    for key, version in VERSIONS.rows(connection, ids):
        known = remembered.get(key)
        if known is not None and known.saved.version == version:
            found[key] = known
        else:
            outdated.append(key)
    made = {
        key: (remembered[key].saved.state.plan, remembered[key].plan_size)
        for key in outdated
        if key in remembered
    }
    new = [key for key in outdated if key not in made]
    made.update(_read_plans(connection, new, definitions))
    for row in _STATES.rows(connection, outdated):
        plan, plan_size = made[row.id]
        saved = Saved(state=codec.decode_state(row.state, plan), version=row.version)
        found[row.id] = Remembered(saved=saved, plan_size=plan_size, size=len(row.state))
    return found


def _read_plans(
    connection: sa.Connection, ids: list[OrchestrationId], definitions: Definitions
) -> dict[OrchestrationId, tuple[Plan, int]]:
    """Read plans, and say how long each is; definitions only where they are not known yet."""
    rows = _PLANS.rows(connection, ids)
    stored = {row.orchestration_id: codec.decode_plan(row.plan) for row in rows}
    found = {key: definitions.completed(it) for key, it in stored.items()}
    unknown = {stored[key].digest for key, plan in found.items() if plan is None}
    by_digest = dict(_TEXTS.rows(connection, unknown))
    return {
        row.orchestration_id: (
            found[row.orchestration_id] or definitions.complete(it, by_digest[it.digest]),
            len(row.plan),
        )
        for row, it in zip(rows, stored.values(), strict=True)
    }
