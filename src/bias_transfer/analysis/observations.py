"""The table that everything is estimated from: one row a model × item × template."""

from collections.abc import Sequence

import pandas as pd

# What is joined on: the item's column and the intrinsic measure of each task.
ITEMS = {"bios": "occupation", "wiki": "identity_term"}
MEASURES = {"bios": "pronoun_ranking", "wiki": "negative_sentiment"}
# What is kept of the scores after fine-tuning.
_AFTER = {
    "bios": ["pronoun_ranking", "score_they"],
    "wiki": ["negative_sentiment", "identity_ranking"],
}


def observations(
    task: str,
    models: pd.DataFrame,
    before: Sequence[pd.DataFrame],
    after: Sequence[pd.DataFrame],
    rates: pd.DataFrame,
    covariates: pd.DataFrame,
) -> pd.DataFrame:
    """Join every model's bias before and after fine-tuning with its covariates.

    Parameters
    ----------
    task
        `bios` or `wiki`.
    models
        One row a model: `model`, `dataset`, `covariates_dataset` (whose training part describes
        it) and what else identifies it.
    before, after
        Intrinsic scores of each model's upstream checkpoint and of its fine-tuned encoder, in the
        order of `models`.
    rates
        Downstream bias, one row a model × item.
    covariates
        One row a data set × item.

    Returns
    -------
    pandas.DataFrame
        One row a model × item × template, in the order of `models`; every cell that could not be
        computed is missing, with the reason in `undefined`.
    """
    item = ITEMS[task]
    keys = [item, "template"]
    parts = []
    for row, first, second in zip(models.to_dict("records"), before, after, strict=True):
        later = second[[*keys, *_AFTER[task]]].rename(
            columns={name: f"{name}_after" for name in _AFTER[task]}
        )
        joined = first.merge(later, on=keys, validate="one_to_one")
        parts.append(joined.assign(**{str(key): value for key, value in row.items()}))
    table = pd.concat(parts, ignore_index=True)
    if task == "bios":
        # The control of Table 5: how fine-tuning moved the neutral pronoun.
        table["they_change"] = table["score_they_after"] - table["score_they"]
    described = covariates.rename(columns={"dataset": "covariates_dataset"})
    table = table.merge(rates, on=["model", item], how="left", validate="many_to_one").merge(
        described, on=["covariates_dataset", item], how="left", validate="many_to_one"
    )
    identity = [*models.columns, *keys]
    return table[[*identity, *table.columns.drop(identity)]]
