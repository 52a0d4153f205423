"""How fast one thread of this machine multiplies matrices, while others do the same.

    python -m bias_transfer.runtime.products ROWS INNER OUTER SECONDS

It prints operations a second. Torch takes seconds to import, and asks the same kind of library.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

# What tells libraries of matrices how many threads to use.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def products_a_second(
    rows: int, inner: int, outer: int, side_by_side: int, seconds: float
) -> float:
    """Return the operations a second of one of several processes that multiply at the same time.

    Parameters
    ----------
    rows, inner, outer
        Shapes: (rows, inner) times (inner, outer), and back; single precision, a multiplication and
        an addition each.
    side_by_side
        Processes of one thread.
    seconds
        For how long.
    """
    words = [sys.executable, "-P", "-m", __name__, *map(str, (rows, inner, outer, seconds))]
    environment = os.environ | dict.fromkeys(THREADS, "1")
    running = [
        subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(side_by_side)
    ]
    found = sorted(float(each.communicate()[0]) for each in running)
    return found[len(found) // 2]


def main(words: Sequence[str]) -> None:
    """Multiply for so long, and print the operations a second."""
    import numpy as np

    rows, inner, outer = map(int, words[:3])
    first, up, down = (
        np.ones(shape, dtype=np.float32)
        for shape in ((rows, inner), (inner, outer), (outer, inner))
    )
    times = 0
    began = time.perf_counter()
    # The first call is slower; it counts little in so many.
    while (spent := time.perf_counter() - began) < float(words[3]) or times < 2:
        (first @ up) @ down
        times += 1
    print(times * 4 * rows * inner * outer / spent)


if __name__ == "__main__":
    main(sys.argv[1:])
