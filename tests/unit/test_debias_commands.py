"""The two levels of Sent-Debias as commands: the checkpoints, and a classifier tuned on one."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from bias_transfer.runtime.artifacts import describe_folder, verified_folder
from bias_transfer.runtime.main import main
from bias_transfer.models.checkpoints import load_classifier, load_masked_lm
from bias_transfer.models.hidden_debias import FILE, hidden_sentence_embeddings

PAIRS = [("She is a nurse", "He is a nurse"), ("She works as a dj", "He works as a dj")]
SETTINGS = {
    "seed": 1,
    "upstream": {"id": "sentdebias-g1", "kind": "sentdebias", "strength": 1.0, "trial": None},
    "sentdebias": {"components": 1, "maximum_pairs": 100},
}


@pytest.fixture
def given(tiny_checkpoint: Path, tiny_sentences: list[str], tmp_path: Path) -> dict[str, Path]:
    """Write a checkpoint and a corpus as earlier jobs leave them; return their manifests."""
    checkpoint = tmp_path / "pretrained"
    shutil.copytree(tiny_checkpoint, checkpoint)
    describe_folder(checkpoint, {"kind": "checkpoint"})
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    pd.DataFrame({"text": tiny_sentences}).to_parquet(corpus / "corpus.parquet")
    describe_folder(corpus, {"kind": "corpus"})
    return {
        "pretrained": checkpoint / "manifest.json",
        "corpus": corpus / "manifest.json",
    }


def run(command: str, settings: object, inputs: dict[str, Path], output: Path) -> Path:
    arguments = [command, "--settings", json.dumps(settings)]
    for name, path in inputs.items():
        arguments += ["--input", name, str(path)]
    assert main([*arguments, "--output", "manifest", str(output / "manifest.json")]) == 0
    return verified_folder(output / "manifest.json")


def gender_gap(folder: Path, tokenizer: object) -> float:
    """Return how far the members of the pairs lie apart in the hidden states, on average."""
    model = load_masked_lm(str(folder))
    female, male = (
        hidden_sentence_embeddings(model, tokenizer, [pair[side] for pair in PAIRS], 8)
        for side in (0, 1)
    )
    return float(np.linalg.norm(female - male, axis=1).mean())


def test_the_word_level_changes_the_word_embeddings_and_nothing_else(given, tmp_path):
    folder = run("debias-word-embeddings", SETTINGS, given, tmp_path / "made")
    before = load_masked_lm(str(given["pretrained"].parent)).state_dict()
    after = load_masked_lm(str(folder)).state_dict()
    changed = {name for name, weight in after.items() if not torch.equal(weight, before[name])}
    assert changed == {"roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"}
    assert not (folder / FILE).exists()


def test_the_hidden_level_changes_no_weight_and_brings_the_pairs_together(
    given, tiny_tokenizer, tmp_path
):
    folder = run("debias-hidden-states", SETTINGS, given, tmp_path / "made")
    before = load_masked_lm(str(given["pretrained"].parent))
    after = load_masked_lm(str(folder))
    for name, weight in before.state_dict().items():
        assert torch.equal(weight, after.state_dict()[name])
    assert gender_gap(folder, tiny_tokenizer) < gender_gap(
        given["pretrained"].parent, tiny_tokenizer
    )


def test_a_classifier_keeps_the_projection_of_its_checkpoint(given, tmp_path):
    upstream = run("debias-hidden-states", SETTINGS, given, tmp_path / "made")
    data = tmp_path / "data"
    data.mkdir()
    rows = pd.DataFrame({"text": ["She is a dj", "He is a poet"] * 4, "label": ["dj", "poet"] * 4})
    for part in ("train", "evaluation"):
        rows.to_parquet(data / f"{part}.parquet")
    describe_folder(data, {"kind": "data", "labels": ["dj", "poet"]})
    settings = {
        "seed": 1,
        "task": "bios",
        "model": "bios/sentdebias-g1/original",
        "maximum_length": 16,
        "training": {
            "epochs": 1,
            "batch_size": 4,
            "evaluation_batch_size": 4,
            "learning_rate": 0.001,
            "warmup_share": 0,
            "weight_decay": 0,
        },
    }
    inputs = {"upstream": upstream / "manifest.json"}
    inputs |= dict.fromkeys(("training", "original"), data / "manifest.json")
    folder = run("fine-tune", settings, inputs, tmp_path / "tuned")
    assert (folder / FILE).read_bytes() == (upstream / FILE).read_bytes()
    assert len(load_classifier(folder).roberta.encoder._forward_hooks) == 1
