"""The answer in a page of text: every number of it stands in a table."""

import re

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.regression import HC3_KINDS
from bias_transfer.analysis.tables import coefficient_table, fit, regression_table
from bias_transfer.report.answer import answer
from tests.unit import paper_grid
from tests.unit.paper_grid import BIOS, LOG_FPR_RATIO, TPR_GAP, WIKI

OWN = WIKI.model_copy(update={"name": "own", "title": "Own comments"})
TASKS = (BIOS, WIKI, OWN)


def observed(task):
    """Two models of six items: five with rates of 0.25 to 1.25, and one without."""
    rows = []
    for model, kind, factor in (("m1", "pretrained", 1.0), ("m2", "random", 9.0)):
        for index, name in enumerate(["a", "b", "c", "d", "e", "gone"]):
            rate = np.nan if name == "gone" else 0.25 * (index + 1) * factor
            for template in ("x", "y"):
                rows.append(
                    {
                        "model": model,
                        "upstream_kind": kind,
                        "dataset_kind": "original",
                        task.item: name,
                        "template": template,
                        task.outcome.column: np.log(rate) if task.outcome.logarithm else rate,
                        "undefined": "no such row" if name == "gone" else "",
                    }
                )
    return pd.DataFrame(rows)


def fitted(task):
    shared = {"task": task.name, "column": "Pre-trained", "models": 1, "observations": 138}
    shared |= {"items": 28, "r_squared": 0.4321, "reason": ""}
    numbers = ["coefficient", "standard_error", "p_value", "p_value_item_clustered"]
    terms = (task.before.column, task.covariates[0].column)
    estimates = ([-0.0251, 0.0314, 0.42, 0.55], [0.5678, 0.0412, 0.0001, 0.031])
    return pd.DataFrame(
        [
            *(
                shared | {"term": term} | dict(zip(numbers, estimate, strict=True))
                for term, estimate in zip(terms, estimates, strict=True)
            ),
            *(
                {"task": task.name, "column": "Scrubbed", "term": term, "reason": "no such model"}
                for term in terms
            ),
        ]
    )


SCORES = pd.DataFrame(
    {
        "model": ["m1", "m2"],
        "accuracy": [0.7512, 0.3344],
        "majority_accuracy": [0.21, 0.21],
        "test_rows": [1200, 1200],
    }
)


def page_of(tasks, observations, regressions):
    scores = dict.fromkeys((task.name for task in tasks), SCORES)
    return answer("All text is made up.", tasks, observations, regressions, scores)


@pytest.fixture(scope="module")
def page():
    regressions = pd.concat([fitted(task) for task in TASKS], ignore_index=True)
    return page_of(TASKS, {task.name: observed(task) for task in TASKS}, regressions)


def section(page, title):
    return page.split(f"## {title}\n")[1].split("\n## ")[0]


def test_it_says_first_what_the_text_is_then_each_task_in_order(page):
    heads = ["All text is made up.", *(f"## {task.title}" for task in TASKS)]
    assert sorted(heads, key=page.index) == heads


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@pytest.mark.parametrize(
    "said",
    [
        # How good the classifiers are.
        "2 models",
        "accuracy is 0.751 on 1200 test rows (majority class 0.210)",
        "from 0.334 to 0.334",
        # The items at both ends, of the unmodified model alone.
        "a 0.25, b 0.50, c 0.75",
        "e 1.25, d 1.00, c 0.75",
        # The estimates: their size, their error, the verdict, and the honest p value.
        "-0.025 ± 0.031 (not significant at 0.01; clustered by item p = 0.55)",
        "+0.568 ± 0.041 (significant at 0.01; clustered by item p = 0.031)",
        "1 model, N = 138, R² = 0.43",
        # What could not be estimated.
        "Scrubbed: not estimated, no such model",
    ],
)
def test_each_task_tells_what_its_tables_say(page, task, said):
    assert said in section(page, task.title)


def test_a_task_speaks_in_the_words_of_its_description(page):
    bios = section(page, "BIOS")
    assert "Lowest TPR ratio (she / he): a 0.25" in bios
    assert "pronoun ranking before fine-tuning: -0.025" in bios
    assert "share of she in the training data: +0.568" in bios
    assert "Lowest false positive rate: a 0.25" in section(page, "Own comments")


def test_regressions_read_from_their_file_say_the_same(page):
    regressions = pd.concat([fitted(task) for task in TASKS], ignore_index=True)
    read = regressions.replace({"reason": {"": np.nan}})
    assert page_of(TASKS, {task.name: observed(task) for task in TASKS}, read) == page


def test_items_are_called_by_their_titles():
    task = BIOS.model_copy(update={"item_titles": {"a": "yoga teacher"}})
    assert "yoga teacher 0.25, b 0.50" in page_of([task], {"bios": observed(task)}, fitted(task))


def test_an_item_without_a_rate_is_not_ranked(page):
    assert "gone" not in page


# What is undefined


def undefined_line(task, observations):
    page = page_of([task], {task.name: observations}, fitted(task))
    (line,) = (each for each in page.splitlines() if each.startswith("- Undefined"))
    return line


def test_an_undefined_cell_counts_once_whatever_the_templates():
    # One item of each of two models.
    line = undefined_line(BIOS, observed(BIOS))
    assert line.endswith("of a model and an item: 2 of 12. 2 times no such row")


def test_what_the_chosen_outcome_leaves_undefined_is_counted_and_not_another():
    rows = observed(BIOS).assign(tpr_gap=0.1)
    gap = BIOS.model_copy(update={"outcome": TPR_GAP})
    # The logarithm does not exist for one item, and says why; its gap does.
    assert undefined_line(gap, rows).endswith("of a model and an item: 0 of 12.")


def test_a_rate_of_zero_is_undefined_where_the_outcome_is_a_logarithm():
    rows = observed(WIKI)
    rows["log_fpr_ratio"] = np.log(rows["fpr"]).mask(rows["identity_term"] == "a")
    line = undefined_line(WIKI.model_copy(update={"outcome": LOG_FPR_RATIO}), rows)
    assert re.findall(r"\d+", line) == ["4", "12", "2", "2"]
    assert "2 times no such row" in line
    assert "2 times no such rate, or a rate of zero under the ratio or its logarithm" in line


# What cannot be judged


def findings(rows, hc3="lsdv", task=BIOS):
    regressions = coefficient_table(fit(task, regression_table(task), rows), hc3)
    scores = pd.DataFrame({"model": rows["model"].unique(), "accuracy": 0.5})
    scores = scores.assign(majority_accuracy=0.2, test_rows=100)
    page = answer("Note", [task], {task.name: rows}, regressions, {task.name: scores})
    return {
        line.removeprefix("- ").split(":")[0].split(" (")[0]: line for line in page.splitlines()
    }


def one_model(**changes):
    rows = paper_grid.bios()
    return rows[rows["upstream"] == "pretrained"].query("dataset == 'original'").assign(**changes)


@pytest.mark.parametrize("hc3", HC3_KINDS)
def test_an_outcome_that_never_varies_is_not_estimated(hc3):
    said = findings(one_model(log_tpr_ratio=0.5), hc3)["Pre-trained"]
    assert said == "- Pre-trained: not estimated, the outcome never varies."


def test_an_exact_fit_is_not_estimated():
    rows = one_model()
    rows["log_tpr_ratio"] = 0.2 * rows["prevalence_she"]
    said = findings(rows)["Pre-trained"]
    assert said.startswith("- Pre-trained: not estimated, the fit is exact")


def test_one_model_under_arellano_is_not_estimated_and_says_why():
    said = findings(paper_grid.bios(), "arellano")
    assert said["Pre-trained"] == (
        "- Pre-trained: not estimated, arellano sums over fixed effects, and there is only one."
    )
    assert "±" in said["Noise added"]


def test_no_number_is_ever_nan():
    two = one_model()
    two = two[two["occupation"].isin(paper_grid.OCCUPATIONS[:2])]
    for hc3 in HC3_KINDS:
        for rows in (paper_grid.bios(), one_model(log_tpr_ratio=0.5), two, one_model()):
            assert not re.search(r"\bnan\b", "".join(findings(rows, hc3).values()))


def test_a_clustered_p_value_that_does_not_exist_is_said_with_its_items():
    rows = fitted(BIOS).assign(items=1, p_value_item_clustered=np.nan)
    page = page_of([BIOS], {"bios": observed(BIOS)}, rows)
    assert "clustered by item not defined for 1 item)" in page
