"""Training: the fast loop against a plain one, one text at a time, and against stock Trainer."""

import itertools
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from bias_transfer.models.batches import overhead, random_batches, sorted_batches
from bias_transfer.models.checkpoints import load_masked_lm, load_tokenizer, new_classifier
from bias_transfer.models.classification import LabelledTokens
from bias_transfer.models.device import prepare_device
from bias_transfer.models.encoded import Encoded, encode
from bias_transfer.models.masking import MaskedTexts, masking
from bias_transfer.models.optimiser import Optimiser
from bias_transfer.models.training import Examples, TrainingSettings, train
from bias_transfer.models.training_checkpoints import TrainingCheckpoints

SETTINGS = TrainingSettings(
    epochs=2,
    batch_size=16,
    evaluation_batch_size=8,
    learning_rate=0.01,
    warmup_share=0.2,
    weight_decay=0.1,
)
SEED = 3


@pytest.fixture
def texts(tiny_sentences: list[str]) -> list[str]:
    # Of many lengths; the last batch of an epoch has fewer than the others.
    return [" ".join(tiny_sentences[i : i + 1 + i % 4]) for i in range(74)]


@pytest.fixture
def classifier(tiny_checkpoint: Path) -> Any:
    prepare_device(SEED)
    return without_dropout(new_classifier(tiny_checkpoint, ("odd", "even")))


@pytest.fixture
def labelled(classifier: Any, tiny_checkpoint: Path, texts: list[str]) -> LabelledTokens:
    tokenizer = load_tokenizer(str(tiny_checkpoint))
    labels = np.array([len(text) % 2 for text in texts])
    return LabelledTokens(encode(tokenizer, texts, 40), labels)


@pytest.fixture
def masked(tiny_tokenizer: Any, texts: list[str]) -> Callable[[object], MaskedTexts]:
    return masking(encode(tiny_tokenizer, texts, 40), tiny_tokenizer, 0.3, SEED)


def without_dropout(model: Any) -> Any:
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0
    return model


def run(model: Any, training: Callable[[int], Examples], evaluation: Examples, folder: Path) -> Any:
    return train(
        model, training, evaluation, SETTINGS, SEED, TrainingCheckpoints(folder / "none", {}, 0)
    )


def decays(name: str) -> bool:
    return name.endswith("weight") and "norm" not in name.lower()


def plainly(
    model: Any,
    training: Callable[[int], Examples],
    losses: Callable[[Any, Any, int], torch.Tensor],
) -> None:
    """Train one text at a time, each alone in a call of the whole model, without padding."""
    named = dict(model.named_parameters())
    adam = torch.optim.AdamW(
        [
            {"params": [p for n, p in named.items() if decays(n)], "weight_decay": 0.1},
            {"params": [p for n, p in named.items() if not decays(n)], "weight_decay": 0.0},
        ],
        betas=(0.9, 0.98),
        foreach=False,
    )
    lengths = training(0).lengths
    steps = SETTINGS.epochs * -(-len(lengths) // SETTINGS.batch_size)
    rising = steps // 5
    step = 0
    for epoch in range(SETTINGS.epochs):
        examples = training(epoch)
        for parts in random_batches(lengths, SETTINGS.batch_size, overhead(model), SEED, epoch):
            adam.zero_grad()
            rows = np.concatenate(parts)
            found = [losses(model, examples, row) for row in rows]
            count = sum(each.numel() for each in found)
            for each in found:
                # Each text by itself: its share of the mean over the batch.
                (each.sum() / count).backward(retain_graph=True)
            norm = torch.stack([p.grad.square().sum() for p in named.values()]).sum().sqrt()
            for parameter in named.values():
                parameter.grad.mul_(min(1.0, 1.0 / (float(norm) + 1e-6)))
            for group in adam.param_groups:
                group["lr"] = 0.01 * min(step / rising, (steps - step) / (steps - rising))
            adam.step()
            step += 1


def text_of(encoded: Encoded, row: int) -> torch.Tensor:
    start, end = encoded.bounds[row : row + 2]
    return torch.as_tensor(encoded.tokens[start:end].astype(np.int64))


def loss_of_label(model: Any, examples: LabelledTokens, row: int) -> torch.Tensor:
    logits = model(input_ids=text_of(examples.encoded, row)[None]).logits
    return -logits.log_softmax(-1)[:, examples.labels[row]]


def losses_of_masks(model: Any, examples: MaskedTexts, row: int) -> torch.Tensor:
    hidden = text_of(examples.hidden, row)
    (places,) = torch.where(hidden >= 0)
    scores = model(input_ids=text_of(examples.encoded, row)[None]).logits[0].log_softmax(-1)
    return -scores[places, hidden[places]]


def test_each_epoch_is_drawn_once_and_goes_when_it_is_over(
    tiny_checkpoint: Path, masked: Callable[[object], MaskedTexts], tmp_path: Path
) -> None:
    drawn: list[tuple[int, weakref.ref[MaskedTexts]]] = []
    alive: list[int] = []

    def training(epoch: int) -> MaskedTexts:
        examples = masked(epoch)
        drawn.append((epoch, weakref.ref(examples)))
        return examples

    def note(*_: Any) -> None:
        alive.append(sum(examples() is not None for _, examples in drawn))

    model = load_masked_lm(str(tiny_checkpoint))
    model.base_model.register_forward_hook(note)
    run(model, training, masked("evaluation"), tmp_path)
    assert [epoch for epoch, _ in drawn] == [0, 1]
    assert set(alive) == {1}


# In single precision a step of Adam is as large as the learning rate where the gradient is nothing
# but rounding, as that of the bias of a key is.
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 2e-3)])
@pytest.mark.parametrize("kind", ["fine-tuning", "pre-training"])
def test_the_loop_equals_a_plain_one(
    kind: str,
    dtype: torch.dtype,
    tolerance: float,
    classifier: Any,
    labelled: LabelledTokens,
    masked: Callable[[object], MaskedTexts],
    new_masked_lm: Callable[[int], Any],
    tmp_path: Path,
) -> None:
    training: Callable[[int], Any]
    if kind == "fine-tuning":
        models = [classifier, type(classifier)(classifier.config)]
        training, evaluation, losses = lambda epoch: labelled, labelled, loss_of_label
    else:
        models = [without_dropout(new_masked_lm(1)) for _ in range(2)]
        training, evaluation, losses = masked, masked("evaluation"), losses_of_masks
    fast, plain = (each.to(dtype) for each in models)
    plain.load_state_dict(fast.state_dict())
    without_dropout(plain)
    curve = run(fast, training, evaluation, tmp_path)
    plainly(plain.train(), training, losses)
    moved = dict(plain.named_parameters())
    for name, weight in fast.named_parameters():
        if dtype is torch.float32 and name.endswith("key.bias"):
            continue
        torch.testing.assert_close(
            weight, moved[name], atol=tolerance, rtol=0, msg=lambda said, n=name: f"{n}: {said}"
        )
    with torch.no_grad():
        last = torch.cat([losses(plain, evaluation, row) for row in range(len(evaluation.lengths))])
    assert curve["evaluation_loss"].iloc[-1] == pytest.approx(float(last.mean()), abs=tolerance)
    assert curve["epoch"].tolist() == [1, 2]
    assert curve["training_loss"].iloc[0] > curve["training_loss"].iloc[1]


class InOrder(Trainer):  # type: ignore[misc]
    def _get_train_sampler(self, *arguments: Any) -> torch.utils.data.Sampler[int]:
        return torch.utils.data.SequentialSampler(self.train_dataset)


def test_optimiser_and_schedule_are_those_of_stock_trainer(
    classifier: Any, labelled: LabelledTokens, tmp_path: Path
) -> None:
    stock = type(classifier)(classifier.config)
    stock.load_state_dict(classifier.state_dict())
    without_dropout(stock)
    classifier.double(), stock.double()
    batches = [
        np.concatenate(parts)
        for epoch in range(SETTINGS.epochs)
        for parts in random_batches(labelled.lengths, 16, 1e9, SEED, epoch)
    ]
    collated = iter(batches)

    def collate(_: list[Any]) -> dict[str, torch.Tensor]:
        rows = next(collated)
        return labelled.encoded.padded(rows, 1) | {"labels": torch.as_tensor(labelled.labels[rows])}

    trainer = InOrder(
        model=stock,
        args=TrainingArguments(
            output_dir=str(tmp_path),
            num_train_epochs=2,
            per_device_train_batch_size=16,
            learning_rate=0.01,
            warmup_steps=0.2,
            weight_decay=0.1,
            adam_beta2=0.98,
            use_cpu=True,
            dataloader_pin_memory=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
        ),
        train_dataset=list(range(len(labelled.lengths))),
        data_collator=collate,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    run(classifier, lambda epoch: labelled, labelled, tmp_path)
    for name, weight in classifier.named_parameters():
        torch.testing.assert_close(weight, stock.get_parameter(name), atol=1e-9, rtol=0, msg=name)


def test_an_epoch_has_each_text_once_and_every_epoch_another_order() -> None:
    lengths = np.arange(75) % 30 + 3
    epochs = [random_batches(lengths, 16, 20, SEED, epoch) for epoch in (0, 1)]
    rows = [np.concatenate(list(itertools.chain(*batches))) for batches in epochs]
    assert [len(np.concatenate(parts)) for parts in epochs[0]] == [16, 16, 16, 16, 11]
    for each in rows:
        assert sorted(each) == list(range(75))
    assert not np.array_equal(*rows)
    again = random_batches(lengths, 16, 20, SEED, 0)
    assert np.array_equal(np.concatenate(list(itertools.chain(*again))), rows[0])
    # The batches themselves do not depend on how they are cut.
    whole = random_batches(lengths, 16, 1e9, SEED, 0)
    assert all(len(parts) == 1 for parts in whole)
    for parts, (batch,) in zip(epochs[0], whole, strict=True):
        assert np.array_equal(np.concatenate(parts), batch)


def ways_to_cut(count: int) -> Iterator[list[int]]:
    for number in range(count):
        yield from (list(each) for each in itertools.combinations(range(1, count), number))


def tokens_and_cost(lengths: list[int], starts: list[int], cost: float) -> float:
    parts = np.split(np.array(lengths), starts)
    return sum(len(part) * part.max() + cost for part in parts)


@pytest.mark.parametrize("cost", [0, 5, 20, 1000])
def test_no_other_way_to_cut_a_batch_costs_less(cost: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        lengths = rng.integers(3, 40, size=8)
        ((*parts,),) = random_batches(lengths, 8, cost, SEED, 0)
        ascending = sorted(lengths.tolist())
        starts = np.cumsum([len(part) for part in parts])[:-1].tolist()
        assert [length for part in parts for length in lengths[part]] == ascending
        assert tokens_and_cost(ascending, starts, cost) == min(
            tokens_and_cost(ascending, each, cost) for each in ways_to_cut(8)
        )


def test_evaluation_goes_from_short_to_long() -> None:
    lengths = np.array([5, 3, 9, 3, 7])
    assert [rows.tolist() for rows in sorted_batches(lengths, 2)] == [[1, 3], [0, 4], [2]]


def test_masks_are_drawn_as_bert_draws_them(tiny_tokenizer: Any) -> None:
    special = np.array(tiny_tokenizer.all_special_ids)
    ordinary = np.setdiff1d(np.arange(len(tiny_tokenizer)), special)
    rng = np.random.default_rng(1)
    middles = rng.choice(ordinary, size=(4000, 30))
    begin, end = tiny_tokenizer.cls_token_id, tiny_tokenizer.sep_token_id
    encoded = Encoded.of([[begin, *middle, end] for middle in middles])
    draw = masking(encoded, tiny_tokenizer, 0.3, SEED)
    masked = draw(0)
    chosen = masked.hidden.tokens >= 0
    assert not np.isin(encoded.tokens[chosen], special).any()
    assert np.array_equal(masked.hidden.tokens[chosen], encoded.tokens[chosen])
    assert np.array_equal(masked.encoded.tokens[~chosen], encoded.tokens[~chosen])
    assert chosen.sum() / middles.size == pytest.approx(0.3, abs=0.006)
    seen = masked.encoded.tokens[chosen]
    hidden = seen == tiny_tokenizer.mask_token_id
    assert hidden.mean() == pytest.approx(0.8, abs=0.01)
    assert (seen == encoded.tokens[chosen]).mean() == pytest.approx(0.1, abs=0.01)
    # What stands there instead is any token, as often as any other.
    others = np.bincount(seen[~hidden & (seen != encoded.tokens[chosen])])
    assert len(others) == len(tiny_tokenizer)
    assert masked.count(np.arange(10)) == np.count_nonzero(chosen[:320])
    # The same again for the same purpose, and others for another.
    assert np.array_equal(draw(0).encoded.tokens, masked.encoded.tokens)
    assert not np.array_equal(draw(1).encoded.tokens, masked.encoded.tokens)


def test_the_learning_rate_rises_and_falls(classifier: Any) -> None:
    optimiser = Optimiser(classifier, 10, 0.5, 0.2, 0.0)
    rates = [optimiser.learning_rate(step) for step in range(10)]
    np.testing.assert_allclose(rates, [0, 0.25, *(0.5 * np.arange(8, 0, -1) / 8)])
    assert Optimiser(classifier, 10, 0.5, 0.0, 0.0).learning_rate(0) == 0.5
