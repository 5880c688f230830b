"""Orchestrations by the hundred, with everything that can go wrong: seeded, in virtual time."""
