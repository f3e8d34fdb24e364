"""Releases elsewhere: on the Hugging Face Hub, and in another store."""
