"""Personal data in text, ours beside `presidio` on the same recognisers; k-anonymity of ten million rows.

    python benchmarks/personal_data.py                  # some minutes; presidio in an environment made for it
    python benchmarks/personal_data.py --only-ours
    python benchmarks/personal_data.py --python PYTHON  # an interpreter that has `requirements-personal-data.txt`

The texts are lines of the labelled corpus of the tests (hard negatives included) among Korean and English
prose: in `sparse` one row in fifty is such a line, in `dense` every row. Ours is the whole measure of
`expect_no_personal_data` over Parquet on one thread. Presidio runs with a blank spaCy pipeline, so that
no model costs it time, with its recognisers for e-mail, cards, IBAN, IP, telephones (KR, US), US SSN and
the Korean numbers. Every measurement is a process of its own. It exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
# NOTE: cProfile, which spaCy imports, imports a module `profile`, and must not find the one beside this.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE.parent]
SPEED, FASTER, MEMORY = 100.0, 5.0, 1024  # MB of text a minute a core, times presidio, MB of memory
SHARES = {"sparse": 50, "dense": 1}  # one line of the corpus in so many rows
THEIRS = 2_000  # rows for presidio, which takes long
WORDS = (
    "배송이",
    "빨라서",
    "좋았습니다.",
    "상품",
    "품질은",
    "기대보다",
    "별로",
    "delivery",
    "was",
    "fast",
    "and",
    "3개",
    "2024년",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=150_000, help="texts")
    parser.add_argument("--people", type=int, default=10_000_000, help="rows for k-anonymity")
    parser.add_argument("--only-ours", action="store_true", help="leave the competitor out")
    parser.add_argument("--python", type=Path, help="interpreter of an environment that has the competitor")
    parser.add_argument("--run", nargs=2, metavar=("WHICH", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        return {"ours": ours, "theirs": theirs, "people": people}[given.run[0]](Path(given.run[1]))
    with tempfile.TemporaryDirectory(prefix="personal-") as temp:
        python = None if given.only_ours else given.python or environment(Path(temp, "venv"))
        held = [texts(Path(temp), name, given.rows, python) for name in SHARES]
        return int(not all([*held, grouped(Path(temp), given.people)]))


def environment(place: Path) -> Path:
    subprocess.run([sys.executable, "-m", "uv", "venv", "-q", place], check=True)
    python = place / "bin/python"
    wanted = HERE.with_name("requirements-personal-data.txt")
    subprocess.run([sys.executable, "-m", "uv", "pip", "install", "-q", "-p", python, "-r", wanted], check=True)
    return python


def texts(root: Path, name: str, rows: int, python: Path | None) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sys.path.insert(0, str(HERE.parents[1]))
    from tests.privacy.corpus import corpus

    draw = random.Random(7)
    lines = [line.text for line in corpus(7, 40)]
    found = []
    for at in range(rows):
        prose = " ".join(draw.choices(WORDS, k=20))
        found.append(f"{prose} {draw.choice(lines)} {prose[:40]}" if at % SHARES[name] == 0 else prose)
    size = sum(len(text.encode()) for text in found) / 1e6
    file = root / f"{name}.parquet"
    pq.write_table(pa.table({"text": found}), file)
    one = run(sys.executable, "ours", file)
    speed = size / one["cpu"] * 60
    print(f"{name}: {rows:,} rows, {size:.0f} MB: {one['cpu']:.1f} s CPU, {speed:,.0f} MB a minute (bar {SPEED:.0f})")
    held = speed >= SPEED
    if python:
        small = root / f"{name}-small.parquet"
        pq.write_table(pa.table({"text": found[:THEIRS]}), small)
        part = sum(len(text.encode()) for text in found[:THEIRS]) / 1e6
        other = run(str(python), "theirs", small)
        faster = speed / (part / other["cpu"] * 60)
        print(f"  presidio: {THEIRS:,} rows: {other['cpu']:.1f} s CPU; {faster:.0f} × faster (bar {FASTER:.0f})")
        held = held and faster >= FASTER
    return held


def grouped(root: Path, rows: int) -> bool:
    import duckdb

    file = root / "people.parquet"
    made = f"""SELECT (i * 7919 % 90)::INTEGER AS age, 'zip' || (i * 104729 % 20000) AS zip,
      CASE WHEN i % 2 = 0 THEN 'f' ELSE 'm' END AS sex, i % 50 AS disease FROM range({rows}) t(i)"""
    duckdb.connect().execute(f"COPY ({made}) TO '{file}'")
    one = run(sys.executable, "people", file, REGISTRY_MEMORY="600MB")
    figures = f"{one['cpu']:.1f} s CPU, {one['megabytes']:.0f} MB (bar {MEMORY})"
    print(f"k-anonymity of {rows:,} rows in {one['groups']:,} groups: k {one['k']}, {figures}")
    return one["megabytes"] <= MEMORY


def run(python: str, which: str, file: Path, **further: str) -> dict[str, float]:
    surroundings = {**os.environ, "PYTHONPATH": str(HERE.parents[1]) if which != "theirs" else "", **further}
    command = [python, str(HERE), "--run", which, str(file)]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{which} failed:\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def report(since: float, **further: object) -> int:
    """Processor seconds since a moment, and the peak of resident memory."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": time.process_time() - since, "megabytes": used.ru_maxrss / 1024, **further}))
    return 0


def measured(file: Path, kind: str, kwargs: dict[str, object], threads: int | None) -> dict[str, object]:
    import pyarrow.parquet as pq

    from registry.checks.expectations import OURS
    from registry.checks.specs import Facts
    from registry.model.schema import Column, DatasetSchema
    from registry.tables.duck import Session
    from registry.tables.keys import make_keys
    from registry.tables.table import Part, Table

    fields = [(field.name, str(field.type)) for field in pq.read_schema(file)]
    part = Part(file.name, file, "train", pq.read_metadata(file).num_rows)
    table = Table((part,), tuple(fields), ("train",), None, "parquet")
    schema = DatasetSchema("d", tuple(Column(name, kind) for name, kind in fields))
    spec = OURS[kind]
    defaults = {kwarg.name: kwarg.default for kwarg in spec.form.kwargs if not kwarg.required}
    with Session(table, threads=threads) as session:
        measure = spec.measure({**defaults, **kwargs}, Facts.of(schema, table, session))
        for request in measure.keys:
            make_keys(session, request)
        return dict(measure.reduce(session.rows(measure.count_sql)).observed)


def ours(file: Path) -> int:
    start = time.process_time()
    measured(file, "expect_no_personal_data", {}, 1)
    return report(start)


def people(file: Path) -> int:
    start = time.process_time()
    kwargs = {"quasi_identifiers": ["age", "zip", "sex"], "k": 3}
    observed = measured(file, "expect_k_anonymity_at_least", kwargs, None)
    return report(start, k=observed["k"], groups=observed["groups"])


def theirs(file: Path) -> int:
    import presidio_analyzer.predefined_recognizers as known
    import pyarrow.parquet as pq
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine, SpacyNlpEngine  # noqa: F401

    found = pq.read_table(file)["text"].to_pylist()
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    names = ("EmailRecognizer", "CreditCardRecognizer", "IbanRecognizer", "IpRecognizer", "UsSsnRecognizer")
    korean = (
        "KrRrnRecognizer",
        "KrFrnRecognizer",
        "KrBrnRecognizer",
        "KrPassportRecognizer",
        "KrDriverLicenseRecognizer",
    )
    recognisers = [getattr(known, name)(supported_language="en") for name in (*names, *korean) if hasattr(known, name)]
    recognisers.append(known.PhoneRecognizer(supported_language="en", supported_regions=("KR", "US")))
    analyser = AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=recognisers, supported_languages=["en"]),
        nlp_engine=engine,
        supported_languages=["en"],
    )
    analyser.analyze(found[0], language="en")
    start = time.process_time()
    hits = sum(bool(analyser.analyze(text, language="en")) for text in found)
    return report(start, hits=hits, recognisers=len(recognisers))


if __name__ == "__main__":
    sys.exit(main())
