"""Made-up observations of the paper's whole grid, undefined cells where the paper lost rows."""

import numpy as np
import pandas as pd

from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS, OCCUPATIONS
from bias_transfer.analysis.tables import TEMPLATES

_FRACTIONS = tuple(round(0.1 * tenth, 1) for tenth in range(1, 11))
_SCRUBBED = tuple(f"scrub-{which}-{share:g}" for which in ("toxic", "all") for share in _FRACTIONS)

# Five terms stand in no training comment, so that 45 are left: 315 rows a model.
UNSEEN = tuple(IDENTITY_TERMS[-5:])
# Twelve more are gone once nine in ten comments are scrubbed: 84 rows; and all, once all are.
SCRUBBED_AWAY = tuple(IDENTITY_TERMS[:12])


def models(task: str) -> pd.DataFrame:
    """Return one row a model."""
    rows = [("pretrained", None, None, "original")]
    rows += [("random", None, trial, "original") for trial in range(1, 11)]
    rows += [(kind, 0.1, t, "original") for kind in ("uniform", "gaussian") for t in range(1, 11)]
    if task == "bios":
        rows += [("sentdebias", float(gamma), None, "original") for gamma in range(-6, 7) if gamma]
        rows += [("pretrained", None, None, f"balance-a{share:g}-b0") for share in _FRACTIONS]
    else:
        rows += [("pretrained", None, None, name) for name in _SCRUBBED]
        rows += [("random", None, 1, name) for name in _SCRUBBED]
    grid = pd.DataFrame(rows, columns=["upstream_kind", "upstream_strength", "trial", "dataset"])
    kind = grid["dataset"].str.replace(r"-[a\d].*$", "", regex=True)
    whole = grid["dataset"].str.startswith("scrub-all")
    grid["dataset_kind"] = kind.mask(whole, "scrub-all")
    parts = zip(grid["upstream_kind"], grid["upstream_strength"], grid["trial"], strict=True)
    upstream = pd.Series(["-".join(str(part) for part in each if pd.notna(part)) for each in parts])
    return grid.assign(upstream=upstream, model=upstream + "/" + grid["dataset"] + "/seed1")


def bios() -> pd.DataFrame:
    """Observations of the 53 models of BIOS; everything is defined."""
    table, draw = _rows("bios", "occupation", list(OCCUPATIONS))
    share = draw("dataset", "occupation")
    ratio = 0.2 * share + 0.1 * draw("model", "occupation") * (1 + share**2) + draw("model")
    return table.assign(
        pronoun_ranking=draw("upstream", "occupation", "template"),
        pronoun_ranking_after=draw("model", "occupation", "template"),
        they_change=draw("model", "occupation", "template"),
        prevalence_she=share,
        log_tpr_ratio=ratio,
        tpr_ratio=np.exp(ratio),
        undefined="",
    )


def wiki() -> pd.DataFrame:
    """Observations of the 71 models of WIKI; the false positive rate is always defined."""
    table, draw = _rows("wiki", "identity_term", list(IDENTITY_TERMS))
    data, term = table["dataset"], table["identity_term"]
    unseen = term.isin(UNSEEN) | (data == "scrub-all-1")
    unseen |= (data == "scrub-all-0.9") & term.isin(SCRUBBED_AWAY)
    share = np.abs(draw("dataset", "identity_term")).mask(unseen)
    share = share.mask((data == "scrub-toxic-1") & ~unseen, 0.0)
    rate = 0.2 * draw("identity_term") + 0.1 * draw("model", "identity_term") * (
        1 + share.fillna(0)
    )
    return table.assign(
        negative_sentiment=draw("upstream", "identity_term", "template"),
        negative_sentiment_after=draw("model", "identity_term", "template"),
        identity_ranking=draw("upstream", "identity_term"),
        toxic_share=share,
        toxic_length=(200 + 50 * draw("dataset", "identity_term")).mask(
            share.isna() | (share == 0)
        ),
        prevalence=(0.01 * np.abs(draw("dataset", "identity_term"))).mask(unseen, 0.0),
        fpr=rate,
        fpr_ratio=rate / 0.1,
        undefined="",
    )


def _rows(task, item, items):
    """Cross models, items and templates; and a way to draw a number for each group of them."""
    rng = np.random.default_rng(len(items))
    table = models(task).merge(pd.DataFrame({item: items}), how="cross")
    table = table.merge(pd.DataFrame({"template": TEMPLATES[task]}), how="cross")

    def draw(*keys):
        group = table.groupby(list(keys), sort=False).ngroup().to_numpy()
        return pd.Series(rng.normal(size=group.max() + 1)[group], index=table.index)

    return table, draw
