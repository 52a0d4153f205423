"""Does the interval of what remains of a bias hold the truth? Coverage in simulated models.

    python -m benchmarks.known_truth_remaining

Unmodified models and an altered one are drawn whose bias is a known share of theirs
(`bias_transfer.analysis.remaining`). It writes the table of docs/known-truth.md, and prints last
how often the intervals hold the share where the unmodified model has several seeds.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bias_transfer.analysis.remaining import Compared, share_remaining
from bias_transfer.report.sheet import rounded

PAGE = Path(__file__).resolve().parents[1] / "docs" / "known-truth.md"
BEGIN = "<!-- begin: python -m benchmarks.known_truth_remaining -->\n"
END = "<!-- end -->"

SEED = 1
TABLES = 1000
SHARES = (0.0, 0.5, 1.0)
# Variance of a seed's chance beside that of the bias: two seeds agree at 1 / (1 + this).
CHANCE = 0.11
COVERAGE = (0.92, 0.98)


@dataclass(frozen=True)
class Coverage:
    """How often the intervals of one design hold the share, and the mean of the shares found."""

    items: int
    seeds: int
    skewed: bool
    share: float
    held: float
    mean: float


def drawn(
    rng: np.random.Generator, items: int, seeds: int, *, skewed: bool, share: float
) -> Compared:
    """Draw unmodified models of some seeds, and one that is altered, with the first one's seed."""
    bias = rng.lognormal(size=items) if skewed else rng.normal(size=items)
    spread = np.sqrt(CHANCE * (np.exp(1) * (np.exp(1) - 1) if skewed else 1.0))
    chance = rng.normal(0, spread, (items, seeds + 1))
    return Compared(
        altered=share * bias[:, None] + chance[:, :1],
        control=bias[:, None] + chance[:, 1:],
        other_seed=np.arange(seeds)[None] > 0,
        groups=np.zeros(items, dtype=np.int64),
        clusters=np.arange(items),
    )


def coverages() -> Iterator[Coverage]:
    """Simulate every design."""
    rng = np.random.default_rng(SEED)
    for items, seeds, skewed, share in itertools.product(
        (12, 28, 50), (1, 2, 4), (False, True), SHARES
    ):
        found = (
            share_remaining(drawn(rng, items, seeds, skewed=skewed, share=share))
            for _ in range(TABLES)
        )
        known = np.array([numbers for *numbers, reason in found if not reason])
        held = (known[:, 1] <= share) & (share <= known[:, 2])
        yield Coverage(items, seeds, skewed, share, held.mean(), known[:, 0].mean())


def markdown(found: list[Coverage]) -> str:
    """Lay out one row a design, and for each share its coverage in per cent and the mean found."""
    heads = [f"{share:g}: held | found" for share in SHARES]
    lines = [
        f"| items | seeds of the unmodified model | bias over items | {' | '.join(heads)} |",
        "|" + "---|" * (3 + 2 * len(SHARES)),
    ]
    for (items, seeds, skewed), group in itertools.groupby(
        found, key=lambda each: (each.items, each.seeds, each.skewed)
    ):
        cells = [f"{100 * each.held:.1f} | {rounded(each.mean)}" for each in group]
        shape = "log-normal" if skewed else "normal"
        lines.append(f"| {items} | {seeds} | {shape} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Simulate, write, print, and return 1 where a bound is missed."""
    began = time.process_time()
    found = list(coverages())
    error = 100 * np.sqrt(0.95 * 0.05 / TABLES)
    text = (
        f"\n{TABLES:,} tables each; *held*: per cent of the intervals that hold the share, "
        f"± {error:.1f} of Monte Carlo; *found*: the mean share.\n\n{markdown(found)}"
    )
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2])
    several = [each.held for each in found if each.seeds > 1]
    low, high = min(several), max(several)
    print(f"{len(found)} designs, {time.process_time() - began:.0f} processor seconds")
    print(
        f"Held with several seeds: {low:.3f} to {high:.3f} (bounds {COVERAGE[0]} and {COVERAGE[1]})"
    )
    return int(not COVERAGE[0] <= low <= high <= COVERAGE[1])


if __name__ == "__main__":
    sys.exit(main())
