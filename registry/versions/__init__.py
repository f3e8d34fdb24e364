"""What changed between two states of a dataset, and the version that it demands."""
