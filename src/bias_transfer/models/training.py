"""The one way any model here is trained: transformers' Trainer, from seeds to loss curve.

A training that was killed goes on from its newest training checkpoint, and ends with the numbers
that it would have ended with. Trainer restores weights, optimiser, schedule, the order of the
examples and the random numbers of dropout. What it leaves out is restored here: the random numbers
of the collator, and the loss since the start of the epoch.
"""

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from bias_transfer.models.training_checkpoints import TrainingCheckpoints

logger = logging.getLogger(__name__)

# Beside Trainer's own files in a training checkpoint.
_MORE_STATE = "more_state.safetensors"

Collate = Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]


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


class _ProgressInLog(TrainerCallback):  # type: ignore[misc]
    """Say in the log what Trainer would otherwise draw as a progress bar."""

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        shown = {name: f"{value:.4g}" for name, value in (logs or {}).items()}
        logger.info(
            "step %d of %d: %s",
            state.global_step,
            state.max_steps,
            ", ".join(f"{name} {value}" for name, value in shown.items()),
        )


class _RememberingCollator:
    """Collate, and remember where the random numbers stood before the last batch."""

    def __init__(self, collate: Collate, randomness: torch.Generator) -> None:
        self.collate = collate
        self.randomness = randomness
        self.before_last = randomness.get_state()

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        self.before_last = self.randomness.get_state()
        return self.collate(examples)


class _Trainer(Trainer):  # type: ignore[misc]
    """Trainer that knows the mean loss of each epoch, also of one that was interrupted."""

    def __init__(self, *, steps_per_epoch: int, **options: Any) -> None:
        super().__init__(**options)
        self.steps_per_epoch = steps_per_epoch
        self.epoch_loss = torch.zeros((), dtype=torch.float64, device=self.args.device)

    def training_step(self, *arguments: Any, **options: Any) -> torch.Tensor:
        """Train on one batch."""
        loss: torch.Tensor = super().training_step(*arguments, **options)
        self.epoch_loss += loss
        return loss

    def evaluate(self, *arguments: Any, **options: Any) -> dict[str, float]:
        """Evaluate, which is done at the end of each epoch."""
        self.log({"epoch_loss": self.epoch_loss.item() / self.steps_per_epoch})
        self.epoch_loss.zero_()
        metrics: dict[str, float] = super().evaluate(*arguments, **options)
        return metrics


class _SaveAtIntervals(TrainerCallback):  # type: ignore[misc]
    """Write a training checkpoint between two steps when it is time again."""

    def __init__(self, trainer: _Trainer, checkpoints: TrainingCheckpoints) -> None:
        self.trainer = trainer
        self.checkpoints = checkpoints
        self.last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # The last step of an epoch waits for the evaluation, which would not be made up for.
        if state.global_step % self.trainer.steps_per_epoch:
            control.should_save = self._is_time()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # After the last epoch there is nothing left to go on with.
        if state.global_step < state.max_steps:
            control.should_save = self._is_time()

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        written = Path(args.output_dir)
        collator = self.trainer.data_collator
        # Inside an epoch the loader is one batch ahead of the training.
        ahead = state.global_step % self.trainer.steps_per_epoch
        masks = collator.before_last if ahead else collator.randomness.get_state()
        epoch_loss = self.trainer.epoch_loss.reshape(1).cpu()
        for file in (written / f"checkpoint-{state.global_step}").iterdir():
            file.rename(written / file.name)
        (written / f"checkpoint-{state.global_step}").rmdir()
        # A pickle of arbitrary classes, which nobody reads.
        (written / "training_args.bin").unlink()
        save_file({"randomness": masks, "epoch_loss": epoch_loss}, written / _MORE_STATE)
        self.checkpoints.publish(state.global_step)
        logger.info("step %d of %d: training checkpoint", state.global_step, state.max_steps)
        self.last = time.monotonic()

    def _is_time(self) -> bool:
        interval = self.checkpoints.interval
        return 0 < interval <= time.monotonic() - self.last


def train(
    model: PreTrainedModel,
    training: Sequence[dict[str, Any]],
    evaluation: Sequence[dict[str, Any]],
    collate: Collate,
    randomness: torch.Generator,
    settings: TrainingSettings,
    seed: int,
    checkpoints: TrainingCheckpoints,
) -> pd.DataFrame:
    """Train a model in place and evaluate it after each epoch.

    Parameters
    ----------
    model
        Any transformers model whose output holds a loss.
    training, evaluation
        Tokenised examples.
    collate
        Turns a list of examples into a padded batch.
    randomness
        The generator that `collate` draws from; any, if it draws from none.
    settings
        Epochs, batch sizes, learning rate.
    seed
        Of the order of the examples and of dropout.
    checkpoints
        What an interrupted training goes on from, and where this one leaves the same.

    Returns
    -------
    pandas.DataFrame
        One row an epoch: `epoch`, `training_loss`, `evaluation_loss`.
    """
    on_gpu = torch.cuda.is_available()
    steps_per_epoch = -(-len(training) // settings.batch_size)
    found = checkpoints.newest()
    arguments = TrainingArguments(
        output_dir=str(checkpoints.unfinished),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.evaluation_batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_share,
        weight_decay=settings.weight_decay,
        # Liu et al. (2019), Section 3.1: steadier than 0.999 on rare tokens.
        adam_beta2=0.98,
        eval_strategy="epoch",
        logging_strategy="steps",
        logging_steps=max(1, steps_per_epoch // 4),
        # By the clock, not by the step: see _SaveAtIntervals.
        save_strategy="no",
        bf16=on_gpu and torch.cuda.is_bf16_supported(),
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        prediction_loss_only=True,
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        data_seed=seed,
    )
    trainer = _Trainer(
        steps_per_epoch=steps_per_epoch,
        model=model,
        args=arguments,
        train_dataset=training,
        eval_dataset=evaluation,
        data_collator=_RememberingCollator(collate, randomness),
        callbacks=[_ProgressInLog()],
    )
    trainer.add_callback(_SaveAtIntervals(trainer, checkpoints))
    # It would print to the terminal what the log already has.
    trainer.remove_callback(PrinterCallback)
    if found is not None:
        state = load_file(found / _MORE_STATE)
        randomness.set_state(state["randomness"])
        trainer.epoch_loss.copy_(state["epoch_loss"].squeeze())
        logger.info(
            "resumed from step %d of %d (training checkpoint %s)",
            int(found.name.removeprefix("step-")),
            steps_per_epoch * settings.epochs,
            found,
        )
    try:
        trainer.train(resume_from_checkpoint=str(found) if found is not None else None)
    finally:
        shutil.rmtree(checkpoints.unfinished, ignore_errors=True)
    return _loss_curve(trainer.state.log_history)


def _loss_curve(history: list[dict[str, float]]) -> pd.DataFrame:
    training = [entry["epoch_loss"] for entry in history if "epoch_loss" in entry]
    evaluated = [entry for entry in history if "eval_loss" in entry]
    return pd.DataFrame(
        {
            "epoch": [entry["epoch"] for entry in evaluated],
            "training_loss": training,
            "evaluation_loss": [entry["eval_loss"] for entry in evaluated],
        }
    )
