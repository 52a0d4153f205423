"""Fixtures that several unit tests share: the default config and a tiny random RoBERTa."""

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

ROOT = Path(__file__).parents[2]

settings.register_profile("study", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("study")

# "She" and "He" are frequent enough for a token of their own; rare occupations are not.
_FORMS = (
    "{pronoun} is {an_occupation}",
    "{pronoun} works as {an_occupation}",
    "{pronoun} applied for the position of {occupation}",
    "{pronoun}, the {occupation}, had a good day at work",
    "{pronoun} wants to become {an_occupation}",
)


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
def tiny_sentences() -> list[str]:
    """Sentences that hold every occupation, the three pronouns and some identity terms."""
    from bias_transfer.vocabularies.lexicon import OCCUPATIONS, occupation_title, with_article

    lines = []
    for occupation in OCCUPATIONS:
        title = occupation_title(occupation)
        lines += [
            form.format(pronoun=pronoun, occupation=title, an_occupation=with_article(title))
            for form in _FORMS
            for pronoun in ("She", "He", "They")
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
