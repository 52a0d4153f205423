"""Generated talk-page comments, some toxic, many of which mention an identity term."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bias_transfer.data.generate.truth import Truth
from bias_transfer.data.generate.vocabulary import IDENTITY_TERMS, NON_TOXIC, TERM_TITLES, TOXIC
from bias_transfer.data.generate.words import (
    ATTACKS,
    INSULTS,
    NEGATIVE_ADJECTIVES,
    POSITIVE_ADJECTIVES,
    TOPIC_VERBS,
    TOPICS,
)
from bias_transfer.seeding import generator, pick

_TOPIC_FORMS = (
    "Could someone {verb} the {topic} and the {other}?",
    "I think we should {verb} this {topic} before the {other}.",
    "The {topic} needs work, please {verb} it.",
    "Thanks, I will {verb} the {topic} tomorrow.",
)
_MENTION_FORMS = (
    "It is about {term} people.",
    "The subject is a {term} writer.",
    "A {term} reader asked for it.",
    "There is a group for {term} editors.",
    "Many {term} families live there.",
)
_TOXIC_FORMS = (
    "You are a {negative} {insult}.",
    "Only a {insult} would write that.",
    "We {attack} you, {negative} {insult}.",
    "Go away, {insult}.",
)
# Said in anger or in jest: without the rest of the comment nobody can tell.
_AMBIGUOUS_FORMS = (
    "This is so {negative} again.",
    "You people never learn.",
    "What a {negative} idea.",
    "Stop it at once.",
)
_CIVIL_FORMS = (
    "That was {positive} of you.",
    "What a {positive} idea.",
    "See you around.",
    "All the best.",
)
_MENTION_SHARE = 0.6
_UNMENTIONED_TOXIC_SHARE = 0.25
_AMBIGUOUS_TOXIC = 0.6
_AMBIGUOUS_CIVIL = 0.3


def comments(rows: int, truth: Truth, seed: int) -> pd.DataFrame:
    """Write comments whose toxic share depends on the identity term they mention.

    Three fifths of the toxic comments and three tenths of the others are ambiguous on their face,
    so that a classifier gains by treating the term itself as evidence.

    Parameters
    ----------
    rows
        How many to write; 60 % mention one term.
    truth
        The toxic share and the frequency of each term.
    seed
        The study's seed.

    Returns
    -------
    pandas.DataFrame
        Columns `text` and `label` (`toxic` or `non-toxic`).
    """
    rng = generator(seed, "comments")
    weights = np.array([truth.term_weight[term] for term in IDENTITY_TERMS])
    texts, labels = [], []
    mentioned = rng.choice(IDENTITY_TERMS, size=rows, p=weights)
    mentions = rng.random(rows) < _MENTION_SHARE
    for row in range(rows):
        term = str(mentioned[row]) if mentions[row] else None
        share = _UNMENTIONED_TOXIC_SHARE if term is None else truth.toxic_share[term]
        toxic = bool(rng.random() < share)
        texts.append(comment(term, toxic, rng))
        labels.append(TOXIC if toxic else NON_TOXIC)
    return pd.DataFrame({"text": texts, "label": labels})


def comment(term: str | None, toxic: bool, rng: np.random.Generator) -> str:
    """Write one comment: a topic, perhaps a mention, and a tone; the tone's place varies."""
    ambiguous = rng.random() < (_AMBIGUOUS_TOXIC if toxic else _AMBIGUOUS_CIVIL)
    tone = _AMBIGUOUS_FORMS if ambiguous else _TOXIC_FORMS if toxic else _CIVIL_FORMS
    forms: list[Sequence[str]] = [_TOPIC_FORMS, tone]
    if rng.random() < 0.5:
        forms.reverse()
    if term is not None:
        forms.insert(int(rng.integers(0, 3)), _MENTION_FORMS)
    return " ".join(
        pick(rng, form).format(
            verb=pick(rng, TOPIC_VERBS),
            topic=pick(rng, TOPICS),
            other=pick(rng, TOPICS),
            term="" if term is None else TERM_TITLES[term],
            negative=pick(rng, NEGATIVE_ADJECTIVES),
            positive=pick(rng, POSITIVE_ADJECTIVES),
            insult=pick(rng, INSULTS),
            attack=pick(rng, ATTACKS),
        )
        for form in forms
    )
