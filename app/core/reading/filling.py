"""Putting what `with` says in place of a template's inputs, in its expressions.

A template's expressions read its own inputs. In the definition that uses it each
`inputs.<name>` of the template becomes the value or the expression that `with` gives for it,
so that a plan knows nothing of templates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.expressions import Types
from app.core.tokens import Hole, chains, split
from app.core.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """An expression for each input of a template; `names` are what those may read."""

    sources: Mapping[str, str] = field(default_factory=dict)
    names: Types = ()


NO_FILLING = Filling()


def fill(source: str, filling: Filling) -> str:
    """Replace the inputs that an expression reads."""
    if not filling.sources:
        return source
    parts: list[str] = []
    at = 0
    for chain in chains(source):
        name = chain.names[1] if len(chain.names) > 1 else ""
        if chain.names[0] == "inputs" and name in filling.sources:
            rest = "".join(f".{each}" for each in chain.names[2:])
            parts += [source[at : chain.start], f"({filling.sources[name]}){rest}"]
            at = chain.end
    return "".join([*parts, source[at:]])


def fill_all(value: Json, filling: Filling) -> Json:
    """Replace the inputs that the `${{ }}` of a value read."""
    if not filling.sources:
        return value
    if isinstance(value, str):
        return "".join(
            f"${{{{ {fill(part.source, filling)} }}}}" if isinstance(part, Hole) else part
            for part in split(value)
        )
    if isinstance(value, Mapping):
        return {name: fill_all(each, filling) for name, each in value.items()}
    if isinstance(value, list):
        return [fill_all(each, filling) for each in value]
    return value
