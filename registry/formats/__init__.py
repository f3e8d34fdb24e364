"""Renderings of verdicts; they know the model and nothing else."""
