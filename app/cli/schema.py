"""`signalbox schema`: the JSON Schema of the language, for editors."""

from app.cli.saying import print_json
from app.core.reading.schema import schema


def print_schema() -> None:
    """Print the schema; put it beside the definitions, or name it in their first line."""
    print_json(schema())
