"""Values, without input or output: names, versions, digests, schema, verdicts, manifest.

>>> from registry.model.names import Version
>>> str(Version.parse("v1.2"))
'1.2.0'
"""
