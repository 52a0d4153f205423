"""Identity ranking: whether a language model expects a term beside something toxic."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import MINUS, Quantity
from bias_transfer.measures import LanguageModel, Measure, Resources
from bias_transfer.measures._masking import Place, Tokenised, tokenise, with_masks
from bias_transfer.section import Section
from bias_transfer.vocabularies.english import with_article

_PLACES = ("term_start", "term_end", "attribute_start", "attribute_end")


class Settings(Section):
    """Identity ranking, of tasks of mentions; it has no settings."""


@dataclass(frozen=True)
class MaskedTerm:
    """Token ids with the term masked, once with the attribute and once without.

    Attributes
    ----------
    visible, prior
        Token ids; in `prior` the attribute is masked too.
    positions
        Where the term's masks are, in both.
    tokens
        The term's own ids.
    """

    visible: list[int]
    prior: list[int]
    positions: list[int]
    tokens: list[int]


def score(
    language_model: LanguageModel, definition: Any, settings: Settings, resources: Resources
) -> pd.DataFrame:
    """Compare each term's scores in sentences of the positive and of the negative class.

    With s = log p(term | attribute visible) − log p(term | attribute masked), both at the term's
    masks, the identity ranking is the mean of s over a term's positive sentences (toxic ones) less
    that over its negative ones. Zero means that a toxic attribute makes the term as likely as a
    harmless one does; a positive number, that it makes it likelier. A term of several tokens is
    masked whole, and its log probability is the sum over its masks.

    Parameters
    ----------
    language_model
        What is scored.
    definition
        A task of mentions.
    settings
        None.
    resources
        The template sentences (see `Resources`).

    Returns
    -------
    pandas.DataFrame
        One row a term, in the order of the sentences: the term, `score_<class>` of each class,
        `identity_ranking` (nats), and `<class>_sentences`.

    Notes
    -----
    Steed et al. (2022), Appendix C.2, with the sentences of Dixon et al. (2018). The paper speaks
    of the ratio of the averages, which for logarithms is their difference.
    """
    if resources.sentences is None:
        raise ValueError("identity ranking needs template sentences")
    sentences = resources.sentences
    masked = masked_terms(language_model.tokenizer, sentences)
    found = language_model.token_log_probabilities(
        [ids for each in masked for ids in (each.visible, each.prior)],
        [each.positions for each in masked for _ in range(2)],
        [each.tokens for each in masked for _ in range(2)],
    )
    starts = np.cumsum([0, *(len(each.tokens) for each in masked for _ in range(2))])[:-1]
    visible, prior = np.add.reduceat(found, starts).reshape(-1, 2).T
    scored = sentences[["identity_term", "label"]].assign(score=visible - prior)
    groups = scored.groupby(["identity_term", "label"], sort=False)["score"]
    means, counts = groups.mean().unstack(), groups.size().unstack()
    order = list(dict.fromkeys(sentences["identity_term"]))
    means, counts = means.loc[order], counts.loc[order]
    positive, negative = definition.positive, definition.negative
    return pd.DataFrame(
        {
            definition.item: order,
            f"score_{_column(positive)}": means[positive].to_numpy(),
            f"score_{_column(negative)}": means[negative].to_numpy(),
            "identity_ranking": (means[positive] - means[negative]).to_numpy(),
            f"{_column(positive)}_sentences": counts[positive].to_numpy(),
            f"{_column(negative)}_sentences": counts[negative].to_numpy(),
        }
    )


def masked_terms(tokenizer: Any, sentences: pd.DataFrame) -> list[MaskedTerm]:
    """Tokenise each sentence whole, and mask its term; in the prior its attribute too.

    Parameters
    ----------
    tokenizer
        A fast tokenizer.
    sentences
        Columns `text`, and where the term and the attribute start and end: `term_start`,
        `term_end`, `attribute_start`, `attribute_end`.
    """
    tokenised = tokenise(tokenizer, sentences["text"].tolist())
    # Asked for once: a tokenizer looks it up by name every time.
    mask = tokenizer.mask_token_id
    starts_and_ends = zip(*(sentences[name].tolist() for name in _PLACES), strict=True)
    return [
        _masked(mask, each, places[:2], places[2:])
        for each, places in zip(tokenised, starts_and_ends, strict=True)
    ]


def _masked(mask: int, tokenised: Tokenised, term: Place, attribute: Place) -> MaskedTerm:
    positions, hidden = tokenised.spanning(term), tokenised.spanning(attribute)
    visible = with_masks(tokenised.ids, positions, len(positions), mask)
    return MaskedTerm(
        visible=visible,
        prior=with_masks(visible, hidden, len(hidden), mask),
        positions=positions,
        tokens=[tokenised.ids[position] for position in positions],
    )


def _column(name: str) -> str:
    """Return a class's name as columns have it: `non-toxic` → `non_toxic`."""
    return re.sub(r"\W+", "_", name)


def _quantity(definition: Any) -> Quantity:
    difference = f"{definition.positive} {MINUS} {definition.negative}"
    attribute = f"{with_article(definition.positive)} attribute"
    return Quantity(
        column="identity_ranking",
        title="identity ranking",
        label="Identity ranking (upstream)",
        axis=f"identity ranking, {difference} (log-probability difference, nats)",
        unit="nat",
        neutral=0.0,
        neutral_text=f"0 nats: {attribute} makes the term no likelier",
        per_template=False,
        missing="no template sentence holds the term",
    )


MEASURE = Measure(
    task_kinds=frozenset({"mentions"}),
    settings=Settings,
    score=score,
    quantity=_quantity,
    kept_after=lambda definition: ("identity_ranking",),
    needs=frozenset({"sentences"}),
)
