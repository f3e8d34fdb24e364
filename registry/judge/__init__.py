"""The judgement: a snapshot and rules in, evidence out."""
