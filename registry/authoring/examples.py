"""Builds the example datasets from files that packages carry: the stage `examples` of `dvc.yaml`.

    python -m registry.authoring.examples data

Three real tables, openly licensed, in three formats: a sentiment lexicon rated by ten
people (`vaderSentiment`, MIT), Korean emoji names (`emoji`, BSD, from Unicode CLDR) and
websites labelled as phishing (`river`, BSD). Splits are drawn by a hash of what must not
be separated, so that the same rows give the same splits for ever.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
import unicodedata
from ast import literal_eval
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from registry.errors import MissingExtraError

SEED = "2026"
SPLITS = (("train", 0.8), ("validation", 0.9), ("test", 1.0))
SKIN_TONES = {chr(code) for code in range(0x1F3FB, 0x1F400)}
Rows = list[dict[str, Any]]


def split_of(key: str) -> str:
    """The split that a hash of `key` draws: 80 % train, 10 % validation, 10 % test."""
    draw = int(hashlib.sha256(f"{SEED}:{key}".encode()).hexdigest()[:12], 16) / 16**12
    return next(name for name, upto in SPLITS if draw < upto)


def package_file(package: str, suffix: str) -> bytes:
    """The bytes of the file of an installed package whose path ends in `suffix`."""
    try:
        found = next((f for f in files(package) or () if str(f).endswith(suffix)), None)
    except PackageNotFoundError:
        found = None
    if found is None:
        raise MissingExtraError(
            f"the example data needs the package {package}", hint="pip install 'dataset-release-registry[demo]'"
        )
    return Path(str(found.locate())).read_bytes()


def lexicon() -> Rows:
    """Words and emoticons with ten ratings from -4 to 4 each; one row per case-folded token.

    The label follows the mean rating: above 0.05 positive, below -0.05 negative.
    """
    rows: Rows = []
    seen = set()
    for line in package_file("vaderSentiment", "vaderSentiment/vader_lexicon.txt").decode().splitlines():
        token, _, _, ratings = line.split("\t")
        scores = literal_eval(ratings)
        folded = unicodedata.normalize("NFKC", token).casefold().strip()
        if not folded or folded in seen:
            continue
        seen.add(folded)
        mean = sum(scores) / len(scores)
        label = "positive" if mean > 0.05 else "negative" if mean < -0.05 else "neutral"
        raters = {f"rater_{i:02}": score for i, score in enumerate(scores, 1)}
        rows.append({"id": f"w{len(rows):05}", "token": token, "label": label, **raters, "split": split_of(folded)})
    return rows


def emoji_names() -> Rows:
    """Emoji with their Korean names; the emoji without its skin tone is the group, so that variants stay together."""
    names = json.loads(package_file("emoji", "unicode_codes/emoji_ko.json"))
    rows: Rows = []
    seen = set()
    for emoji, alias in names.items():
        name = unicodedata.normalize("NFC", alias.strip(":").replace("_", " "))
        if name in seen:
            continue
        seen.add(name)
        base = "".join(c for c in emoji if c not in SKIN_TONES and c != "\ufe0f")
        rows.append({"emoji": emoji, "name": name, "kind": _kind(emoji), "base": base, "split": split_of(base)})
    return rows


def _kind(emoji: str) -> str:
    if any(0x1F1E6 <= ord(c) <= 0x1F1FF for c in emoji) or "\U000e007f" in emoji:
        return "flag"
    if any(c in SKIN_TONES for c in emoji):
        return "skin-tone"
    return "sequence" if "\u200d" in emoji else "single"


def phishing() -> Rows:
    """Websites by nine features; equal feature rows share a split, since they cannot be told apart."""
    text = gzip.decompress(package_file("river", "datasets/phishing.csv.gz")).decode()
    rows: Rows = []
    for index, row in enumerate(csv.DictReader(io.StringIO(text))):
        label = "phishing" if row.pop("is_phishing") == "1" else "legitimate"
        rows.append({"id": f"s{index:04}", **row, "label": label, "split": split_of("|".join(row.values()))})
    return rows


def by_split(rows: Rows) -> dict[str, Rows]:
    """Rows by split, without the column."""
    found: dict[str, Rows] = {name: [] for name, _ in SPLITS}
    for row in rows:
        found[row["split"]].append({key: value for key, value in row.items() if key != "split"})
    return found


def write_parquet(file: Path, rows: Rows) -> None:
    """One Parquet file with int8 ratings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [(name, pa.int8() if isinstance(value, int) else pa.string()) for name, value in rows[0].items()]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields)), file, compression="zstd")


def write_jsonl(file: Path, rows: Rows) -> None:
    """One JSON object a line."""
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def write_csv(file: Path, rows: Rows) -> None:
    """Comma-separated values with a header."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


DATASETS: dict[str, tuple[Any, Any, str]] = {
    "sentiment-lexicon": (lexicon, write_parquet, "parquet"),
    "emoji-ko": (emoji_names, write_jsonl, "jsonl"),
    "phishing": (phishing, write_csv, "csv"),
}


def build(target: Path, names: Iterable[str] = tuple(DATASETS)) -> None:
    """Writes the named example datasets below `target`, a file for each split."""
    for name in names:
        make, write, suffix = DATASETS[name]
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        for split, rows in by_split(make()).items():
            write(folder / f"{split}.{suffix}", rows)


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else "data"), sys.argv[2:] or tuple(DATASETS))
