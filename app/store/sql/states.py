"""Reading orchestrations: a state with the plan and the definition that belong to it."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa

from app.core.plan import Plan
from app.core.values import OrchestrationId
from app.ports import Saved
from app.store import codec
from app.store.plans import Definitions
from app.store.schema import orchestrations, plans, texts
from app.store.sql.database import in_chunks

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
_VERSIONS: Final = sa.select(orchestrations.c.id, orchestrations.c.version).where(
    orchestrations.c.id.in_(_IDS)
)
_STATES: Final = sa.select(
    orchestrations.c.id, orchestrations.c.version, orchestrations.c.state
).where(orchestrations.c.id.in_(_IDS))
_PLANS: Final = sa.select(plans.c.orchestration_id, plans.c.plan, plans.c.digest).where(
    plans.c.orchestration_id.in_(_IDS)
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
    for versions in in_chunks(connection, _VERSIONS, "ids", list(ids)):
        for row in versions:
            known = remembered.get(row.id)
            if known is not None and known.version == row.version:
                found[row.id] = known
            else:
                outdated.append(row.id)
    made = {key: remembered[key].state.plan for key in outdated if key in remembered}
    new = [key for key in outdated if key not in made]
    made.update(_read_plans(connection, new, definitions))
    for rows in in_chunks(connection, _STATES, "ids", outdated):
        for row in rows:
            state = codec.decode_state(row.state, made[row.id])
            found[row.id] = Saved(state=state, version=row.version)
    return found


def _read_plans(
    connection: sa.Connection, ids: list[OrchestrationId], definitions: Definitions
) -> dict[OrchestrationId, Plan]:
    rows = [row for found in in_chunks(connection, _PLANS, "ids", ids) for row in found]
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
