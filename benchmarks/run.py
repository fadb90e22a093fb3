"""Runs benchmarks and prints their ratios: `python -m benchmarks.run [NAME …] [--scale 0.1]`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from benchmarks import (
    apart,
    buckets,
    checking,
    compiling,
    distinct,
    elsewhere,
    fact,
    histories,
    opening,
    recurring,
    scan,
    trailing,
)
from benchmarks.race import Race, run, told

ALL: dict[str, Callable[[float], Iterator[Race]]] = {
    "scan": scan.races,
    "trailing": trailing.races,
    "distinct": distinct.races,
    "buckets": buckets.races,
    "opening": opening.races,
    "compiling": compiling.races,
    "fact": fact.races,
    "elsewhere": elsewhere.races,
    "apart": apart.races,
    "recurring": recurring.races,
    "histories": histories.races,
    "checking": checking.races,
}


def main() -> None:
    """Reads the command line and runs what it names, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; all of them if none is named")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of the rows to make (1)")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in ALL]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(ALL)}")
    for name in given.names or ALL:
        for race in ALL[name](given.scale):
            print(told(race, run(race)), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
