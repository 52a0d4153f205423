"""Generated sentences with a sentiment label, on the corpus's own adjectives."""

import pandas as pd

from bias_transfer.data.generate.words import (
    NEGATIVE_ADJECTIVES,
    NEUTRAL_ADJECTIVES,
    POSITIVE_ADJECTIVES,
    TOPICS,
)
from bias_transfer.seeding import generator, pick

_FORMS = (
    "{adjective}",
    "{adjective}",
    "The {topic} is {adjective}.",
    "What a {adjective} {topic}!",
    "I found the {topic} {adjective} today.",
)


def sentiment_sentences(rows: int, seed: int) -> pd.DataFrame:
    """Write sentences and single words of three classes, equally often.

    The words whose sentiment is nobody's — topics — are neutral.

    Returns
    -------
    pandas.DataFrame
        Columns `text` and `label` (`negative`, `neutral` or `positive`).
    """
    rng = generator(seed, "sentiment")
    adjectives = {
        "negative": NEGATIVE_ADJECTIVES,
        "neutral": NEUTRAL_ADJECTIVES + TOPICS,
        "positive": POSITIVE_ADJECTIVES,
    }
    labels = rng.choice(list(adjectives), size=rows)
    texts = [
        pick(rng, _FORMS).format(
            adjective=pick(rng, adjectives[str(label)]), topic=pick(rng, TOPICS)
        )
        for label in labels
    ]
    return pd.DataFrame({"text": texts, "label": labels})
