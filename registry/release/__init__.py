"""See the package page in docs/."""
