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

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_VERSIONS: Final = Among(
    (orchestrations.c.id,), sa.select(orchestrations.c.id, orchestrations.c.version).where
)
_STATES: Final = Among(
    (orchestrations.c.id,),
    sa.select(orchestrations.c.id, orchestrations.c.version, orchestrations.c.state).where,
)
_PLANS: Final = Among(
    (plans.c.orchestration_id,),
    sa.select(plans.c.orchestration_id, plans.c.plan, plans.c.digest).where,
)


def read_states(
    connection: sa.Connection,
    ids: Collection[OrchestrationId],
    remembered: Mapping[OrchestrationId, Saved],
    definitions: Definitions,
) -> dict[OrchestrationId, Saved]:
    """Load states; what is remembered in its present version is not read again."""
    found: dict[OrchestrationId, Saved] = {}
    outdated: list[OrchestrationId] = []
    for key, version in _VERSIONS.rows(connection, ids):
        known = remembered.get(key)
        if known is not None and known.version == version:
            found[key] = known
        else:
            outdated.append(key)
    made = {key: remembered[key].state.plan for key in outdated if key in remembered}
    new = [key for key in outdated if key not in made]
    made.update(_read_plans(connection, new, definitions))
    for row in _STATES.rows(connection, outdated):
        state = codec.decode_state(row.state, made[row.id])
        found[row.id] = Saved(state=state, version=row.version)
    return found


def _read_plans(
    connection: sa.Connection, ids: list[OrchestrationId], definitions: Definitions
) -> dict[OrchestrationId, Plan]:
    rows = _PLANS.rows(connection, ids)
    if not rows:
        return {}
    wanted = {row.digest for row in rows}
    known = connection.execute(
        sa.select(texts.c.digest, texts.c.text).where(texts.c.digest.in_(wanted))
    )
    by_digest = {row.digest: row.text for row in known}
    return {
        row.orchestration_id: definitions.complete(
            codec.decode_plan(row.plan), by_digest[row.digest]
        )
        for row in rows
    }
