"""Dataset versioning and release: one judgement, of exactly the released bytes."""
