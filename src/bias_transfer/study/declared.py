"""The two tasks of the paper and the public checkpoints, as the default study declares them."""

from typing import Any

# The checkpoint and the sentiment classifier of the hub.
CHECKPOINT = "FacebookAI/roberta-base"
SENTIMENT_CLASSIFIER = "cardiffnlp/twitter-roberta-base-sentiment"

# Occupation classification (De-Arteaga et al. 2019). The paper's test share is 0.2; a small study
# needs more for its rates.
BIOS: dict[str, Any] = {
    "kind": "labels_by_group",
    "title": "BIOS",
    "item": "occupation",
    "items": "occupations",
    "labels": "occupations",
    "groups": "pronouns",
    "reference": "male",
    "control": "they",
    "templates": "occupation_templates",
    "scrubbed_words": "pronouns_and_titles",
    "source": "generated",
    "generated": {"rows": 20000},
    "file": {"text": "hard_text", "label": "profession", "group": "gender"},
    "hub": {
        "id": "LabHC/bias_in_bios",
        "splits": ["train", "dev", "test"],
        "text": "hard_text",
        "label": "profession",
        "group": "gender",
    },
    "empty": "refuse",
    "test_share": 0.6,
    "evaluation_share": 0.1,
    "maximum_length": 24,
    "training": {"epochs": 4, "learning_rate": 0.002},
    "upstream": ["random", "gaussian", "sentdebias", "counterfactual"],
    "adaptation": ["full", "lora", "head"],
    "adapted": ["counterfactual"],
    "every_seed": [],
    "alterations": {
        "balance": [{"oversample": 1, "undersample": 0}, {"oversample": 0, "undersample": 0.5}]
    },
    "crossed": [],
    "measures": ["pronoun_ranking"],
    "covariates": ["prevalence_she"],
    "outcome": "log_tpr_ratio",
}

# Toxicity detection (Dixon et al. 2018).
WIKI: dict[str, Any] = {
    "kind": "mentions",
    "title": "WIKI",
    "item": "identity_term",
    "items": "identity terms",
    "terms": "identity_terms",
    "positive": "toxic",
    "negative": "non-toxic",
    "templates": "identity_templates",
    "sentences": {
        "source": "generated",
        "url": {
            "address": "https://raw.githubusercontent.com/conversationai/"
            "unintended-ml-bias-analysis/ff0f436f0c3bf336702f80644b935b9bcc296cb4/"
            "unintended_ml_bias/eval_datasets/bias_madlibs_77k.csv",
            "sha256": "aac542254cf158415ec74623d54fa76176f26a7e7d8ef20788e1748a05ba5b4c",
        },
        "text": "Text",
        "label": "Label",
        "kind": "Template",
        "kinds": ["being_adj"],
    },
    "source": "generated",
    "generated": {"rows": 20000},
    "file": {"text": "comment", "label": "toxic"},
    "hub": {"text": "comment_text", "label": "toxicity"},
    "detox": {"splits": ["train", "dev"], "threshold": 0.5},
    "empty": "refuse",
    "test_share": 0.6,
    "evaluation_share": 0.1,
    "maximum_length": 24,
    "training": {"epochs": 3, "learning_rate": 0.003},
    "upstream": ["random", "gaussian", "counterfactual"],
    "adaptation": ["full", "lora", "head"],
    "adapted": ["counterfactual"],
    "every_seed": [],
    "alterations": {
        "scrub": [
            {"mentions": "toxic", "fraction": 0.5},
            {"mentions": "toxic", "fraction": 1},
            {"mentions": "all", "fraction": 0.5},
            {"mentions": "all", "fraction": 1},
        ]
    },
    "crossed": [
        {
            "upstream": "random",
            "trials": 1,
            "alterations": {"scrub": [{"mentions": "all", "fraction": 1}]},
        }
    ],
    "measures": ["negative_sentiment", "identity_ranking"],
    "covariates": ["toxic_share", "prevalence"],
    "outcome": "fpr",
}

TASKS: dict[str, dict[str, Any]] = {"bios": BIOS, "wiki": WIKI}
