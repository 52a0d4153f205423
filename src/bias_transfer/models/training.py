"""The one way any model here is trained, from seeds to loss curve.

A training that was killed goes on from its newest training checkpoint, and ends with the numbers
that it would have ended with. Order and masks of an epoch are drawn from the seed and the epoch, so
that the weights, the optimiser, the random numbers of dropout and the losses so far are all there
is to save.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel

from bias_transfer.models.batches import overhead, random_batches, sorted_batches
from bias_transfer.models.curves import Curves
from bias_transfer.models.device import half_precision
from bias_transfer.models.families import FAMILIES
from bias_transfer.models.optimiser import Optimiser
from bias_transfer.models.recording import Batches, Recorded
from bias_transfer.models.training_checkpoints import TrainingCheckpoints, read
from bias_transfer.runtime.progress import Pace, Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained.

    Attributes
    ----------
    epochs
        Passes over the training part.
    batch_size, evaluation_batch_size
        Examples a step.
    learning_rate
        AdamW's, at its peak.
    warmup_share
        Share of the steps over which the learning rate rises; it then falls linearly to zero.
    weight_decay
        AdamW's.
    """

    epochs: int
    batch_size: int
    evaluation_batch_size: int
    learning_rate: float
    warmup_share: float
    weight_decay: float


class Examples(Protocol):
    """Texts, and what a model is to make of them."""

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, shape (texts,)."""

    def count(self, rows: np.ndarray) -> int:
        """Return how many things are to be predicted of some texts."""

    def inputs(self, model: PreTrainedModel, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Return what `loss` takes of some texts, on the model's device."""

    @staticmethod
    def loss(model: PreTrainedModel, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the sum of the losses of all that is to be predicted of some texts."""


def train(
    model: PreTrainedModel,
    training: Callable[[int], Examples],
    evaluation: Examples,
    settings: TrainingSettings,
    seed: int,
    checkpoints: TrainingCheckpoints,
) -> pd.DataFrame:
    """Train a model in place and evaluate it after each epoch.

    A step's gradient is that of the mean loss over all that is to be predicted in its batch. It is
    summed over parts of the batch that are padded by themselves.

    Parameters
    ----------
    model
        On its device.
    training
        From the number of an epoch, which counts from 0, to its examples: always the same texts.
    evaluation
        Other examples.
    settings
        Epochs, batch sizes, learning rate.
    seed
        Of the order of the examples and of dropout.
    checkpoints
        What an interrupted training goes on from, where this one leaves the same, and where its
        curves go.

    Returns
    -------
    pandas.DataFrame
        One row an epoch: `epoch`, `training_loss`, the mean over the epoch's steps, and
        `evaluation_loss`, the mean over all that is to be predicted.
    """
    examples = training(0)
    steps_per_epoch = -(-len(examples.lengths) // settings.batch_size)
    torch.manual_seed(seed)
    run = _Run(model, examples.loss, steps_per_epoch * settings.epochs, settings)
    run.resume(checkpoints)
    cost = overhead(model)
    pace = Pace(run.done, run.steps)
    saved = time.monotonic()
    with closing(Curves(checkpoints.curves, run.done, run.steps)) as noted:
        for epoch in range(run.done // steps_per_epoch, settings.epochs):
            # The first epoch's are here, and go when the next ones come.
            if epoch > 0:
                examples = training(epoch)
            batches = random_batches(examples.lengths, settings.batch_size, cost, seed, epoch)
            model.train()
            for number in range(run.done % steps_per_epoch, steps_per_epoch):
                run.step(examples, batches[number])
                # The loss is read when it is told, and not at every step: that waits for a GPU.
                if pace.due(run.done):
                    loss, left = run.mean_loss(number + 1), pace.left(run.done)
                    progress = Progress(epoch + 1, settings.epochs, run.done, run.steps, loss, left)
                    logger.info("%s", progress.line())
                if noted.due(run.done):
                    noted.add("loss/training", run.mean_loss(number + 1), run.done)
                    noted.add("learning rate", run.optimiser.learning_rate(run.done - 1), run.done)
                # The last step waits for the evaluation, which would not be made up for.
                if number + 1 == steps_per_epoch:
                    run.end_epoch(steps_per_epoch, evaluation, settings.evaluation_batch_size)
                    logger.info(
                        "epoch %d of %d ended: loss %.4g, evaluation loss %.4g",
                        *(epoch + 1, settings.epochs, *run.losses[-1]),
                    )
                    noted.add("loss/evaluation", run.losses[-1][1], run.done)
                # After the last epoch there is nothing left to go on with.
                if 0 < checkpoints.interval <= time.monotonic() - saved and run.done < run.steps:
                    checkpoints.write(run.done, run.state())
                    logger.info("training checkpoint at step %d of %d", run.done, run.steps)
                    saved = time.monotonic()
    curve = pd.DataFrame(run.losses, columns=["training_loss", "evaluation_loss"])
    curve.insert(0, "epoch", np.arange(1.0, settings.epochs + 1))
    return curve


class _Run:
    """A training and all that changes in its course."""

    def __init__(
        self,
        model: PreTrainedModel,
        loss: Callable[[PreTrainedModel, Mapping[str, torch.Tensor]], torch.Tensor],
        steps: int,
        settings: TrainingSettings,
    ) -> None:
        self.model = model
        self.loss = loss
        self.steps = steps
        self.done = 0
        self.optimiser = Optimiser(
            model,
            steps,
            settings.learning_rate,
            settings.warmup_share,
            settings.weight_decay,
        )
        # Kept on the device: to read it there would wait for all that was asked of a GPU.
        self.epoch_loss = torch.zeros((), dtype=torch.float64, device=model.device)
        # Of each epoch that has ended: in training, in evaluation.
        self.losses: list[tuple[float, float]] = []
        family = FAMILIES[model.config.model_type]
        recorded = model.device.type == "cuda" and family.recordable
        self._learn = (
            Recorded(self._learn_from, self.optimiser.clear) if recorded else self._learn_from
        )

    def resume(self, checkpoints: TrainingCheckpoints) -> None:
        """Go on from the newest checkpoint, if there is one to be trusted."""
        found = checkpoints.newest()
        if found is not None:
            self.restore(read(found))
            logger.info(
                "resumed from step %d of %d (training checkpoint %s)", self.done, self.steps, found
            )

    def step(self, examples: Examples, parts: Sequence[np.ndarray]) -> None:
        """Train on one batch."""
        counts = [examples.count(rows) for rows in parts]
        batches = [
            examples.inputs(self.model, rows)
            for rows, count in zip(parts, counts, strict=True)
            if count
        ]
        self.optimiser.set_learning_rate(self.done)
        self._learn(batches, sum(counts))
        self.done += 1

    def _learn_from(self, batches: Batches, total: int) -> None:
        for inputs in batches:
            with half_precision(self.model.device):
                loss = self.loss(self.model, inputs) / total
            loss.backward()  # type: ignore[no-untyped-call]
            self.epoch_loss += loss.detach()
        self.optimiser.step()

    def mean_loss(self, steps: int) -> float:
        """Return the mean loss of the epoch's steps so far, of which there are so many."""
        return self.epoch_loss.item() / steps

    @torch.no_grad()
    def end_epoch(self, steps: int, evaluation: Examples, batch_size: int) -> None:
        """Note the mean loss of an epoch's steps, and evaluate."""
        self.model.eval()
        total, count = torch.zeros_like(self.epoch_loss), 0
        for rows in sorted_batches(evaluation.lengths, batch_size):
            with half_precision(self.model.device):
                total += self.loss(self.model, evaluation.inputs(self.model, rows))
            count += evaluation.count(rows)
        self.losses.append((self.mean_loss(steps), total.item() / max(1, count)))
        self.epoch_loss.zero_()

    def state(self) -> dict[str, torch.Tensor]:
        """Return all that the rest depends on."""
        state = {f"weights.{name}": each for name, each in self._weights().items()}
        state |= {f"optimiser.{name}": each for name, each in self.optimiser.state().items()}
        state["done"] = torch.tensor(self.done)
        state["epoch_loss"] = self.epoch_loss
        state["losses"] = torch.tensor(self.losses, dtype=torch.float64).reshape(-1, 2)
        state["random"] = torch.get_rng_state()
        if self.model.device.type == "cuda":
            state["random_cuda"] = torch.cuda.get_rng_state(self.model.device)
        return state

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take up what `state` returned."""
        with torch.no_grad():
            for name, weight in self._weights().items():
                weight.copy_(state[f"weights.{name}"])
        prefix = "optimiser."
        self.optimiser.restore(
            {name[len(prefix) :]: each for name, each in state.items() if name.startswith(prefix)}
        )
        self.done = int(state["done"])
        self.epoch_loss.copy_(state["epoch_loss"])
        self.losses = [(first, second) for first, second in state["losses"].tolist()]
        torch.set_rng_state(state["random"])
        if self.model.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"], self.model.device)

    def _weights(self) -> dict[str, torch.Tensor]:
        # One name for those that are tied; what is frozen stays as it was given.
        return {name: each for name, each in self.model.named_parameters() if each.requires_grad}
