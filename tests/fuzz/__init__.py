"""Strangers' texts, mutated without end: whatever they hold, no reader of ours breaks.

`readers` says what is read and from which good examples one starts, `mutation` how they are
changed. `python -m tests.fuzz` reads a million of them, guided by what code they reach.
"""
