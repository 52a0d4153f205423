"""Generated sentences of the public identity templates' form, the same for every term."""

import pandas as pd

from bias_transfer.data.generate.vocabulary import IDENTITY_TERMS, NON_TOXIC, TERM_TITLES, TOXIC
from bias_transfer.data.generate.words import NEGATIVE_ADJECTIVES, POSITIVE_ADJECTIVES


def identity_templates() -> pd.DataFrame:
    """Write "Being [identity] is [attribute]." for every term and adjective.

    Returns
    -------
    pandas.DataFrame
        Columns `text` and `label` (`toxic` for a negative adjective, else `non-toxic`). Every term
        has the same attributes, so that what differs between terms is the model's doing.

    Notes
    -----
    After the form of Dixon et al. (2018); none of their words but the terms.
    """
    rows = [
        (f"Being {TERM_TITLES[term]} is {adjective}.", label)
        for term in IDENTITY_TERMS
        for label, adjectives in (
            (TOXIC, NEGATIVE_ADJECTIVES),
            (NON_TOXIC, POSITIVE_ADJECTIVES),
        )
        for adjective in adjectives
    ]
    return pd.DataFrame(rows, columns=["text", "label"])
