"""Planted label errors: how many are found, how many of those found were planted, and what it costs.

    python benchmarks/labels.py [--rows N]

Labels are flipped at 0, 1, 5 and 10 % in generated Korean and English texts (five words of a topic
among nine that all topics share), in generated numbers, and in two real tables of the examples: emoji by
their Korean names, and words by four of their ten ratings. Real labels have errors of their own, so
that what is found there beyond what was planted is no false alarm for certain. It exits with
1 if a bar is missed: of generated data recall 0.7 at 1 %, 0.8 above, precision 0.7 and
0.85, and at most 0.5 % of clean labels doubted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
SHARES = (0.0, 0.01, 0.05, 0.1)
BARS = {0.01: (0.7, 0.7), 0.05: (0.8, 0.85), 0.1: (0.8, 0.85)}
CLEAN = 0.005


def data(rows: int) -> dict[str, dict[str, list]]:
    from registry.authoring.examples import emoji_names, lexicon
    from tests.checks.test_noise import numbers, texts

    emoji, words = emoji_names(), lexicon()
    ratings = {f"x{at}": [row[f"rater_{at:02}"] for row in words] for at in range(1, 5)}
    return {
        "Korean texts": texts("ko", rows),
        "English texts": texts("en", rows),
        "numbers": numbers(rows),
        "emoji by name (real)": {
            key: [row[name] for row in emoji] for key, name in zip("tl", ("name", "kind"), strict=True)
        }
        | {"id": [row["emoji"] for row in emoji]},
        "words by ratings (real)": {
            "id": [row["id"] for row in words],
            **ratings,
            "l": [row["label"] for row in words],
        },
    }


def main() -> int:
    from tests.checks.test_noise import flipped, found_in

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=3000, help="of generated data")
    given = parser.parse_args()
    missed = 0
    print(f"{'data':<26}{'rows':>7}{'flipped':>9}{'found':>7}{'recall':>8}{'precision':>11}{'seconds':>9}")
    for name, rows in data(given.rows).items():
        for share in SHARES:
            changed, planted = flipped(rows, share)
            with tempfile.TemporaryDirectory(prefix="labels-") as temp:
                start = time.perf_counter()
                _, found = found_in(Path(temp), changed)
                seconds = time.perf_counter() - start
            right = len(found & planted)
            recall, precision = right / max(len(planted), 1), right / max(len(found), 1)
            low = share and (recall < BARS[share][0] or precision < BARS[share][1])
            bad = "(real)" not in name and (low or (not share and len(found) > CLEAN * len(rows["l"])))
            missed += bool(bad)
            mark = "  MISSED" * bool(bad)
            told = f"{recall:>8.3f}{precision:>11.3f}" if share else f"{'':>19}"
            print(f"{name:<26}{len(rows['l']):>7,}{share:>9.0%}{len(found):>7,}{told}{seconds:>9.2f}{mark}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
