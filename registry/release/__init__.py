"""Releases: a pure plan, and an execution that can be restarted at every step."""
