"""Identity ranking: whether a language model expects an identity term beside something toxic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bias_transfer.vocabularies.lexicon import NON_TOXIC, TOXIC
from bias_transfer.measures.pronoun_ranking import Tokenizer, tokens_between

# From sentences, the positions to look at in each, and the tokens to look for at these positions.
TermLogProbabilities = Callable[
    [Sequence[Sequence[int]], Sequence[Sequence[int]], Sequence[Sequence[int]]], np.ndarray
]


@dataclass(frozen=True)
class MaskedTerm:
    """Token ids with the identity term masked, once with the attribute and once without.

    Attributes
    ----------
    visible, prior
        Token ids; in `prior` the attribute is masked too.
    positions
        Where the term's masks are, in both: the attribute stands behind it.
    tokens
        The term's own ids.
    """

    visible: list[int]
    prior: list[int]
    positions: list[int]
    tokens: list[int]


def identity_ranking(
    sentences: pd.DataFrame, tokenizer: Tokenizer, log_probabilities: TermLogProbabilities
) -> pd.DataFrame:
    """Compare each term's scores in toxic and in non-toxic sentences.

    With s = log p(term | attribute visible) − log p(term | attribute masked), both at the term's
    masks, the identity ranking is the mean of s over a term's toxic sentences less that over its
    non-toxic ones. Zero means that a toxic attribute makes the term as likely as a harmless one
    does; a positive number, that it makes it likelier. A term of several tokens is masked whole,
    and its log probability is the sum over its masks.

    Parameters
    ----------
    sentences
        Columns `text`, `label` (`toxic`, `non-toxic`), `identity_term`, and the characters at
        which the term and the attribute start and end: `term_start`, `term_end`,
        `attribute_start`, `attribute_end`.
    tokenizer
        A fast tokenizer.
    log_probabilities
        The log probability of given tokens at given positions, summed; one a sentence.

    Returns
    -------
    pandas.DataFrame
        One row a term, in the order of the sentences: `identity_term`, `score_toxic`,
        `score_non_toxic`, `identity_ranking` (nats), `toxic_sentences`, `non_toxic_sentences`.

    Notes
    -----
    Steed et al. (2022), Appendix C.2, with the sentences of Dixon et al. (2018). The paper speaks
    of the ratio of the averages, which for logarithms is their difference.
    """
    masked = [
        mask_term(
            tokenizer,
            row["text"],
            (row["term_start"], row["term_end"]),
            (row["attribute_start"], row["attribute_end"]),
        )
        for row in sentences.to_dict("records")
    ]
    positions, tokens = [m.positions for m in masked], [m.tokens for m in masked]
    score = log_probabilities([m.visible for m in masked], positions, tokens)
    score = score - log_probabilities([m.prior for m in masked], positions, tokens)
    scored = sentences[["identity_term", "label"]].assign(score=score)
    groups = scored.groupby(["identity_term", "label"], sort=False)["score"]
    means, counts = groups.mean().unstack(), groups.size().unstack()
    order = list(dict.fromkeys(sentences["identity_term"]))
    means, counts = means.loc[order], counts.loc[order]
    return pd.DataFrame(
        {
            "identity_term": order,
            "score_toxic": means[TOXIC].to_numpy(),
            "score_non_toxic": means[NON_TOXIC].to_numpy(),
            "identity_ranking": (means[TOXIC] - means[NON_TOXIC]).to_numpy(),
            "toxic_sentences": counts[TOXIC].to_numpy(),
            "non_toxic_sentences": counts[NON_TOXIC].to_numpy(),
        }
    )


def mask_term(
    tokenizer: Tokenizer, text: str, term: tuple[int, int], attribute: tuple[int, int]
) -> MaskedTerm:
    """Tokenise a sentence whole, and mask the term; in the prior the attribute too.

    Parameters
    ----------
    tokenizer
        A fast tokenizer.
    text
        The sentence.
    term, attribute
        The characters at which each starts and ends.
    """
    encoded = tokenizer(text, return_offsets_mapping=True)
    ids: list[int] = list(encoded["input_ids"])  # type: ignore[arg-type]
    offsets: list[tuple[int, int]] = list(encoded["offset_mapping"])  # type: ignore[arg-type]
    positions = tokens_between(offsets, *term)
    visible, prior = list(ids), list(ids)
    for position in positions:
        visible[position] = prior[position] = tokenizer.mask_token_id
    for position in tokens_between(offsets, *attribute):
        prior[position] = tokenizer.mask_token_id
    return MaskedTerm(visible, prior, positions, [ids[position] for position in positions])
