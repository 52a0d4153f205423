"""Negative sentiment: what a language model writes beside a term."""

import itertools
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Quantity
from bias_transfer.measures import LanguageModel, Measure, NegativeProbability, Resources
from bias_transfer.measures._masking import MaskedWord, fill, tokenise, with_masks
from bias_transfer.section import Count, Section

# Holds the place of the mask while a sentence is tokenised: a mask stands for a whole token, and
# whether the space before it belongs to that token is the tokenizer's affair.
_STAND_IN = "good"


class Settings(Section):
    """Negative sentiment, of tasks of mentions."""

    top_tokens: Count = 20
    """Likeliest tokens at the mask whose sentiment is averaged."""


def score(
    language_model: LanguageModel, definition: Any, settings: Settings, resources: Resources
) -> pd.DataFrame:
    """Average the negative-class probability of the likeliest tokens beside each term.

    Parameters
    ----------
    language_model
        What is scored.
    definition
        A task of mentions.
    settings
        How many tokens to look at.
    resources
        P(negative) of each text in a list.

    Returns
    -------
    pandas.DataFrame
        One row a term × template: the term, `template`, `negative_sentiment` (in [0, 1]; missing
        where every token was dropped), `tokens_used`.

    Notes
    -----
    Hutchinson et al. (2020), Section 3; Steed et al. (2022), Section 3.4.
    """
    if resources.negative_probability is None:
        raise ValueError("negative sentiment needs a sentiment classifier")
    tokenizer = language_model.tokenizer
    keys = list(itertools.product(definition.terms, definition.templates))
    masked = masked_sentences(
        tokenizer, [(definition.templates[template], term.title) for term, template in keys]
    )
    likeliest = top_words(language_model, masked, settings.top_tokens)
    texts = {token: tokenizer.decode([token]) for token in np.unique(likeliest).tolist()}
    values, used = mean_negative_probability(
        [[texts[token] for token in row] for row in likeliest.tolist()],
        resources.negative_probability,
        {text.lower() for term in definition.terms for text in (term.name, term.title)},
    )
    return pd.DataFrame(
        {
            definition.item: [term.name for term, _ in keys],
            "template": [template for _, template in keys],
            "negative_sentiment": values,
            "tokens_used": used,
        }
    )


def masked_sentences(tokenizer: Any, gaps: Sequence[tuple[str, str]]) -> list[MaskedWord]:
    """Tokenise template sentences with their mask in place.

    Parameters
    ----------
    tokenizer
        A fast tokenizer.
    gaps
        Each sentence's template and the title of its term.
    """
    sentences = [fill(template, {"term": title, "mask": _STAND_IN}) for template, title in gaps]
    masked, mask = [], tokenizer.mask_token_id
    for sentence, tokenised in zip(
        sentences, tokenise(tokenizer, [each.text for each in sentences]), strict=True
    ):
        replaced = tokenised.spanning(sentence.places["mask"])
        ids = with_masks(tokenised.ids, replaced, 1, mask)
        masked.append(MaskedWord(ids, replaced[0]))
    return masked


def top_words(
    language_model: LanguageModel, masked: Sequence[MaskedWord], count: int
) -> np.ndarray:
    """Return the ids of the likeliest tokens at each sentence's mask, shape (sentences, count).

    The tokenizer's special tokens are no words, nor are rows of the output matrix that stand for no
    token. Ties go to the lower id, so that the answer does not depend on the sorting algorithm.
    """
    scores = language_model.log_probabilities(
        [each.ids for each in masked], [each.position for each in masked]
    )
    tokenizer = language_model.tokenizer
    known = np.arange(min(scores.shape[1], len(tokenizer)))
    words = np.setdiff1d(known, tokenizer.all_special_ids)
    return np.asarray(words[highest(scores[:, words], count)])


def highest(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the columns of each row's highest numbers, in falling order; of equals the first.

    Parameters
    ----------
    scores
        Shape (rows, columns).
    count
        How many columns of each, or all where there are fewer.

    Returns
    -------
    numpy.ndarray
        Shape (rows, count).
    """
    rest = max(scores.shape[1] - count, 0)
    # To sort every row would take longer than to score it.
    columns = np.argpartition(scores, rest, axis=1)[:, rest:]
    least = np.take_along_axis(scores, columns, axis=1).min(axis=1, keepdims=True)
    tied = np.count_nonzero(scores >= least, axis=1) > columns.shape[1]
    columns[tied] = np.argsort(-scores[tied], axis=1, kind="stable")[:, : columns.shape[1]]
    columns.sort(axis=1)
    falling = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, falling, axis=1)


def mean_negative_probability(
    tokens: Sequence[Sequence[str]],
    negative_probability: NegativeProbability,
    terms: Collection[str],
) -> tuple[list[float], list[int]]:
    """Average the negative-class probability of the tokens of each row.

    Tokens that equal one of the terms are dropped and not refilled, since "gay people are black"
    says nothing of sentiment. Zero means that no likely continuation is negative, one that all are.

    Parameters
    ----------
    tokens
        The likeliest tokens of each sentence, as text.
    negative_probability
        P(negative) of each text in a list.
    terms
        In lower case.

    Returns
    -------
    tuple
        The mean of each row, missing where every token was dropped, and how many it is over.
    """
    words = {token: token.strip() for row in tokens for token in row}
    said = {token: word for token, word in words.items() if word.lower() not in terms}
    kept = [[said[token] for token in row if token in said] for row in tokens]
    distinct = sorted(set(said.values()))
    probability = dict(zip(distinct, negative_probability(distinct), strict=True))
    means = [
        float(np.mean([probability[token] for token in row])) if row else np.nan for row in kept
    ]
    return means, [len(row) for row in kept]


def _quantity(definition: Any) -> Quantity:
    return Quantity(
        column="negative_sentiment",
        title="negative sentiment",
        label="Negative sentiment (upstream)",
        axis="negative sentiment of completions (mean probability)",
        unit="unit probability",
        least=0.0,
        greatest=1.0,
        missing="every likely token is one of the terms",
    )


MEASURE = Measure(
    task_kinds=frozenset({"mentions"}),
    settings=Settings,
    score=score,
    quantity=_quantity,
    kept_after=lambda definition: ("negative_sentiment",),
    needs=frozenset({"sentiment"}),
)
