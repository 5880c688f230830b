"""Reading `waves`, `bake-check` and `rollback`: a matrix that goes forward step by step."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from app.core.definition import BakeCheck, Strategy, Wave, WaveRollback
from app.core.limits import LEGS_MAX
from app.core.problems import Code
from app.core.reading.actions.approval import read_approval
from app.core.reading.actions.dispatch import read_dispatch
from app.core.reading.declarations import Declared, read_declarations
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.graph.handling import minutes
from app.core.reading.reader import Reader
from app.core.reading.scopes import of_declared
from app.core.reading.words import BAKE_CHECK, ROLLBACK, ROLLBACK_SCOPES, WAVE, Vocabulary

WAVES_MAX = 20
EFFECT_TIMEOUT = timedelta(minutes=60)
ROUNDS_MAX = 1_000
_MINUTE = timedelta(minutes=1)
_NONE = timedelta(0)
_HINT = "write `[{name: canary, percent: 10, bake: 30m}, {name: rest, percent: 100}]`"


def read_waves(
    reader: Reader, node: Node, formulas: Formulas, of_leg: Formulas
) -> tuple[Wave, ...]:
    """Read the waves; `of_leg` also reads the matrix."""
    found: list[Wave] = []
    nodes = reader.several(node, "`waves`", 1, WAVES_MAX, _HINT)
    for each in nodes:
        entries = reader.entries(each, "a wave", _HINT)
        wave = entries and _wave(reader, entries, formulas, of_leg)
        if wave:
            found.append(wave)
    if len(found) == len(nodes):
        _check_order(reader, found)
    return tuple(found)


def _wave(
    reader: Reader, entries: Entries, formulas: Formulas, of_leg: Formulas
) -> Wave | None:
    keys = dict(reader.known(entries, WAVE))
    name = None
    if "name" not in keys:
        reader.missing("name", "a wave", _HINT, entries.place)
    else:
        name = _name(reader, keys["name"])
    if ("when" in keys) == ("percent" in keys):
        message = "a wave says by exactly one of `when` and `percent` which legs it has"
        place = entries.keys["when"].place if "when" in keys else entries.place
        reader.report(Code.BAD_WAVES, message, "write one of the two", place)
    when = percent = approval = parallel = None
    if "when" in keys:
        when = of_leg.condition(keys["when"], "`when`")
    if "percent" in keys:
        percent = reader.integer(keys["percent"], "`percent`", 1, 100)
    if "approval" in keys:
        approval = read_approval(reader, keys["approval"], formulas)
    if "max-parallel" in keys:
        parallel = reader.integer(keys["max-parallel"], "`max-parallel`", 1, LEGS_MAX)
    bake, failures = timedelta(0), 0
    if "bake" in keys:
        bake = reader.span(keys["bake"], "`bake`", timedelta(0)) or bake
    if "max-failures" in keys:
        failures = reader.integer(keys["max-failures"], "`max-failures`", 0, LEGS_MAX) or 0
    if name is None or (when is None and percent is None):
        return None
    return Wave(
        name=name,
        place=entries.place,
        condition=when,
        percent=percent,
        bake=bake,
        max_failures=failures,
        max_parallel=parallel,
        approval=approval,
    )


def _name(reader: Reader, node: Node) -> str | None:
    text = reader.text(node, "`name`", "write for instance canary")
    if text is None or not isinstance(node, Scalar):
        return None
    return text if reader.name(node, "a wave") else None


def _check_order(reader: Reader, waves: Sequence[Wave]) -> None:
    seen: set[str] = set()
    percent = 0
    for wave in waves:
        if wave.name in seen:
            message = f"there are two waves `{wave.name}`"
            reader.report(Code.BAD_WAVES, message, "rename one of them", wave.place)
        seen.add(wave.name)
        if wave.percent is not None and wave.percent <= percent:
            message = f"`percent` counts all legs so far: after {percent} it must grow"
            reader.report(Code.BAD_WAVES, message, "write more", wave.place)
        percent = max(percent, wave.percent or 0)
    if waves and waves[-1].percent != 100:
        message = "some legs may be in no wave: the last one does not take all the rest"
        reader.report(Code.BAD_WAVES, message, "write `percent: 100`", waves[-1].place)


def read_bake_check(reader: Reader, node: Node, of_leg: Formulas) -> BakeCheck | None:
    """Read `bake-check`: a workflow that must give good values while a wave bakes."""
    hint = "write `{dispatch: ..., every: 10m, pass-when: outputs.errors < 1, outputs: ...}`"
    keys = _effect(reader, node, BAKE_CHECK, "`bake-check`", hint, ("every", "pass-when"))
    if keys is None:
        return None
    outputs = Declared({}, {})
    if "outputs" in keys:
        outputs = read_declarations(reader, keys["outputs"], "outputs")
    action = read_dispatch(reader, "dispatch", keys, of_leg)
    every = reader.span(keys["every"], "`every`", _MINUTE)
    seen = of_leg.wider(of_declared("outputs", outputs))
    passing = seen.condition(keys["pass-when"], "`pass-when`")
    timeout = minutes(reader, keys.get("timeout-minutes"), EFFECT_TIMEOUT)
    if action is None or every is None or passing is None:
        return None
    return BakeCheck(
        action=action,
        every=every,
        pass_when=passing,
        outputs=outputs.right,
        timeout=timeout,
    )


def read_rollback(reader: Reader, node: Node, of_leg: Formulas) -> WaveRollback | None:
    """Read `rollback`: what is dispatched for the legs of a wave that failed."""
    hint = "write `{dispatch: ..., scope: wave}`"
    keys = _effect(reader, node, ROLLBACK, "`rollback`", hint, ())
    if keys is None:
        return None
    if "on" in keys:
        reader.choice(keys["on"], "`on`", ("wave-failed",))
    scope = None
    if "scope" in keys:
        scope = reader.choice(keys["scope"], "`scope`", ROLLBACK_SCOPES)
    action = read_dispatch(reader, "dispatch", keys, of_leg)
    timeout = minutes(reader, keys.get("timeout-minutes"), EFFECT_TIMEOUT)
    if action is None:
        return None
    return WaveRollback(
        scope="all" if scope == "all" else "wave", action=action, timeout=timeout
    )


def check_together(reader: Reader, keys: Mapping[str, Node], strategy: Strategy) -> None:
    """Report checks and roll-backs that would never come about."""
    for key in ("bake-check", "rollback"):
        if key in keys and "waves" not in keys:
            message = f"`{key}` is for `waves`, and there are none"
            reader.report(Code.BAD_WAVES, message, f"add `waves`: {_HINT}", keys[key].place)
    bakes = [wave.bake for wave in strategy.waves]
    if "bake-check" in keys and bakes and not any(bakes):
        message = "no wave bakes, so that nothing is ever checked"
        hint = "add for instance `bake: 30m` to a wave"
        reader.report(Code.BAD_WAVES, message, hint, keys["bake-check"].place)
    if (
        strategy.bake_check
        and max(bakes, default=_NONE) > strategy.bake_check.every * ROUNDS_MAX
    ):
        message = f"a wave would be checked more than {ROUNDS_MAX} times"
        hint = "shorten `bake`, or lengthen `every`"
        reader.report(Code.BAD_WAVES, message, hint, keys["bake-check"].place)


def _effect(
    reader: Reader,
    node: Node,
    words: Vocabulary,
    what: str,
    hint: str,
    required: tuple[str, ...],
) -> Mapping[str, Node] | None:
    entries = reader.entries(node, what, hint)
    if entries is None:
        return None
    keys: Mapping[str, Node] = dict(reader.known(entries, words))
    lacking = [key for key in ("dispatch", *required) if key not in keys]
    for key in lacking:
        reader.missing(key, what, hint, entries.place)
    return None if lacking else keys
