"""Training, evaluation and test parts, stratified by label."""

import numpy as np
import pandas as pd

from bias_transfer.errors import StudyError, counted
from bias_transfer.seeding import generator

PARTS = ("train", "evaluation", "test")


def split(
    rows: pd.DataFrame,
    test_share: float,
    evaluation_share: float,
    seed: int,
    name: str,
    strata: str = "label",
    copies: str | None = None,
    table: str = "",
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
        Of the table, on which the draw depends.
    strata
        Column of the classes.
    copies
        Column whose equal values stay in one part, that of the first of them; the shares then hold
        but for those that follow it. None: rows are split one by one.
    table
        What error messages call it; empty: by its name.

    Returns
    -------
    dict
        The parts `train`, `evaluation` and `test`, each in the order of `rows`.

    Raises
    ------
    StudyError
        If there is one class only, or a class with fewer than three rows, or of too few different
        values of `copies`.
    """
    called = table or name
    labels = rows[strata].to_numpy()
    classes = rows[strata].value_counts()
    if len(classes) < 2:
        raise StudyError(f"{called}: every row is {classes.index[0]!r}; two classes are needed")
    if classes.min() < len(PARTS):
        smallest = sorted(classes[classes == classes.min()].index)[0]
        raise StudyError(
            f"{called}: class {smallest!r} has {counted(classes.min(), 'row')}, too few to split "
            f"in {len(PARTS)}; add rows or leave the class out"
        )
    rng = generator(seed, "split", name)
    part = np.full(len(rows), "train", dtype=object)
    for label in sorted(classes.index):
        members = rng.permutation(np.flatnonzero(labels == label))
        test = max(1, round(test_share * len(members)))
        test = min(test, len(members) - 2)
        evaluation = max(1, round(evaluation_share * (len(members) - test)))
        evaluation = min(evaluation, len(members) - test - 1)
        part[members[:test]] = "test"
        part[members[test : test + evaluation]] = "evaluation"
    if copies is not None:
        values = pd.factorize(rows[copies])[0]
        part = _one_part_a_value(part, values, labels, called)
    return {each: rows.loc[part == each].reset_index(drop=True) for each in PARTS}


def _one_part_a_value(
    part: np.ndarray, values: np.ndarray, labels: np.ndarray, name: str
) -> np.ndarray:
    """Return parts in which equal values share one, and no class lacks one.

    Parameters
    ----------
    part
        The part of each row as it was drawn.
    values
        Of each row: numbers from 0, in the order in which they appear.
    labels
        The class of each row.
    name
        What error messages call the table.
    """
    first = np.unique(values, return_index=True)[1]
    chosen = part[first]
    # One row a class and value: how many values of a class a part holds is what counts.
    pairs = pd.DataFrame({"label": labels, "value": values}).drop_duplicates()
    for label in sorted(set(labels)):
        own = pairs.loc[pairs["label"] == label, "value"].to_numpy()
        for wanted in PARTS:
            if not (chosen[own] == wanted).any():
                moved = next((v for v in own if _can_leave(v, chosen, pairs)), None)
                if moved is None:
                    raise StudyError(
                        f"{name}: the rows of class {label!r} are copies of too few texts to "
                        f"split in {len(PARTS)}, since copies stay in one part; add rows or leave "
                        "the class out"
                    )
                chosen[moved] = wanted
    return np.asarray(chosen[values])


def _can_leave(value: int, chosen: np.ndarray, pairs: pd.DataFrame) -> bool:
    """Tell whether every class of a value has another one in its part."""
    neighbours = pairs[chosen[pairs["value"].to_numpy()] == chosen[value]]
    sizes = neighbours.groupby("label").size()
    return bool((sizes[neighbours.loc[neighbours["value"] == value, "label"]] > 1).all())
