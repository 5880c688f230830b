"""What follows for live orchestrations when repositories can no longer be reached, or again.

Whatever told of it, a webhook or a list that was read anew, it stands in the batch: as a
repository that is forgotten, or as one that is known.
"""

from app.core.absence import (
    OURSELVES,
    WHY,
    Absence,
    homes,
    is_away,
    is_forbidden,
    lives_in,
    waits_for,
)
from app.core.events import PauseRequested, ResumeRequested
from app.core.values import OrchestrationId
from app.engine.library import Library
from app.engine.work import Work
from app.ports import Store


async def follow_presence(
    work: Work, library: Library, store: Store
) -> frozenset[OrchestrationId]:
    """Pause those whose repositories are gone, and resume those for which all are back.

    Returns whose commands need not wait any longer: of those, and of all that lack a
    permission where an installation was read anew. Only GitHub can say whether it has it now.
    """
    gone = set(work.batch.forget_repositories)
    # What is pushed to was there all the time: most batches ask the store for nothing.
    back = {known.repository.id for known in work.batch.repositories} - gone - work.pushed
    if gone:
        for topic, id_ in await store.interested([lives_in(each) for each in sorted(gone)]):
            why = work.absences.get(topic.repository_id, Absence.REMOVED)
            name = _name(library, topic.repository_id)
            pause = PauseRequested(
                at=work.now, by=OURSELVES, reason=f"{WHY[why]} ({name})", code=why.value
            )
            work.add(id_, pause)
    hopeful: set[OrchestrationId] = set()
    waiting = [waits_for(each) for each in sorted(back)]
    ids = sorted({id_ for _, id_ in await store.interested(waiting)}) if waiting else []
    covered = (set(library.catalogue.repositories) | back) - gone
    for saved in (await store.load(ids)).values() if ids else ():
        state = saved.state
        if is_forbidden(state):
            hopeful.add(state.id)
        elif is_away(state) and homes(state) <= covered:
            assert state.paused is not None, "whoever is away is paused"
            resume = ResumeRequested(at=work.now, by=OURSELVES, code=state.paused.code)
            work.add(state.id, resume)
            hopeful.add(state.id)
    return frozenset(hopeful)


def _name(library: Library, repository_id: int) -> str:
    known = library.head(repository_id)
    return known.repository.name if known is not None else f"repository {repository_id}"
