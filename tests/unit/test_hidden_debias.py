"""Sent-Debias on hidden states: exact at 0 and 1, through saving, training and putting heads on."""

import shutil

import numpy as np
import pytest
import torch

from bias_transfer.errors import StudyError
from bias_transfer.upstream.embeddings import bias_subspace
from bias_transfer.models.checkpoints import (
    load_classifier,
    load_masked_lm,
    new_classifier,
    with_upstream_head,
)
from bias_transfer.models.hidden_debias import (
    FILE,
    attach,
    hidden_sentence_embeddings,
    save_debias,
)

TEXTS = ["She is a nurse", "He works as a surgeon", "They wants to become a dj"]
DIRECTION = np.eye(16)[[3]] * 0.6 + np.eye(16)[[7]] * 0.8


@pytest.fixture
def debiased(tiny_checkpoint, tmp_path):
    """Return a function that copies the tiny checkpoint and puts a projection beside it."""

    def with_gamma(gamma, directions=DIRECTION):
        folder = tmp_path / f"g{gamma}"
        shutil.copytree(tiny_checkpoint, folder)
        save_debias(folder, directions, gamma)
        return folder

    return with_gamma


def hidden(model, tokenizer):
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        return model.roberta(**batch).last_hidden_state


def test_gamma_zero_changes_no_bit(tiny_checkpoint, tiny_tokenizer, debiased):
    plain = load_masked_lm(str(tiny_checkpoint))
    altered = load_masked_lm(str(debiased(0.0)))
    assert torch.equal(hidden(altered, tiny_tokenizer), hidden(plain, tiny_tokenizer))


@pytest.mark.parametrize("gamma", [1.0, -2.0, 50.0])
def test_each_hidden_state_loses_gamma_times_its_component(
    tiny_checkpoint, tiny_tokenizer, debiased, gamma
):
    before = hidden(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer).double().numpy()
    after = hidden(load_masked_lm(str(debiased(gamma))), tiny_tokenizer).double().numpy()
    expected = before - gamma * (before @ DIRECTION[0])[..., None] * DIRECTION[0]
    np.testing.assert_allclose(after, expected, atol=2e-5 * max(1, abs(gamma)))


def test_a_second_application_at_gamma_one_changes_nothing(tiny_tokenizer, debiased):
    folder = debiased(1.0)
    model = load_masked_lm(str(folder))
    once = hidden(model, tiny_tokenizer)
    attach(model, folder)
    torch.testing.assert_close(hidden(model, tiny_tokenizer), once, atol=1e-6, rtol=0)


def test_the_classifier_trains_through_the_projection_and_keeps_it(
    tiny_tokenizer, debiased, tmp_path
):
    folder = debiased(1.0)
    torch.manual_seed(0)
    model = new_classifier(folder, ("no", "yes"))
    batch = tiny_tokenizer(TEXTS, padding=True, return_tensors="pt")
    model(**batch, labels=torch.tensor([0, 1, 0])).loss.backward()
    assert model.roberta.embeddings.word_embeddings.weight.grad.abs().sum() > 0
    model.save_pretrained(tmp_path / "tuned")
    shutil.copyfile(folder / FILE, tmp_path / "tuned" / FILE)

    again = load_classifier(tmp_path / "tuned")
    along = hidden(again, tiny_tokenizer).double().numpy() @ DIRECTION[0]
    np.testing.assert_allclose(along, 0, atol=1e-6)
    # The upstream head stands on the same, projected encoder.
    scored = with_upstream_head(again, load_masked_lm(str(folder)))
    along = hidden(scored, tiny_tokenizer).double().numpy() @ DIRECTION[0]
    np.testing.assert_allclose(along, 0, atol=1e-6)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: save_debias(folder, np.eye(4)[:1], 1.0), "width 4 for a model of width 16"),
        (lambda folder: (folder / FILE).write_bytes(b"\x00" * 20), "cannot be read"),
    ],
)
def test_a_projection_that_does_not_fit_is_refused(debiased, spoil, said):
    folder = debiased(1.0)
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


def test_a_planted_direction_of_the_hidden_states_is_recovered():
    # Sentences far apart, whose two members differ along one direction, and a little noise.
    rng = np.random.default_rng(3)
    planted = rng.normal(size=16)
    planted /= np.linalg.norm(planted)
    middle = rng.normal(size=(200, 16)) * 3
    gap = rng.uniform(0.5, 1.5, size=(200, 1)) * planted
    noise = rng.normal(scale=0.02, size=(2, 200, 16))
    found = bias_subspace(middle + gap + noise[0], middle - gap + noise[1], 1)
    assert abs(found[0] @ planted) >= 0.99
