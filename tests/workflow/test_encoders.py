"""Another encoder: a whole study of it, from its pre-training on."""

from pathlib import Path

import pandas as pd
from safetensors.numpy import load_file

from tests.workflow.conftest import Study, new_study

# Every kind of method, on both kinds of task, with as few models as that takes.
EVERY_METHOD = """
tasks:
  bios: {upstream: [random, gaussian, sentdebias], alterations: {balance: []}}
  wiki: {alterations: {scrub: []}}
upstream: {gaussian: {standard_deviations: [0.1], trials: 1}}
"""
# The answer is taken from these tables, which tell of no family.
TARGETS = (
    *("results/intrinsic/bios.csv", "results/observations/bios.csv"),
    "results/observations/wiki.csv",
)


def tensors(study: Study, upstream: str) -> dict:
    return {
        name: weight
        for path in (study.folder / f"results/checkpoints/{upstream}").glob("model-*.safetensors")
        for name, weight in load_file(path).items()
    }


def test_a_study_of_another_family_from_pre_training_to_observations(
    tmp_path: Path, root: Path
) -> None:
    """ModernBERT is the farthest from RoBERTa; the study of docs/own-data.md is of a BERT."""
    study = new_study(tmp_path / "study", root)
    overlay = EVERY_METHOD + "model: {architecture: {family: modernbert}}\n"
    result = study.snakemake(*TARGETS, "--cores", "2", overlay=overlay)
    assert result.returncode == 0, result.stdout + result.stderr
    original = tensors(study, "pretrained")
    assert any(name.startswith("model.") for name in original)
    for upstream in ("gaussian-s0.1-t1", "sentdebias-g1"):
        altered = tensors(study, upstream)
        # The word embeddings, and nothing else; a tied output matrix is not stored twice.
        changed = [name for name in original if not (altered[name] == original[name]).all()]
        assert [name.split(".")[-2] for name in changed] == ["tok_embeddings"]
    scores = pd.read_csv(study.folder / "results/intrinsic/bios.csv")
    assert scores["pronoun_ranking"].notna().all()
    assert scores.groupby("upstream")["pronoun_ranking"].std().gt(0).all()
    rows = pd.read_csv(study.folder / "results/observations/wiki.csv")
    assert rows["negative_sentiment_after"].between(0, 1).all()
