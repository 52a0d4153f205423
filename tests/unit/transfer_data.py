"""Made-up observations in which the slopes of downstream bias are known."""

import itertools

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Intervention
from tests.unit.paper_grid import BIOS, RANDOM

DIAL = Intervention(
    side="upstream",
    kind="counterfactual",
    title="Counterfactual",
    group="Counterfactual",
    levels={"upstream_strength": "s"},
)
BALANCE = next(each for each in BIOS.interventions if each.kind == "balance")
# Its tables have the number of test rows only where a test is about it.
OUTCOME = BIOS.outcome.model_copy(
    update={"variance": "log_tpr_ratio_variance", "test_rows": "smaller_group_rows"}
)
TASK = BIOS.model_copy(
    update={
        "outcome": OUTCOME,
        "outcomes": (OUTCOME,),
        "templates": ("is", "works_as"),
        "interventions": (RANDOM, DIAL, BALANCE),
        "adaptations": (("full", "Full fine-tuning"), ("head", "Head only")),
    }
)
# Checkpoint, kind of checkpoint, strength, data set, kind of data set.
VARIANTS = (
    ("pretrained", "pretrained", np.nan, "original", "original"),
    ("counterfactual-s0", "counterfactual", 0.0, "original", "original"),
    ("counterfactual-s0.5", "counterfactual", 0.5, "original", "original"),
    ("counterfactual-s1", "counterfactual", 1.0, "original", "original"),
    ("random-t1", "random", np.nan, "original", "original"),
    ("pretrained", "pretrained", np.nan, "balance-a1-b0", "balance"),
)
ITEMS = tuple(f"occupation {number}" for number in range(1, 13))


def observed(
    *,
    between=0.5,
    within=0.0,
    data=1.0,
    noise=0.01,
    seeds=(1, 2),
    adaptations=("full", "head"),
    items=ITEMS,
    random_seed=7,
):
    """Return an observation table with known slopes.

    An item's own upstream bias moves its outcome by `between` a unit, a change of it by an
    intervention by `within`, and what the data hold of it by `data`.
    """
    rng = np.random.default_rng(random_seed)
    own, share = rng.normal(size=len(items)), rng.uniform(0.1, 0.9, size=len(items))
    rows = []
    for adaptation, variant, seed in itertools.product(adaptations, VARIANTS, seeds):
        upstream, kind, strength, dataset, dataset_kind = variant
        turned = own * (1 - 2 * (0 if np.isnan(strength) else strength))
        held = np.full(len(items), 0.5) if dataset_kind == "balance" else share
        outcome = between * own + within * (turned - own) + data * held
        outcome = outcome + rng.normal(scale=noise, size=len(items))
        for place, (order, template) in itertools.product(
            range(len(items)), enumerate(TASK.templates)
        ):
            rows.append(
                {
                    "model": f"{upstream}/{dataset}/{adaptation}/seed{seed}",
                    "upstream": upstream,
                    "dataset": dataset,
                    "adaptation": adaptation,
                    "seed": seed,
                    "upstream_kind": kind,
                    "upstream_strength": strength,
                    "dataset_kind": dataset_kind,
                    "occupation": items[place],
                    "template": template,
                    "pronoun_ranking": turned[place] + (-0.1, 0.1)[order],
                    "prevalence_she": held[place],
                    "log_tpr_ratio": outcome[place],
                    "log_tpr_ratio_variance": noise**2,
                    "undefined": "",
                }
            )
    return pd.DataFrame(rows)


def performance(observations, failed=()):
    """Return accuracies; `failed` models know no more than the majority class."""
    models = observations["model"].unique()
    return pd.DataFrame(
        {
            "model": models,
            "test_rows": 100,
            "accuracy": [0.1 if model in failed else 0.8 for model in models],
            "majority_accuracy": 0.1,
        }
    )
