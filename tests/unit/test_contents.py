"""What the training data hold of each item, worked out by hand."""

import numpy as np
import pandas as pd

from bias_transfer.analysis.contents import CONTENTS_COLUMNS, contents
from tests.unit.paper_grid import WIKI


def table(rows):
    columns = ["dataset_kind", "model", "identity_term", "training_mentions", "toxic_share"]
    return pd.DataFrame(rows, columns=columns)


def test_the_original_data_are_counted_once_and_the_overall_share_weighs_by_rows():
    rows = [
        *(("original", "m1", "gay", 30, 0.5) for _ in range(2)),
        ("original", "m1", "old", 10, 0.1),
        ("original", "m2", "old", 10, 0.1),
        ("original", "m1", "deaf", 0, np.nan),
        ("scrub-all", "m3", "gay", 3, 0.5),
    ]
    found = contents(table(rows), WIKI)
    assert found[["item", "total"]].to_numpy().tolist() == [["gay", 30], ["old", 10], ["deaf", 0]]
    assert found["share"].fillna(-1).tolist() == [0.5, 0.1, -1]
    # 15 and 1 of 40.
    assert found["overall_share"].tolist() == [0.4] * 3
    assert set(found["task"]) == {"wiki"}
    assert tuple(found) == CONTENTS_COLUMNS


def test_without_any_row_there_is_no_overall_share():
    found = contents(table([("original", "m1", "gay", 0, np.nan)]), WIKI)
    assert found["overall_share"].isna().all()
