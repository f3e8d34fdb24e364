"""The fingerprints that a release ships of its frozen splits, where `[release] fingerprints` asks for them.

With them others test whether their data holds rows of these splits, without having them
(`registry.tables.fingerprints`).
"""

from __future__ import annotations

from hashlib import blake2b

from registry.checks.expectations.leakage import default_columns
from registry.checks.specs import Facts
from registry.judge.judge import Bench
from registry.judge.references import FINGERPRINTS
from registry.tables.duck import Session, quote_text
from registry.tables.fingerprints import Builder, Fingerprint, pack
from registry.tables.keys import canonical_sql
from registry.tables.table import SPLIT


def fingerprints(bench: Bench) -> dict[str, bytes]:
    """The document by its path, or nothing."""
    policy = bench.workspace.config.fingerprints
    splits = [split for split in bench.table.splits if split in bench.workspace.config.frozen_splits]
    if policy == "none" or not splits:
        return {}
    # The salt follows from the data: equal inputs give equal bytes, and other data another salt.
    salt = b"" if policy == "plain" else blake2b(bench.data.encode(), digest_size=16, person=b"fingerprints").digest()
    with bench.session() as session:
        columns = default_columns(Facts.of(bench.rules.schema, bench.table, session))
        if not columns or bench.table.format == "imagefolder":
            return {}
        return {FINGERPRINTS: pack({split: _of(session, columns, split, salt) for split in splits})}


def _of(session: Session, columns: tuple[str, ...], split: str, salt: bytes) -> Fingerprint:
    kinds = dict(session.columns)
    texts = ", ".join(f"{canonical_sql(name, kinds[name])} AS c{i}" for i, name in enumerate(columns))
    sql = f"SELECT {texts} FROM data WHERE CAST({SPLIT} AS VARCHAR) = {quote_text(split)}"  # noqa: S608 (quoted)
    builder = Builder(len(columns), salt, columns)
    for batch in session.arrow(sql):
        builder.add([batch.column(f"c{i}").to_pylist() for i in range(len(columns))])
    return builder.fingerprint()
