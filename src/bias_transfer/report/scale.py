"""Values of a quantity as the axes of figures and of the page show them, and their intervals."""

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.description import Quantity

# Half of a 95 % interval, in standard errors of counts, which know no degrees of freedom.
HALF = 1.96


def drawn(quantity: Quantity, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values of a quantity's column as an axis shows them.

    Of a logarithm, what it is the logarithm of. Nothing lies beyond the least and the greatest
    value that the quantity can have: the interval of a mean knows of neither.
    """
    shown = np.exp(values) if quantity.logarithm else values
    return np.clip(shown, quantity.least, quantity.greatest)
