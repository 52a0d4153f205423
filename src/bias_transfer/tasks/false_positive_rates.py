"""WIKI: how often harmless comments that mention an identity term are called toxic."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from bias_transfer.tasks.cells import first_reason, log_of_positive, ratio


def false_positive_rates(
    toxic: np.ndarray,
    predicted_toxic: np.ndarray,
    score: np.ndarray,
    mentioned: np.ndarray,
    *,
    terms: Sequence[str],
) -> pd.DataFrame:
    """Compare each term's false positive rate with the overall one.

    `fpr` is P(toxic predicted | non-toxic, mentions the term), `fpr_ratio` that rate over the rate
    of all non-toxic comments (one: no more than others), `fpr_gap` their difference (zero: no
    more). The three areas under the ROC curve are Dixon's and Borkan's: `subgroup_auc` within the
    mentions; `bpsn_auc` of the other toxic comments against the non-toxic mentions (low: mentions
    score too high); `bnsp_auc` of the toxic mentions against the other non-toxic comments (low:
    mentions score too low). One is perfect, one half is chance.

    Parameters
    ----------
    toxic, predicted_toxic
        Booleans, one a test comment.
    score
        The predicted probability of "toxic".
    mentioned
        Shape (comments, terms): which comment mentions which term.
    terms
        The columns of `mentioned`.

    Returns
    -------
    pandas.DataFrame
        One row a term: counts, rates, areas, and `undefined`, the reason where `fpr` does not
        exist (else empty).

    Notes
    -----
    Steed et al. (2022), Equation 3 read as its prose has it; Dixon et al. (2018), Section 4;
    Borkan et al. (2019), Section 3.
    """
    negatives = int((~toxic).sum())
    overall = ratio(int((predicted_toxic & ~toxic).sum()), negatives)
    rows = []
    for column, term in enumerate(terms):
        inside = mentioned[:, column]
        harmless = inside & ~toxic
        alarms = int((harmless & predicted_toxic).sum())
        rows.append(
            {
                "identity_term": term,
                "test_toxic": int((inside & toxic).sum()),
                "test_nontoxic": int(harmless.sum()),
                "false_positives": alarms,
                "fpr": ratio(alarms, int(harmless.sum())),
                "overall_fpr": overall,
                "subgroup_auc": roc_auc(score[inside & toxic], score[harmless]),
                "bpsn_auc": roc_auc(score[~inside & toxic], score[harmless]),
                "bnsp_auc": roc_auc(score[inside & toxic], score[~inside & ~toxic]),
            }
        )
    table = pd.DataFrame(rows)
    table["fpr_ratio"] = [ratio(rate, overall) for rate in table["fpr"]]
    table["log_fpr_ratio"] = table["fpr_ratio"].map(log_of_positive)
    table["fpr_gap"] = table["fpr"] - overall
    table["undefined"] = first_reason(
        {
            "no test comment mentions the term": (table["test_toxic"] + table["test_nontoxic"])
            == 0,
            "no non-toxic test comment mentions the term": table["test_nontoxic"] == 0,
        }
    )
    return table


def roc_auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return P(score of a positive > score of a negative) + half of P(equal).

    Missing where either side is empty.
    """
    if not len(positive) or not len(negative):
        return float("nan")
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)].sum()
    wins = ranks - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))
