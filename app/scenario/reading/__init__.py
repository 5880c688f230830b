"""Reads scenarios: from YAML to `language`, or to all of their problems at once."""
