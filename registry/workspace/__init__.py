"""Finds the declarations of a workspace, and speaks to git."""
