"""Figure 6: how many training biographies each occupation has, and how many of them are hers."""

import pandas as pd
from matplotlib.figure import Figure

from bias_transfer.report.figures.counts import Contents, contents_figure, item_counts
from bias_transfer.report.figures.style import BIOS


def figure6(bios: pd.DataFrame, note: str) -> Figure:
    """Draw the training biographies of each occupation by pronoun, sorted by the share of she.

    Parameters
    ----------
    bios
        Observation table; its original data set is drawn.
    note
        Written at the foot.

    Returns
    -------
    matplotlib.figure.Figure
        Numbers of biographies on the left, the share of she on the right.
    """
    counts = item_counts(bios, BIOS, "training_rows", "prevalence_she").sort_values(
        "share", ascending=False, kind="stable"
    )
    return contents_figure(
        Contents(
            counts=counts,
            title="How many training biographies does each occupation have, hers and his?",
            panel=f"BIOS: {len(counts)} occupations",
            name=BIOS.title,
            counted="biographies",
            groups=("she", "he"),
            part="share of she",
            neutral=0.5,
            neutral_text="share of 0.5: as many biographies of she as of he",
            none_text="no biography",
        ),
        note,
    )
