"""`registry --help` against importing the library that its command line is made of.

python benchmarks/startup.py
"""

from __future__ import annotations

import sys

from measure import best, compare, run

if __name__ == "__main__":
    ours = best(lambda: run([sys.executable, "-m", "registry", "--help"]), 15)
    theirs = best(lambda: run([sys.executable, "-c", "import typer"]), 15)
    compare(ours, theirs, "registry --help", "import typer", "≤ 2 × CPU")
