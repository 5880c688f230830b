"""How Python itself is set where it serves: seldom garbage collection, short turns of threads.

The search for garbage goes through everything that is alive, which at usual settings took a
sixth of the time of an event, and stopped the process for a tenth of a second now and then.
Hardly anything of ours refers to itself in circles, so it is done seldom, and what was made
while the process started is left out of it for good:
https://docs.python.org/3/library/gc.html#gc.freeze

Where it is due it is done in a quiet moment: among two hundred thousand objects it takes over a
tenth of a second, and in a rush everything waits for it.

The thread that writes to SQLite gives Python's lock away at each statement, and gets it back
only once the event loop's turn is over. At the usual 5 ms a batch of a dozen statements waited
longer than it worked: https://docs.python.org/3/library/sys.html#sys.setswitchinterval
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from typing import Final

THRESHOLDS: Final = (200_000, 5, 50)
"""Objects made, and rounds of the young and of the middle-aged, before the next look.

By then most of what some batches have made is gone again, without having been looked at: at a
quarter of it a twenty-fifth of an event's time went into looking, at a fortieth a tenth."""
TURN_SECONDS: Final = 0.0001
LOOK_SECONDS: Final = 0.25
QUIET: Final = 0.1
"""Of a processor: whoever takes no more of it has nothing to do that would have to wait."""
WORTH: Final = 20_000
"""Objects. Fewer are looked through at any time without anybody noticing."""


def set_for_serving() -> None:
    """Set it so; call it once, when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(TURN_SECONDS)


async def tidy_when_quiet(
    look: float = LOOK_SECONDS, used: Callable[[], float] = time.process_time
) -> None:
    """Look for garbage in each quiet moment in which it is worth it, until cancelled.

    `used` tells how many seconds of a processor this process has had so far.
    """
    while True:
        before = used()
        await asyncio.sleep(look)
        if used() - before > look * QUIET:
            continue
        counts = gc.get_count()
        if counts[0] > WORTH:
            # As Python does: the older are looked through after so many rounds of the younger.
            due = [age for age in (1, 2) if counts[age] > THRESHOLDS[age]]
            gc.collect(max(due, default=0))
