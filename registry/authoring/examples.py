"""Builds the example datasets from files that packages carry: the stage `examples` of `dvc.yaml`.

    python -m registry.authoring.examples data

Five real datasets, openly licensed, in four formats: a sentiment lexicon rated by ten people
(`vaderSentiment`, MIT), Korean emoji names (`emoji`, BSD, from Unicode CLDR), websites labelled as
phishing (`river`, BSD), a survey of voters (`statsmodels`, public domain) and handwritten digits
(`scikit-learn`, CC BY 4.0). Splits are drawn by a hash of what must not be separated, so that the
same rows give the same splits for ever.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import struct
import sys
import unicodedata
import zlib
from ast import literal_eval
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from registry.errors import MissingExtraError

SEED = "2026"
SPLITS = (("train", 0.8), ("validation", 0.9), ("test", 1.0))
DIGITS = 600  # pictures that are taken
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

    The label follows the mean rating: above 0.05 positive, below -0.05 negative. `valence` is the mean,
    rounded to a whole number like the ratings.
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
        named = {"id": f"w{len(rows):05}", "token": token, "label": label, "valence": round(mean)}
        rows.append({**named, **raters, "split": split_of(folded)})
    return rows


def emoji_names() -> Rows:
    """Emoji with their Korean names; the emoji without its skin tone is the group, so that variants stay together.

    Unicode's people write the names; those of flags and of skin tones a program puts together from written parts
    (UTS 35, part 2, "Synthesizing Sequence Names"): `origin` and `depth` tell them apart.
    """
    names = json.loads(package_file("emoji", "unicode_codes/emoji_ko.json"))
    rows: Rows = []
    seen = set()
    for emoji, alias in names.items():
        name = unicodedata.normalize("NFC", alias.strip(":").replace("_", " "))
        if name in seen:
            continue
        seen.add(name)
        base = "".join(c for c in emoji if c not in SKIN_TONES and c != "\ufe0f")
        kind = _kind(emoji)
        composed = kind in ("flag", "skin-tone")
        made = {"origin": "composed" if composed else "written", "depth": int(composed)}
        rows.append({"emoji": emoji, "name": name, "kind": kind, "base": base, **made, "split": split_of(base)})
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


def voters() -> Rows:
    """Answers of 944 voters of 1996, with age, schooling and income in ranges; equal answers share a split.

    `party` is the party that somebody feels close to, `vote` the candidate they mean to vote for.
    """
    text = package_file("statsmodels", "datasets/anes96/anes96.csv").decode()
    rows: Rows = []
    for index, row in enumerate(csv.DictReader(io.StringIO(text), delimiter="\t", quotechar="'")):
        told: dict[str, Any] = {
            "age": _range(int(row["age"]), {"18-29": 29, "30-44": 44, "45-59": 59, "60+": 200}),
            "schooling": _range(int(row["educ"]), {"up to high school": 3, "beyond high school": 7}),
            "income": _range(int(row["income"]), {"under 20,000": 12, "20,000-49,999": 19, "50,000 and over": 24}),
            "party": _range(int(row["PID"]), {"democrat": 1, "independent": 4, "republican": 6}),
            "tv_news_days": int(row["TVnews"]),
            "own_place": int(row["selfLR"]),
            "clinton_place": int(row["ClinLR"]),
            "dole_place": int(row["DoleLR"]),
            "vote": "dole" if row["vote"] == "1" else "clinton",
        }
        split = split_of("|".join(str(value) for value in told.values()))
        rows.append({"id": f"v{index:03}", **told, "split": split})
    return rows


def _range(number: int, upto: dict[str, int]) -> str:
    """The first range whose end is not below `number`."""
    return next(name for name, end in upto.items() if number <= end)


def digits() -> Rows:
    """Handwritten digits of 8 x 8 grey pixels; equal pictures share a split."""
    text = gzip.decompress(package_file("scikit-learn", "datasets/data/digits.csv.gz")).decode()
    rows: Rows = []
    for index, line in enumerate(text.splitlines()[:DIGITS]):
        *pixels, digit = (int(float(number)) for number in line.split(","))
        rows.append({"file": f"{digit}/d{index:04}.png", "pixels": pixels, "split": split_of(str(pixels))})
    return rows


def by_split(rows: Rows) -> dict[str, Rows]:
    """Rows by split, without the column."""
    found: dict[str, Rows] = {name: [] for name, _ in SPLITS}
    for row in rows:
        found[row["split"]].append({key: value for key, value in row.items() if key != "split"})
    return found


def write_parquet(file: Path, rows: Rows) -> None:
    """One Parquet file with int8 numbers."""
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


def write_pictures(folder: Path, rows: Rows) -> None:
    """A PNG for each row, in the folder of its class."""
    for row in rows:
        file = folder / row["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(row["pixels"], width=8))


def png(pixels: Sequence[int], *, width: int) -> bytes:
    """A grey PNG of pixels from 0 (paper) to 16 (ink), stored as they are: the same bytes with every zlib.

    >>> png([0] * 64, width=8)[1:4], len(png([0] * 64, width=8))
    (b'PNG', 140)
    """
    grey = bytes(255 - 255 * pixel // 16 for pixel in pixels)
    lines = b"".join(b"\0" + grey[at : at + width] for at in range(0, len(grey), width))
    head = struct.pack(">IIBBBBB", width, len(grey) // width, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# Each with what makes its rows, what writes those of a split, and what a split is called: a file, or a folder.
DATASETS: dict[str, tuple[Any, Any, str]] = {
    "sentiment-lexicon": (lexicon, write_parquet, "{}.parquet"),
    "emoji-ko": (emoji_names, write_jsonl, "{}.jsonl"),
    "phishing": (phishing, write_csv, "{}.csv"),
    "voters": (voters, write_csv, "{}.csv"),
    "digits": (digits, write_pictures, "{}"),
}


def build(target: Path, names: Iterable[str] = tuple(DATASETS)) -> None:
    """Writes the named example datasets below `target`, a file or a folder for each split."""
    for name in names:
        make, write, called = DATASETS[name]
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        for split, rows in by_split(make()).items():
            write(folder / called.format(split), rows)


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else "data"), sys.argv[2:] or tuple(DATASETS))
