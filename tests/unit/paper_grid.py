"""Made-up observations of the paper's whole grid, undefined cells where the paper lost rows."""

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Contents, Intervention, Quantity, TaskDescription

OCCUPATIONS = tuple(f"occupation {number}" for number in range(1, 29))
IDENTITY_TERMS = tuple(f"term {number}" for number in range(1, 51))


def quantity(column, title, label, **rest):
    """Return a quantity whose axis is its label."""
    return Quantity(column=column, title=title, label=label, axis=label, **rest)


def downstream(column, title, label, **rest):
    """Return a quantity that repeats over templates."""
    return quantity(column, title, label, per_template=False, **rest)


NOISE = {"group": "Noise added", "with_unmodified": True}
RANDOM = Intervention(
    side="upstream", kind="random", title="Not pre-trained", group="Random", pretrained=False
)
UNIFORM, GAUSSIAN = (
    Intervention(
        side="upstream",
        kind=kind,
        title=f"{kind.capitalize()} noise",
        levels={"upstream_strength": symbol},
        **NOISE,
    )
    for kind, symbol in (("uniform", "c"), ("gaussian", "σ"))
)
SENTDEBIAS = Intervention(
    side="upstream",
    kind="sentdebias",
    title="Sent-Debias",
    group="Mitigated",
    with_unmodified=True,
    levels={"upstream_strength": "γ"},
)
BALANCE = Intervention(
    side="data",
    kind="balance",
    title="Dataset re-balancing",
    group="Balanced",
    levels={"oversample": "α", "undersample": "β"},
)
SCRUB = tuple(
    Intervention(
        side="data",
        kind=f"scrub-{mentions}",
        title=f"Scrubbing {mentions} mentions",
        group="Scrubbed",
        levels={"scrubbed_fraction": "fraction"},
    )
    for mentions in ("toxic", "all")
)

LOG_TPR_RATIO = downstream(
    "log_tpr_ratio",
    "log TPR ratio",
    "Log TPR ratio (downstream bias)",
    logarithm=True,
    drawn="TPR ratio (she / he)",
)
TPR_GAP = downstream("tpr_gap", "TPR gap", "TPR gap (downstream bias)")
BIOS = TaskDescription(
    name="bios",
    title="BIOS",
    kind="labels_by_group",
    item="occupation",
    items="occupations",
    item_titles={name: name for name in OCCUPATIONS},
    templates=("is", "works_as", "applied_for", "good_day", "become"),
    measures=(quantity("pronoun_ranking", "pronoun ranking", "Pronoun ranking (upstream)"),),
    outcome=LOG_TPR_RATIO,
    outcomes=(LOG_TPR_RATIO, TPR_GAP),
    covariates=(
        downstream(
            "prevalence_she",
            "share of she in the training data",
            "Prevalence of she/her",
            missing="the occupation is not in the training part",
        ),
    ),
    contents=Contents(
        total="training_rows",
        share="prevalence_she",
        counted="biographies",
        groups=("she", "he"),
        none_text="no biography",
    ),
    interventions=(RANDOM, UNIFORM, GAUSSIAN, SENTDEBIAS, BALANCE),
    adaptations=(("full", "Full fine-tuning"),),
)

FPR = downstream("fpr", "false positive rate", "FPR (downstream bias)")
FPR_RATIO = downstream("fpr_ratio", "FPR ratio", "FPR ratio (downstream bias)")
LOG_FPR_RATIO = downstream("log_fpr_ratio", "log FPR ratio", "Log FPR ratio (downstream bias)")
WIKI = TaskDescription(
    name="wiki",
    title="WIKI",
    kind="mentions",
    item="identity_term",
    items="identity terms",
    item_titles={name: name for name in IDENTITY_TERMS},
    templates=("people", "person", "sibling", "friend", "parent", "partner", "spouse"),
    measures=(
        quantity(
            "negative_sentiment",
            "negative sentiment",
            "Negative sentiment (upstream)",
            missing="every likely token is an identity term",
        ),
        downstream("identity_ranking", "identity ranking", "Identity ranking (upstream)"),
    ),
    outcome=FPR,
    outcomes=(FPR_RATIO, LOG_FPR_RATIO),
    covariates=(
        downstream(
            "toxic_share",
            "toxic share of mentions in the training data",
            "Toxic share of mentions",
            missing="no training comment mentions the term",
        ),
        downstream("prevalence", "prevalence", "Prevalence of identity term"),
    ),
    contents=Contents(
        total="training_mentions",
        share="toxic_share",
        counted="comments",
        groups=("toxic", "non-toxic"),
        none_text="never mentioned",
    ),
    interventions=(RANDOM, UNIFORM, GAUSSIAN, *SCRUB),
    adaptations=(("full", "Full fine-tuning"),),
)
TASKS = {task.name: task for task in (BIOS, WIKI)}

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
    return grid.assign(upstream=upstream, model=upstream + "/" + grid["dataset"] + "/full/seed1")


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
    table = table.merge(pd.DataFrame({"template": TASKS[task].templates}), how="cross")

    def draw(*keys):
        group = table.groupby(list(keys), sort=False).ngroup().to_numpy()
        return pd.Series(rng.normal(size=group.max() + 1)[group], index=table.index)

    return table, draw
