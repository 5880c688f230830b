"""What was to be done and was put off: until when, and why. A part of `signalbox show`."""

from collections.abc import Mapping, Sequence

from app.cli.saying import console, printable
from app.core.telling.waiting import moment
from app.ports.keeping import Delayed


def print_delayed(delayed: Sequence[Delayed]) -> None:
    """Print what was put off, if anything was."""
    if not delayed:
        return
    out = console()
    out.print("\nPut off", style="bold")
    for each in delayed:
        line = f"{each.name}: delayed until {moment(each.until)}: {each.why}"
        out.print(printable(line), soft_wrap=True)


def delayed_as_json(delayed: Sequence[Delayed]) -> Sequence[Mapping[str, str]]:
    """Return it for programs."""
    return [
        {"command": each.name, "until": each.until.isoformat(), "why": each.why}
        for each in delayed
    ]
