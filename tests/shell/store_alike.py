"""Two stores are asked the same in whatever order: what is asked, and what can be seen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from app.core.commands import WriteCheck, WriteComment
from app.ports import Batch, ClaimedCommand, DeliveryDone, DeliveryStatus
from app.ports.keeping import Kind
from tests.shell.store_kit import LEASE, ClosableStore, at, delivery, dispatch, wanted

SECONDS = st.integers(0, 20)
COMMANDS = st.sampled_from([dispatch(1), dispatch(2), WriteCheck(), WriteComment()])
WISHES = st.builds(
    wanted,
    COMMANDS,
    seconds=SECONDS,
    priority=st.integers(1, 3),
    subject=st.sampled_from("ab"),
    owner=st.sampled_from([None, None, "me"]),
    spacing=st.sampled_from([0, 0, 5]),
)
NUMBERS = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("ask"), st.lists(WISHES, max_size=4)),
    st.tuples(st.just("claim"), st.tuples(SECONDS, st.sampled_from(["me", "you"]))),
    st.tuples(
        st.just("done"), st.tuples(st.lists(NUMBERS, max_size=2), st.lists(WISHES, max_size=2))
    ),
    st.tuples(st.just("failed"), NUMBERS),
    st.tuples(
        st.just("postpone"), st.tuples(NUMBERS, SECONDS, st.sampled_from([None, "me", "you"]))
    ),
    st.tuples(st.just("renew"), st.tuples(st.lists(NUMBERS, max_size=3), SECONDS)),
    st.tuples(
        st.just("holds"),
        st.tuples(NUMBERS, SECONDS, st.sampled_from(["me", "you"]), st.integers(1, 3)),
    ),
    st.tuples(st.just("take back"), st.just("me")),
    st.tuples(st.just("save"), st.lists(st.sampled_from("vwxyz"), max_size=3)),
    st.tuples(
        st.just("end"),
        st.tuples(
            st.sampled_from("vwxyz"),
            st.sampled_from([*DeliveryStatus]),
            st.sampled_from([None, 11]),
            st.sampled_from(["", "repository/1"]),
        ),
    ),
    st.tuples(st.just("wake"), st.sampled_from([11, "repository/1"])),
    st.tuples(st.just("drop"), st.sampled_from("vwxyz")),
    st.tuples(st.just("files"), st.sampled_from("vwxyz")),
)


class Seen:
    """A store as one sees it from outside: its own ids of commands become their order."""

    def __init__(self, store: ClosableStore) -> None:
        self.store = store
        self._ids: list[int] = []

    async def take(self, step: tuple[str, Any]) -> object:
        """Take one step, and return all that can be seen of it."""
        claimed, answer = await self._take(step)
        self._ids += [it.id for it in claimed if it.id not in self._ids]
        seen = [replace(it, id=self._ids.index(it.id)) for it in claimed]
        new = [(it.id, it.woken) for it in await self.store.new_deliveries(9)]
        return seen, answer, await self.store.next_due(), new

    async def _take(self, step: tuple[str, Any]) -> tuple[Sequence[ClaimedCommand], object]:
        match step:
            case "claim", (seconds, owner):
                now = at(seconds)
                return await self.store.claim(owner=owner, now=now, lease=LEASE, limit=2), None
            case "take back", owner:
                return [], await self.store.take_back(owner=owner)
            case "save", names:
                return [], await self.store.save_deliveries([delivery(it) for it in names])
            case "drop", name:
                return [], await self.store.drop(Kind.DELIVERY, name)
            case "postpone", (number, seconds, owner):
                command_id, due = self._id(number), at(seconds)
                await self.store.postpone(command_id, due=due, why="502", owner=owner)
                return [], None
            case "holds", (number, seconds, owner, tries):
                command_id, now = self._id(number), at(seconds)
                given = {"owner": owner, "tries": tries, "now": now}
                return [], await self.store.holds(command_id, **given)
            case "renew", (numbers, seconds):
                ids, now = [self._id(it) for it in numbers], at(seconds)
                return [], await self.store.renew(ids, owner="me", now=now, lease=LEASE)
        return await self.store.commit(self._batch(step)), None

    def _batch(self, step: tuple[str, Any]) -> Batch:
        match step:
            case "ask", wishes:
                return Batch(commands=wishes)
            case "done", (numbers, wishes):
                return Batch(commands_done=[self._id(it) for it in numbers], commands=wishes)
            case "failed", number:
                return Batch(commands_failed=[(self._id(number), "poison")])
            case "end", (name, status, run, subject):
                done = DeliveryDone(
                    id=name, status=status, workflow_run_id=run, waits_for=subject
                )
                return Batch(deliveries=[done])
            case "wake", int(run):
                return Batch(wake_workflow_runs=[run])
            case "wake", subject:
                return Batch(wake_subjects=[subject])
            case "files", name:
                return Batch(changed_files=[(name, ("a", "b"))])
        raise AssertionError(step)

    def _id(self, number: int) -> int:
        return self._ids[number] if number < len(self._ids) else 0
