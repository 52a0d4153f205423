"""What a study will take: texts, tokens, operations, seconds and disk, counted before it runs.

Nothing here looks at a file or a clock. Whatever is not known exactly is a range, and what is not
known at all is None, and so is every sum that it enters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bias_transfer.adaptations import Operations
from bias_transfer.models.shape import Shape, fixed_cost
from bias_transfer.study.config import Study
from bias_transfer.study.grid import Model, models, models_of, training_of
from bias_transfer.tasks._section import Training
from bias_transfer.upstream import PRETRAINED, Variant, method

# Tokens computed for each real one, since batches are padded (benchmarks/training.md).
PADDING = 1.2
_FORWARDS, _TRAINING = 2, 6
# Share of a text's tokens in its maximum length, where nobody has counted.
_SHARE_OF_LENGTH = (0.25, 1.0)
_BYTES = 4  # of a parameter
# A training checkpoint holds the weights and AdamW's two moments; the new one is written before the
# old one goes.
_STATE, _KEPT = 3, 2
# Bytes of a token in the tables of texts and of tokens; of a row of predictions, which the release
# holds once more. Measured on the embedded texts and on texts of the paper's form and length.
_TOKEN_BYTES, _PREDICTION_BYTES = 7, 2 * 22


@dataclass(frozen=True)
class Range:
    """A number that lies between two others."""

    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> Range:
        """Return so many times the number."""
        return Range(self.low * factor, self.high * factor)


NOTHING = Range(0, 0)


def total(ranges: Iterable[Range | None]) -> Range | None:
    """Return the sum; None if one of them is not known."""
    found = NOTHING
    for each in ranges:
        if each is None:
            return None
        found = found + each
    return found


@dataclass(frozen=True)
class Texts:
    """The texts of a data set, as far as they are known.

    Attributes
    ----------
    train, evaluation, test
        How many texts each part has.
    tokens
        A text's tokens, those that are kept.
    counted
        Whether tokens were counted, rather than bounded by the maximum length.
    """

    train: int
    evaluation: int
    test: int
    tokens: Range
    counted: bool


def divided(rows: int, test_share: float, evaluation_share: float, maximum_length: int) -> Texts:
    """Return the texts of a data set of which only the rows are known.

    A text has between a quarter of the maximum length and all of it.
    """
    test = round(rows * test_share)
    evaluation = round((rows - test) * evaluation_share)
    tokens = Range(*(share * maximum_length for share in _SHARE_OF_LENGTH))
    return Texts(rows - test - evaluation, evaluation, test, tokens, False)


def steps_of(texts: int, training: Training) -> int:
    """Return the optimiser's steps of a training."""
    return training.epochs * math.ceil(texts / training.batch_size)


def fine_tuning(texts: Texts, training: Training, shape: Shape, operations: Operations) -> Range:
    """Return the operations of fine-tuning and scoring one model.

    A pass over a text costs `operations` for each of its tokens, padding included, and each
    parameter of the layers. Each step costs besides as much as so many tokens. The evaluation part
    is read forwards once an epoch (where the encoder is trained; else once), the test part once.
    """
    passes = operations.once + operations.epoch * training.epochs
    read = training.epochs if operations.epoch else 1
    tokens = (
        (passes * texts.train + _FORWARDS * (read * texts.evaluation + texts.test))
        * PADDING
        * shape.in_layers
    )
    steps = steps_of(texts.train, training) if operations.epoch else 0
    return texts.tokens.times(tokens) + _steps(steps, shape)


def pre_training(rows: int, tokens: Range, training: Training, share: float, shape: Shape) -> Range:
    """Return the operations of training a masked language model.

    The output, h × vocabulary, is computed at the masked places, a share of the tokens.
    """
    parameters = shape.in_layers + share * (shape.word_embeddings + shape.hidden**2)
    each = _TRAINING * training.epochs * rows * PADDING * parameters
    return tokens.times(each) + _steps(steps_of(rows, training), shape)


def _steps(steps: int, shape: Shape) -> Range:
    """Return the operations that steps cost besides their tokens, on a CPU."""
    tokens = fixed_cost("cpu", shape.layers, shape.in_layers)
    operations = steps * _TRAINING * tokens * shape.in_layers
    return Range(operations, operations)


@dataclass(frozen=True)
class Share:
    """The models of a task that are adapted in one way.

    Attributes
    ----------
    adaptation
        Its name.
    training
        How they are trained: keys that the adaptation has as well are its own.
    models
        All of them.
    """

    adaptation: str
    training: Training
    models: tuple[Model, ...]


def shares(study: Study, task: str) -> tuple[Share, ...]:
    """Return the models of a task by their adaptation, in the order of the config."""
    of_task = models_of(study, task)
    return tuple(
        Share(
            name,
            training_of(study, task, name),
            tuple(model for model in of_task if model.adaptation == name),
        )
        for name in study.tasks[task].adaptation
    )


def checkpoints(study: Study) -> tuple[Variant, ...]:
    """Return the altered checkpoints that the study makes."""
    found = dict.fromkeys(model.upstream for model in models(study))
    return tuple(each for each in found if each != PRETRAINED)


def datasets(study: Study, task: str) -> tuple[str, ...]:
    """Return the ids of a task's data sets, in the order of the config."""
    return tuple(dict.fromkeys(model.dataset.id for model in models_of(study, task)))


@dataclass(frozen=True)
class Disk:
    """Bytes at the peak, at most.

    Attributes
    ----------
    checkpoints, training, models, tables
        Of upstream checkpoints; of the models that train at the same time, with their training
        checkpoints; of the weights of fine-tuned models, if they stay; of data sets, tokens and
        predictions, None where the number of texts is not known.
    """

    checkpoints: float
    training: float
    models: float
    tables: float | None


def disk(study: Study, shape: Shape, texts: dict[str, Texts | None], at_once: int) -> Disk:
    """Return what the study takes of the disk at its peak.

    Nothing ever goes but the weights of fine-tuned models, once they are scored, and the training
    checkpoints of models that train: so the peak is all that stays and what is in flight.

    Parameters
    ----------
    study
        Which.
    shape
        Of its encoder.
    texts
        The unaltered texts of each task; altered training sets count like the unaltered one.
    at_once
        Models that train at the same time.
    """
    whole = _BYTES * shape.parameters
    words = _BYTES * shape.word_embeddings
    made = [words if method(each.kind).words_only else whole for each in checkpoints(study)]
    keeping = _STATE * _KEPT if study.training_checkpoint_minutes else 0
    grid = models(study)
    return Disk(
        checkpoints=whole + sum(made),
        training=at_once * whole * (1 + keeping),
        models=len(grid) * whole if study.keep_models else 0,
        tables=_tables(study, texts, grid),
    )


def _tables(study: Study, texts: dict[str, Texts | None], grid: tuple[Model, ...]) -> float | None:
    found = 0.0
    for task, known in texts.items():
        if known is None:
            return None
        altered = len(datasets(study, task)) - 1
        rows = known.train * (1 + altered) + known.evaluation + known.test
        found += rows * known.tokens.high * _TOKEN_BYTES
        found += known.test * _PREDICTION_BYTES * sum(model.task == task for model in grid)
    return found
