"""Rehearses: one stateful GitHub as an ASGI app, for the demo, for users and for the tests."""
