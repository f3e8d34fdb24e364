"""As for the tests of checks, which load Great Expectations."""

from __future__ import annotations

from tests.checks.conftest import thawed  # noqa: F401 (a fixture of the session)
