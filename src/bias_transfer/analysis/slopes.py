"""How far downstream bias goes with, or is moved by, the model's bias and the data's.

Two questions are kept apart. *Between* items: do items with more upstream bias have more
downstream bias? *Within* items: when an intervention changes an item's upstream bias, or what the
training data hold of it, does its downstream bias change? Only the second is what mitigation
relies on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, Cells
from bias_transfer.analysis.clustered import clustered, two_way
from bias_transfer.analysis.reliability import corrected_slopes, cronbach_alpha
from bias_transfer.analysis.resampling import percentile_interval
from bias_transfer.analysis.wild_bootstrap import wild_bootstrap_p
from bias_transfer.errors import StudyError

Source = Literal["model", "data"]
Effects = Literal["within", "between"]

# With fewer items, what differs between them is an anecdote.
FEWEST_ITEMS = 6
LEVEL = 0.95
POWER = 0.8
_WILD_DRAWS = 9999
_BOOTSTRAP_DRAWS = 999
# Less of a column's spread than this is rounding.
_ROUNDING = 1e-9

SLOPE_COLUMNS = (
    *("task", "adaptation", "source", "effects", "term"),
    *("models", "items", "observations", "slope", "scale", "standardised"),
    *("standard_error", "low", "high", "p_value", "clusters"),
    *("standard_error_cr1", "standard_error_two_way", "p_value_wild_bootstrap"),
    *("bootstrap_low", "bootstrap_high", "corrected", "reliability", "smallest_detectable"),
    "reason",
)


@dataclass(frozen=True, eq=False)
class Design:
    """The numbers of one regression, effects not yet taken out.

    Attributes
    ----------
    outcome
        Shape (rows,).
    columns
        Shape (rows, terms).
    terms
        What the columns are.
    effects
        The fixed effects: models, or models and items.
    item, model
        The cluster of each row, numbered from zero.
    """

    outcome: NDArray[np.float64]
    columns: NDArray[np.float64]
    terms: tuple[str, ...]
    effects: tuple[NDArray[np.int64], ...]
    item: NDArray[np.int64]
    model: NDArray[np.int64]


def sources(cells: Cells) -> dict[Source, str]:
    """Return the column that stands for each source of bias."""
    return {"model": UPSTREAM, "data": cells.covariates[0]}


def moved(cells: Cells) -> tuple[str, ...]:
    """Return the columns that interventions change within items, not for all items alike."""
    effects = (cells.models, cells.items)
    names = (UPSTREAM, *cells.covariates)
    whole = cells.columns(names)
    left = without_effects(whole, effects)
    spread, size = np.linalg.norm(left, axis=0), np.linalg.norm(whole, axis=0)
    return tuple(
        name
        for name, own, all_of_it in zip(names, spread, size, strict=True)
        if own > _ROUNDING * all_of_it
    )


def design(cells: Cells, effects: Effects) -> Design:
    """Return the regression of one question.

    Within items only columns that some intervention moves can be told from the item effects.
    """
    terms = moved(cells) if effects == "within" else (UPSTREAM, *cells.covariates)
    models, items = cells.models, cells.items
    return Design(
        outcome=cells.columns([OUTCOME])[:, 0],
        columns=cells.columns(terms),
        terms=terms,
        effects=(items, models) if effects == "within" else (models,),
        item=items,
        model=models,
    )


def slopes(cells: Cells, seed: int) -> pd.DataFrame:
    r"""Estimate both slopes of both sources.

    .. math:: y_{mi} = \beta_x x_{mi} + \beta_d d_{mi} + \alpha_m (+ \alpha_i) + \varepsilon_{mi}

    for model m and item i; x is upstream bias, the mean over templates, and d the covariates.
    *Between* items there are effects of the models only, *within* items also of the items.
    Standard errors are CR3 by item (the jackknife over items), with Student's t of G - 1 degrees
    of freedom.

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
          a standard deviation of the term, both over the unmodified model's items (`scale` turns
          the one into the other). Zero: downstream bias does not move with it.
        - standard_error, low, high, p_value: of `standardised`, CR3 by item, 95 %;
          standard_error_cr1 and standard_error_two_way (by item and model) beside it, and the p
          value of the restricted wild cluster bootstrap.
        - bootstrap_low, bootstrap_high: percentiles over items × seeds, the latter where a variant
          was trained with all of them (Sellam et al. 2022).
        - corrected: `standardised`, had upstream bias no error from its templates; reliability:
          the share of its variance, in this question, that is not such error.
        - smallest_detectable: the standardised slope found with a power of 80 %.
        - reason: why there is no number, else empty.

    Notes
    -----
    MacKinnon, Nielsen and Webb (2023) for the errors; Fuller (1987) for the correction.
    """
    rows = [
        {"source": source, "effects": effects, "term": term, **numbers}
        for effects in ("within", "between")
        for source, term, numbers in _of_question(cells, effects, seed)
    ]
    return pd.DataFrame(rows, columns=[name for name in SLOPE_COLUMNS if name not in _ABOVE])


_ABOVE = ("task", "adaptation")


def _of_question(
    cells: Cells, effects: Effects, seed: int
) -> Iterator[tuple[Source, str, Mapping[str, object]]]:
    size = {
        "models": cells.table["model"].nunique(),
        "items": cells.table["item"].nunique(),
        "observations": len(cells.table),
    }
    for source, term in sources(cells).items():
        reason = why_not(cells, effects, term)
        if reason:
            yield source, term, {**size, "reason": reason}
            continue
        try:
            yield source, term, size | _estimates(cells, effects, term, seed)
        except StudyError as error:
            yield source, term, {**size, "reason": str(error)}


def why_not(cells: Cells, effects: Effects, term: str) -> str:
    """Say why a slope cannot be estimated, as far as the numbers alone say it; else empty."""
    table, control = cells.table, cells.of_unmodified
    if control.empty:
        return "no row of the unmodified model is defined"
    if len(control) < FEWEST_ITEMS:
        return f"{len(control)} items have every number, and {FEWEST_ITEMS} are needed"
    for name, what in ((OUTCOME, "downstream bias"), (term, "it")):
        if _constant(control[name]) and _constant(table[name]):
            return f"{what} is the same for all items"
    if effects == "within" and term not in moved(cells):
        return "no intervention moves it"
    return ""


def _estimates(cells: Cells, effects: Effects, term: str, seed: int) -> dict[str, object]:
    of = design(cells, effects)
    place = of.terms.index(term)
    fitted = clustered(of.outcome, of.columns, of.effects, of.item)
    if fitted.exact:
        raise StudyError("the fit is exact: nothing is left to tell an error from")
    scale = _scale(cells, term)
    errors = {
        "standard_error": fitted.cr3,
        "standard_error_cr1": fitted.cr1,
        "standard_error_two_way": two_way(of.outcome, of.columns, of.effects, of.item, of.model)
        if of.model.max() > 0
        else np.full_like(fitted.cr1, np.nan),
    }
    scaled = {
        name: scale * float(np.sqrt(covariance[place, place]))
        for name, covariance in errors.items()
    }
    slope = float(fitted.coefficients[place])
    standardised, error = scale * slope, scaled["standard_error"]
    df = fitted.clusters - 1
    half = float(stats.t.ppf((1 + LEVEL) / 2, df)) * error
    low, high = _bootstrap(cells, of, place, scale, seed)
    reliability = template_reliability(cells, of.effects)
    return {
        "slope": slope,
        "scale": scale,
        "standardised": standardised,
        **scaled,
        "low": standardised - half,
        "high": standardised + half,
        "p_value": float(2 * stats.t.sf(abs(standardised / error), df)),
        "clusters": fitted.clusters,
        "p_value_wild_bootstrap": wild_bootstrap_p(
            of.outcome, of.columns, of.effects, of.item, place, draws=_WILD_DRAWS, seed=seed
        ),
        "bootstrap_low": low,
        "bootstrap_high": high,
        "corrected": scale * _corrected(of, place, reliability),
        "reliability": reliability if term == UPSTREAM else float("nan"),
        "smallest_detectable": half + float(stats.t.ppf(POWER, df)) * error,
        "reason": "",
    }


def _scale(cells: Cells, term: str) -> float:
    """Return standard deviations of the outcome a standard deviation of the term, over items."""
    control = cells.of_unmodified
    spread = float(control[OUTCOME].std())
    if spread == 0 or _constant(control[term]):
        raise StudyError("the unmodified model's values are the same for all items")
    return float(control[term].std()) / spread


def template_reliability(cells: Cells, effects: Sequence[NDArray[np.int64]]) -> float:
    """Return Cronbach's alpha of upstream bias over templates, effects taken out of each template.

    With effects of models only it tells how alike the templates order the items, with those of
    items too how alike they see them change. NaN for a single template, or with a gap.
    """
    wide = cells.templates.dropna(axis=1, how="all")
    if wide.shape[1] < 2 or wide.isna().to_numpy().any():
        return float("nan")
    left = without_effects(wide.to_numpy(dtype=np.float64), effects)
    if np.linalg.norm(left) <= _ROUNDING * np.linalg.norm(wide.to_numpy()):
        return float("nan")
    return cronbach_alpha(left)


def _corrected(of: Design, place: int, reliability: float) -> float:
    """Return a slope with the templates' error taken out of upstream bias; NaN where it cannot."""
    if UPSTREAM not in of.terms or not 0 < reliability <= 1:
        return float("nan")
    own = of.terms.index(UPSTREAM)
    left = without_effects(of.columns[:, [own]], of.effects)[:, 0]
    variances = np.zeros(len(of.terms))
    variances[own] = (1 - reliability) * float(left @ left) / (len(left) - _absorbed(of.effects))
    try:
        return float(corrected_slopes(of.outcome, of.columns, of.effects, variances)[place])
    except StudyError:
        return float("nan")


def _bootstrap(
    cells: Cells, of: Design, place: int, scale: float, seed: int
) -> tuple[float, float]:
    """Resample items, and seeds of the variants that were trained with all of them."""
    weights = _weights(cells, seed)
    dummies = [np.eye(int(each.max()) + 1)[each] for each in of.effects]
    # One model's dummy less, where the items' already hold a constant.
    columns = np.hstack([of.columns, dummies[0], *(each[:, 1:] for each in dummies[1:])])
    width = columns.shape[1]
    pairs = (columns[:, :, np.newaxis] * columns[:, np.newaxis, :]).reshape(len(columns), -1)
    products = (weights @ pairs).reshape(-1, width, width)
    # An item that was not drawn has an effect of zero.
    diagonal = products[:, range(width), range(width)]
    products[:, range(width), range(width)] = np.where(diagonal == 0, 1, diagonal)
    sides = weights @ (columns * of.outcome[:, np.newaxis])
    try:
        solved = np.linalg.solve(products, sides[:, :, np.newaxis])[:, place, 0]
    except np.linalg.LinAlgError:
        # Some draw holds nothing that moves a column.
        return float("nan"), float("nan")
    return percentile_interval(scale * solved, LEVEL)


def _weights(cells: Cells, seed: int) -> NDArray[np.float64]:
    """Return how often each row is drawn, shape (draws, rows)."""
    rng = np.random.default_rng(seed)
    item = cells.items
    of_seed = pd.factorize(cells.table["seed"])[0]
    items, seeds = int(item.max()) + 1, int(of_seed.max()) + 1
    drawn = rng.multinomial(items, np.full(items, 1 / items), size=_BOOTSTRAP_DRAWS)[:, item]
    again = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=_BOOTSTRAP_DRAWS)[:, of_seed]
    with_all = cells.table.groupby("variant")["seed"].transform("nunique") == seeds
    found: NDArray[np.float64] = (drawn * np.where(with_all, again, 1)).astype(np.float64)
    return found


def without_effects(
    values: NDArray[np.float64], effects: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Take fixed effects out of columns: what is left of a regression on their dummies."""
    dummies = np.hstack([np.eye(int(each.max()) + 1)[each] for each in effects])
    left: NDArray[np.float64] = values - dummies @ np.linalg.lstsq(dummies, values)[0]
    return left


def _absorbed(effects: Iterable[NDArray[np.int64]]) -> int:
    """Return the degrees of freedom that connected effects take."""
    counts = [int(each.max()) + 1 for each in effects]
    return sum(counts) - (len(counts) - 1)


def _constant(values: pd.Series) -> bool:
    spread, size = float(values.max() - values.min()), float(values.abs().max())
    return spread <= _ROUNDING * size
