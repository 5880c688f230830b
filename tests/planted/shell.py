"""Bugs that somebody might make around the core: engine, courier, stores, GitHub."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="a command is ticked off before it is done",
        file="app/courier/__init__.py",
        right="        results = [(each, await self._carry(each)) for each in claimed]\n",
        wrong=(
            "        await self._engine.settle([(each, Carried()) for each in claimed], [])\n"
            "        results = [(each, await self._carry(each)) for each in claimed]\n"
        ),
    ),
    Bug(
        name="an unmatched completion is dropped",
        file="app/engine/intake.py",
        right=(
            "                status=DeliveryStatus.PARKED,\n"
            '                note="nobody has claimed the workflow run yet",\n'
            "                workflow_run_id=facts.id,\n"
        ),
        wrong=(
            "                status=DeliveryStatus.DONE,\n"
            '                note="nobody has claimed the workflow run yet",\n'
            "                workflow_run_id=facts.id,\n"
        ),
    ),
    Bug(
        name="a dispatch is retried blindly",
        file="app/github/performer.py",
        right="            known = await self._starter.look(command, errand, access)\n",
        wrong="            known = None\n",
    ),
    Bug(
        name="a dispatch that nobody wants any more leaves",
        file="app/courier/__init__.py",
        right="        if is_wanted(state, command):\n",
        wrong="        if is_wanted(state, command) or errand.tries == 1:\n",
    ),
    Bug(
        name="a duplicate delivery counts as new",
        file="app/store/sql/save.py",
        right='or_leave("id")(insert).returning',
        wrong='insert.on_conflict_do_update(index_elements=["id"], set_={"note": ""})'
        ".returning",
    ),
    Bug(
        name="a lease never expires",
        file="app/store/sql/commands.py",
        right=".where(is_held(), commands.c.lease_until <= _LEASE_NOW)",
        wrong=".where(is_held(), commands.c.lease_until <= 0 * _LEASE_NOW)",
    ),
    Bug(
        name="a write leaves whoever holds its command by now",
        file="app/github/leaving.py",
        right="    if is_held is not None and not await is_held():\n",
        wrong="    if is_held is not None and not (await is_held() or True):\n",
    ),
    Bug(
        name="a write is not asked for once it has its connection",
        file="app/github/leaving.py",
        right="        elif is_write and name.endswith(_LEAVES):\n",
        wrong="        elif False and is_write and name.endswith(_LEAVES):\n",
    ),
    Bug(
        name="an earlier try holds what a later one has claimed",
        file="app/store/sql/leases.py",
        right='    commands.c.tries == sa.bindparam("number"),\n',
        wrong='    commands.c.tries >= sa.bindparam("number"),\n',
    ),
    Bug(
        name="what was said of a lease long ago still counts",
        file="app/courier/__init__.py",
        right="        return is_held and self._clock.now() - asked_at < ANSWER_KEPT\n",
        wrong="        return is_held\n",
    ),
    Bug(
        name="payloads are counted as they are stored",
        file="app/store/sql/arrivals.py",
        right="        sa.select(deliveries.c.id, payloads.c.size)\n",
        wrong="        sa.select(deliveries.c.id, sa.func.length(payloads.c.body))\n",
    ),
    Bug(
        name="a journal that was dropped begins anew",
        file="app/store/sql/save.py",
        right="        before = heads.get(key) or dropped.get(key, NO_DIGEST)\n",
        wrong="        before = heads.get(key, NO_DIGEST)\n",
    ),
    Bug(
        name="the signature is not looked at",
        file="app/github/webhooks.py",
        right="    return hmac.compare_digest(expected, found[1].lower())\n",
        wrong="    return hmac.compare_digest(expected, expected)\n",
    ),
    Bug(
        name="a look through the deliveries is through before its last part",
        file="app/repair/missed.py",
        right="        if not is_all or part.following:\n",
        wrong="        if not is_all:\n",
    ),
    Bug(
        name="what nobody said we have is looked for from the last look on",
        file="app/repair/missed.py",
        right="since=began - OVERLAP",
        wrong="since=began",
    ),
    Bug(
        name="what lacks a permission is put off, and nobody is told",
        file="app/github/performer.py",
        right="            reason = Reason(code=Absence.FORBIDDEN, message=error.message)\n",
        wrong="            reason = None\n",
    ),
    Bug(
        name="a repository that has moved is looked for where it was",
        file="app/github/client.py",
        right="        if found == grant.installation_id:\n            return False\n",
        wrong="        if found != 0:\n            return False\n",
    ),
    Bug(
        name="a silent run is taken for healthy though nothing comes in",
        file="app/repair/patience.py",
        right="        if heard_at is None or heard_at <= since:\n",
        wrong="        if heard_at is None:\n",
    ),
    Bug(
        name="a check that we know is concluded with those that we do not",
        file="app/repair/orphans.py",
        right="            check for check in checks if check.orchestration not in known\n",
        wrong="            check for check in checks\n",
    ),
    Bug(
        name="what is delivered again is forgotten as if it had come once",
        file="app/store/memory/deliveries.py",
        right="            self.hear_again(delivery.id, delivery.received_at)\n",
        wrong="",
    ),
    Bug(
        name="a try that found nobody lets its delivery be forgotten",
        file="app/repair/missed.py",
        right="        if tried:\n",
        wrong="        if not known:\n",
    ),
    Bug(
        name="a delivery is dropped while its host may deliver it again",
        file="app/repair/sweeping.py",
        right="min(now - ages.deliveries, since - ages.again - HEARD_AGAIN_AFTER)",
        wrong="now - ages.deliveries",
    ),
    Bug(
        name="what comes before the first reading starts nothing",
        file="app/engine/parking.py",
        right='return of_repository(repository.id) if library.awaits(repository.id) else ""\n',
        wrong='return ""\n',
    ),
    Bug(
        name="a newer push goes before those that were just woken",
        file="app/engine/parking.py",
        right="    if awaited_before:\n",
        wrong="    if not awaited_before and subject:\n",
    ),
    Bug(
        name="who parks does not see what was read meanwhile",
        file="app/store/sql/ending.py",
        right="_READ_BY_NOW.rows(connection, batch.unread)",
        wrong="_READ_BY_NOW.rows(connection, [])",
    ),
    Bug(
        name="two replicas begin what belongs together",
        file="app/engine/work.py",
        right="            live = await store.correlated(new)\n",
        wrong=(
            "            live = await store.correlated(new)\n"
            "            self._numbers.update(await store.last_numbers(needs.places))\n"
        ),
    ),
    Bug(
        name="pairs of keys are looked for in the whole table",
        file="app/store/sql/many.py",
        right="    if isinstance(made, sa.Select):\n",
        wrong="    if isinstance(made, str):\n",
    ),
    Bug(
        name="a sketch leaves out where the head of a workflow run is",
        file="app/github/sketches.py",
        right="    head_repository: _Numbered | None\n",
        wrong="",
    ),
    Bug(
        name="a sketch passes over texts that are none",
        file="app/github/sketches.py",
        right="        body.decode()\n",
        wrong="",
    ),
    Bug(
        name="a delivery that cannot be taken apart takes others with it",
        file="app/github/webhooks.py",
        right="        return sketch(event, body) or {}\n",
        wrong="        raise\n",
    ),
    Bug(
        name="what PostgreSQL is asked first stands outside the transaction",
        file="app/store/sql/direct.py",
        right="            connection.begin()\n",
        wrong="            pass\n",
    ),
    Bug(
        name="PostgreSQL is asked by what was prepared for other tables",
        file="app/store/sql/direct.py",
        right="        connection.invalidate(error)\n",
        wrong="        pass\n",
    ),
    Bug(
        name="a text that holds what stands between two others is told apart from neither",
        file="app/store/sql/lists.py",
        right="    if written.count(BETWEEN) >= len(values):\n",
        wrong="    if False:\n",
    ),
    Bug(
        name="a text that stands for nothing comes back as nothing",
        file="app/store/sql/lists.py",
        right="    if NOTHING in written and any(",
        wrong="    if False and any(",
    ),
    Bug(
        name="of deliveries that are dropped the payloads stay",
        file="app/store/sql/retention.py",
        right="    connection.execute(sa.delete(payloads).where(",
        wrong="    connection.execute(sa.delete(payloads).where(sa.false(), ",
    ),
    Bug(
        name="an attempt may be of an orchestration that is not there",
        file="app/store/sql/save.py",
        right="        _see_to_it(unsure, found)\n",
        wrong="        del found\n",
    ),
    Bug(
        name="what was asked for already is asked for once more",
        file="app/store/sql/commands.py",
        right="        may_be_known = wanted = {",
        wrong="        wanted = {",
    ),
    Bug(
        name="a delivery starts what was known when it was opened",
        file="app/engine/intake.py",
        right="        await self._route_anew(letters)\n",
        wrong="",
    ),
    Bug(
        name="deliveries do not wait for somebody who begins to listen",
        file="app/engine/flights.py",
        right="            if flight.is_wide or not flight.keys.isdisjoint(keys):\n",
        wrong="            if not flight.keys.isdisjoint(keys):\n",
    ),
    Bug(
        name="a workflow run is heard of before it is written whose it is",
        file="app/engine/flights.py",
        right="                *(each.workflow_run_id or 0 for each in batch.dispatched),\n",
        wrong="",
    ),
    Bug(
        name="deliveries are taken together however large they are",
        file="app/store/sql/arrivals.py",
        right="    if missing:\n",
        wrong="    if missing and limit < 0:\n",
    ),
    Bug(
        name="a concluded check gets a successor from an old state",
        file="app/github/reporting.py",
        right="                if check_id is None and self._doubts(state):\n",
        wrong="                if check_id is None and not self._doubts:\n",
    ),
    Bug(
        name="a check whose creation was not heard of goes on for ever",
        file="app/github/reporting.py",
        right="            if errand.tries > 1 and (check_id is None or is_over):\n",
        wrong="            if errand.tries > 1 and check_id is None:\n",
    ),
)
