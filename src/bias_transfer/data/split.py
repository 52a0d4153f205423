"""Training, evaluation and test parts, stratified by label."""

import numpy as np
import pandas as pd

from bias_transfer.errors import StudyError
from bias_transfer.seeding import generator

PARTS = ("train", "evaluation", "test")


def split(
    rows: pd.DataFrame,
    test_share: float,
    evaluation_share: float,
    seed: int,
    name: str,
    strata: str = "label",
) -> dict[str, pd.DataFrame]:
    """Split rows so that every class has its share in every part, and at least one row.

    Parameters
    ----------
    rows
        Any table.
    test_share
        Share of each class kept for testing.
    evaluation_share
        Share of the rest kept for evaluation during training.
    seed
        The study's seed.
    name
        What error messages call the table.
    strata
        Column of the classes.

    Returns
    -------
    dict
        The parts `train`, `evaluation` and `test`, each in the order of `rows`.

    Raises
    ------
    StudyError
        If there is one class only, or a class with fewer than three rows.
    """
    classes = rows[strata].value_counts()
    if len(classes) < 2:
        raise StudyError(f"{name}: every row is {classes.index[0]!r}; two classes are needed")
    if classes.min() < len(PARTS):
        smallest = sorted(classes[classes == classes.min()].index)[0]
        raise StudyError(
            f"{name}: class {smallest!r} has {classes.min()} rows, too few to split in "
            f"{len(PARTS)}; add rows or leave the class out"
        )
    rng = generator(seed, "split", name)
    part = np.full(len(rows), "train", dtype=object)
    for label in sorted(classes.index):
        members = rng.permutation(np.flatnonzero(rows[strata].to_numpy() == label))
        test = max(1, round(test_share * len(members)))
        test = min(test, len(members) - 2)
        evaluation = max(1, round(evaluation_share * (len(members) - test)))
        evaluation = min(evaluation, len(members) - test - 1)
        part[members[:test]] = "test"
        part[members[test : test + evaluation]] = "evaluation"
    return {each: rows.loc[part == each].reset_index(drop=True) for each in PARTS}
