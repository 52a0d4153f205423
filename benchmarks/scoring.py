"""What it costs to score a model, beside bare encoder passes over the distinct sequences.

    python -m benchmarks.scoring

Each measure of the default study and the prediction of a test part are taken as the scoring job
takes them, of an encoder of the default study's size and of one of roberta-base's, both with random
weights. A bare pass sends the same distinct sequences through the encoder alone, in the same
batches, laid out beforehand. The two take turns; times are CPU seconds on one thread.
"""

import argparse
import dataclasses
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, RobertaConfig

from bias_transfer.data.generate.biographies import biographies
from bias_transfer.data.generate.corpus import corpus
from bias_transfer.data.generate.identity_templates import identity_templates
from bias_transfer.data.generate.truth import Strengths, declare
from bias_transfer.data.identity_templates import templates_from
from bias_transfer.measures import Resources, measure
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.families import Architecture, pretraining_of
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.prediction import predict
from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.study.declared import TASKS
from bias_transfer.tasks import kind

ROOT = Path(__file__).resolve().parents[1]
BOUND = 1.3
BATCH_SIZE = 256
SEED = 1
PREDICTION = "prediction"
NAMES = ("pronoun_ranking", "identity_ranking", "negative_sentiment", PREDICTION)
# By size: texts to predict, and turns.
TEXTS = {"embedded": 1080, "roberta-base": 64}
TURNS = {"embedded": 21, "roberta-base": 5}


@dataclass(frozen=True)
class Material:
    """What is scored: models of one size with random weights, and text of the default study."""

    tokenizer: Any
    language_model: Any
    classifier: Any
    tasks: dict[str, Any]
    sentences: pd.DataFrame
    texts: Encoded


class Recording:
    """A language model and a sentiment classifier that note what they are asked."""

    def __init__(self, material: Material) -> None:
        self.tokenizer = material.tokenizer
        self.calls: list[Callable[[], object]] = []
        self._scorer = MaskScorer(material.language_model, material.tokenizer, BATCH_SIZE)
        self._material = material

    def log_probabilities(self, *asked: Any) -> np.ndarray:
        """Ask the language model for all tokens."""
        return self._noted(lambda: self._scorer.log_probabilities(*asked))

    def token_log_probabilities(self, *asked: Any) -> np.ndarray:
        """Ask the language model for some tokens."""
        return self._noted(lambda: self._scorer.token_log_probabilities(*asked))

    def negative_probability(self, texts: Sequence[str]) -> np.ndarray:
        """Ask the sentiment classifier."""
        encoded = Encoded.of(self.tokenizer(list(texts))["input_ids"])
        return self.predicted(encoded)[:, 0]

    def predicted(self, texts: Encoded) -> np.ndarray:
        """Ask the classifier."""
        padding = self.tokenizer.pad_token_id
        return self._noted(lambda: predict(self._material.classifier, texts, padding, BATCH_SIZE))

    def _noted(self, call: Callable[[], np.ndarray]) -> np.ndarray:
        self.calls.append(call)
        return call()


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one turn.

    Attributes
    ----------
    bare
        Of the encoder passes.
    models
        Of all that the models are asked, from token ids to probabilities.
    whole
        Of the measure: filling templates, tokenising and masking as well.
    """

    bare: float
    models: float
    whole: float


def main() -> None:
    """Measure both sizes, print a table of Markdown, then the ratios; fail above the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=TURNS, default=list(TURNS))
    sizes = parser.parse_args().sizes
    # CPU seconds of a tokenizer's threads would be counted once a core.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(1)
    ratios = {}
    print("| size | what | distinct sequences | bare passes (ms) | models (ms) | whole (ms) |")
    print("|---|---|---|---|---|---|")
    for size in sizes:
        material = of_size(size)
        for name in NAMES:
            sequences, turns = measured(material, name, TURNS[size])
            times = (
                f"{1000 * statistics.median(getattr(turn, part) for turn in turns):.1f}"
                for part in ("bare", "models", "whole")
            )
            print("|", " | ".join([size, name, str(sequences), *times]), "|", flush=True)
            for part in ("models", "whole"):
                ratios[f"{size}, {name}, {part}"] = statistics.median(
                    getattr(turn, part) / turn.bare for turn in turns
                )
    print()
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f} times the bare passes (at most {BOUND})")
    sys.exit(max(ratios.values()) > BOUND)


def of_size(size: str) -> Material:
    """Make models of one size, and text for them."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    architecture = Architecture(**config["model"]["architecture"])
    names = {field.name for field in dataclasses.fields(Strengths)}
    strengths = {name: value for name, value in config["generator"].items() if name in names}
    truth = declare(Strengths(**strengths), SEED)
    tokenizer = train_tokenizer(
        corpus(8000, truth, SEED), architecture.vocabulary_size, architecture.maximum_length
    )
    configuration = pretraining_of(architecture.family).configuration(tokenizer, architecture)
    if size != "embedded":
        configuration = RobertaConfig(
            vocab_size=50265, max_position_embeddings=514, type_vocab_size=1
        )
    torch.manual_seed(SEED)
    tasks: dict[str, Any] = {
        name: kind(section["kind"]).section.model_validate(section)
        for name, section in TASKS.items()
    }
    columns = {"text": "text", "label": "label", "kind": "", "labels": {}}
    texts = biographies(TEXTS[size], truth, SEED)["text"].tolist()
    length = tasks["bios"].maximum_length
    return Material(
        tokenizer=tokenizer,
        language_model=AutoModelForMaskedLM.from_config(configuration).eval(),
        classifier=AutoModelForSequenceClassification.from_config(configuration).eval(),
        tasks=tasks,
        sentences=templates_from(identity_templates(), columns, tasks["wiki"], "templates", "x"),
        texts=Encoded.of(tokenizer(texts, truncation=True, max_length=length)["input_ids"]),
    )


def measured(material: Material, name: str, turns: int) -> tuple[int, list[Cost]]:
    """Return how many sequences a measure needs, and what it costs in each turn."""
    recording = Recording(material)
    with passes(material) as seen:
        run(material, name, recording)
    sequences = [
        (id(encoder), *ids[:length])
        for encoder, batch in seen
        for ids, length in zip(
            batch["input_ids"].tolist(), batch["attention_mask"].sum(1).tolist(), strict=True
        )
    ]
    assert len(set(sequences)) == len(sequences), f"{name}: a sequence was sent twice"
    # What is noted while it runs again is not run again.
    calls = list(recording.calls)
    return len(sequences), [
        Cost(
            bare=seconds(lambda: bare(seen)),
            models=seconds(lambda: [call() for call in calls]),
            whole=seconds(lambda: run(material, name, recording)),
        )
        for _ in range(turns)
    ]


def run(material: Material, name: str, recording: Recording) -> None:
    """Take a measure, or predict."""
    if name == PREDICTION:
        recording.predicted(material.texts)
        return
    declared = measure(name)
    task = next(each for each in material.tasks.values() if name in each.measures)
    resources = Resources(recording.negative_probability, material.sentences)
    declared.score(recording, task, declared.settings(), resources)


@contextmanager
def passes(material: Material) -> Iterator[list[tuple[Any, dict[str, torch.Tensor]]]]:
    """Note the batches that reach an encoder."""
    seen: list[tuple[Any, dict[str, torch.Tensor]]] = []

    def note(encoder: Any, first: tuple[torch.Tensor, ...], named: dict[str, torch.Tensor]) -> None:
        ids = first[0] if first else named["input_ids"]
        seen.append((encoder, {"input_ids": ids, "attention_mask": named["attention_mask"]}))

    hooks = [
        model.base_model.register_forward_pre_hook(note, with_kwargs=True)
        for model in (material.language_model, material.classifier)
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@torch.inference_mode()
def bare(seen: list[tuple[Any, dict[str, torch.Tensor]]]) -> None:
    """Send batches through their encoders and do nothing with what comes out."""
    for encoder, batch in seen:
        encoder(**batch)


def seconds(call: Callable[[], object]) -> float:
    """Return the CPU seconds that a call takes."""
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    main()
