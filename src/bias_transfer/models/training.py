"""The one way any model here is trained: transformers' Trainer, from seeds to loss curve."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

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


def train(
    model: PreTrainedModel,
    training: Sequence[dict[str, Any]],
    evaluation: Sequence[dict[str, Any]],
    collate: Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]],
    settings: TrainingSettings,
    seed: int,
    folder: Path,
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
    settings
        Epochs, batch sizes, learning rate.
    seed
        Of the order of the examples and of dropout.
    folder
        Where Trainer may keep its own files.

    Returns
    -------
    pandas.DataFrame
        One row an epoch: `epoch`, `training_loss`, `evaluation_loss`.
    """
    on_gpu = torch.cuda.is_available()
    steps_per_epoch = -(-len(training) // settings.batch_size)
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.evaluation_batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_share,
        weight_decay=settings.weight_decay,
        # RoBERTa's own (Liu et al. 2019, Section 3.1): steadier than 0.999 on rare tokens.
        adam_beta2=0.98,
        eval_strategy="epoch",
        logging_strategy="steps",
        logging_steps=max(1, steps_per_epoch // 4),
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
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=training,
        eval_dataset=evaluation,
        data_collator=collate,
        callbacks=[_ProgressInLog()],
    )
    # It would print to the terminal what the log already has.
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return _loss_curve(trainer.state.log_history)


def _loss_curve(history: list[dict[str, float]]) -> pd.DataFrame:
    rows = []
    training_losses: list[float] = []
    for entry in history:
        if "loss" in entry:
            training_losses.append(entry["loss"])
        if "eval_loss" in entry:
            mean = sum(training_losses) / len(training_losses) if training_losses else float("nan")
            rows.append((entry["epoch"], mean, entry["eval_loss"]))
            training_losses = []
    return pd.DataFrame(rows, columns=["epoch", "training_loss", "evaluation_loss"])
