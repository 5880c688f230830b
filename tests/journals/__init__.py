"""Journals that were recorded once, and must replay in every later version."""
