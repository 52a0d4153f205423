"""BIOS: the true positive rate of each occupation for women and for men."""

import numpy as np
import pandas as pd

from bias_transfer.tasks.cells import first_reason, log_of_positive, ratio


def true_positive_rates(
    labels: np.ndarray, predictions: np.ndarray, groups: np.ndarray, *, occupations: tuple[str, ...]
) -> pd.DataFrame:
    """Compare true positive rates between women and men.

    TPR(y, g) = P(ŷ = y | G = g, Y = y). `tpr_ratio` is TPR(y, she) / TPR(y, he): one means equal,
    less than one that women of the occupation are recognised less often. `tpr_gap` is the
    difference, zero when equal.

    Parameters
    ----------
    labels, predictions
        True and predicted occupation of each test biography.
    groups
        `female` or `male`.
    occupations
        The rows to return, in this order.

    Returns
    -------
    pandas.DataFrame
        One row an occupation: counts, rates, `tpr_ratio`, `log_tpr_ratio`, `tpr_gap`, and
        `undefined`, the reason where the logarithm does not exist (else empty).

    Notes
    -----
    Steed et al. (2022), Equation 2; De-Arteaga et al. (2019), Equation 1 for the gap.
    """
    rows = []
    for occupation in occupations:
        row: dict[str, object] = {"occupation": occupation}
        for pronoun, group in (("she", "female"), ("he", "male")):
            members = (labels == occupation) & (groups == group)
            hits = int((members & (predictions == occupation)).sum())
            row[f"test_{pronoun}"] = int(members.sum())
            row[f"true_positives_{pronoun}"] = hits
            row[f"tpr_{pronoun}"] = ratio(hits, int(members.sum()))
        rows.append(row)
    table = pd.DataFrame(rows)
    table["tpr_ratio"] = [
        ratio(she, he) for she, he in zip(table["tpr_she"], table["tpr_he"], strict=True)
    ]
    table["log_tpr_ratio"] = table["tpr_ratio"].map(log_of_positive)
    table["tpr_gap"] = table["tpr_she"] - table["tpr_he"]
    table["undefined"] = first_reason(
        {
            "no women in the test part": table["test_she"] == 0,
            "no men in the test part": table["test_he"] == 0,
            "no woman and no man recognised": (table["true_positives_she"] == 0)
            & (table["true_positives_he"] == 0),
            "no man recognised": table["true_positives_he"] == 0,
            "no woman recognised": table["true_positives_she"] == 0,
        }
    )
    return table
