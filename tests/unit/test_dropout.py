"""Dropout as mitigation: the rate is all that moves, and the checkpoint has its own rates back."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError

from bias_transfer.models import pretraining, training
from bias_transfer.models.checkpoints import is_tied, load_masked_lm
from bias_transfer.models.dropout import with_rate
from bias_transfer.models.erasure import Erasure
from bias_transfer.models.hidden_debias import attach_projection
from bias_transfer.models.training_checkpoints import TrainingCheckpoints
from bias_transfer.runtime.artifacts import (
    MANIFEST,
    describe_folder,
    read_json,
    read_table,
    write_table,
)
from bias_transfer.runtime.main import main
from bias_transfer.upstream import Request, Trained, Variant, method
from bias_transfer.upstream.dropout import METHOD, Settings
from tests.unit.calls import call

# Swapped, a sentence has as many tokens as before: the dial's masks are then those of any training.
CORPUS = [
    each for number in range(60) for each in (f"She is a nurse of {number}", f"He is a dj {number}")
]
# The tiny checkpoint's own, of hidden states and of attention.
OWN = 0.1
OWN_RATES = {"hidden_dropout_prob": OWN, "attention_probs_dropout_prob": OWN}


def told(**values: Any) -> dict[str, Any]:
    learning = {"epochs": 2, "batch_size": 16, "learning_rate": 0.02} | values
    return {"training": learning, "maximum_length": 32}


@pytest.fixture
def trained(tiny_checkpoint: Path, tiny_tokenizer: Any, tmp_path: Path) -> Callable[..., Trained]:
    """Return what trains the tiny checkpoint at one rate, or by another method with its control."""

    def run(
        strength: float,
        texts: Sequence[str] = CORPUS,
        checkpoints: TrainingCheckpoints | None = None,
        name: str = "dropout",
        seed: int = 1,
    ) -> Trained:
        request = Request(
            Variant(name, strength),
            method(name).settings(**told()),
            seed=seed,
            texts=texts,
            checkpoints=checkpoints or TrainingCheckpoints(tmp_path / "none", {}, 0),
        )
        made = method(name).apply(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer, request)
        assert isinstance(made, Trained)
        return made

    return run


def weights(made: Trained) -> dict[str, torch.Tensor]:
    return {name: each.detach().clone() for name, each in made.model.named_parameters()}


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


# ---- what moves ----------------------------------------------------------------------------------


def test_at_its_own_rate_a_checkpoint_is_trained_as_the_dial_s_control_is(
    trained: Callable[..., Trained],
) -> None:
    control, dial = trained(OWN), trained(0.0, name="counterfactual")
    assert equal(weights(control), weights(dial))
    pd.testing.assert_frame_equal(control.curve, dial.curve)


def test_the_same_again_and_nothing_but_rate_and_seed_decides(
    trained: Callable[..., Trained],
) -> None:
    first, again, other, none = (weights(trained(rate)) for rate in (0.3, 0.3, 0.5, 0.0))
    assert equal(first, again)
    assert not equal(first, other)
    assert not equal(first, none)
    assert not equal(first, weights(trained(0.3, seed=2)))


def test_order_and_masks_are_the_same_whatever_the_rate(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def train(model: Any, examples: Any, evaluation: Any, settings: Any, seed: int, _: Any) -> Any:
        for each in (examples(0), examples(1), evaluation):
            seen.append([*map(np.ndarray.tolist, (each.encoded.tokens, each.hidden.tokens)), seed])
        return pd.DataFrame()

    monkeypatch.setattr(pretraining, "train", train)
    for rate in (0.0, 0.2):
        trained(rate)
    assert len(seen) == 6
    assert seen[:3] == seen[3:]
    # Each epoch has masks of its own.
    assert seen[0] != seen[1]


def test_all_rates_draw_from_one_stream() -> None:
    variants = METHOD.variants(Settings(rates=[0, 0.1, 0.25]))
    assert [each.id for each in variants] == ["dropout-p0", "dropout-p0.1", "dropout-p0.25"]
    assert {METHOD.stream(each) for each in variants} == {"dropout"}


def test_more_is_dropped_in_training_and_nothing_in_its_evaluation(
    trained: Callable[..., Trained],
) -> None:
    none, much = (trained(rate).curve for rate in (0.0, 0.6))
    assert much["training_loss"].iloc[-1] > none["training_loss"].iloc[-1] + 0.1
    assert (much["evaluation_loss"] < much["training_loss"]).all()


# ---- what stays ----------------------------------------------------------------------------------


def test_the_model_has_its_own_rates_its_tie_and_a_curve(trained: Callable[..., Trained]) -> None:
    made = trained(0.3)
    assert made.description == {"dropout": {"rate": 0.3, "own": OWN_RATES}}
    drops = [each for each in made.model.modules() if isinstance(each, torch.nn.Dropout)]
    assert {each.p for each in drops} == {OWN}
    assert is_tied(made.model)
    assert not made.model.training
    assert made.curve["epoch"].tolist() == [1, 2]


def test_a_projection_behind_the_encoder_is_trained_through_and_kept(tiny_checkpoint: Path) -> None:
    model = load_masked_lm(str(tiny_checkpoint))
    inputs = {"input_ids": torch.tensor([[0, 9, 8, 7, 2]])}
    plain = model(**inputs).logits
    attach_projection(model, Erasure.of_subspace(np.eye(16)[[3]], 2.0))
    projected = model(**inputs).logits
    assert not torch.equal(projected, plain)
    assert torch.equal(with_rate(model, 0.3)(**inputs).logits, projected)


def test_a_copy_is_in_training_where_the_model_is(tiny_checkpoint: Path) -> None:
    model = load_masked_lm(str(tiny_checkpoint))
    assert not with_rate(model, 0.3).training
    assert with_rate(model.train(), 0.3).training


def test_a_killed_training_goes_on_and_ends_with_the_same_weights(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkpoints = TrainingCheckpoints(tmp_path / "kept", {"all": "equal"}, 1e-9)
    undisturbed, step = weights(trained(0.3)), training._Run.step

    def failing(run: training._Run, *arguments: Any) -> None:
        if run.done == 10:
            raise KeyboardInterrupt
        step(run, *arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training._Run, "step", failing)
        trained(0.3, checkpoints=checkpoints)
    assert [each.name for each in checkpoints.folder.iterdir()] == ["step-000000010"]
    assert equal(undisturbed, weights(trained(0.3, checkpoints=checkpoints)))


def test_texts_are_cut_to_what_the_model_has_positions_for(
    trained: Callable[..., Trained],
) -> None:
    made = trained(0.2, ["She is a nurse " * 200] * 20)
    assert np.isfinite(made.curve.to_numpy()).all()


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [-0.1, 1, 1.0, 2])
def test_a_rate_is_at_least_zero_and_less_than_one(rate: float) -> None:
    with pytest.raises(ValidationError, match=r"rates\.0"):
        Settings(rates=[rate])


def test_zero_is_a_rate_that_trains_without_any(trained: Callable[..., Trained]) -> None:
    # It is no second name of the unmodified checkpoint, as zero is of other methods.
    assert Settings(rates=[0]).rates == [0.0]
    assert trained(0.0).description["dropout"]["rate"] == 0.0


def test_a_rate_is_listed_once() -> None:
    with pytest.raises(ValidationError, match="lists a value twice"):
        Settings(rates=[0.2, 0.2])


def test_it_is_not_trained_without_a_place_for_its_training_checkpoints(
    tiny_checkpoint: Path, tiny_tokenizer: Any
) -> None:
    request = Request(Variant("dropout", 0.2, letter="p"), Settings(), 1, CORPUS)
    with pytest.raises(ValueError, match=r"dropout-p0\.2 is trained, and has no training check"):
        METHOD.apply(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer, request)


# ---- as a command --------------------------------------------------------------------------------


def test_a_checkpoint_is_made_with_its_curve_and_the_config_of_its_source(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    source, corpus = tmp_path / "pretrained", tmp_path / "corpus"
    shutil.copytree(tiny_checkpoint, source)
    describe_folder(source, {"kind": "checkpoint"})
    corpus.mkdir()
    write_table(corpus / "corpus.parquet", pd.DataFrame({"text": CORPUS}))
    describe_folder(corpus, {"kind": "corpus"})
    seeds = []
    for rate in (OWN, 0.3):
        folder = tmp_path / f"dropout-p{rate:g}"
        words = call(
            "alter-checkpoint",
            {
                "seed": 1,
                "variant": vars(Variant("dropout", rate, letter="p")),
                "settings": Settings(**told()).model_dump(exclude={"rates"}),
                "terms": [],
            },
            plugins=["upstream.dropout"],
            inputs={"pretrained": source / MANIFEST, "corpus": corpus / MANIFEST},
            outputs={"manifest": folder / MANIFEST},
        )
        assert main(words) == 0
        described = read_json(folder / MANIFEST)
        assert described["dropout"] == {"rate": rate, "own": OWN_RATES}
        assert described["recipe"] == {"kind": "dropout", "strength": rate, "trial": None}
        assert read_table(folder / "loss_curve.csv")["epoch"].tolist() == [1, 2]
        assert read_json(folder / "config.json") == read_json(source / "config.json")
        assert is_tied(load_masked_lm(str(folder)))
        seeds.append(described["seed"])
    assert seeds[0] == seeds[1]
    assert not list(tmp_path.glob(".*training-checkpoints"))
