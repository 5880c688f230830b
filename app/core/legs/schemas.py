"""JSON Schema: the only file that knows the library.

Draft 2020-12: https://json-schema.org/draft/2020-12. A schema names nothing outside itself:
references to other documents are refused when the definition is read, and never fetched.
"""

import json
from functools import lru_cache

import jsonschema_rs

from app.core.values import JsonObject


def faults_of(schema: JsonObject, value: JsonObject) -> tuple[str, ...]:
    """Say what is wrong with a value, most important first; nothing if it fits."""
    validator = _validator(json.dumps(schema, sort_keys=True))
    return tuple(
        f"{'/'.join(map(str, error.instance_path)) or 'outputs'}: {error.message}"
        for error in validator.iter_errors(dict(value))
    )


def problem_of(schema: JsonObject) -> str | None:
    """Say what is wrong with a schema itself."""
    try:
        _validator(json.dumps(schema, sort_keys=True))
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return str(error).partition("\n")[0]
    return None


@lru_cache(maxsize=256)
def _validator(text: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(text))
