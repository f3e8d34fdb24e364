"""Keeping a store: channels, withdrawals, checks, mending, collecting what nobody needs.

Nothing here makes a release; everything here may be repeated after a crash.
"""
