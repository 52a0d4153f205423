"""Fixtures that several unit tests share: the default config and a tiny random RoBERTa."""

import copy
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import settings

from bias_transfer import vocabularies
from bias_transfer.vocabularies.english import capitalised, with_article

ROOT = Path(__file__).parents[2]

settings.register_profile("study", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("study")


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.place,)


@pytest.fixture(scope="session")
def default_config() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text())
    return content


@pytest.fixture
def config(default_config: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the default config that a test may change."""
    return copy.deepcopy(default_config)


@pytest.fixture(scope="session")
def occupations() -> Any:
    """Return what a measure sees of a task of labels by group: the 28 occupations, she and he."""
    female, male = (
        SimpleNamespace(name="female", word="she"),
        SimpleNamespace(name="male", word="he"),
    )
    return SimpleNamespace(
        item="occupation",
        labels=[SimpleNamespace(**row) for row in vocabularies.labels("occupations")],
        groups=[female, male],
        reference="male",
        reference_group=male,
        comparisons=(female,),
        control="they",
        templates=vocabularies.templates("occupation_templates"),
    )


@pytest.fixture(scope="session")
def identity_terms() -> Any:
    """Return what a measure sees of a task of mentions: the 50 identity terms."""
    return SimpleNamespace(
        item="identity_term",
        terms=[SimpleNamespace(**row) for row in vocabularies.terms("identity_terms")],
        positive="toxic",
        negative="non-toxic",
        templates=vocabularies.templates("identity_templates"),
    )


@pytest.fixture(scope="session")
def tiny_sentences(occupations: Any) -> list[str]:
    """Sentences that hold every occupation, the three pronouns and some identity terms.

    "She" and "He" are frequent enough for a token of their own; rare occupations are not.
    """
    lines = [
        capitalised(
            template.format(word=word, label=label.title, a_label=with_article(label.title))
        )
        for label in occupations.labels
        for template in occupations.templates.values()
        for word in ("she", "he", "they")
    ]
    lines += [f"My {term} friend is kind" for term in ("gay", "black", "old", "blind")]
    return lines


@pytest.fixture(scope="session")
def tiny_tokenizer(tiny_sentences: list[str]) -> Any:
    from bias_transfer.models.tokenizer import train_tokenizer

    return train_tokenizer(tiny_sentences, vocabulary_size=380, maximum_length=40)


@pytest.fixture(scope="session")
def new_masked_lm(tiny_tokenizer: Any) -> Callable[[int], Any]:
    """Make a RoBERTa of one layer and width 16, with the random weights of a seed."""
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    def new(seed: int) -> Any:
        torch.manual_seed(seed)
        return RobertaForMaskedLM(
            RobertaConfig(
                vocab_size=len(tiny_tokenizer),
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=32,
                max_position_embeddings=42,
                type_vocab_size=1,
                pad_token_id=tiny_tokenizer.pad_token_id,
                bos_token_id=tiny_tokenizer.bos_token_id,
                eos_token_id=tiny_tokenizer.eos_token_id,
                # Large, so that the probabilities differ enough to tell right from wrong.
                initializer_range=0.5,
            )
        ).eval()

    return new


@pytest.fixture(scope="session")
def tiny_checkpoint(
    tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Any, new_masked_lm: Any
) -> Path:
    """Save a checkpoint; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    new_masked_lm(1).save_pretrained(folder)
    tiny_tokenizer.save_pretrained(folder)
    return folder
