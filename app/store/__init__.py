"""Remembers events, states and commands, each decision in one transaction."""
