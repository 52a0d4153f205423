"""Other encoders: pre-trained here, brought along, and one that nobody here has thought of."""

import shutil
from pathlib import Path

import pandas as pd
from safetensors.numpy import load_file

from bias_transfer.models.tokenizer import train_tokenizer
from tests.workflow.conftest import Study, new_study

# Every kind of method, on both kinds of task, with as few models as that takes.
EVERY_METHOD = """
tasks:
  bios: {upstream: [random, gaussian, sentdebias], alterations: {balance: []}}
  wiki: {alterations: {scrub: []}}
upstream: {gaussian: {standard_deviations: [0.1], trials: 1}}
"""
# The answer is taken from these tables, which tell of no family.
TARGETS = ("results/intrinsic/bios.csv", "results/observations/bios.csv")


def run(study: Study, overlay: str, *targets: str, source: Path | None = None) -> None:
    result = study.snakemake(*TARGETS, *targets, "--cores", "2", overlay=overlay, source=source)
    assert result.returncode == 0, result.stdout + result.stderr


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
    run(study, overlay, "results/observations/wiki.csv")
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


# RoBERTa with its layer norms elsewhere: transformers has it, `FAMILIES` does not.
FAMILY = """

FAMILIES["roberta-prelayernorm"] = replace(
    _ROBERTA, title="RoBERTa-PreLayerNorm", other_heads=(), pretraining=None
)
"""


def test_a_new_family_is_an_edit_of_one_file(tmp_path: Path, root: Path) -> None:
    import torch
    from transformers import RobertaPreLayerNormConfig, RobertaPreLayerNormForMaskedLM

    brought = new_study(tmp_path / "study", root)
    texts = pd.read_csv(brought.folder / "data/bios.csv")["text"]
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
        each.save_pretrained(brought.folder / "data/checkpoint")
    source = Path(shutil.copytree(root / "src", tmp_path / "src"))
    overlay = (
        "tasks:\n"
        "  bios: {upstream: [random], alterations: {balance: []}}\n"
        "  wiki: null\n"
        "model: {source: file, file: {path: data/checkpoint}}\n"
    )
    refused = brought.snakemake("-n", *TARGETS, overlay=overlay)
    assert "a model of type 'roberta-prelayernorm'" in refused.stdout + refused.stderr
    families = source / "bias_transfer/models/families.py"
    families.write_text(families.read_text() + FAMILY)
    run(brought, overlay, source=source)
    scores = pd.read_csv(brought.folder / "results/intrinsic/bios.csv")
    assert set(scores["upstream"]) == {"pretrained", "random-t1"}
