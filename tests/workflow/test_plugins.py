"""A stranger adds a method, a measure, an alteration, an adaptation, a figure, a task, an encoder.

Each is one file, or config and CSV only; an encoder family and a covariate are an edit of one file.
The files are those of the documentation's pages: a copy of the package gets just these, and runs a
tiny study with their configs, laid one over the other, to its end.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml
from transformers import RobertaPreLayerNormConfig, RobertaPreLayerNormForMaskedLM

from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.study.overlays import laid_over
from tests.pages import files
from tests.workflow.conftest import Study, new_study

# The task's first: it leaves out the others, which the others' pages bring back.
PAGES = ("add-task", "add-method", "add-measure", "add-alteration", "add-adaptation", "extend")


# RoBERTa with its layer norms elsewhere: transformers has it, `FAMILIES` does not.
FAMILY = """

FAMILIES["roberta-prelayernorm"] = replace(
    _ROBERTA, title="RoBERTa-PreLayerNorm", other_heads=(), pretraining=None
)
"""

# All that is made, but for the other figures: what an odd name does to these is told without a
# study.
TARGETS = (
    *("results/report.html", "results/release/manifest.json"),
    *(f"results/figures/{task}/every_row.pdf" for task in ("bios", "trades")),
    "results/checkpoints/shrink-f0.5/README.md",
    "results/finetune/bios/pretrained/original/bitfit/seed1/README.md",
    "results/finetune/codes/pretrained/balance-a1-b0/full/seed1/README.md",
)

WORDS = {
    "welder": "torch steel seam",
    "plumber": "pipe valve leak",
    "baker": "dough oven loaf",
    "roofer": "tile gutter ladder",
    "florist": "rose vase stem",
    "nurse": "ward bed pulse",
}


# The same trades under names that a CSV file does not tell from numbers and missing cells.
CODES = {
    "welder": "291141",
    "plumber": "007",
    "baker": "NA",
    "roofer": "True",
    "florist": "1e5",
    "nurse": "null",
}


def write_trades(path: Path, names: Mapping[str, str], groups: Sequence[str]) -> None:
    """Write rows of a task that nobody here knows: six trades, by women and men."""
    draw = random.Random(1)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "group"])
        for _ in range(480):
            trade = draw.choice(list(WORDS))
            text = " ".join(draw.choices(WORDS[trade].split(), k=4))
            writer.writerow([text, names[trade], draw.choice(groups)])


def copied_source(study: Study, folder: Path) -> Path:
    return Path(shutil.copytree(study.root / "src", folder / "src"))


def bring_an_encoder(study: Study) -> None:
    """Write a checkpoint of a family that nobody here has thought of."""
    texts = pd.read_csv(study.folder / "data/bios.csv")["text"]
    tokenizer = train_tokenizer([*texts, *["She is here", "He is here", "They are"] * 300], 400, 64)
    torch.manual_seed(1)
    model = RobertaPreLayerNormForMaskedLM(
        RobertaPreLayerNormConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=66,
            type_vocab_size=1,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    for each in (model, tokenizer):
        each.save_pretrained(study.folder / "data/checkpoint")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Study:
    """Run a tiny study with a plug-in of each kind, a figure, a task and an encoder added."""
    folder = tmp_path_factory.mktemp("extended")
    study = new_study(folder / "study", root)
    bring_an_encoder(study)
    refused = study.snakemake("-n", overlay=BROUGHT)
    assert "a model of type 'roberta-prelayernorm'" in refused.stdout + refused.stderr
    source = copied_source(study, folder)
    families = source / "bias_transfer/models/families.py"
    families.write_text(families.read_text() + FAMILY)
    overlay: Any = {}
    for page in PAGES:
        for name, text in files(root / f"docs/{page}.md").items():
            if name.endswith(".py"):
                (folder / name).write_text(text)
            else:
                overlay = laid_over(overlay, yaml.safe_load(text))
    # An edit of one file, as the family is: a covariate more.
    module = source / "bias_transfer/tasks/labels_by_group.py"
    module.write_text(module.read_text() + COVARIATE)
    write_trades(study.folder / "data/trades.csv", {name: name for name in WORDS}, ("women", "men"))
    write_trades(study.folder / "data/codes.csv", CODES, ("1", "2"))
    overlay = laid_over(laid_over(overlay, yaml.safe_load(OWN)), yaml.safe_load(BROUGHT))
    result = study.snakemake(
        *TARGETS, "--cores", "2", overlay=yaml.safe_dump(overlay), source=source
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return study


BROUGHT = "model: {source: file, file: {path: data/checkpoint}}"

# What is the tests' own: one folder, small, and the covariate.
OWN = f"""
results: results
tasks:
  trades: {{upstream: []}}
  codes:
    kind: labels_by_group
    title: Codes
    item: code
    labels: {json.dumps([{"name": code, "title": trade} for trade, code in CODES.items()])}
    groups: {{"1": she, "2": he}}
    reference: "2"
    templates: {{"1": "{{word}} is {{a_label}}", "NA": "{{word}} works as {{a_label}}"}}
    source: file
    file: {{path: data/codes.csv, text: text, label: label, group: group}}
    measures: [pronoun_ranking]
    covariates: [prevalence_she]
    outcome: log_tpr_ratio
    test_share: 0.5
    maximum_length: 32
    training: {{epochs: 1}}
    upstream: []
    alterations: {{balance: [{{oversample: 1, undersample: 0}}]}}
    adaptation: [full]
    adapted: []
  bios: {{covariates: [prevalence_she, training_logarithm]}}
"""

COVARIATE = """

import dataclasses
import math


def _more(training, definition):
    table = KIND.covariates(training, definition)
    return table.assign(
        training_logarithm=[math.log(rows) if rows else math.nan for rows in table["training_rows"]]
    )


def _quantities(definition):
    more = Quantity(
        column="training_logarithm", title="the logarithm of the number of training rows",
        label="Training rows, logarithm", axis="training rows (log)", per_template=False,
    )
    return {**KIND.covariate_quantities(definition), "training_logarithm": more}


ORIGINAL_KIND = KIND
KIND = dataclasses.replace(KIND, covariates=_more, covariate_quantities=_quantities)
""".replace("KIND.covariates(", "ORIGINAL_KIND.covariates(").replace(
    "KIND.covariate_quantities(", "ORIGINAL_KIND.covariate_quantities("
)


def table(study: Study, name: str) -> pd.DataFrame:
    return pd.read_csv(study.folder / "results" / name)


def written(study: Study, name: str) -> pd.DataFrame:
    """Read a table's cells as they stand in its file."""
    return pd.read_csv(study.folder / "results" / name, dtype="str", keep_default_na=False)


CHECK = """
import json, sys
from bias_transfer.study.parsing import parse
for config in json.load(sys.stdin):
    parse(config)
"""


def test_each_page_has_a_config_that_is_one_over_the_default_study(extended: Study) -> None:
    default = yaml.safe_load((extended.root / "config.yaml").read_text())
    configs = [
        laid_over(default, yaml.safe_load(text))
        for page in PAGES
        for name, text in files(extended.root / f"docs/{page}.md").items()
        if name.endswith(".yaml")
    ]
    # As Snakemake has it, which leaves a task that is null to the parser.
    result = subprocess.run(
        [sys.executable, "-c", CHECK],
        input=json.dumps(configs),
        capture_output=True,
        text=True,
        check=False,
        cwd=extended.folder,
        env=os.environ | {"PYTHONPATH": str(extended.folder.with_name("src"))},
    )
    assert result.returncode == 0, result.stderr
    assert len(configs) == 5


def test_a_method_is_one_file(extended: Study) -> None:
    rows = table(extended, "observations/bios.csv")
    assert "shrink-f0.5" in set(rows["upstream"])
    regressions = table(extended, "analysis/regressions.csv")
    assert "Shrunk" in set(regressions["column"])
    assert "Shrunk" in (extended.folder / "results/analysis/bios/regressions.html").read_text()


def test_a_measure_is_one_file(extended: Study) -> None:
    rows = table(extended, "observations/bios.csv")
    assert rows["pronoun_gap_after"].notna().all()
    scores = table(extended, "intrinsic/bios.csv")
    # Without the occupation, this template is the same sentence for every title of one word.
    rows = scores[(scores["template"] == "good_day") & ~scores["occupation"].str.contains("_")]
    prior = (rows["pronoun_gap"] - rows["pronoun_ranking_word"]).groupby(rows["upstream"])
    assert (prior.max() - prior.min()).max() < 0.001


def test_an_alteration_is_one_file(extended: Study) -> None:
    manifest = json.loads(
        (extended.folder / "results/data/bios/thin-0.5/manifest.json").read_text()
    )
    original = json.loads(
        (extended.folder / "results/data/bios/original/manifest.json").read_text()
    )
    assert manifest["rows"] == pytest.approx(original["rows"]["train"] / 2, abs=1)
    rows = table(extended, "observations/bios.csv")
    assert set(rows.loc[rows["dataset"] == "thin-0.5", "kept_share"]) == {0.5}
    assert "Thinned" in set(table(extended, "analysis/regressions.csv")["column"])


def test_an_adaptation_is_one_file(extended: Study) -> None:
    rows = table(extended, "observations/bios.csv")
    assert set(rows["adaptation"]) == {"full", "bitfit"}
    manifest = "results/finetune/bios/pretrained/original/bitfit/seed1/manifest.json"
    assert (extended.folder / manifest).is_file()


def test_a_figure_is_one_file(extended: Study) -> None:
    for task in ("bios", "trades"):
        assert (extended.folder / f"results/figures/{task}/every_row.pdf").is_file()


def test_a_task_is_config_and_a_csv_file(extended: Study) -> None:
    rates = table(extended, "extrinsic/trades/rates.csv")
    assert set(rates["trade"]) == set(WORDS)
    answer = (extended.folder / "results/analysis/answer.md").read_text()
    assert "## Trades" in answer


def test_names_may_look_like_numbers_and_like_missing_cells(extended: Study) -> None:
    codes = list(CODES.values())
    tables = ("extrinsic/codes/rates.csv", "release/intrinsic_after/codes.csv")
    for path in (*tables, "observations/codes.csv"):
        assert written(extended, path)["code"].unique().tolist() == codes
    assert written(extended, "observations/codes.csv")["template"].unique().tolist() == ["1", "NA"]
    for path in ("analysis/item_means.csv", "analysis/contents.csv"):
        rows = written(extended, path)
        assert rows.loc[rows["task"] == "codes", "item"].unique().tolist() == codes
    described = json.loads((extended.folder / "results/release/croissant.json").read_text())
    types = {
        field["dataType"]
        for records in described["recordSet"]
        for field in records["field"]
        if field["name"] in ("code", "template")
    }
    assert types == {"sc:Text"}


def test_a_new_family_is_an_edit_of_one_file(extended: Study) -> None:
    for model in ("checkpoints/shrink-f0.5", "finetune/bios/pretrained/original/bitfit/seed1"):
        described = json.loads((extended.folder / f"results/{model}/config.json").read_text())
        assert described["model_type"] == "roberta-prelayernorm"
    scores = table(extended, "intrinsic/bios.csv")
    assert scores["pronoun_ranking"].notna().all()


def test_a_covariate_is_an_edit_of_one_file(extended: Study) -> None:
    regressions = table(extended, "analysis/regressions.csv")
    terms = regressions.loc[regressions["task"] == "bios", "term"]
    assert "training_logarithm" in set(terms)
