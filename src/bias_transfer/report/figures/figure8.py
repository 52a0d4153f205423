"""Figure 8: how many training comments mention each identity term, and how many are toxic."""

import pandas as pd
from matplotlib.figure import Figure

from bias_transfer.report.figures.counts import Contents, contents_figure, item_counts
from bias_transfer.report.figures.style import WIKI


def figure8(wiki: pd.DataFrame, note: str) -> Figure:
    """Draw the training comments that mention each term by toxicity, sorted by their number.

    The share that each term's is compared with is that of all terms' mentions together, in which a
    comment counts once for each term that it mentions.

    Parameters
    ----------
    wiki
        Observation table; its original data set is drawn.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Numbers of comments on the left, the toxic share on the right.
    """
    counts = item_counts(wiki, WIKI, "training_mentions", "toxic_share").sort_values(
        "total", ascending=False, kind="stable"
    )
    never = int((counts["total"] == 0).sum())
    toxic, mentions = float((counts["total"] * counts["share"]).sum()), float(counts["total"].sum())
    return contents_figure(
        Contents(
            counts=counts,
            title="How many training comments mention each identity term, toxic or not?",
            panel=f"WIKI: {len(counts)} identity terms\nnever mentioned: {never}",
            name=WIKI.title,
            counted="comments",
            groups=("toxic", "non-toxic"),
            part="toxic share",
            neutral=toxic / mentions if mentions else float("nan"),
            neutral_text="toxic share of all terms' mentions together",
            none_text="never mentioned",
        ),
        note,
    )
