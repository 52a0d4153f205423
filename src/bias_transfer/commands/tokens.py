"""The command that tokenises a data set, once for all models that learn from it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bias_transfer.data.mentions import mentions
from bias_transfer.models.encoded import write_encoded
from bias_transfer.models.tokenisation import kept, tokenizer_digest
from bias_transfer.models.tokenisation import tokenise as tokenise_texts
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
)
from bias_transfer.runtime.job import Job

# Of the test rows that mention a term; of fewer the unseen ones are not told.
_TOLD_UNSEEN = 0.1


def tokenise(job: Job) -> None:
    """Tokenise the parts of a data set; every other column but the text goes along."""
    data, checkpoint = (verified_folder(job.input(name)) for name in ("data", "checkpoint"))
    length: int = job.settings["maximum_length"]
    labels: set[str] = set()
    with atomic_folder(job.output("manifest").parent) as folder:
        # An altered data set has a training part only.
        for path in sorted(data.glob("*.parquet")):
            table = read_table(path)
            texts = table.pop("text").tolist()
            encoded = tokenise_texts(checkpoint, texts, length)
            if path.name == "test.parquet":
                _warn_of_unseen_terms(job, checkpoint, texts, table["group"], encoded.lengths)
            write_encoded(folder / path.name, table, encoded)
            labels |= set(table["label"])
        describe_folder(
            folder,
            {
                "kind": "tokens",
                "labels": sorted(labels),
                "maximum_length": length,
                "tokenizer": tokenizer_digest(checkpoint),
            },
        )


def _warn_of_unseen_terms(
    job: Job, checkpoint: Path, texts: Sequence[str], groups: pd.Series, lengths: np.ndarray
) -> None:
    """Warn where terms that texts mention stand behind the tokens that are kept of them.

    Such a row counts as a mention, though no model sees the term.

    Parameters
    ----------
    job
        Its checks name the task and its terms, if it has some.
    checkpoint
        Whose tokenizer it is.
    texts, groups, lengths
        Of the test rows: text, terms that it mentions, tokens that are kept.
    """
    length, terms = job.settings["maximum_length"], job.checks.get("terms", ())
    if not terms:
        return
    mentioning = (groups != "").to_numpy()
    cut = np.flatnonzero(mentioning & (lengths >= length)).tolist()
    seen = mentions(kept(checkpoint, [texts[row] for row in cut], length), terms)
    unseen = sum(one != other for one, other in zip(seen, groups.iloc[cut], strict=True))
    if unseen > _TOLD_UNSEEN * mentioning.sum():
        task = job.checks["task"]
        job.warn(
            f"{task}: in {unseen:,} of the {mentioning.sum():,} test rows that mention a term, one "
            f"stands behind the {length} tokens that are kept, where no model sees it; raise "
            f"tasks.{task}.maximum_length"
        )
