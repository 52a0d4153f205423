"""A small unbalanced panel for the tests of inference, and the labels that it is clustered by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Panel:
    """An outcome, two columns, and who each row is of."""

    outcome: NDArray[np.float64]
    columns: NDArray[np.float64]
    item: NDArray[np.int64]
    model: NDArray[np.int64]


def panel() -> Panel:
    """Return 12 items x 5 models x 2 templates of which every seventh row is missing.

    Made of sines, so that another program makes the same numbers: with r the row's number and i
    and m those of item and model, all from one.
    """
    row = np.arange(1, 121)
    item, model = (row - 1) // 10 + 1, (row - 1) // 2 % 5 + 1
    x = np.sin(3.7 * row) + 0.6 * np.sin(2.1 * item) + 0.2 * np.cos(5.3 * model)
    z = np.cos(1.9 * row) * (1 + 0.1 * model) + 0.3 * np.sin(item)
    noise = np.sin(12.9898 * row) + 0.8 * np.cos(4.1 * item) + 0.5 * np.sin(7.7 * item) * x
    y = 0.4 * x - 0.2 * z + 0.3 * model + noise
    kept = row % 7 != 0
    return Panel(y[kept], np.column_stack([x, z])[kept], item[kept], model[kept])
