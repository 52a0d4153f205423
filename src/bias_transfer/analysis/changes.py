"""What each intervention changed in each item: upstream, in the data, and downstream."""

import numpy as np
import pandas as pd

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, VARIANCE, Cells

CHANGE_COLUMNS = (
    *("task", "adaptation", "variant", "item", "models"),
    *("upstream_change", "data_change", "outcome_change", "outcome_error"),
)


def changes(of: Cells) -> pd.DataFrame:
    """Compare each altered variant with the unmodified model, an item at a time.

    Parameters
    ----------
    of
        Of one task and adaptation.

    Returns
    -------
    pandas.DataFrame
        One row an altered variant × item that the unmodified model has too, columns
        `CHANGE_COLUMNS` but for `task` and `adaptation`: the change of upstream bias, of the first
        covariate and of the outcome, means over seeds, each less its mean over the variant's items
        (of several groups, over those of its group; zero: the item moved as items did on average);
        `outcome_error`, the standard error of the outcome's change that is due to the counts of
        test rows, were these drawn anew for both; `models`, how many seeds.
    """
    numbers = {
        UPSTREAM: "upstream_change",
        of.covariates[0]: "data_change",
        OUTCOME: "outcome_change",
    }
    control = _means(of.table[of.table["unmodified"]], ["item"], list(numbers))
    altered = _means(of.table[~of.table["unmodified"]], ["variant", "group", "item"], list(numbers))
    items = altered.index.get_level_values("item")
    known = items.isin(control.index)
    altered = altered[known]
    base = control.loc[items[known]].set_axis(altered.index)
    change = (altered[list(numbers)] - base[list(numbers)]).rename(columns=numbers)
    change -= change.groupby(level=["variant", "group"]).transform("mean")
    change["outcome_error"] = np.sqrt(altered[VARIANCE] + base[VARIANCE])
    change["models"] = altered["models"]
    wanted = [name for name in CHANGE_COLUMNS if name not in ("task", "adaptation")]
    return change.reset_index()[wanted]


def _means(rows: pd.DataFrame, keys: list[str], numbers: list[str]) -> pd.DataFrame:
    """Average over seeds; as they share the test rows, so they share what these may err."""
    groups = rows.groupby(keys, sort=False)
    means = groups[numbers].mean()
    means["models"] = groups["model"].nunique()
    means[VARIANCE] = groups[VARIANCE].mean()
    return means
