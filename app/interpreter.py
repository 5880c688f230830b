"""How Python itself is set where it serves: seldom garbage collection, short turns of threads.

The search for garbage goes through everything that is alive, which at usual settings took a
sixth of the time of an event, and stopped the process for a tenth of a second now and then.
Hardly anything of ours refers to itself in circles, so it is done seldom, and what was made
while the process started is left out of it for good:
https://docs.python.org/3/library/gc.html#gc.freeze

The thread that writes to SQLite gives Python's lock away at each statement, and gets it back
only once the event loop's turn is over. At the usual 5 ms a batch of a dozen statements waited
longer than it worked: https://docs.python.org/3/library/sys.html#sys.setswitchinterval
"""

import gc
import sys
from typing import Final

THRESHOLDS: Final = (200_000, 5, 50)
"""Objects made, and rounds of the young and of the middle-aged, before the next look.

By then most of what some batches have made is gone again, without having been looked at: at a
quarter of it a twenty-fifth of an event's time went into looking, at a fortieth a tenth."""
TURN_SECONDS: Final = 0.0001


def set_for_serving() -> None:
    """Set it so; call it once, when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(TURN_SECONDS)
