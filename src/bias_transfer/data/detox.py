"""The Wikipedia Detox toxicity release: comments, and about ten judgements of each."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bias_transfer.data.sources import first_row, quoted, read_rows
from bias_transfer.errors import StudyError

RECORD = "figshare's 'Wikipedia Talk Labels: Toxicity' (4563973)"

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
        without a judgement, a judgement without its comment, or no comment of the splits.

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
        row = first_row(wrong)
        raise StudyError(
            f"{annotations}, row {row}: the toxicity {quoted(judgements['toxicity'][row - 1])} is "
            "neither 0 nor 1; correct it"
        )
    ids = _ids(texts["rev_id"], comments)
    if ids.duplicated().any():
        row = first_row(ids.duplicated())
        raise StudyError(
            f"{comments}, row {row}: the rev_id {ids[row - 1]} appears twice; remove a row"
        )
    unknown = ~texts["split"].isin(["train", "dev", "test"])
    if unknown.any():
        row = first_row(unknown)
        raise StudyError(
            f"{comments}, row {row}: the split {quoted(texts['split'][row - 1])} is not train, dev "
            "or test; correct it"
        )
    judged = _ids(judgements["rev_id"], annotations)
    share = ids.map(values.groupby(judged).mean())
    if share.isna().any():
        row = first_row(share.isna())
        raise StudyError(
            f"{comments}, row {row}: the comment {ids[row - 1]} has no judgement in "
            f"{annotations}; give the two files of the same release, whole"
        )
    # Else a file that was cut off between two rows would pass for a smaller release.
    orphaned = ~judged.isin(ids)
    if orphaned.any():
        row = first_row(orphaned)
        raise StudyError(
            f"{annotations}, row {row}: the comment {judged[row - 1]} is not in {comments}; give "
            "the two files of the same release, whole"
        )
    kept = texts["split"].isin(list(splits))
    if not kept.any():
        raise StudyError(f"{comments}: no comment of the splits {', '.join(splits)}")
    toxic = (share > threshold).map({True: "1", False: "0"})
    table = pd.DataFrame({"rev_id": ids.astype(str), "comment": texts["comment"], "toxic": toxic})
    return table[kept].reset_index(drop=True)


def white_space(texts: pd.Series) -> pd.Series:
    """Put white space back where the release writes it as words; what is no text stays."""
    return texts.map(
        lambda text: (
            text.replace("NEWLINE_TOKEN", " ").replace("TAB_TOKEN", " ")
            if isinstance(text, str)
            else text
        )
    )


def _ids(column: pd.Series, path: Path) -> pd.Series:
    """Return ids as whole numbers: the release writes those of judgements as 2232.0."""
    numbers = pd.to_numeric(column, errors="coerce")
    # Beyond 2^53 two ids may be one floating-point number.
    wrong = numbers.isna() | (numbers != numbers.round()) | (numbers.abs() > 2**53)
    if wrong.any():
        row = first_row(wrong)
        raise StudyError(
            f"{path}, row {row}: the rev_id {quoted(column[row - 1])} is not a whole number; "
            "correct it"
        )
    return numbers.astype("int64")
