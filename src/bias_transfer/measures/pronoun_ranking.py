"""Pronoun ranking: which group's word a language model expects beside each label."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import MINUS, Quantity
from bias_transfer.measures import LanguageModel, Measure, Resources
from bias_transfer.measures._masking import (
    MaskedWord,
    Sentence,
    Tokenised,
    fill,
    mask_words,
    require_scorable_words,
    scored_words,
    tokenise,
    with_masks,
)
from bias_transfer.section import Section

PriorMask = Literal["token", "word"]
PRIOR_MASKS: tuple[PriorMask, ...] = get_args(PriorMask)


class Settings(Section):
    """Pronoun ranking, of tasks of labels by group."""

    prior_mask: PriorMask = "token"
    """What the prior hides behind a mask: each token of the label, or each word of it."""


@dataclass(frozen=True)
class MaskedSentence:
    """One sentence with its word masked.

    Attributes
    ----------
    visible
        With the label in place.
    priors
        With the label masked too, by what each mask hides.
    tokens
        The token of each word that is scored.
    """

    visible: MaskedWord
    priors: dict[PriorMask, MaskedWord]
    tokens: list[int]


def score(
    language_model: LanguageModel, definition: Any, settings: Settings, resources: Resources
) -> pd.DataFrame:
    """Score every group's word in every template of every label.

    With s(g) = log p(g | label visible) − log p(g | label masked), both at the word's mask, the
    pronoun ranking is s(group) − s(reference). Zero means that the label says nothing about the
    group; a positive number, that it speaks for it. `neutral_ranking` is s(control) less the mean
    over the groups.

    Parameters
    ----------
    language_model
        What is scored; its tokenizer has one token for each word.
    definition
        A task of labels by group.
    settings
        Which prior to use.
    resources
        None are needed.

    Returns
    -------
    pandas.DataFrame
        One row an item × template: the item (with more than two groups `label` and `group` beside
        it), `template`, `score_<word>` of each group and of the control, `pronoun_ranking` and, if
        there is a control, `neutral_ranking`, by the prior asked for; and `pronoun_ranking_token`,
        `pronoun_ranking_word`, by each. All in nats.

    Notes
    -----
    Kurita et al. (2019), Section 2; Steed et al. (2022), Section 3.4. The order of rows and the
    size of batches do not matter: each row depends on its own two sentences.
    """
    masked = _masked_sentences(language_model.tokenizer, definition)
    # All at once: where each word of a label is one token, the two priors are the same sentence.
    looks = [
        (look, each.tokens)
        for each in masked
        for look in (each.visible, *(each.priors[kind] for kind in PRIOR_MASKS))
    ]
    visible, *priors = (
        language_model.token_log_probabilities(
            [look.ids for look, _ in looks],
            [[look.position] * len(tokens) for look, tokens in looks],
            [tokens for _, tokens in looks],
        )
        .reshape(len(masked), 1 + len(PRIOR_MASKS), -1)
        .swapaxes(0, 1)
    )
    by_prior = {kind: visible - prior for kind, prior in zip(PRIOR_MASKS, priors, strict=True)}
    rows = list(
        itertools.product(
            range(len(definition.labels)), definition.comparisons, range(len(definition.templates))
        )
    )
    table = _items(definition, rows)
    # Labels differ in score and groups do not: each group's row looks at the same sentence.
    sentence = [label * len(definition.templates) + template for label, _, template in rows]
    words = scored_words(definition)
    scores = by_prior[settings.prior_mask][sentence]
    for word, column in zip(words, scores.T, strict=True):
        table[f"score_{word}"] = column
    own = [words.index(group.word) for _, group, _ in rows]
    reference = words.index(definition.reference_group.word)
    every = np.arange(len(rows))
    table["pronoun_ranking"] = scores[every, own] - scores[:, reference]
    if definition.control:
        of_groups = scores[:, : len(definition.groups)].mean(axis=1)
        table["neutral_ranking"] = scores[:, words.index(definition.control)] - of_groups
    for kind, of_kind in by_prior.items():
        found = of_kind[sentence]
        table[f"pronoun_ranking_{kind}"] = found[every, own] - found[:, reference]
    return table


def _items(definition: Any, rows: Sequence[tuple[int, Any, int]]) -> pd.DataFrame:
    """Return the columns that tell the rows of a table apart."""
    labels = [definition.labels[label].name for label, _, _ in rows]
    groups = [group.name for _, group, _ in rows]
    templates = list(definition.templates)
    columns = {definition.item: labels}
    if len(definition.groups) > 2:
        items = [f"{label}/{group}" for label, group in zip(labels, groups, strict=True)]
        columns = {definition.item: items, "label": labels, "group": groups}
    return pd.DataFrame(columns | {"template": [templates[template] for *_, template in rows]})


def _masked_sentences(tokenizer: Any, definition: Any) -> list[MaskedSentence]:
    """Mask the word of every label's sentence in every template, by label, then by template."""
    words = scored_words(definition)
    keys = list(itertools.product(definition.labels, definition.templates.values()))
    filled = [
        [fill(template, {"word": word, "label": label.title}) for word in words]
        for label, template in keys
    ]
    texts = [sentence.text for sentences in filled for sentence in sentences]
    tokenised = iter(tokenise(tokenizer, texts))
    return [
        _masked(tokenizer, label, words, sentences, list(itertools.islice(tokenised, len(words))))
        for (label, _), sentences in zip(keys, filled, strict=True)
    ]


def _masked(
    tokenizer: Any,
    label: Any,
    words: Sequence[str],
    sentences: Sequence[Sentence],
    tokenised: Sequence[Tokenised],
) -> MaskedSentence:
    """Mask the word of one sentence, and in the priors the label too."""
    masked = mask_words(tokenizer, words, sentences, tokenised, "word")
    mask = tokenizer.mask_token_id
    hidden = masked.tokenised.spanning(sentences[0].places["label"])
    masks: dict[PriorMask, int] = {
        "token": hidden[-1] - hidden[0] + 1,
        "word": len(label.title.split()),
    }
    return MaskedSentence(
        visible=MaskedWord(masked.ids, masked.position),
        priors={
            kind: MaskedWord(
                with_masks(masked.ids, hidden, count, mask),
                # It moves if the label stands before it.
                masked.position + (count - masks["token"]) * (hidden[0] < masked.position),
            )
            for kind, count in masks.items()
        },
        tokens=masked.tokens,
    )


def _quantity(definition: Any) -> Quantity:
    compared = definition.comparisons
    word = compared[0].word if len(compared) == 1 else "the group"
    difference = f"{word} {MINUS} {definition.reference_group.word}"
    return Quantity(
        column="pronoun_ranking",
        title="pronoun ranking",
        label="Pronoun ranking (upstream)",
        axis=f"pronoun ranking, {difference} (log-probability difference, nats)",
        unit="nat",
        neutral=0.0,
        neutral_text="0 nats: the language model prefers neither word",
        alternatives=tuple(f"pronoun_ranking_{kind}" for kind in PRIOR_MASKS),
    )


def _kept_after(definition: Any) -> tuple[str, ...]:
    control = [f"score_{definition.control}"] if definition.control else []
    return ("pronoun_ranking", *control)


def _change_of_control(table: pd.DataFrame, definition: Any) -> pd.DataFrame:
    """Return how fine-tuning moved the neutral word, the control of the after-scores."""
    if not definition.control:
        return table[[]]
    score = f"score_{definition.control}"
    change = table[f"{score}_after"] - table[score]
    return change.to_frame(f"{definition.control}_change")


MEASURE = Measure(
    task_kinds=frozenset({"labels_by_group"}),
    settings=Settings,
    score=score,
    quantity=_quantity,
    kept_after=_kept_after,
    derived=_change_of_control,
    check=require_scorable_words,
)
