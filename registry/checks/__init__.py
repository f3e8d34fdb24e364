"""Checks: suites read strictly, our expectations by topic, and Great Expectations as their judge.

>>> from registry.checks.expectations import FORMS
>>> FORMS["expect_splits_to_be_disjoint"].names
('columns', 'normalize', 'splits', 'max_share')
"""
