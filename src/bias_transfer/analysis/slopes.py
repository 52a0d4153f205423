"""How far downstream bias goes with, or is moved by, the model's bias and the data's.

Two questions are kept apart. *Between* items: do items with more upstream bias have more
downstream bias? *Within* items: when an intervention changes an item's upstream bias, or what the
training data hold of it, does its downstream bias change? Only the second is what mitigation
relies on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, Cells, Source, inside_groups
from bias_transfer.analysis.clustered import clustered, two_way
from bias_transfer.analysis.description import FEWEST_ITEMS
from bias_transfer.analysis.reliability import corrected_slopes, cronbach_alpha
from bias_transfer.analysis.resampling import (
    multi_bootstrap,
    percentile_interval,
    weighted_products,
)
from bias_transfer.analysis.wild_bootstrap import wild_bootstrap_p
from bias_transfer.analysis.within import COLLINEAR, ROUNDING, fixed_effects
from bias_transfer.errors import StudyError, counted

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]

Effects = Literal["within", "between"]

QUESTIONS: tuple[Effects, ...] = ("within", "between")
LEVEL = 0.95
POWER = 0.8
# Why the slope within items is none of this study's, and the one between items serves.
UNMOVED = "no intervention moves it"
_MOVERS_FAILED = "the models in which it was moved did not learn the task"
_ONE_DECIDES = "one item alone decides the slope: nothing is left to tell its error from"
_WILD_DRAWS = 9999
_BOOTSTRAP_DRAWS = 999

SLOPE_COLUMNS = (
    *("task", "adaptation", "source", "effects", "term"),
    *("models", "items", "observations", "slope", "scale", "standardised"),
    *("standard_error", "low", "high", "p_value", "clusters", "effective_clusters"),
    *("standard_error_cr1", "standard_error_two_way", "p_value_wild_bootstrap"),
    *("bootstrap_low", "bootstrap_high"),
    *("reliability", "corrected", "corrected_low", "corrected_high"),
    *("smallest_detectable", "reason"),
)


@dataclass(frozen=True, eq=False)
class Design:
    """The numbers of one regression, effects not yet taken out.

    Attributes
    ----------
    question
        Which it answers.
    outcome
        (rows,) numbers.
    columns
        (rows, terms) numbers.
    terms
        What the columns are.
    apart
        Whether the two sources, where both differ, can be told apart.
    effects
        The fixed effects: models (of several groups, each model's groups), or items and these.
    cluster, checkpoint
        (rows,) whose errors go together, numbered from zero.
    """

    question: Effects
    outcome: _Values
    columns: _Values
    terms: tuple[str, ...]
    apart: bool
    effects: tuple[_Codes, ...]
    cluster: _Codes
    checkpoint: _Codes


def sources(cells: Cells) -> dict[Source, str]:
    """Return the column that stands for each source of bias."""
    return {"model": UPSTREAM, "data": cells.covariates[0]}


def design(cells: Cells, effects: Effects) -> Design:
    """Return the regression of one question.

    Its columns are those that differ beside the effects: within items, what some intervention
    moves for some items more than for others. A covariate other than the first that the columns
    before it hold already is left out.

    Parameters
    ----------
    cells
        At least one row.
    effects
        The question.
    """
    names = (UPSTREAM, *cells.covariates)
    levels, items = cells.codes("level"), cells.codes("item")
    labels = (items, levels) if effects == "within" else (levels,)
    columns = cells.columns(names)
    left = fixed_effects(labels, len(columns)).taken_out(columns)
    size = np.linalg.norm(left, axis=0)
    varying = np.flatnonzero(size > COLLINEAR * np.linalg.norm(columns, axis=0))
    # What the columns before each leave of it; of columns beyond the rows, nothing.
    own = np.zeros(len(varying))
    r = np.linalg.qr(left[:, varying], mode="r")
    own[: len(r)] = np.abs(np.diag(r))
    new = own > COLLINEAR * size[varying]
    kept = varying[new | (varying < 2)]
    return Design(
        question=effects,
        outcome=cells.columns([OUTCOME])[:, 0],
        columns=columns[:, kept],
        terms=tuple(names[place] for place in kept),
        apart=bool(new[varying < 2].all()),
        effects=labels,
        cluster=cells.codes("cluster"),
        checkpoint=cells.codes("checkpoint"),
    )


def slopes(cells: Cells, seed: int) -> pd.DataFrame:
    r"""Estimate both slopes of both sources.

    .. math:: y_{mi} = \beta_x x_{mi} + \beta_d d_{mi} + \alpha_m (+ \alpha_i) + \varepsilon_{mi}

    for model m and item i; x is upstream bias, the mean over templates, and d the covariates.
    *Between* items there are effects of the models only, *within* items also of the items. Where
    several groups are compared with one, a model has an effect for each of them: what all items of
    a group share, such as noise on its one word, is one number and not as many as there are items.
    Standard errors are CR3 by item (the jackknife over items), with Student's t of G - 1 degrees
    of freedom; items of several groups that one label has are one cluster. G counts the clusters
    that can tell the slope: within items, those that are seen with and without an intervention that
    moves the source for some item.

    Parameters
    ----------
    cells
        Of one task and adaptation.
    seed
        Of the bootstraps.

    Returns
    -------
    pandas.DataFrame
        One row a source and question, columns `SLOPE_COLUMNS` but for `task` and `adaptation`:

        - slope: outcome per unit of the term; standardised: in standard deviations of the outcome
          a standard deviation of the term, both over the unmodified model's items, of several
          groups inside each (`scale` turns the one into the other). Zero: downstream bias does not
          move with it.
        - standard_error, low, high, p_value: of `standardised`, CR3 by item, 95 %;
          standard_error_cr1 and standard_error_two_way (by item and checkpoint) beside it, and the
          p value of the restricted wild cluster bootstrap; clusters: G; effective_clusters: as how
          many of equal weight they count (see `clustered.clustered`).
        - bootstrap_low, bootstrap_high: percentiles over items × seeds, the latter where a variant
          was trained with all of them (Sellam et al. 2022).
        - reliability: Cronbach's alpha of upstream bias over templates, in this question;
          corrected: `standardised`, had upstream bias no error from its templates, with its
          percentiles over items × seeds.
        - smallest_detectable: the standardised slope found with a power of 80 %.
        - reason: why there is no number, else empty.

    Notes
    -----
    MacKinnon, Nielsen and Webb (2023) for the errors; Fuller (1987) for the correction.
    """
    rows: list[dict[str, Any]] = []
    for effects in QUESTIONS:
        found = estimates(cells, effects)
        scales = {row["term"]: row["scale"] for row in found if not row["reason"]}
        checks = _checks(cells, design(cells, effects), scales, seed) if scales else {}
        rows += [row | checks.get(row["term"], {}) for row in found]
    return pd.DataFrame(rows, columns=list(SLOPE_COLUMNS[2:]))


def estimates(cells: Cells, effects: Effects) -> list[dict[str, Any]]:
    """Estimate the slopes of one question, without what checks them.

    Returns
    -------
    list of dict
        One row a source, keys as the columns of `slopes`: those up to `effective_clusters`,
        `smallest_detectable` and `reason`. With a reason there are no numbers.
    """
    names = sources(cells)
    nothing = nothing_to_fit(cells)
    reasons = dict.fromkeys(names.values(), nothing)
    numbers: dict[str, dict[str, float]] = {}
    if not nothing:
        of = design(cells, effects)
        telling = {term: _telling(cells, term, effects) for term in reasons}
        reasons = {
            term: _why_not(cells, of, source, term, telling[term]) for source, term in names.items()
        }
        asked = {term: telling[term] for term, reason in reasons.items() if not reason}
        try:
            numbers = _numbers(cells, of, asked) if asked else {}
        except StudyError as error:
            reasons |= dict.fromkeys(asked, str(error))
        else:
            reasons |= {term: _ONE_DECIDES for term in asked if term not in numbers}
    size = {
        "models": cells.table["model"].nunique(),
        "items": cells.table["item"].nunique(),
        "observations": len(cells.table),
    }
    return [
        {"source": source, "effects": effects, "term": term}
        | size
        | numbers.get(term, {})
        | {"reason": reasons[term]}
        for source, term in names.items()
    ]


def nothing_to_fit(cells: Cells) -> str:
    """Say why the unmodified model allows no estimate at all; empty where it does."""
    if not cells.learnt:
        return "the unmodified model did not learn the task, and how it fails is no bias"
    control = cells.table[cells.table["unmodified"]]
    clusters = control["cluster"].nunique()
    if clusters >= FEWEST_ITEMS:
        return ""
    of = counted(control["item"].nunique(), "item")
    if clusters != control["item"].nunique():
        of += f" of {counted(clusters, 'label')}"
    scarce = f", {len(cells.scarce)} more of too few test rows" if cells.scarce else ""
    return f"the unmodified model has every number for {of}{scarce}, and {FEWEST_ITEMS} are needed"


def same_for_all(cells: Cells, name: str, what: str) -> str:
    """Say that a number says nothing of any item of the unmodified model; empty where it does."""
    control = cells.of_unmodified
    left = inside_groups(control, cells.groups)
    if left[name].abs().max() > ROUNDING * control[name].abs().max():
        return ""
    each = " in each group" if cells.groups.nunique() > 1 else ""
    return f"{what} is the same for all items of the unmodified model{each}"


def template_reliability(cells: Cells, effects: Sequence[_Codes]) -> float:
    """Return Cronbach's alpha of upstream bias over templates, effects taken out of each template.

    With effects of models only it tells how alike the templates order the items, with those of
    items too how alike they see them change. Rows that lack a template are left out. NaN for a
    single template, for fewer than six items, and where nothing varies beside the effects.
    """
    wide = cells.templates.dropna(axis=1, how="all")
    complete = wide.notna().all(axis=1).to_numpy()
    if wide.shape[1] < 2 or cells.table.loc[complete, "item"].nunique() < FEWEST_ITEMS:
        return float("nan")
    scores = wide.to_numpy(dtype=np.float64)[complete]
    labels = [each[complete] for each in effects]
    left = fixed_effects(labels, len(scores)).taken_out(scores)
    if np.linalg.norm(left) <= ROUNDING * np.linalg.norm(scores):
        return float("nan")
    return cronbach_alpha(left)


def _telling(cells: Cells, term: str, effects: Effects) -> int:
    """Return how many clusters can tell a slope.

    Within items, those of the items that are seen under an intervention that moves the source for
    some item, and under another or none: an item that is seen once has nothing to be compared with.
    """
    rows = cells.table
    if effects == "between":
        return rows["cluster"].nunique()
    before = rows["item"].map(cells.of_unmodified[term])
    moved = (rows[term] - before).abs() > ROUNDING * before.abs().max()
    moving = rows["variant"].isin(rows.loc[moved, "variant"])
    of_items = rows.assign(moving=moving).groupby("item")
    told = of_items["moving"].any() & (of_items["variant"].nunique() > 1)
    return rows.loc[rows["item"].isin(told.index[told]), "cluster"].nunique()


def _apart(cells: Cells, term: str, effects: Effects) -> int:
    """Return how many clusters have a source, or are moved by an intervention, unlike most.

    Where more than half of a model's items are alike, the slope compares the few others with them:
    how far these differ among themselves is all that tells its error, however many are alike.
    """
    rows, own = cells.table, cells.of_unmodified[term]
    values = rows[term]
    if effects == "within":
        values = values - rows["item"].map(own)
    known = values[values.notna()]
    # As many steps that what rounding leaves is none.
    steps = (known / (ROUNDING * own.abs().max())).round()
    level = rows.loc[known.index, "level"]
    alike = steps.groupby([level, steps]).transform("size")
    unlike = 2 * alike <= steps.groupby(level).transform("size")
    clusters: pd.Series = rows.loc[known.index[unlike], "cluster"]
    return clusters.nunique()


def _why_not(cells: Cells, of: Design, source: Source, term: str, telling: int) -> str:
    """Say why a slope cannot be estimated, as far as the numbers alone say it; else empty."""
    for name, what in ((OUTCOME, "downstream bias"), (term, "it")):
        if same := same_for_all(cells, name, what):
            return same
    if term not in of.terms:
        return _MOVERS_FAILED if source in cells.failed else UNMOVED
    if telling < FEWEST_ITEMS:
        seen = f"{counted(telling, 'item')} with and without an intervention that moves it"
        return f"the models have every number for {seen}, and {FEWEST_ITEMS} are needed"
    apart = _apart(cells, term, of.question)
    if apart < FEWEST_ITEMS:
        alike = {"within": "it moved alike in", "between": "it is the same for"}[of.question]
        others = counted(apart, "item")
        return f"{alike} all but {others}, and {FEWEST_ITEMS} are needed"
    return "" if of.apart else "the model's bias and the data's go together, item by item"


def _numbers(cells: Cells, of: Design, telling: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """Return the columns of each term's estimate, by how many clusters can tell it.

    A slope that one cluster alone decides is not among them.
    """
    fitted = clustered(of.outcome, of.columns, of.effects, of.cluster)
    if fitted.exact:
        raise StudyError("the fit is exact: nothing is left to tell an error from")
    spread = _spread(cells, [OUTCOME, *telling])
    found = {}
    for term, clusters in telling.items():
        place, df = of.terms.index(term), clusters - 1
        if np.isnan(fitted.cr3[place, place]):
            continue
        slope = float(fitted.coefficients[place])
        scale = spread[term] / spread[OUTCOME]
        standardised = scale * slope
        error = scale * float(np.sqrt(fitted.cr3[place, place]))
        half = float(stats.t.ppf((1 + LEVEL) / 2, df)) * error
        found[term] = {
            "slope": slope,
            "scale": scale,
            "standardised": standardised,
            "standard_error": error,
            "low": standardised - half,
            "high": standardised + half,
            "p_value": float(2 * stats.t.sf(abs(standardised / error), df)),
            "clusters": clusters,
            "effective_clusters": float(fitted.effective[place]),
            "smallest_detectable": half + float(stats.t.ppf(POWER, df)) * error,
        }
    return found


def _spread(cells: Cells, names: Sequence[str]) -> dict[str, float]:
    """Return standard deviations over the unmodified model's items, inside their groups."""
    left = inside_groups(cells.of_unmodified[list(names)], cells.groups)
    variances = (left**2).sum() / (len(left) - cells.groups.nunique())
    return {name: float(variances[name] ** 0.5) for name in names}


def _checks(
    cells: Cells, of: Design, scales: Mapping[str, float], seed: int
) -> dict[str, dict[str, float]]:
    """Return the columns that check each term's estimate, by other errors and for reliability."""
    cr1 = clustered(of.outcome, of.columns, of.effects, of.cluster).cr1
    both = np.full_like(cr1, np.nan)
    if of.checkpoint.any():
        both = two_way(of.outcome, of.columns, of.effects, of.cluster, of.checkpoint)
    reliability = template_reliability(cells, of.effects)
    corrected = _corrected(of, reliability)
    draws, corrected_draws = _resampled(cells, of, seed)
    found = {}
    for term, scale in scales.items():
        place = of.terms.index(term)
        low, high = percentile_interval(scale * draws[:, place], LEVEL)
        corrected_low, corrected_high = percentile_interval(
            scale * corrected_draws[:, place], LEVEL
        )
        found[term] = {
            "standard_error_cr1": scale * float(np.sqrt(cr1[place, place])),
            "standard_error_two_way": scale * float(np.sqrt(both[place, place])),
            "p_value_wild_bootstrap": wild_bootstrap_p(
                of.outcome, of.columns, of.effects, of.cluster, place, draws=_WILD_DRAWS, seed=seed
            ),
            "bootstrap_low": low,
            "bootstrap_high": high,
            "reliability": reliability if term == UPSTREAM else float("nan"),
            "corrected": scale * float(corrected[place]),
            "corrected_low": corrected_low,
            "corrected_high": corrected_high,
        }
    return found


def _corrected(of: Design, reliability: float) -> _Values:
    """Return the slopes with the templates' error taken out of upstream bias; NaN without it."""
    nothing = np.full(len(of.terms), np.nan)
    if UPSTREAM not in of.terms or not reliability > 0:
        return nothing
    own = of.terms.index(UPSTREAM)
    space = fixed_effects(of.effects, len(of.outcome))
    left = space.taken_out(of.columns[:, [own]])
    variances = np.zeros(len(of.terms))
    variances[own] = (1 - reliability) * float((left**2).sum()) / (len(left) - space.rank)
    try:
        return corrected_slopes(of.outcome, of.columns, of.effects, variances)
    except StudyError:
        # The templates' error is as large as all that upstream bias varies.
        return nothing


def _resampled(cells: Cells, of: Design, seed: int) -> tuple[_Values, _Values]:
    """Return the slopes of each draw, (draws, terms), as they are and corrected.

    Items are resampled, and seeds of the variants that were trained with all of them. A draw whose
    rows do not determine the slopes is NaN.
    """
    seeds = cells.codes("seed")
    with_all = cells.table.groupby("variant")["seed"].transform("nunique") == seeds.max() + 1
    weights = multi_bootstrap(of.cluster, seeds, with_all.to_numpy(), _BOOTSTRAP_DRAWS, seed)
    templates = cells.templates.dropna(axis=1, how="all").to_numpy(dtype=np.float64)
    values = np.column_stack([of.outcome, of.columns, templates])
    products = weighted_products(values, of.effects, weights)
    terms = slice(1, 1 + len(of.terms))
    among, with_outcome = products[:, terms, terms], products[:, terms, 0]
    draws = _solved(among, with_outcome)
    if UPSTREAM not in of.terms or templates.shape[1] < 2:
        return draws, np.full_like(draws, np.nan)
    own = of.terms.index(UPSTREAM)
    corrected = among.copy()
    corrected[:, own, own] *= _alphas(products[:, terms.stop :, terms.stop :])
    return draws, _solved(corrected, with_outcome)


def _alphas(products: _Values) -> _Values:
    """Return Cronbach's alpha of each draw, from the products of its templates."""
    templates = products.shape[1]
    of_sum, of_each = products.sum(axis=(1, 2)), np.trace(products, axis1=1, axis2=2)
    share = np.divide(of_each, of_sum, out=np.full_like(of_sum, np.nan), where=of_sum > 0)
    alphas: _Values = templates / (templates - 1) * (1 - share)
    return alphas


def _solved(among: _Values, with_outcome: _Values) -> _Values:
    """Return each draw's slopes from its products; NaN where they are not positive definite."""
    size = np.sqrt(np.diagonal(among, axis1=1, axis2=2).clip(0))
    known = (size > 0).all(axis=1) & np.isfinite(among).all(axis=(1, 2))
    scale = np.where(known[:, np.newaxis], size, 1)
    correlations = among / (scale[:, :, np.newaxis] * scale[:, np.newaxis, :])
    unit = np.eye(among.shape[1])
    correlations[~known] = unit
    known &= np.linalg.eigvalsh(correlations)[:, 0] > COLLINEAR
    correlations[~known] = unit
    solved = np.linalg.solve(correlations, (with_outcome / scale)[:, :, np.newaxis])[:, :, 0]
    return np.where(known[:, np.newaxis], solved / scale, np.nan)
