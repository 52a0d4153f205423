"""Debiasing of hidden states: exact, through saving, training and putting heads on."""

import shutil
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from bias_transfer.errors import StudyError
from bias_transfer.models.checkpoints import (
    load_classifier,
    load_masked_lm,
    new_classifier,
    save_checkpoint,
)
from bias_transfer.models.erasure import Erasure
from bias_transfer.models.hidden_debias import (
    FILE,
    attach_projection,
    attached_projection,
    hidden_sentence_embeddings,
)
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.sentiment import negative_probability, save_hub_classifier
from bias_transfer.runtime.artifacts import MANIFEST, describe_folder, write_table
from bias_transfer.runtime.main import main
from bias_transfer.upstream import Variant
from tests.unit.calls import call

TEXTS = ["She is a nurse", "He works as a surgeon", "They wants to become a dj"]
TRAINING = {
    "epochs": 1,
    "batch_size": 4,
    "evaluation_batch_size": 4,
    "learning_rate": 0.001,
    "warmup_share": 0,
    "weight_decay": 0,
}
DIRECTION = np.eye(16)[[3]] * 0.6 + np.eye(16)[[7]] * 0.8
PROJECTION = Erasure.of_subspace(DIRECTION)
# What is read is not what is taken away, and another point than 0 stays where it is.
OBLIQUE = Erasure(np.eye(16)[[1]], np.eye(16)[[1]] + 2 * np.eye(16)[[4]], np.arange(16.0))
PARTS = ("reads", "removes", "centre")
ROW = torch.ones(1, 4)


@pytest.fixture
def debiased(tiny_checkpoint, tiny_tokenizer, tmp_path):
    """Return a function that saves the tiny checkpoint with a projection."""

    def saved(erasure=PROJECTION):
        model = load_masked_lm(str(tiny_checkpoint))
        attach_projection(model, erasure)
        save_checkpoint(model, tiny_tokenizer, tmp_path / "debiased")
        return tmp_path / "debiased"

    return saved


def times(gamma):
    return Erasure.of_subspace(DIRECTION, gamma)


def hidden(model, tokenizer):
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        return model.roberta(**batch).last_hidden_state


def test_gamma_zero_changes_no_bit(tiny_checkpoint, tiny_tokenizer, debiased):
    plain = load_masked_lm(str(tiny_checkpoint))
    altered = load_masked_lm(str(debiased(times(0.0))))
    assert torch.equal(hidden(altered, tiny_tokenizer), hidden(plain, tiny_tokenizer))


@pytest.mark.parametrize("gamma", [1.0, -2.0, 50.0])
def test_each_hidden_state_loses_gamma_times_its_component(
    tiny_checkpoint, tiny_tokenizer, debiased, gamma
):
    before = hidden(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer).double().numpy()
    after = hidden(load_masked_lm(str(debiased(times(gamma)))), tiny_tokenizer).double().numpy()
    expected = before - gamma * (before @ DIRECTION[0])[..., None] * DIRECTION[0]
    np.testing.assert_allclose(after, expected, atol=2e-5 * max(1, abs(gamma)))


def test_what_is_read_may_differ_from_what_is_taken_away(tiny_checkpoint, tiny_tokenizer, debiased):
    before = hidden(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer).double().numpy()
    after = hidden(load_masked_lm(str(debiased(OBLIQUE))), tiny_tokenizer).double().numpy()
    # Dimension 1 becomes the centre's, and twice as much as it lost goes from dimension 4.
    expected = before.copy()
    expected[..., 1] = 1
    expected[..., 4] -= 2 * (before[..., 1] - 1)
    np.testing.assert_allclose(after, expected, atol=1e-5)


def test_a_second_application_at_gamma_one_changes_nothing(tiny_tokenizer, debiased):
    model = load_masked_lm(str(debiased()))
    once = hidden(model, tiny_tokenizer)
    torch.testing.assert_close(attached_projection(model)(once), once, atol=1e-6, rtol=0)


def test_a_second_projection_is_refused(debiased):
    model = load_masked_lm(str(debiased()))
    with pytest.raises(StudyError, match="debiased already"):
        attach_projection(model, PROJECTION)


def test_without_a_projection_nothing_is_written(tiny_checkpoint, tiny_tokenizer, tmp_path):
    model = load_masked_lm(str(tiny_checkpoint))
    assert attached_projection(model) is None
    save_checkpoint(model, tiny_tokenizer, tmp_path)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("erasure", [PROJECTION, OBLIQUE], ids=["orthogonal", "oblique"])
def test_the_classifier_trains_through_the_projection_and_keeps_it(
    tiny_tokenizer, debiased, tmp_path, erasure
):
    folder = debiased(erasure)
    torch.manual_seed(0)
    model = new_classifier(folder, ("no", "yes"))
    batch = tiny_tokenizer(TEXTS, padding=True, return_tensors="pt")
    model(**batch, labels=torch.tensor([0, 1, 0])).loss.backward()
    assert model.roberta.embeddings.word_embeddings.weight.grad.abs().sum() > 0
    save_checkpoint(model, tiny_tokenizer, tmp_path / "tuned")

    again = load_classifier(tmp_path / "tuned")
    for part in PARTS:
        np.testing.assert_array_equal(
            getattr(attached_projection(again), part), getattr(erasure, part)
        )
    # Nothing is left to read.
    read = (hidden(again, tiny_tokenizer).double().numpy() - erasure.centre) @ erasure.reads[0]
    np.testing.assert_allclose(read, 0, atol=1e-6)
    # The upstream head stands on the same, projected encoder.
    upstream = load_masked_lm(str(folder))
    ids = tiny_tokenizer(TEXTS[0])["input_ids"]
    found = MaskScorer(upstream, tiny_tokenizer, 8, fine_tuned=again).log_probabilities([ids], [1])
    with torch.inference_mode():
        projected = again.roberta(input_ids=torch.tensor([ids])).last_hidden_state
        expected = upstream.lm_head(projected)[0, 1].double().log_softmax(-1).numpy()
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    "variant",
    [
        Variant("sentdebias", 1.0, letter="g"),
        Variant("inlp", 3, letter="n"),
        Variant("leace"),
    ],
    ids=lambda variant: variant.id,
)
def test_a_classifier_keeps_the_projection_of_its_checkpoint_through_the_commands(
    tiny_checkpoint, tiny_sentences, tmp_path, variant
):
    shutil.copytree(tiny_checkpoint, tmp_path / "pretrained")
    describe_folder(tmp_path / "pretrained", {"kind": "checkpoint"})
    rows = pd.DataFrame({"text": ["She is a dj", "He is a poet"] * 4, "label": ["dj", "poet"] * 4})
    corpus = pd.DataFrame({"text": tiny_sentences})
    for name, tables, description in (
        ("corpus", {"corpus": corpus}, {"kind": "corpus"}),
        ("data", {"train": rows, "evaluation": rows}, {"kind": "data"}),
    ):
        (tmp_path / name).mkdir()
        for table, content in tables.items():
            write_table(tmp_path / name / f"{table}.parquet", content)
        describe_folder(tmp_path / name, description)
    given = {path.name: path / MANIFEST for path in tmp_path.iterdir()}
    upstream, tokens, tuned = (tmp_path / name for name in (variant.id, "tokens", "tuned"))
    alter = call(
        "alter-checkpoint",
        {
            "seed": 1,
            "variant": asdict(variant),
            "settings": {"level": "hidden", "maximum_pairs": 100},
        },
        plugins=[f"upstream.{variant.kind}"],
        inputs={"pretrained": given["pretrained"], "corpus": given["corpus"]},
        outputs={"manifest": upstream / MANIFEST},
    )
    tokenise = call(
        "tokenise",
        {"maximum_length": 16},
        inputs={"data": given["data"], "checkpoint": given["pretrained"]},
        outputs={"manifest": tokens / MANIFEST},
    )
    fine_tune = call(
        "fine-tune",
        {
            "task": "bios",
            "model": f"bios/{variant.id}/original/full/seed1",
            "seed": 1,
            "training": TRAINING,
            "adaptation": {"name": "full", "settings": {}},
        },
        plugins=["adaptations.full"],
        inputs={
            "upstream": upstream / MANIFEST,
            "training": tokens / MANIFEST,
            "original": tokens / MANIFEST,
        },
        outputs={"manifest": tuned / MANIFEST},
    )
    assert main(alter) == main(tokenise) == main(fine_tune) == 0
    assert (tuned / FILE).read_bytes() == (upstream / FILE).read_bytes()
    before, after = attached_projection(load_masked_lm(str(upstream))), load_classifier(tuned)
    kept = attached_projection(after)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(kept, part), getattr(before, part))
    assert len(after.roberta._forward_hooks) == 1


@pytest.fixture
def sentiment(debiased, tmp_path):
    """Return the folder of a sentiment classifier that was trained from such a checkpoint."""
    upstream = debiased(times(5.0))
    describe_folder(upstream, {"kind": "checkpoint"})
    rows = pd.DataFrame({"text": ["good dj", "bad dj"] * 4, "label": ["positive", "negative"] * 4})
    (tmp_path / "data").mkdir()
    for part in ("train", "evaluation", "test"):
        write_table(tmp_path / "data" / f"{part}.parquet", rows)
    describe_folder(tmp_path / "data", {"kind": "data"})
    train = call(
        "prepare-sentiment-classifier",
        {"seed": 1, "source": "generated", "maximum_length": 16, "training": TRAINING},
        inputs={"data": tmp_path / "data" / MANIFEST, "checkpoint": upstream / MANIFEST},
        outputs={"manifest": tmp_path / "sentiment" / MANIFEST},
    )
    assert main(train) == 0
    return tmp_path / "sentiment"


def negative(model, tokenizer):
    with torch.inference_mode():
        logits = model(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits
    return logits.softmax(-1)[:, model.config.label2id["negative"]]


def test_a_sentiment_classifier_keeps_the_projection_of_its_checkpoint(sentiment, tiny_tokenizer):
    stored = load_file(sentiment / FILE)
    np.testing.assert_array_equal(stored["reads"], DIRECTION)
    np.testing.assert_array_equal(stored["removes"], 5 * DIRECTION)
    expected = negative(load_classifier(sentiment), tiny_tokenizer)
    asked = negative_probability(sentiment / MANIFEST, 16, 8, torch.device("cpu"))
    np.testing.assert_allclose(asked(TEXTS), expected, atol=1e-6)


def test_so_does_one_that_is_brought_along(sentiment, tmp_path):
    save_hub_classifier(str(sentiment), "negative", 16, tmp_path / "copied")
    assert (tmp_path / "copied" / FILE).read_bytes() == (sentiment / FILE).read_bytes()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda folder: save_file(
                {"reads": ROW, "removes": ROW + 1, "centre": ROW[0] + 1}, folder / FILE
            ),
            "width 4 for a model of width 16",
        ),
        (lambda folder: (folder / FILE).write_bytes(b"\x00" * 20), "cannot be read"),
        (
            lambda folder: save_file({"reads": ROW, "removes": ROW + 1}, folder / FILE),
            "cannot be read .*centre",
        ),
        (
            lambda folder: save_file(
                {"reads": ROW, "removes": ROW + 1, "centre": torch.ones(5)}, folder / FILE
            ),
            "cannot be read .*shapes that do not fit",
        ),
    ],
)
def test_a_projection_that_does_not_fit_is_refused(debiased, spoil, said):
    folder = debiased()
    spoil(folder)
    with pytest.raises(StudyError, match=said):
        load_masked_lm(str(folder))


def test_sentence_embeddings_average_the_hidden_states_of_the_tokens(
    tiny_checkpoint, tiny_tokenizer
):
    model = load_masked_lm(str(tiny_checkpoint))
    found = hidden_sentence_embeddings(model, tiny_tokenizer, TEXTS, batch_size=2)
    for text, row in zip(TEXTS, found, strict=True):
        ids = tiny_tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            expected = model.roberta(**ids).last_hidden_state[0].double().mean(0).numpy()
        np.testing.assert_allclose(row, expected, atol=1e-5)
