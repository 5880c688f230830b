"""Bugs that would make pages say what is not so, show what they must not, or never end."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="shown: strangers' words are markup",
        file="app/web/html.py",
        right="    autoescape=True,\n",
        wrong="    autoescape=False,\n",
    ),
    Bug(
        name="shown: any address is a link",
        file="app/core/telling/page/sentences.py",
        right='            url = text if is_url(text) else ""\n',
        wrong="            url = text\n",
    ),
    Bug(
        name="shown: a definition tells its tokens",
        file="app/core/telling/page/model.py",
        right="definition=readable(plan.text[:DEFINITION_MAX]),\n",
        wrong="definition=plan.text[:DEFINITION_MAX],\n",
    ),
    Bug(
        name="shown: what is delayed is not told",
        file="app/core/telling/page/model.py",
        right="delays=tuple(delay_of(each, now) for each in delayed),\n",
        wrong="delays=(),\n",
    ),
    Bug(
        name="shown: what waits looks as if it ran",
        file="app/core/telling/page/timeline.py",
        right='            start=attempt.asked_at, end=end, style="waiting", verb="waited"',
        wrong='            start=attempt.asked_at, end=end, style="running", verb="ran"',
    ),
    Bug(
        name="shown: two rows have one name",
        file="app/core/telling/page/model.py",
        right='        anchor=f"{anchor}-{number}" if number else anchor,\n',
        wrong="        anchor=anchor,\n",
    ),
    Bug(
        name="shown: an open page goes on showing what was taken away",
        file="app/web/live.py",
        right="                    if not await may_see():\n                        return\n",
        wrong="                    await may_see()\n",
    ),
    Bug(
        name="shown: open pages hold up a server that is to stop",
        file="app/web/live.py",
        right="        self._closed.set()\n",
        wrong="",
    ),
    Bug(
        name="shown: anybody may have as many streams as they like",
        file="app/web/live.py",
        right=" or counts[whose] >= OF_ONE_MAX\n",
        wrong="\n",
    ),
    Bug(
        name="shown: pages take all the time there is",
        file="app/web/pacing.py",
        right="            self._free_at = loop.time() + took * (1 / self._share - 1)\n",
        wrong="            pass\n",
    ),
    Bug(
        name="shown: a check leads nowhere",
        file="app/github/reporting.py",
        right='"details_url": url}\n',
        wrong="}\n",
    ),
)
