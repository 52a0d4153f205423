"""Where models compute: on the device that a job was given, and in batches that suit it.

The device named "meta" computes nothing, which is enough to see what is put there.
"""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bias_transfer.models import encoded, pretraining, sentiment
from bias_transfer.models.checkpoints import (
    load_masked_lm,
    load_tokenizer,
    new_classifier,
    save_checkpoint,
)
from bias_transfer.models.device import half_precision, prepare_device
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.erasure import Erasure
from bias_transfer.models.families import Architecture
from bias_transfer.models.hidden_debias import attach_projection, attached_projection
from bias_transfer.models.training import TrainingSettings
from bias_transfer.models.training_checkpoints import TrainingCheckpoints
from bias_transfer.runtime.artifacts import MANIFEST, describe_folder

META = torch.device("meta")


def test_pre_training_is_done_on_the_device(
    monkeypatch: pytest.MonkeyPatch, tiny_sentences: list[str], tmp_path: Path
) -> None:
    trained: list[Any] = []
    monkeypatch.setattr(
        pretraining, "continue_pretraining", lambda model, *arguments: trained.append(model)
    )
    pretraining.pretrain(
        tiny_sentences,
        Architecture(330, 16, 16, 1, 2, 24, 0.2, 0.1),
        TrainingSettings(1, 8, 8, 0.01, 0.1, 0.0),
        *(0.3, 1),
        TrainingCheckpoints(tmp_path / "none", {}, 0),
        META,
    )
    assert trained[0].device == META


def test_the_sentiment_classifier_is_asked_on_the_device(
    monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    save_checkpoint(
        new_classifier(tiny_checkpoint, ("negative", "positive")),
        load_tokenizer(str(tiny_checkpoint)),
        tmp_path,
    )
    describe_folder(tmp_path, {"kind": "sentiment classifier", "negative": "negative"})
    asked: list[Any] = []
    monkeypatch.setattr(sentiment, "by_classifier", lambda model, *others: asked.append(model))
    sentiment.negative_probability(tmp_path / MANIFEST, 20, 8, META)
    assert asked[0].device == META


@pytest.mark.parametrize(
    ("generation", "half"), [(7, False), (8, True)], ids=["V100 and T4", "A100"]
)
def test_half_precision_is_for_a_gpu_that_does_not_emulate_it(
    monkeypatch: pytest.MonkeyPatch, generation: int, half: bool
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 0)
    described = SimpleNamespace(major=generation)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda device: described)
    # Both can make a tensor of it.
    monkeypatch.setattr("torch.cuda._check_bf16_tensor_supported", lambda device: True)
    with half_precision(torch.device("cuda")):
        assert torch.is_autocast_enabled("cuda") == half


def test_on_a_gpu_sums_are_made_in_the_same_order_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "a GPU")
    # Both as they were when the test is over.
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    monkeypatch.setattr("torch.utils.deterministic.fill_uninitialized_memory", True)
    asked: list[bool] = []
    monkeypatch.setattr("torch.use_deterministic_algorithms", asked.append)
    assert prepare_device(1) == torch.device("cuda")
    assert asked == [True]
    # Torch refuses products without it.
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.utils.deterministic.fill_uninitialized_memory


@pytest.mark.parametrize(
    ("lengths", "width"),
    [([3, 5], 8), ([8, 3], 8), ([9, 3], 16), ([17, 3], 19)],
    ids=["up to eight", "eight as it is", "up to sixteen", "no longer than any text"],
)
def test_batches_on_a_gpu_have_few_widths(
    monkeypatch: pytest.MonkeyPatch, lengths: list[int], width: int
) -> None:
    monkeypatch.setattr("bias_transfer.models.device.on_device", lambda tensor, device: tensor)
    texts = Encoded.of([[7] * each for each in [*lengths, 19]])
    inputs = texts.inputs(np.array([0, 1]), 1, torch.device("cuda"))
    assert encoded._WIDTHS == 8
    assert inputs["input_ids"].shape == inputs["attention_mask"].shape == (2, width)
    assert inputs["attention_mask"].sum(1).tolist() == lengths
    assert ((inputs["input_ids"] == 1) == (inputs["attention_mask"] == 0)).all()


def test_where_nothing_is_padded_there_is_no_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bias_transfer.models.device.on_device", lambda tensor, device: tensor)
    texts = Encoded.of([[7] * 16, [7] * 16, [7] * 12, [7] * 12, [7] * 20])
    for device, rows in (("cuda", [0, 1]), ("cpu", [0, 1]), ("cpu", [2, 3])):
        assert "attention_mask" not in texts.inputs(np.array(rows), 1, torch.device(device))
    # Equal lengths, which a GPU's batch fills up.
    assert "attention_mask" in texts.inputs(np.array([2, 3]), 1, torch.device("cuda"))


def test_a_projection_goes_where_its_model_goes(tiny_checkpoint: Path) -> None:
    model = load_masked_lm(str(tiny_checkpoint))
    named = set(model.state_dict())
    attach_projection(model, Erasure.of_subspace(np.eye(model.config.hidden_size)[:2]))
    found = attached_projection(model.to(META))
    assert found is not None
    assert {part.device for part in found.buffers()} == {META}
    # It has a file of its own.
    assert set(model.state_dict()) == named
