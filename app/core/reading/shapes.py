"""Shapes of values in JSON Schema: the few that the language is made of."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from app.core.reading.meanings import meaning
from app.core.reading.reader import NAME, NAME_LENGTH_MAX, spelt
from app.core.reading.words import Vocabulary
from app.core.values import Json

Shape = dict[str, Json]

HOLE = r"\$\{\{"
_SPAN = r"^\s*(?=\d)(\d{1,4}d)?(\d{1,5}h)?(\d{1,6}m)?(\d{1,7}s)?\s*$"


def ref(name: str) -> Shape:
    """Refer to a part of the schema."""
    return {"$ref": f"#/$defs/{name}"}


def text(most: int | None = None) -> Shape:
    """A text that is not empty."""
    shape: Shape = {"type": "string", "minLength": 1}
    return {**shape, "maxLength": most} if most is not None else shape


def truth() -> Shape:
    """True or false."""
    return {"type": "boolean"}


def whole(least: int, most: int) -> Shape:
    """A whole number within limits."""
    return {"type": "integer", "minimum": least, "maximum": most}


def number(least: float, most: float) -> Shape:
    """A number within limits."""
    return {"type": "number", "minimum": least, "maximum": most}


def choice(words: Collection[str]) -> Shape:
    """One of some words."""
    return {"enum": list(words)}


def span(least: timedelta, most: timedelta) -> Shape:
    """A length of time: `30s`, `4h`, `1h30m`."""
    says = f"A length of time from {spelt(least)} to {spelt(most)}, such as 30s, 4h or 1h30m."
    return {"type": "string", "pattern": _SPAN, "description": says}


def condition() -> Shape:
    """An expression that gives true or false, or one of these."""
    return {"type": ["string", "boolean"], "minLength": 1}


def expression() -> Shape:
    """An expression, or a number or truth as it is."""
    return {"type": ["string", "boolean", "number"], "minLength": 1}


def or_hole(shape: Shape) -> Shape:
    """A value, or a text with an expression that gives it."""
    return {"anyOf": [shape, {"type": "string", "pattern": HOLE}]}


def several(shape: Shape, least: int, most: int) -> Shape:
    """A list of so many."""
    return {"type": "array", "items": shape, "minItems": least, "maxItems": most}


def some(shape: Shape, most: int) -> Shape:
    """One, or a list of them, each once."""
    return {"anyOf": [shape, {**several(shape, 1, most), "uniqueItems": True}]}


def named(shape: Shape, least: int, most: int) -> Shape:
    """A mapping of well-formed names."""
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME.pattern}$", "maxLength": NAME_LENGTH_MAX},
        "additionalProperties": shape,
        "minProperties": least,
        "maxProperties": most,
    }


def anything(most: int) -> Shape:
    """A mapping of any names to any values."""
    return {"type": "object", "maxProperties": most}


def keyed(properties: Mapping[str, Shape], required: Collection[str] = ()) -> Shape:
    """A mapping with these keys and no others."""
    shape: Shape = {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }
    return {**shape, "required": sorted(required)} if required else shape


def place(
    vocabulary: Vocabulary, shapes: Mapping[str, Shape], required: Collection[str] = ()
) -> Shape:
    """The keys of one place with what they mean; each known one has a shape, and no other."""
    lacking = vocabulary.known ^ shapes.keys()
    assert not lacking, f"{vocabulary.of}: no shape, or no such key: {sorted(lacking)}"
    return keyed(
        {key: told(key, vocabulary.of, each) for key, each in shapes.items()}, required
    )


def told(key: str, where: str, shape: Shape) -> Shape:
    """A shape with what its key means."""
    own = shape.get("description")
    return {**shape, "description": f"{meaning(key, where)} {own or ''}".strip()}
