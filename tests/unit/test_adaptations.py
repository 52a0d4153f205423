"""Adaptations: what each trains, and the frozen encoder's short way against the long one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import RobertaModel

from bias_transfer.adaptations import adaptation, adaptations
from bias_transfer.models import classification
from bias_transfer.models.checkpoints import load_classifier, load_tokenizer, new_classifier
from bias_transfer.models.checkpoints import save_checkpoint as save
from bias_transfer.models.classification import LabelledTokens, fine_tune
from bias_transfer.models.device import prepare_device
from bias_transfer.models.encoded import encode
from bias_transfer.models.frozen import head_alone_is_trained
from bias_transfer.models.prediction import predict
from bias_transfer.models.training import TrainingSettings
from bias_transfer.models.training_checkpoints import TrainingCheckpoints

SETTINGS = TrainingSettings(
    epochs=2,
    batch_size=16,
    evaluation_batch_size=8,
    learning_rate=0.01,
    warmup_share=0.1,
    weight_decay=0.01,
)


@pytest.fixture
def classifier(tiny_checkpoint: Path) -> Any:
    """Return a new classifier without dropout."""
    prepare_device(3)
    model = new_classifier(tiny_checkpoint, ("odd", "even"))
    for each in model.modules():
        if isinstance(each, torch.nn.Dropout):
            each.p = 0.0
    return model


@pytest.fixture
def labelled(tiny_checkpoint: Path, tiny_sentences: list[str]) -> LabelledTokens:
    texts = [" ".join(tiny_sentences[i : i + 1 + i % 4]) for i in range(74)]
    labels = np.array([len(text) % 2 for text in texts])
    return LabelledTokens(encode(load_tokenizer(str(tiny_checkpoint)), texts, 40), labels)


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: each.clone() for name, each in model.state_dict().items()}


def is_head(name: str) -> bool:
    return name.startswith("classifier.")


def fit(model: Any, labelled: LabelledTokens, folder: Path) -> Any:
    none = TrainingCheckpoints(folder / "none", {}, 0)
    return fine_tune(model, labelled, labelled, SETTINGS, 1, none)


def probabilities(model: Any, labelled: LabelledTokens) -> np.ndarray:
    return predict(model.eval(), labelled.encoded, model.config.pad_token_id, 16)


def test_they_come_in_the_order_of_what_they_may_overwrite():
    assert [*adaptations()] == ["full", "lora", "head"]


def test_full_trains_every_weight(classifier, labelled, tmp_path):
    before, plugin = weights(classifier), adaptation("full")
    with plugin.adapting(classifier, plugin.settings()):
        fit(classifier, labelled, tmp_path)
    after = weights(classifier)
    trained = {name for name, _ in classifier.named_parameters()}
    assert trained == {name for name in after if not torch.equal(before[name], after[name])}


def test_head_leaves_the_encoder_to_the_bit(classifier, labelled, tmp_path):
    before, plugin = weights(classifier), adaptation("head")
    with plugin.adapting(classifier, plugin.settings()):
        fit(classifier, labelled, tmp_path)
    for name, weight in classifier.state_dict().items():
        assert torch.equal(before[name], weight) != is_head(name), name


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Return the texts of each batch that an encoder reads, and whether in training mode."""
    found: list[tuple[int, bool]] = []
    forward = RobertaModel.forward

    def noted(self: Any, input_ids: torch.Tensor, *others: Any, **named: Any) -> Any:
        found.append((len(input_ids), self.training))
        return forward(self, input_ids, *others, **named)

    monkeypatch.setattr(RobertaModel, "forward", noted)
    return found


def test_head_reads_each_text_once_and_ends_where_the_long_way_ends(
    tiny_checkpoint, classifier, labelled, tmp_path, monkeypatch, read
):
    plugin = adaptation("head")
    curves, found, texts = [], [], []
    for short in (True, False):
        prepare_device(3)
        model = new_classifier(tiny_checkpoint, ("odd", "even"))
        model.load_state_dict(weights(classifier))
        for each in model.modules():
            if isinstance(each, torch.nn.Dropout):
                each.p = 0.0
        with monkeypatch.context() as patch, plugin.adapting(model, plugin.settings()):
            assert head_alone_is_trained(model)
            if not short:
                patch.setattr(classification, "head_alone_is_trained", lambda model: False)
            curves.append(fit(model, labelled, tmp_path))
        texts.append(sum(count for count, _ in read))
        read.clear()
        found.append(weights(model))
    # Training and evaluation are of the same 74 texts, for two epochs.
    assert texts == [2 * 74, 4 * 74]
    for name, weight in found[0].items():
        torch.testing.assert_close(weight, found[1][name], atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(*curves, rtol=1e-5)


def test_with_dropout_head_reads_each_text_once_too_and_without_it(
    tiny_checkpoint, labelled, tmp_path, read
):
    model, plugin = new_classifier(tiny_checkpoint, ("odd", "even")), adaptation("head")
    assert model.config.hidden_dropout_prob > 0
    with plugin.adapting(model.train(), plugin.settings()):
        fit(model, labelled, tmp_path)
    assert sum(count for count, _ in read) == 2 * 74
    assert not any(training for _, training in read)


@pytest.mark.parametrize("name", ["full", "lora"])
def test_what_changes_the_encoder_takes_the_long_way(classifier, name):
    plugin = adaptation(name)
    with plugin.adapting(classifier, plugin.settings()):
        assert not head_alone_is_trained(classifier)


def test_adapters_leave_the_weights_that_they_stand_on_to_the_bit(classifier, labelled, tmp_path):
    before, plugin = weights(classifier), adaptation("lora")
    with plugin.adapting(classifier, plugin.settings(rank=3)):
        untrained = probabilities(classifier, labelled)
        fit(classifier, labelled, tmp_path)
        within = weights(classifier)
        added = {name: each for name, each in within.items() if ".lora_" in name}
        for name, weight in within.items():
            if name not in added and not is_head(name):
                assert torch.equal(weight, before[name.replace(".base_layer", "")]), name
        trained = probabilities(classifier, labelled)
    assert {min(each.shape) for each in added.values()} == {3}
    # Queries and values of the one layer, each with two factors.
    assert len(added) == 2 * 2
    merged = weights(classifier)
    moved = {name for name, each in merged.items() if not torch.equal(each, before[name])}
    layer = "roberta.encoder.layer.0.attention.self"
    assert {name for name in moved if not is_head(name)} == {
        f"{layer}.query.weight",
        f"{layer}.value.weight",
    }
    for each in ("query", "value"):
        change = merged[f"{layer}.{each}.weight"] - before[f"{layer}.{each}.weight"]
        assert torch.linalg.matrix_rank(change, rtol=1e-4) == 3
    np.testing.assert_allclose(probabilities(classifier, labelled), trained, atol=1e-6)
    assert np.abs(trained - untrained).max() > 1e-2


def test_merged_adapters_are_saved_as_an_ordinary_classifier(
    classifier, labelled, tiny_checkpoint, tmp_path
):
    plugin = adaptation("lora")
    with plugin.adapting(classifier, plugin.settings()):
        fit(classifier, labelled, tmp_path)
    save(classifier, load_tokenizer(str(tiny_checkpoint)), tmp_path / "saved")
    assert not list((tmp_path / "saved").glob("adapter*"))
    again = load_classifier(tmp_path / "saved")
    np.testing.assert_array_equal(
        probabilities(again, labelled), probabilities(classifier, labelled)
    )


def test_scale_and_rank_are_the_settings(classifier):
    plugin = adaptation("lora")
    with plugin.adapting(classifier, plugin.settings(rank=2, alpha=5, dropout=0.25)):
        (layer,) = classifier.roberta.encoder.layer
        query = layer.attention.self.query
        assert query.scaling["default"] == 5 / 2
        assert query.lora_dropout["default"].p == 0.25
        assert query.lora_A["default"].weight.shape == (2, 16)
