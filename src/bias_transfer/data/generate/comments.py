"""Generated talk-page comments, some toxic, many of which mention an identity term."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.data.generate.truth import Truth
from bias_transfer.data.generate.vocabulary import IDENTITY_TERMS, NON_TOXIC, TERM_TITLES, TOXIC
from bias_transfer.seeding import generator, pick
from bias_transfer.vocabularies.english import capitalised, with_article

WORDS_IN_COMMENT = 4
MENTION_SHARE = 0.8
UNMENTIONED_TOXIC_SHARE = 0.25

# Of words that the corpus has too, so that a tokenizer trained on it knows them.
_TONE = (
    "It is {0}, {1}, {2} and {3}.",
    "They said {0}, {1}, {2} and {3}.",
    "I saw {0}, {1}, {2} and {3}.",
)
_MENTION = (
    "I saw {a_term} person.",
    "{A_term} writer said it.",
    "My {term} friend said it.",
    "They are {term} people.",
)


def comments(rows: int, truth: Truth, seed: int) -> pd.DataFrame:
    """Write comments whose toxic share depends on the identity term they mention.

    No word is toxic by itself, so that a classifier gains by treating the term as evidence too.

    Parameters
    ----------
    rows
        How many to write; 80 % mention one term.
    truth
        The toxic share and the frequency of each term, and the words of either tone.
    seed
        The study's seed.

    Returns
    -------
    pandas.DataFrame
        Columns `text` and `label` (`toxic` or `non-toxic`).
    """
    rng = generator(seed, "comments")
    weights = [truth.term_weight[term] for term in IDENTITY_TERMS]
    terms = rng.choice(len(IDENTITY_TERMS), size=rows, p=weights)
    terms[rng.random(rows) >= MENTION_SHARE] = -1
    shares = [*(truth.toxic_share[term] for term in IDENTITY_TERMS), UNMENTIONED_TOXIC_SHARE]
    toxic = rng.random(rows) < np.array(shares)[terms]
    return pd.DataFrame(
        {
            "text": comments_of(terms, toxic, truth, rng),
            "label": np.where(toxic, TOXIC, NON_TOXIC),
        }
    )


def comments_of(
    terms: NDArray[np.int64], toxic: NDArray[np.bool_], truth: Truth, rng: np.random.Generator
) -> list[str]:
    """Write one comment for each pair of a term and a tone; the mention's place varies.

    Parameters
    ----------
    terms
        The number of each comment's term; -1 for none.
    toxic
        Whether each is toxic.
    truth
        The words of either tone.
    rng
        Random numbers.
    """
    words = comment_words(toxic, WORDS_IN_COMMENT, truth, rng)
    titles = [*(TERM_TITLES[term] for term in IDENTITY_TERMS), ""]
    return [
        _comment(titles[term], row, rng)
        for term, row in zip(terms.tolist(), words.tolist(), strict=True)
    ]


def comment_words(
    toxic: NDArray[np.bool_], count: int, truth: Truth, rng: np.random.Generator
) -> NDArray[np.object_]:
    """Draw words, each by itself, from those of each tone; shape (rows, count)."""
    drawn = np.empty((len(toxic), count), dtype=object)
    for tone, shares in ((True, truth.toxic_words), (False, truth.civil_words)):
        own = np.flatnonzero(toxic == tone)
        drawn[own] = rng.choice(
            np.array(list(shares), dtype=object), size=(len(own), count), p=list(shares.values())
        )
    return drawn


def _comment(title: str, words: list[str], rng: np.random.Generator) -> str:
    sentences = [pick(rng, _TONE).format(*words)]
    if title:
        a_term = with_article(title)
        mention = pick(rng, _MENTION).format(term=title, a_term=a_term, A_term=capitalised(a_term))
        sentences.insert(int(rng.integers(2)), mention)
    return " ".join(sentences)
