"""The gate where changes are reviewed: files for GitHub, GitLab and pre-commit, and the quick look of a hook.

>>> from registry.automation.provision import PROVIDERS
>>> PROVIDERS
('github', 'gitlab', 'pre-commit')
"""
