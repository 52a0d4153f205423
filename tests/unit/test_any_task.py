"""A user's own task goes through the whole analysis by its description alone."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.contents import contents
from bias_transfer.analysis.correlation import correlations, transfer
from bias_transfer.analysis.description import Contents, Intervention, TaskDescription
from bias_transfer.analysis.diagnostics import diagnostics
from bias_transfer.analysis.evidence import evidence, tables
from bias_transfer.analysis.means import item_means
from bias_transfer.analysis.remaining import remaining
from bias_transfer.analysis.specification_curve import specification_curve
from bias_transfer.analysis.tables import coefficient_table, fit, regression_table
from bias_transfer.report.answer import answer, markdown
from bias_transfer.report.correlations import correlation_sheet
from bias_transfer.report.html import html
from bias_transfer.report.latex import latex
from bias_transfer.report.regressions import regression_sheet
from bias_transfer.report.remaining import remaining_sheet
from tests.unit.paper_grid import downstream, quantity

LABELS = ("welder", "midwife", "baker", "tailor")
GROUPS = ("sie", "they")
TEMPLATES = ("works_as", "is")


def description(*, templates=TEMPLATES, interventions=()):
    """Describe a task of three groups, two of which are compared with the third."""
    measure = quantity if templates else downstream
    gap = downstream("tpr_gap", "TPR gap", "TPR gap (downstream bias)")
    return TaskDescription(
        name="trades",
        title="Trades",
        kind="labels_by_group",
        item="trade",
        items="trades and groups",
        item_titles={
            f"{label}/{group}": f"{label} ({group})" for label in LABELS for group in GROUPS
        },
        templates=templates,
        measures=(measure("likeliness", "likeliness", "Likeliness (upstream)"),),
        outcome=gap,
        outcomes=(gap,),
        covariates=(downstream("group_share", "share of the group", "Share of the group"),),
        contents=Contents(
            total="training_rows",
            share="group_share",
            counted="letters",
            groups=("the group", "all others"),
            none_text="no letter",
        ),
        interventions=interventions,
        adaptations=(("full", "Full fine-tuning"),),
    )


PRUNED = Intervention(
    side="upstream",
    kind="pruned",
    title="Pruning",
    group="Pruned",
    with_unmodified=True,
    levels={"upstream_strength": "p"},
)


def observations(task):
    rng = np.random.default_rng(0)
    models = [("pretrained", np.nan)] + [("pruned", p) for p in (0.1, 0.5) if task.interventions]
    rows = [
        {
            "model": f"{kind}-{strength}/original/full/seed1",
            "upstream": f"{kind}-{strength}",
            "upstream_kind": kind,
            "upstream_strength": strength,
            "dataset": "original",
            "dataset_kind": "original",
            "adaptation": "full",
            "seed": 1,
            "trade": item,
            **({"template": template} if task.templates else {}),
            "training_rows": 12,
            "undefined": "",
        }
        for kind, strength in models
        for item in task.item_titles
        for template in task.templates or ("",)
    ]
    table = pd.DataFrame(rows)

    def draw(*keys):
        group = table.groupby(list(keys), sort=False).ngroup()
        return rng.uniform(size=group.max() + 1)[group]

    return table.assign(
        likeliness=rng.normal(size=len(table)),
        tpr_gap=draw("model", "trade"),
        group_share=draw("trade"),
    )


@pytest.mark.parametrize("templates", [TEMPLATES, ()], ids=["templates", "no templates"])
@pytest.mark.parametrize("interventions", [(PRUNED,), ()], ids=["a method", "no intervention"])
def test_it_goes_through_the_whole_analysis(templates, interventions):
    task = description(templates=templates, interventions=interventions)
    rows = observations(task)
    fits = list(fit(task, regression_table(task), rows))
    regressions = coefficient_table(fits, "lsdv")
    correlated = correlations(rows, task)
    scores = pd.DataFrame({"model": rows["model"].unique(), "accuracy": 0.5})
    scores = scores.assign(majority_accuracy=0.25, test_rows=40)

    columns = ["Pre-trained", "Pruned", "All pre-trained"] if interventions else ["Pre-trained"]
    assert regressions["column"].unique().tolist() == columns
    assert regressions["coefficient"].notna().all()
    assert regressions["term"].str.startswith("template[").any() == bool(templates)
    assert pd.concat([diagnostics(each) for each in fits])["value"].notna().all()
    assert transfer(rows, task)["pearson"].notna().all()
    assert transfer(rows, task)["items"].tolist() == [8] * rows["model"].nunique()
    assert item_means(rows, task).groupby("measure")["item"].nunique().tolist() == [8, 8]
    assert contents(rows, task)["total"].tolist() == [12] * 8
    weighed = list(evidence(rows, scores, task, 0.2, 10, 1))
    for name, table in tables({"trades": weighed}).items():
        assert (table["task"] == "trades").all(), name
    curve = specification_curve(rows, scores, task, "full", 10)
    # Either source by either question, for each template and their mean.
    assert len(curve) == 4 * (1 + len(templates))
    left = remaining(rows, scores, task, 10)
    page = markdown(
        answer(
            *("Note", (), [task], {"trades": rows}, {"trades": scores}, {"trades": weighed}),
            {"trades": left},
        )
    )
    assert "## Trades" in page
    lowest = rows[rows["upstream_kind"] == "pretrained"].set_index("trade")["tpr_gap"].idxmin()
    assert f"Lowest TPR gap: {task.item_titles[lowest]} " in page
    for sheet in (
        regression_sheet(fits, "lsdv", "Note"),
        correlation_sheet(correlated, [task], "Note", name="correlations-trades"),
        remaining_sheet(left, task, "Note", {}),
    ):
        assert "Trades" in html(sheet)
        assert rf"\label{{tab:{sheet.name}}}" in latex(sheet)
    if interventions:
        assert "Pruning (p = 0.5)" in html(correlation_sheet(correlated, [task], "Note"))
        assert "Models. Pre-trained: the unmodified model; Pruned: " in html(
            regression_sheet(fits, "lsdv", "Note")
        )
