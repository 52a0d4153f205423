"""The Wikipedia Detox toxicity release: comments, and about ten judgements of each."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bias_transfer.data.sources import read_rows
from bias_transfer.errors import StudyError

# The files' names in the release, by the config's key.
NAMES = {
    "comments": "toxicity_annotated_comments.tsv",
    "annotations": "toxicity_annotations.tsv",
}


def read_detox(
    comments: Path, annotations: Path, splits: Sequence[str], threshold: float
) -> pd.DataFrame:
    """Join the comments with the majority of their annotators' judgements.

    Parameters
    ----------
    comments
        TSV with `rev_id`, `comment` and `split`, a row a comment.
    annotations
        TSV with `rev_id` and `toxicity` (0 or 1), a row a judgement.
    splits
        The splits to keep, merged.
    threshold
        A comment is toxic when the mean of its judgements is above this; a tie at one half is not.

    Returns
    -------
    pandas.DataFrame
        Columns `rev_id`, `comment` and `toxic` ("1" or "0"), in the order of `comments`.

    Raises
    ------
    StudyError
        If a file lacks a column, holds a judgement that is neither 0 nor 1, an id twice, a comment
        without a judgement, or no comment of the splits.

    Notes
    -----
    Wulczyn, Thain and Dixon (2017), "Ex Machina: Personal Attacks Seen at Scale". The splits train
    and dev together hold the 127,820 comments of Dixon et al. (2018).
    """
    texts = read_rows(comments, ["rev_id", "comment", "split"])
    judgements = read_rows(annotations, ["rev_id", "toxicity"])
    values = pd.to_numeric(judgements["toxicity"], errors="coerce")
    wrong = ~values.isin([0, 1])
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise StudyError(
            f"{annotations}, row {row + 1}: the toxicity {judgements['toxicity'].iloc[row]!r} is "
            "neither 0 nor 1"
        )
    ids = _ids(texts["rev_id"], comments)
    if ids.duplicated().any():
        row = int(ids.duplicated().to_numpy().argmax())
        raise StudyError(f"{comments}, row {row + 1}: the rev_id {ids.iloc[row]} appears twice")
    unknown = ~texts["split"].isin(["train", "dev", "test"])
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        raise StudyError(
            f"{comments}, row {row + 1}: the split {texts['split'].iloc[row]!r} is not train, dev "
            "or test"
        )
    mean = values.groupby(_ids(judgements["rev_id"], annotations)).mean()
    share = ids.map(mean)
    if share.isna().any():
        row = int(share.isna().to_numpy().argmax())
        raise StudyError(
            f"{comments}, row {row + 1}: the comment {ids.iloc[row]} has no judgement in "
            f"{annotations}; are the two of the same release?"
        )
    kept = texts["split"].isin(list(splits))
    if not kept.any():
        raise StudyError(f"{comments}: no comment of the splits {', '.join(splits)}")
    toxic = (share > threshold).map({True: "1", False: "0"})
    table = pd.DataFrame({"rev_id": ids.astype(str), "comment": texts["comment"], "toxic": toxic})
    return table[kept].reset_index(drop=True)


def _ids(column: pd.Series, path: Path) -> pd.Series:
    """Return ids as whole numbers: the release writes those of judgements as 2232.0."""
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() | (numbers != numbers.round())
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise StudyError(
            f"{path}, row {row + 1}: the rev_id {column.iloc[row]!r} is not a whole number"
        )
    return numbers.astype("int64")
