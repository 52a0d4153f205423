"""A trial: how long some steps of fine-tuning take on this machine, on text that means nothing."""

import tempfile
import time
from pathlib import Path

import numpy as np
from transformers import PreTrainedModel, RobertaConfig, RobertaForSequenceClassification

from bias_transfer.models.classification import LabelledTokens, fine_tune
from bias_transfer.models.device import kind_of, prepare_device
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.shape import Shape
from bias_transfer.models.training import TrainingSettings
from bias_transfer.models.training_checkpoints import TrainingCheckpoints

# Those behind the first count: in it a GPU's steps are recorded, and it starts.
_EPOCHS = 5
# How long the steps shall take that count, in seconds, and how many an epoch has at most.
_SECONDS, _MOST = 10.0, 50
# Of padding, in RoBERTa; real tokens have higher ones.
_PADDING = 1


def seconds_a_step(
    shape: Shape, batch_size: int, shortest: int, longest: int
) -> tuple[float, int, str]:
    """Fine-tune all weights of a model of a size, drawn at random, for some steps.

    Parameters
    ----------
    shape
        Its size.
    batch_size
        Texts a step.
    shortest, longest
        Tokens of a text, which are drawn evenly from these.

    Returns
    -------
    tuple
        Seconds a step, how many steps it was taken from, and the device.
    """
    device = prepare_device(0)
    model: PreTrainedModel = RobertaForSequenceClassification(
        RobertaConfig(
            vocab_size=shape.vocabulary,
            hidden_size=shape.hidden,
            intermediate_size=shape.intermediate,
            num_hidden_layers=shape.layers,
            # As wide as those of the published ones, where the width allows it.
            num_attention_heads=shape.hidden // 64 if shape.hidden % 64 == 0 else 1,
            max_position_embeddings=max(shape.positions, longest + 2),
            type_vocab_size=1,
            pad_token_id=_PADDING,
            num_labels=2,
        )
    ).to(device)

    def lasting(steps: int, epochs: int) -> float:
        examples = _examples(steps * batch_size, shape.vocabulary, shortest, longest)
        first = LabelledTokens(examples.encoded.take(np.arange(1)), examples.labels[:1])
        settings = TrainingSettings(epochs, batch_size, batch_size, 1e-5, 0.0, 0.0)
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            # The evaluation reads its loss, and so waits for all that was asked of a GPU.
            fine_tune(model, examples, first, settings, 0, TrainingCheckpoints(Path(folder), {}, 0))
            return time.perf_counter() - began

    lasting(1, 1)
    steps = _MOST
    # A GPU's first steps say nothing of the later ones.
    if device.type == "cpu":
        steps = min(_MOST, max(1, round(_SECONDS / lasting(1, 1) / (_EPOCHS - 1))))
    # What is loaded for a shape that is new does not count either.
    lasting(steps, 1)
    first = lasting(steps, 1)
    counted = (_EPOCHS - 1) * steps
    return (lasting(steps, _EPOCHS) - first) / counted, counted, kind_of(device)


def _examples(texts: int, vocabulary: int, shortest: int, longest: int) -> LabelledTokens:
    random = np.random.default_rng(0)
    lengths = random.integers(shortest, longest + 1, texts)
    tokens = random.integers(_PADDING + 1, vocabulary, lengths.sum())
    encoded = Encoded.joined([(tokens.astype(np.int32), lengths.astype(np.int64))])
    return LabelledTokens(encoded, np.arange(texts) % 2)
