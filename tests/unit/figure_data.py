"""Made-up tasks and observation tables with the noise and the gaps of real ones, and their tables.

What the analysis writes is made here by a plain function of a few lines, so that a figure is tested
against numbers of its own and not against the analysis.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.description import Contents, Intervention, Quantity, TaskDescription
from bias_transfer.report.figures import Tables

# fmt: off
OCCUPATIONS = (
    "accountant", "architect", "attorney", "chiropractor", "comedian", "composer", "dentist",
    "dietitian", "dj", "filmmaker", "interior_designer", "journalist", "model", "nurse",
    "painter", "paralegal", "pastor", "personal_trainer", "photographer", "physician", "poet",
    "professor", "psychologist", "rapper", "software_engineer", "surgeon", "teacher",
    "yoga_teacher",
)
IDENTITY_TERMS = (
    "lesbian", "gay", "bisexual", "transgender", "trans", "queer", "lgbt", "lgbtq", "homosexual",
    "straight", "heterosexual", "male", "female", "nonbinary", "african", "black", "white",
    "european", "hispanic", "latino", "latina", "latinx", "mexican", "canadian", "american",
    "asian", "indian", "chinese", "japanese", "christian", "muslim", "jewish", "buddhist",
    "catholic", "protestant", "sikh", "taoist", "old", "older", "young", "younger", "teenage",
    "millenial", "elderly", "blind", "deaf", "paralyzed", "african american", "middle eastern",
    "middle aged",
)
# fmt: on
CRAFTS = ("welder", "baker", "glazier", "stonemason", "basket_weaver", "cooper", "tanner")
BIOS_TEMPLATES = ("is", "works_as", "applied_for", "good_day", "become")
ADAPTATIONS = (("full", "All weights"), ("lora", "Low-rank adapters"), ("head", "Head only"))
WIKI_TEMPLATES = ("people", "person", "sibling", "friend", "parent", "partner", "spouse")


def upstream_grid(
    trials: int = 3,
    gammas: Sequence[float] = (-50, -10, 1, 10, 50),
    uniform: Sequence[float] = (0.5,),
    gaussian: Sequence[float] = (0.1,),
) -> pd.DataFrame:
    """One row a model: the unmodified one, random ones, noised ones and Sent-Debias."""
    rows: list[tuple[str, str, float | None, int | None]] = [
        ("pretrained", "pretrained", None, None)
    ]
    for trial in range(1, trials + 1):
        rows.append((f"random-t{trial}", "random", None, trial))
        rows += [(f"uniform-c{c:g}-t{trial}", "uniform", c, trial) for c in uniform]
        rows += [(f"gaussian-s{s:g}-t{trial}", "gaussian", s, trial) for s in gaussian]
    rows += [(f"sentdebias-g{gamma:g}", "sentdebias", gamma, None) for gamma in gammas]
    grid = pd.DataFrame(rows, columns=["upstream", "upstream_kind", "upstream_strength", "trial"])
    return grid.assign(
        dataset="original",
        dataset_kind="original",
        seed=1,
        model=grid["upstream"] + "/original/full/seed1",
    )


def dataset_grid(originals: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Extend the models on the original data by models on changed data, one row a model."""
    changed = changed.assign(seed=1)
    changed["model"] = changed["upstream"] + "/" + changed["dataset"] + "/full/seed1"
    rows = originals.to_dict("records") + changed.to_dict("records")
    columns = [*originals.columns, "oversample", "undersample", "scrubbed_fraction"]
    return pd.DataFrame(rows, columns=columns)


def balanced_bios() -> pd.DataFrame:
    """BIOS observations with the ten ways of balancing."""
    levels = [(a, 0.0) for a in (0.25, 0.5, 0.75, 1.0)] + [(0.0, b) for b in (0.25, 0.5, 1.0)]
    levels += [(0.25, 0.25), (0.5, 0.5), (0.75, 0.75)]
    changed = pd.DataFrame(levels, columns=["oversample", "undersample"]).assign(
        upstream="pretrained", upstream_kind="pretrained", trial=None, dataset_kind="balance"
    )
    changed["dataset"] = [f"balance-a{a:g}-b{b:g}" for a, b in levels]
    return bios_table(dataset_grid(upstream_grid(trials=3), changed))


def scrubbed_wiki() -> pd.DataFrame:
    """WIKI observations with both scrubbings, by tenths, on two checkpoints.

    Bias goes only where no checkpoint is pre-trained and all mentions are scrubbed.
    """
    changed = pd.DataFrame(
        [
            (upstream, kind, trial, f"{scrub}-{tenths / 10:g}", scrub, tenths / 10)
            for upstream, kind, trial in (("pretrained",) * 2 + (None,), ("random-t1", "random", 1))
            for scrub in ("scrub-toxic", "scrub-all")
            for tenths in range(1, 11)
        ],
        columns=[
            "upstream",
            "upstream_kind",
            "trial",
            "dataset",
            "dataset_kind",
            "scrubbed_fraction",
        ],
    )
    table = wiki_table(dataset_grid(upstream_grid(trials=3, gammas=()), changed))
    goes = (table["upstream_kind"] == "random") & (table["dataset_kind"] == "scrub-all")
    kept = (1 - table["scrubbed_fraction"].where(goes, 0.0)).astype(float)
    mentions = {
        term: 0 if rank % 17 == 16 else 3 + 5 * rank**2 for rank, term in enumerate(IDENTITY_TERMS)
    }
    total = table["identity_term"].map(mentions)
    return table.assign(
        overall_fpr=0.08,
        fpr_gap=(table["fpr"] - 0.08) * kept,
        training_mentions=total,
        toxic_share=table["toxic_share"].where(total > 0),
    )


def bios_table(grid: pd.DataFrame, undefined: float = 0.03) -> pd.DataFrame:
    """BIOS observations in which downstream bias follows the data, whatever the upstream model."""
    rng = np.random.default_rng(1)
    prevalence = rng.uniform(0.1, 0.9, len(OCCUPATIONS))
    ranking = 2.5 * (prevalence - 0.5) + rng.normal(0, 0.7, len(OCCUPATIONS))
    rows = []
    for model in grid.to_dict("records"):
        shrink = _kept_upstream(model, rng)
        mine = shrink * ranking + rng.normal(0, 0.15, len(OCCUPATIONS))
        log_ratio = 0.5 * (prevalence - 0.5) + rng.normal(0, 0.06, len(OCCUPATIONS))
        gone = rng.random(len(OCCUPATIONS)) < undefined
        for index, occupation in enumerate(OCCUPATIONS):
            value = np.nan if gone[index] else log_ratio[index]
            for template in BIOS_TEMPLATES:
                rows.append(
                    model
                    | {
                        "occupation": occupation,
                        "template": template,
                        "pronoun_ranking": mine[index] + rng.normal(0, 0.2),
                        "training_rows": 40 * 2 ** (index % 12),
                        "prevalence_she": prevalence[index],
                        "tpr_ratio": np.exp(value),
                        "log_tpr_ratio": value,
                        "tpr_gap": 0.6 * value,
                        "log_tpr_ratio_variance": value * 0 + 0.05**2,
                        "tpr_gap_variance": value * 0 + 0.03**2,
                        "undefined": "no she in the test set" if gone[index] else None,
                    }
                )
    return pd.DataFrame(rows)


def wiki_table(grid: pd.DataFrame, undefined: float = 0.06) -> pd.DataFrame:
    """WIKI observations; rare terms have zero rates and some are never mentioned."""
    rng = np.random.default_rng(2)
    toxic = rng.beta(1.2, 6, len(IDENTITY_TERMS))
    sentiment = 0.25 + 0.35 * toxic + rng.normal(0, 0.05, len(IDENTITY_TERMS))
    rows = []
    for model in grid[grid["upstream_kind"] != "sentdebias"].to_dict("records"):
        shrink = _kept_upstream(model, rng)
        mine = 0.3 + shrink * (sentiment - 0.3)
        rate = np.clip(0.9 * toxic + rng.normal(0, 0.04, len(IDENTITY_TERMS)), 0, 1)
        gone = rng.random(len(IDENTITY_TERMS)) < undefined
        for index, term in enumerate(IDENTITY_TERMS):
            for template in WIKI_TEMPLATES:
                rows.append(
                    model
                    | {
                        "identity_term": term,
                        "template": template,
                        "negative_sentiment": mine[index] + rng.normal(0, 0.02),
                        "training_mentions": 3 + 5 * index**2,
                        "toxic_share": toxic[index],
                        "fpr": np.nan if gone[index] else rate[index],
                        "fpr_ratio": np.nan if gone[index] else rate[index] / 0.08,
                        "fpr_gap": np.nan if gone[index] else rate[index] - 0.08,
                        "fpr_variance": np.nan if gone[index] else 0.02**2,
                        "fpr_ratio_variance": np.nan if gone[index] else 0.25**2,
                        "fpr_gap_variance": np.nan if gone[index] else 0.02**2,
                        "undefined": "no non-toxic mention" if gone[index] else None,
                    }
                )
    return pd.DataFrame(rows)


def _kept_upstream(model: dict[str, object], rng: np.random.Generator) -> float:
    """Say how much of the unmodified model's upstream bias a model keeps."""
    kind, strength = model["upstream_kind"], model["upstream_strength"]
    if kind == "sentdebias":
        return float(np.exp(-np.abs(float(str(strength))) / 40))
    return {"pretrained": 1.0, "random": 0.0, "uniform": 0.6, "gaussian": 0.3}[str(kind)]


def crafts_table(trials: int = 2) -> pd.DataFrame:
    """Observations of a task of three groups: an item is a label and a group; few items."""
    rng = np.random.default_rng(3)
    items = [(label, group) for label in CRAFTS for group in ("she", "they")]
    changed = pd.DataFrame(
        [
            {"upstream": upstream, "upstream_kind": kind, "upstream_strength": strength,
             "trial": trial, "dataset": f"balance-a{a:g}-b0", "dataset_kind": "balance",
             "oversample": a, "undersample": 0.0}
            for upstream, kind, strength, trial in (
                ("pretrained", "pretrained", None, None),
                ("gaussian-s0.1-t1", "gaussian", 0.1, 1),
            )
            for a in (0.5, 1.0)
        ]
    )  # fmt: skip
    grid = dataset_grid(upstream_grid(trials, gammas=(), gaussian=(0.05, 0.1, 0.2)), changed)
    lean = rng.normal(0, 1, len(items))
    rows = []
    for model in grid.to_dict("records"):
        kept = 0.2 if model["upstream_kind"] == "random" else 1.0
        for (label, group), value in zip(items, lean, strict=True):
            log_ratio = 0.3 * value + rng.normal(0, 0.1)
            for template in ("is", "works_as"):
                rows.append(
                    model
                    | {
                        "craft": f"{label}/{group}",
                        "label": label,
                        "group": group,
                        "template": template,
                        "pronoun_ranking": kept * value + rng.normal(0, 0.2),
                        "training_rows": 30 * (1 + CRAFTS.index(label)),
                        "group_share": 0.2 + 0.1 * (group == "she"),
                        "log_tpr_ratio": log_ratio,
                        "tpr_gap": 0.4 * log_ratio,
                        "log_tpr_ratio_variance": 0.08**2,
                        "tpr_gap_variance": 0.05**2,
                    }
                )
    return pd.DataFrame(rows)


_RANKING = Quantity(
    column="pronoun_ranking",
    title="pronoun ranking",
    label="Pronoun ranking (upstream)",
    axis="pronoun ranking, she − he (log-probability difference, nats)",
    unit="nat",
    neutral=0.0,
    neutral_text="0 nats: the language model prefers neither pronoun",
)
_LOG_RATIO = Quantity(
    column="log_tpr_ratio",
    title="log TPR ratio",
    label="Log TPR ratio",
    axis="TPR ratio, she / he (ratio, log scale)",
    neutral=1.0,
    neutral_text="TPR ratio of 1: she and he are recognised equally often",
    logarithm=True,
    per_template=False,
    variance="log_tpr_ratio_variance",
)
_TPR_GAP = Quantity(
    column="tpr_gap",
    title="TPR gap",
    label="TPR gap",
    axis="TPR gap, she − he (difference of rates)",
    neutral=0.0,
    neutral_text="TPR gap of 0: she and he are recognised equally often",
    per_template=False,
    variance="tpr_gap_variance",
)
_SENTIMENT = Quantity(
    column="negative_sentiment",
    title="negative sentiment",
    label="Negative sentiment (upstream)",
    axis="negative sentiment of completions (mean probability)",
    unit="unit of probability",
    least=0.0,
    greatest=1.0,
)
_FPR_RATIO = Quantity(
    column="fpr_ratio",
    title="FPR ratio",
    label="FPR ratio",
    axis="FPR ratio, term / all comments (ratio)",
    neutral=1.0,
    neutral_text="FPR ratio of 1: flagged by mistake as often as any comment",
    least=0.0,
    per_template=False,
    variance="fpr_ratio_variance",
)
_FPR_GAP = Quantity(
    column="fpr_gap",
    title="FPR gap",
    label="FPR gap",
    axis="FPR gap, term − all comments (difference of rates)",
    neutral=0.0,
    neutral_text="FPR gap of 0: flagged by mistake as often as any comment",
    per_template=False,
    variance="fpr_gap_variance",
)
_FPR = Quantity(
    column="fpr",
    title="false positive rate",
    label="FPR",
    axis="false positive rate",
    per_template=False,
    variance="fpr_variance",
)


def _share(column: str, title: str) -> Quantity:
    return Quantity(
        column=column, title=title, label=title.capitalize(), axis=f"{title} (0 to 1)", unit="unit"
    )


def _upstream(kind: str, title: str, group: str, symbol: str = "") -> Intervention:
    return Intervention(
        side="upstream",
        kind=kind,
        title=title,
        group=group,
        pretrained=kind != "random",
        levels={"upstream_strength": symbol} if symbol else {},
    )


_RANDOM = _upstream("random", "Not pre-trained", "Random")
_UNIFORM = _upstream("uniform", "Uniform noise", "Noise added", "c")
_GAUSSIAN = _upstream("gaussian", "Gaussian noise", "Noise added", "σ")
_MITIGATED = _upstream("sentdebias", "Sent-Debias", "Mitigated", "γ")
_BALANCE = Intervention(
    side="data",
    kind="balance",
    title="Balancing",
    group="Balanced",
    levels={"oversample": "α", "undersample": "β"},
)


def _scrub(mentions: str) -> Intervention:
    return Intervention(
        side="data",
        kind=f"scrub-{mentions}",
        title=f"Scrubbing {mentions} mentions",
        group="Scrubbed",
        levels={"scrubbed_fraction": ""},
    )


BIOS = TaskDescription(
    name="bios",
    title="BIOS",
    kind="labels_by_group",
    item="occupation",
    items="occupations",
    item_titles={item: "DJ" if item == "dj" else item.replace("_", " ") for item in OCCUPATIONS},
    templates=BIOS_TEMPLATES,
    measures=(_RANKING,),
    outcome=_LOG_RATIO,
    outcomes=(_LOG_RATIO, _TPR_GAP),
    covariates=(_share("prevalence_she", "share of she"),),
    contents=Contents(
        total="training_rows",
        share="prevalence_she",
        counted="biographies",
        groups=("she", "he"),
        none_text="no biography",
    ),
    interventions=(_RANDOM, _UNIFORM, _GAUSSIAN, _MITIGATED, _BALANCE),
    adaptations=ADAPTATIONS,
)
WIKI = TaskDescription(
    name="wiki",
    title="WIKI",
    kind="mentions",
    item="identity_term",
    items="identity terms",
    item_titles={term: term.capitalize() for term in IDENTITY_TERMS},
    templates=WIKI_TEMPLATES,
    measures=(_SENTIMENT,),
    outcome=_FPR,
    outcomes=(_FPR_RATIO, _FPR_GAP, _FPR),
    covariates=(_share("toxic_share", "share of toxic among a term's comments"),),
    contents=Contents(
        total="training_mentions",
        share="toxic_share",
        counted="comments",
        groups=("toxic", "non-toxic"),
        none_text="never mentioned",
    ),
    interventions=(_RANDOM, _UNIFORM, _GAUSSIAN, _scrub("toxic"), _scrub("all")),
    adaptations=ADAPTATIONS,
)
CRAFT = TaskDescription(
    name="crafts",
    title="Crafts",
    kind="labels_by_group",
    item="craft",
    items="crafts",
    item_titles={
        f"{label}/{group}": f"{label.replace('_', ' ')}, {group}"
        for label in CRAFTS
        for group in ("she", "they")
    },
    templates=("is", "works_as"),
    measures=(_RANKING,),
    outcome=_LOG_RATIO,
    outcomes=(_LOG_RATIO, _TPR_GAP),
    covariates=(_share("group_share", "share of the group"),),
    contents=Contents(
        total="training_rows",
        share="group_share",
        counted="letters",
        groups=("the group", "the others"),
        none_text="no letter",
    ),
    interventions=(_RANDOM, _UNIFORM, _GAUSSIAN, _BALANCE),
    adaptations=ADAPTATIONS,
)

_KEY = ["upstream_kind", "upstream_strength", "dataset_kind", "dataset"]


def tables(observations: pd.DataFrame, task: TaskDescription) -> Tables:
    """Return what the analysis would write of some observations."""
    means = item_means(observations, task)
    return Tables(
        observations=observations,
        item_means=means.assign(scarce=False),
        correlations=correlations(means, task),
        transfer=transfer(means, task),
        regressions=regressions(task),
        contents=contents(observations, task),
        slopes=slopes(task),
        verdicts=verdicts(task),
        changes=changes(observations, task),
        specification_curve=specification_curve(task),
    )


def empty(of: Tables) -> Tables:
    """Return the same tables without any row."""
    return Tables(**{name: table.iloc[:0] for name, table in vars(of).items()})


def item_means(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Average each measure over templates, then over models; see the columns in `analysis`."""
    rows = _with_twins(observations).rename(columns={task.item: "item"})
    sets = [*_KEY, "twin_of"]
    # Numbers stand for them: to group by many columns takes long.
    rows["set"] = rows.groupby(sets, sort=False, dropna=False).ngroup()
    named = rows.drop_duplicates("set")[["set", *sets]]
    parts = []
    for quantity in (*task.measures, *task.outcomes):
        once = rows if quantity.per_template else rows.drop_duplicates(["set", "model", "item"])
        of_models = (
            once.assign(lost=once[quantity.column].isna())
            .groupby(["set", "item", "model"], sort=False)
            .agg(
                value=(quantity.column, "mean"),
                observations=("lost", "size"),
                undefined=("lost", "sum"),
            )
            .reset_index()
        )
        models = of_models.groupby("set")["model"].transform("nunique")
        parts.append(
            of_models.assign(models=models)
            .groupby(["set", "item", "models"], sort=False)
            .agg({"value": "mean", "observations": "sum", "undefined": "sum"})
            .reset_index()
            .assign(
                measure=quantity.column,
                standard_error=_ERRORS[quantity.column],
                low=lambda rows, half=2 * _ERRORS[quantity.column]: rows["value"] - half,
                high=lambda rows, half=2 * _ERRORS[quantity.column]: rows["value"] + half,
            )
        )
    means = pd.concat(parts, ignore_index=True).merge(named, on="set").drop(columns="set")
    return means.assign(task=task.name)


# Made up: of every item the same.
_ERRORS = {
    "pronoun_ranking": 0.09,
    "negative_sentiment": 0.008,
    "log_tpr_ratio": 0.05,
    "tpr_gap": 0.03,
    "fpr": 0.02,
    "fpr_gap": 0.02,
    "fpr_ratio": 0.25,
}


def _with_twins(observations: pd.DataFrame) -> pd.DataFrame:
    """Add to the rows those of the unaltered twins of each altered data set."""
    original = observations[observations["dataset"] == "original"]
    twins = [
        original[original["upstream"].isin(altered["upstream"].unique())].assign(
            twin_of=str(dataset)
        )
        for dataset, altered in observations.groupby("dataset", sort=False)
        if dataset != "original"
    ]
    return pd.concat([observations.assign(twin_of=""), *twins], ignore_index=True)


def _distributions(means: pd.DataFrame, quantity: Quantity) -> dict[Any, pd.DataFrame]:
    """Split the means of a measure by intervention, one row an item."""
    rows = means[(means["measure"] == quantity.column) & (means["twin_of"] == "")]
    values = rows.set_index("item")[["value", "models"]]
    groups = rows.groupby(_KEY, sort=False, dropna=False).indices
    return {key: values.iloc[places] for key, places in groups.items()}


def correlations(means: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Correlate each intervention's item means with the unmodified model's."""
    rows = []
    for quantity in (task.before, task.after):
        found = _distributions(means, quantity)
        control = next((each for key, each in found.items() if _unmodified(key)), None)
        for key, group in found.items() if control is not None else ():
            rows.append((*key, quantity.column, _pearson(_paired(control, group))))
    return pd.DataFrame(rows, columns=[*_KEY, "measure", "pearson"]).assign(
        task=task.name, groups=1
    )


def _unmodified(key: tuple[object, ...]) -> bool:
    return (key[0], key[3]) == ("pretrained", "original")


def transfer(means: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Correlate upstream with downstream bias over items, an intervention at a time."""
    rows = []
    found, afterwards = (_distributions(means, each) for each in (task.before, task.after))
    for (key, before), after in zip(found.items(), afterwards.values(), strict=True):
        both = _paired(before, after)
        items, lost = _whole(both).sum(), (~_whole(both)).sum()
        p_value = 0.02 if items > 2 else np.nan
        rows.append((*key, int(before["models"].iloc[0]), _pearson(both), p_value, items, lost))
    columns = ["models", "pearson", "pearson_p", "items", "undefined_items"]
    return pd.DataFrame(rows, columns=[*_KEY, *columns]).assign(task=task.name, groups=1)


def _paired(first: pd.DataFrame, second: pd.DataFrame) -> NDArray[np.float64]:
    """Return the values of two distributions, a row an item of the first."""
    return np.column_stack([first["value"], second["value"].reindex(first.index)])


def _whole(both: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isfinite(both).all(axis=1)


def _pearson(both: NDArray[np.float64]) -> float:
    both = both[_whole(both)]
    if len(both) < 3 or (np.ptp(both, axis=0) < 1e-12).any():
        return float("nan")
    return float(np.corrcoef(both.T)[0, 1])


def contents(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Say what the original training set holds of each item."""
    rows = observations[observations["dataset"] == "original"].drop_duplicates(task.item)
    total, share = rows[task.contents.total], rows[task.contents.share]
    return pd.DataFrame(
        {
            "task": task.name,
            "item": rows[task.item],
            "total": total,
            "share": share,
            "overall_share": (total * share).sum() / total.sum() if total.sum() else np.nan,
        }
    )


def fits(task: TaskDescription) -> list[str]:
    """Return the groups of models that regressions are fitted on."""
    groups = dict.fromkeys(each.group for each in task.interventions)
    return ["Pre-trained", *groups, "All pre-trained"]


def regressions(task: TaskDescription) -> pd.DataFrame:
    """Regression coefficients near the paper's, of each group of models."""
    rows = []
    for rank, fit in enumerate(fits(task)):
        for term, estimate, half, deviation in (
            (task.before.column, -0.06 + 0.03 * rank, 0.05, 0.9),
            (task.covariates[0].column, 0.45 + 0.07 * rank, 0.08, 0.25),
            ("template[works_as]", 0.01, 0.04, 0.4),
        ):
            rows.append(
                {
                    "task": task.name,
                    "number": rank + 1,
                    "column": fit,
                    "outcome": task.outcome.column,
                    "term": term,
                    "coefficient": estimate,
                    "low_item_clustered": estimate - half,
                    "high_item_clustered": estimate + half,
                    "observations": 140 * (1 + 10 * rank),
                    "undefined": 5 * rank,
                    "reason": np.nan,
                    "covariate_sd": deviation,
                }
            )
    return pd.DataFrame(rows).astype({"reason": object})


# What interventions did to downstream bias under each adaptation, in standard deviations a standard
# deviation of the source, and half of the interval.
_SLOPES = {
    ("full", "model"): (0.03, 0.08),
    ("lora", "model"): (0.22, 0.17),
    ("head", "model"): (0.61, 0.13),
    ("full", "data"): (0.74, 0.11),
    ("lora", "data"): (0.55, 0.12),
    ("head", "data"): (0.31, 0.16),
}
_VERDICTS = {
    ("full", "model"): "does not transfer",
    ("lora", "model"): "undecided",
}
_SMALLEST = 0.2


def slopes(task: TaskDescription) -> pd.DataFrame:
    """Slopes of each source under each adaptation, within and between items."""
    rows = []
    for adaptation, source in _sources(task):
        slope, half = _SLOPES[adaptation, source]
        scale = 3.0 if source == "model" else 0.6
        for effects, standardised in (("within", slope), ("between", 0.5 * slope + 0.2)):
            rows.append(
                {
                    "adaptation": adaptation,
                    "source": source,
                    "effects": effects,
                    "slope": standardised / scale,
                    "scale": scale,
                    "standardised": standardised,
                    "low": standardised - half,
                    "high": standardised + half,
                    "reason": np.nan,
                }
            )
    return pd.DataFrame(rows).astype({"reason": object}).assign(task=task.name)


def verdicts(task: TaskDescription) -> pd.DataFrame:
    """Give each source its verdict under each adaptation."""
    rows = [
        {
            "adaptation": adaptation,
            "source": source,
            "verdict": _VERDICTS.get((adaptation, source), "transfers"),
            "effects": "within",
            "standardised": _SLOPES[adaptation, source][0],
            "low": _SLOPES[adaptation, source][0] - _SLOPES[adaptation, source][1],
            "high": _SLOPES[adaptation, source][0] + _SLOPES[adaptation, source][1],
            "smallest_effect": _SMALLEST,
            "smallest_detectable": 0.1,
            "reason": np.nan,
        }
        for adaptation, source in _sources(task)
    ]
    return pd.DataFrame(rows).astype({"reason": object}).assign(task=task.name)


def _sources(task: TaskDescription) -> list[tuple[str, str]]:
    return [(name, source) for name, _ in task.adaptations for source in ("model", "data")]


def changes(observations: pd.DataFrame, task: TaskDescription) -> pd.DataFrame:
    """Say what each variant changed in each item, under each adaptation.

    A study whose models are all unmodified changed nothing.
    """
    altered = observations.assign(
        variant=observations["upstream"] + "/" + observations["dataset"]
    ).query("variant != 'pretrained/original' and upstream_kind != 'random'")
    items = list(observations[task.item].unique())
    rng = np.random.default_rng(4)
    parts = []
    for adaptation, _ in task.adaptations:
        for variant, kind in altered.groupby("variant", sort=False)["dataset_kind"].first().items():
            moved = rng.normal(0, 0.5, len(items))
            source = "model" if kind == "original" else "data"
            # 0.6 / 0.2 is the scale of the data's slope, 3 that of the model's.
            followed = _SLOPES[adaptation, source][0] * moved / 3
            parts.append(
                pd.DataFrame(
                    {
                        "adaptation": adaptation,
                        "variant": variant,
                        "item": items,
                        "models": 2,
                        "upstream_change": moved if source == "model" else 0.0,
                        "data_change": 0.2 * moved if source == "data" else 0.0,
                        "outcome_change": followed + rng.normal(0, 0.05, len(items)),
                        "outcome_error": 0.06,
                    }
                )
            )
    return (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_CHANGES))
    ).assign(task=task.name)


_CHANGES = (
    *("adaptation", "variant", "item", "models"),
    *("upstream_change", "data_change", "outcome_change", "outcome_error"),
)


def specification_curve(task: TaskDescription) -> pd.DataFrame:
    """Slopes under every choice of measure, template, outcome and effects, principal adaptation."""
    rng = np.random.default_rng(5)
    rows = [
        {
            "adaptation": task.principal_adaptation,
            "source": source,
            "measure": measure.column,
            "template": template,
            "outcome": outcome.column,
            "effects": effects,
            "standardised": (middle := centre + rng.normal(0, 0.15)),
            "low": middle - 0.2,
            "high": middle + 0.2,
            "items": 28,
            "default": (measure, template, outcome) == (task.before, "mean of all", task.outcome),
            "reason": np.nan,
        }
        for source, centre in (("model", 0.05), ("data", 0.6))
        for effects in ("within", "between")
        for outcome in dict.fromkeys((*task.outcomes, task.outcome))
        for measure in task.measures
        for template in ("mean of all", *task.templates)
    ]
    return pd.DataFrame(rows).astype({"reason": object}).assign(task=task.name)
