"""Fetches real payloads and GitHub's schema for the tests."""
