"""Agreement over a million ratings: our check against `krippendorff`, statsmodels and scikit-learn.

    python benchmarks/agreement.py [--items N] [--raters N]

The libraries live in an environment of their own (`requirements-agreement.txt`; `krippendorff` is GPL
and no dependency of ours), and get the ratings as a matrix; ours reads Parquet, counts in DuckDB,
and gives intervals, figures of each class and annotator and the most disputed items besides. A tenth
of the ratings is missing, but for Fleiss and Cohen, which take none. Values must agree to 1e-9. It
exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))
BAR = 2.0  # seconds of the wall, alpha over a million ratings
CASES = (
    ("alpha, nominal", "sparse", {"level": "nominal"}),
    ("alpha, ordinal", "sparse", {"level": "ordinal"}),
    ("alpha, interval", "sparse", {"level": "interval"}),
    ("alpha, ratio", "sparse", {"level": "ratio"}),
    ("Fleiss' kappa", "whole", {"metric": "fleiss"}),
    ("Cohen's kappa, quadratic", "pair", {"metric": "cohen", "weights": "quadratic"}),
)


def make(root: Path, items: int, raters: int) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(7)
    truth = draw.integers(1, 6, items)
    noise = draw.random((raters, items)) < 0.25
    whole = np.where(noise, draw.integers(1, 6, (raters, items)), truth).astype("int8")
    mask = {"whole": np.zeros_like(noise), "sparse": draw.random((raters, items)) < 0.1}
    mask["pair"] = mask["whole"][:2]
    for name, missing in mask.items():
        rows = {f"r{at:02}": pa.array(whole[at], mask=missing[at]) for at in range(len(missing))}
        (root / name).mkdir()
        pq.write_table(pa.table(rows), root / name / "train.parquet")
        np.save(root / f"{name}.npy", np.where(missing, np.nan, whole[: len(missing)]))


def theirs(root: Path) -> None:
    import krippendorff
    import numpy as np
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    found = {}
    for name, data, kwargs in CASES:
        ratings = np.load(root / f"{data}.npy")
        start = time.perf_counter()
        if "level" in kwargs:
            value = krippendorff.alpha(reliability_data=ratings, level_of_measurement=kwargs["level"])
        elif data == "whole":
            value = fleiss_kappa(aggregate_raters(ratings.T.astype(int))[0])
        else:
            value = cohen_kappa_score(*ratings.astype(int), weights="quadratic")
        found[name] = (float(value), time.perf_counter() - start)
    print(json.dumps(found))


def ours(root: Path) -> dict[str, tuple[float, float, str]]:
    import pyarrow.parquet as pq

    from registry.checks.expectations import OURS
    from registry.checks.specs import Facts, Measure
    from registry.model.schema import Column, DatasetSchema
    from registry.tables.duck import Session
    from registry.tables.keys import make_keys
    from registry.tables.table import Part, Table

    found = {}
    for name, data, kwargs in CASES:
        path = root / data / "train.parquet"
        names = pq.read_schema(path).names
        part = Part(path.name, path, "train", pq.read_metadata(path).num_rows)
        table = Table((part,), tuple((one, "int8") for one in names), ("train",), None, "parquet")
        schema = DatasetSchema("t", tuple(Column(one, "int8", role="annotator") for one in names))
        start = time.perf_counter()
        with Session(table) as session:
            facts = Facts.of(schema, table, session)
            measure = OURS["expect_annotator_agreement_at_least"].measure({**kwargs, "min_value": 0}, facts)
            assert isinstance(measure, Measure)
            for request in measure.keys:
                make_keys(session, request)
            figures = {row["part"]: row for row in session.rows(measure.count_sql)}["coefficient"]
        interval = f"{figures['low']:.4f} to {figures['high']:.4f}" if figures["low"] is not None else "none"
        found[name] = (figures["value"], time.perf_counter() - start, interval)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--raters", type=int, default=10)
    parser.add_argument("--theirs", metavar="DIRECTORY", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.theirs:
        theirs(Path(given.theirs))
        return 0
    with tempfile.TemporaryDirectory(prefix="agreement-") as temp:
        root = Path(temp)
        make(root, given.items, given.raters)
        python = root / "venv/bin/python"
        subprocess.run([sys.executable, "-m", "uv", "venv", "-q", root / "venv"], check=True)
        wanted = ["-r", HERE.with_name("requirements-agreement.txt")]
        subprocess.run([sys.executable, "-m", "uv", "pip", "install", "-q", "-p", python, *wanted], check=True)
        command = [python, HERE, "--theirs", root]
        known = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return compare(ours(root), known)


def compare(mine: dict[str, tuple[float, float, str]], known: dict[str, tuple[float, float]]) -> int:
    missed = 0
    print(f"{'':<26}{'value':>14}{'difference':>12}{'ours':>9}{'theirs':>9}  95% interval")
    for name, (value, seconds, interval) in mine.items():
        other, cost = known[name]
        bad = abs(value - other) > 1e-9 or (name.startswith("alpha") and seconds > BAR)
        missed += bad
        line = f"{name:<26}{value:>14.10f}{abs(value - other):>12.1e}{seconds:>7.2f} s{cost:>7.2f} s  {interval}"
        print(line + "  MISSED" * bad)
    print(f"bars: 1e-9; {BAR} s for alpha")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
