"""Sentences from templates, tokenised whole, in which words are masked.

Tokens are found by the characters that they stand for, never by tokenising a bare word: so every
token is the one that running text would give, whatever the tokenizer does with upper case, spaces
and accents.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.english import capitalised, with_article

Place = tuple[int, int]


@dataclass(frozen=True)
class Sentence:
    """A template with its gaps filled.

    Attributes
    ----------
    text
        With the first letter in upper case.
    places
        The characters at which each phrase starts and ends, without an article.
    """

    text: str
    places: dict[str, Place]


@dataclass(frozen=True)
class Tokenised:
    """A text as a model reads it.

    Attributes
    ----------
    text
        As it was.
    ids
        Tokens, the special ones included.
    offsets
        The characters at which each token starts and ends.
    blank
        Whether each token stands for a space and nothing else. Its offsets may be those of the
        space, empty, or even those of the letter behind it.
    """

    text: str
    ids: list[int]
    offsets: list[Place]
    blank: list[bool]

    def inside(self, place: Place) -> list[int]:
        """Return the positions of the tokens that hold a letter of the place."""
        start, end = place
        return [
            index
            for index, ((first, last), blank) in enumerate(
                zip(self.offsets, self.blank, strict=True)
            )
            if first < end and last > start and not blank
        ]

    def spanning(self, place: Place) -> list[int]:
        """Return the positions of the tokens that stand for the words at the place.

        The space before a word may be a token of its own; it comes along.
        """
        held = self.inside(place)
        first = held[0]
        while self.blank[first - 1]:
            first -= 1
        return list(range(first, held[-1] + 1))


def fill(template: str, phrases: Mapping[str, str]) -> Sentence:
    """Put phrases into the gaps of a template.

    Parameters
    ----------
    template
        Such as "{word} works as {a_label}"; `a_` puts "a" or "an" before a phrase.
    phrases
        By the names of the gaps: {"word": "she", "label": "nurse"}.
    """
    text, places = "", {}
    for literal, gap, _, _ in string.Formatter().parse(template):
        text += literal
        if gap is None:
            continue
        name = gap.removeprefix("a_")
        text += with_article(phrases[name]) if name != gap else phrases[name]
        places[name] = (len(text) - len(phrases[name]), len(text))
    return Sentence(capitalised(text), places)


def tokenise(tokenizer: Any, texts: Sequence[str]) -> list[Tokenised]:
    """Tokenise texts with a fast tokenizer, which puts a special token before each.

    Each distinct text is tokenised once.
    """
    distinct = list(dict.fromkeys(texts))
    encoded = tokenizer(distinct, return_offsets_mapping=True)
    rows = encoded["input_ids"]
    blank = {
        token: not tokenizer.decode([token]).strip() for token in {i for ids in rows for i in ids}
    }
    tokenised = {
        text: Tokenised(text, ids, offsets, [blank[token] for token in ids])
        for text, ids, offsets in zip(distinct, rows, encoded["offset_mapping"], strict=True)
    }
    return [tokenised[text] for text in texts]


def with_masks(ids: Sequence[int], positions: Sequence[int], masks: int, mask: int) -> list[int]:
    """Put masks in the place of neighbouring tokens."""
    return [*ids[: positions[0]], *[mask] * masks, *ids[positions[-1] + 1 :]]


@dataclass(frozen=True)
class MaskedWord:
    """Token ids with one word behind a mask.

    Attributes
    ----------
    ids
        The special tokens included.
    position
        Where the mask is.
    """

    ids: list[int]
    position: int


@dataclass(frozen=True)
class MaskedWords(MaskedWord):
    """The same, with the words that might stand there.

    Attributes
    ----------
    tokens
        The token of each word.
    tokenised
        The sentence with the first of them in place.
    """

    tokens: list[int]
    tokenised: Tokenised


def mask_words(
    tokenizer: Any,
    words: Sequence[str],
    sentences: Sequence[Sentence],
    tokenised: Sequence[Tokenised],
    gap: str,
) -> MaskedWords:
    """Mask one word of a sentence, for which several are possible.

    Parameters
    ----------
    tokenizer
        A fast tokenizer.
    words
        Those that might stand in the gap.
    sentences
        The sentence with each of the words in place.
    tokenised
        The same, by `tokenise`.
    gap
        The name of the gap.

    Raises
    ------
    StudyError
        If a word is not one token, or the sentences differ in more than that token.
    """
    mask, unknown = tokenizer.mask_token_id, tokenizer.unk_token_id
    found = [
        _single_token(unknown, each, sentence.places[gap])
        for each, sentence in zip(tokenised, sentences, strict=True)
    ]
    masked = [
        with_masks(each.ids, [position], 1, mask)
        for each, position in zip(tokenised, found, strict=True)
    ]
    for word, ids in zip(words, masked, strict=True):
        if ids != masked[0]:
            raise StudyError(
                f"the tokenizer writes the space before {word!r} otherwise than that before "
                f"{words[0]!r}, so no mask can stand for both; use other words or a tokenizer that "
                "has seen them more often"
            )
    tokens = [each.ids[position] for each, position in zip(tokenised, found, strict=True)]
    return MaskedWords(masked[0], found[0], tokens, tokenised[0])


def scored_words(definition: Any) -> list[str]:
    """Return the words of a task of labels by group that are scored: each group's, the control."""
    control = [definition.control] if definition.control else []
    return [*(group.word for group in definition.groups), *control]


def require_scorable_words(tokenizer: Any, definition: Any, name: str) -> None:
    """Refuse a tokenizer that has no single token for a word of the task.

    Parameters
    ----------
    tokenizer
        A fast tokenizer.
    definition
        A task of labels by group.
    name
        What the error message calls the tokenizer's source.

    Raises
    ------
    StudyError
        Naming the word.
    """
    words = scored_words(definition)
    for template in definition.templates.values():
        sentences = [
            fill(template, {"word": word, "label": definition.labels[0].title}) for word in words
        ]
        try:
            tokenised = tokenise(tokenizer, [sentence.text for sentence in sentences])
            mask_words(tokenizer, words, sentences, tokenised, "word")
        except StudyError as error:
            raise StudyError(f"{name}: {error}") from error


def _single_token(unknown: int, tokenised: Tokenised, place: Place) -> int:
    """Return the position of a word that is one token, and not the one for what is unknown."""
    word = tokenised.text[slice(*place)]
    positions = tokenised.inside(place)
    if len(positions) != 1:
        raise StudyError(
            f"the tokenizer splits {word!r} into {len(positions)} tokens, so no single mask can "
            "stand for it; use another word or a tokenizer that has seen it more often"
        )
    if tokenised.ids[positions[0]] == unknown:
        raise StudyError(
            f"the tokenizer does not know {word!r}, so it has no probability; use another word or "
            "a tokenizer that has seen it"
        )
    return positions[0]
