"""Regressions of downstream bias: plain least squares for one model, fixed effects for many."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.linalg import solve_triangular
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.outliers_influence import variance_inflation_factor

from bias_transfer.analysis.description import FEWEST_ITEMS
from bias_transfer.analysis.within import COLLINEAR, ROUNDING, demeaned, sums, without_rounding
from bias_transfer.errors import StudyError

HC3 = Literal["lsdv", "within", "arellano"]
HC3_KINDS: tuple[HC3, ...] = get_args(HC3)

_Vector = NDArray[np.float64]
_Matrix = NDArray[np.float64]
_Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Specification:
    """One column of a regression table: what is explained by what.

    Attributes
    ----------
    name
        Heads the printed column and every error about it.
    outcome
        Column of the downstream bias, e.g. "log_tpr_ratio".
    regressors
        Columns of the covariates, in the order of the printed rows.
    item
        Column of the items, e.g. "occupation": downstream bias repeats over an item's templates.
    templates
        Values of the column "template" in the order of the printed dummies. The first is the
        reference level and gets no dummy; empty means no template dummies.
    effects
        Column of the fixed effects: "model", or "template" where one model is fitted as a panel
        of templates. An effect below is a value of this column.
    cluster
        Column of what errors are clustered by; empty: the item.
    """

    name: str
    outcome: str
    regressors: tuple[str, ...]
    item: str
    templates: tuple[str, ...] = ()
    effects: str = "model"
    cluster: str = ""


@dataclass(frozen=True, eq=False)
class Regression:
    """A fitted specification.

    Attributes
    ----------
    specification
        What was fitted.
    observations
        N, the rows used.
    models, items, effects
        How many models, items and fixed effects these rows hold.
    undefined
        Rows left out because their outcome or one of their regressors is NaN.
    residual_df
        N - effects - k, where k counts the regressors and template dummies.
    r_squared
        1 - SSR / SST of the outcome about its effects' means: the within R2 of a panel, the plain
        R2 of one effect. Zero: the regressors explain nothing. One: the fit is exact. NaN: the
        outcome never varies within an effect.
    adjusted_r_squared
        1 - (1 - R2)(N - 1) / residual_df. It can be negative.
    f_statistic, f_p_value
        (R2 / k) / ((1 - R2) / residual_df) and its upper tail: the classical F that all slopes
        are zero. The paper prints this one, though its standard errors are robust. NaN where R2 is
        one or NaN.
    residual_standard_error
        sqrt(SSR / residual_df), in the outcome's unit. Zero: a perfect fit.
    breusch_pagan_statistic, breusch_pagan_p_value
        Koenker's studentised test on the dummy-variable design; a small p speaks against equal
        error variances. NaN where the squared residuals do not vary.
    coefficients
        One row a term: the regressors, "template[NAME]" for each dummy, and "constant" when there
        is one effect. Columns: term, coefficient, standard_error_KIND and p_value_KIND for each
        HC3 (see `regress`), and standard_error_, p_value_, low_ and high_item_clustered, the last
        two the ends of the 95 % interval. A coefficient of zero: no association given the other
        columns.
    no_errors
        Why standard errors and p values do not exist, by the HC3; those that exist are not in it.
    no_clustered_errors
        Why those clustered by item do not exist; empty where they do.
    """

    specification: Specification
    observations: int
    models: int
    items: int
    effects: int
    undefined: int
    residual_df: int
    r_squared: float
    adjusted_r_squared: float
    f_statistic: float
    f_p_value: float
    residual_standard_error: float
    breusch_pagan_statistic: float
    breusch_pagan_p_value: float
    coefficients: pd.DataFrame
    no_errors: Mapping[HC3, str]
    no_clustered_errors: str


def regress(observations: pd.DataFrame, specification: Specification) -> Regression:
    r"""Fit Eq. 4 on the rows whose outcome and regressors are all defined.

    .. math:: y_{mit} = x_{mit}'\beta + \tau_t + \alpha_m + \varepsilon_{mit}

    for model m, item i, template t. With several effects (models, unless the specification says
    otherwise), their means are taken out of both sides (the within estimator, whose slopes equal
    those of a design with a dummy an effect); with one this is ordinary least squares with a
    constant.

    Every covariance is a sandwich of u = e / (1 - h), e the residuals and h a leverage. "HC3" has
    three meanings, which differ in h and in what is summed:

    ``lsdv``
        h of the dummy-variable design: that of the demeaned design plus 1 / (rows of the effect).
        The ordinary HC3 of MacKinnon and White (1985).
    ``within``
        h of the demeaned design alone: R plm's ``vcovHC(method="white1", type="HC3")``.
    ``arellano``
        u as for ``within``, summed within each effect: plm's default ``vcovHC(type="HC3")``,
        after Arellano (1987). Meaningless for few effects.

    For one effect there is no demeaned design: ``lsdv`` and ``within`` are both the ordinary HC3
    of the design with its constant (R's ``sandwich::vcovHC`` of an ``lm``), and ``arellano``, with
    a single cluster, is NaN. p values are two-sided, from Student's t with the residual degrees
    of freedom.

    ``standard_error_item_clustered`` sums the plain residuals within each item, in the
    dummy-variable design with statsmodels' ``cov_type="cluster"`` correction (CR1: G/(G-1)
    (N-1)/(N-K), K with the effects' dummies); p value and interval use t with G - 1 degrees of
    freedom, G items (of several groups, labels). NaN for fewer than six, and where the residuals of
    every item cancel out: with as many coefficients as items they must.

    Where the outcome never varies within an effect, or the fit is exact, every residual is rounding
    (at most 1e-9 of the outcome's size): no error, p value or F is then a number, since each would
    be one of the solver and not of the data.

    An effect's only row is fitted exactly and moves no slope: it adds nothing to any covariance.
    Any other row of leverage one makes that HC3 NaN.

    Parameters
    ----------
    observations
        One row a model x item x template, with the columns "model", the item, the outcome, the
        regressors, the effects and, if the specification has templates, "template".
    specification
        What to fit.

    Returns
    -------
    Regression
        The fit, with k rows of coefficients (k + 1 for one effect).

    Raises
    ------
    StudyError
        If a column is missing, holds text, an infinity or, for model, item and template, a gap;
        if a template is not in the specification; if no row is defined, none is left over for the
        residuals, or a column is collinear.
    """
    frame = design_columns(observations, specification)
    rows = observations.loc[frame.index]
    outcome = rows[specification.outcome].to_numpy(dtype=np.float64)
    design = frame.to_numpy(dtype=np.float64)
    effect, effects = _codes(rows[specification.effects])
    _, items = _codes(rows[specification.item])
    cluster, clusters = _codes(rows[specification.cluster or specification.item])
    n, k = design.shape
    df = n - effects - k
    if df <= 0:
        raise _error(
            specification,
            f"{n} defined rows are too few for {k} columns and {effects} fixed effects: "
            "drop regressors or add items",
        )
    within = demeaned(design, effect)
    _refuse_collinear(frame, within, f"regression {specification.name!r}")

    # With one effect the constant is a term of its own; with several, demeaning absorbs them.
    constant = effects == 1
    terms = [*frame.columns, *(["constant"] if constant else [])]
    columns = np.column_stack([design, np.ones(n)]) if constant else within
    rounding = ROUNDING * float(np.linalg.norm(outcome))
    spread = without_rounding(demeaned(outcome[:, np.newaxis], effect)[:, 0], rounding)
    weights, leverage = _least_squares(columns)
    coefficients = weights @ spread
    coefficients[k:] += outcome.mean()  # of the constant, which alone is affected by the mean
    residuals = without_rounding(spread - within @ coefficients[:k], rounding)

    total = float(spread @ spread)
    unexplained = float(residuals @ residuals)
    r_squared = 1 - unexplained / total if total > 0 else float("nan")
    f_statistic = _f_statistic(r_squared, k, df)
    bp_statistic, bp_p_value = _breusch_pagan(residuals, design, effect)

    table = pd.DataFrame({"term": terms, "coefficient": coefficients})
    errors = _hc3_errors(residuals, weights, leverage, effect, effects)
    for kind, error in errors.items():
        table[f"standard_error_{kind}"] = error
    for kind, error in errors.items():
        table[f"p_value_{kind}"] = _p_values(coefficients, error, df)
    clustered = _item_clustered_errors(residuals, weights, cluster, clusters, df)
    # Of a single item t has no degrees of freedom.
    half = clustered * stats.t.ppf(0.975, max(clusters - 1, 1))
    table["standard_error_item_clustered"] = clustered
    table["p_value_item_clustered"] = _p_values(coefficients, clustered, clusters - 1)
    table["low_item_clustered"], table["high_item_clustered"] = (
        coefficients - half,
        coefficients + half,
    )
    no_errors = _why_no_errors(
        spread, residuals, errors, specification.effects if effects > 1 else ""
    )
    return Regression(
        specification=specification,
        observations=n,
        models=rows["model"].nunique(),
        items=items,
        effects=effects,
        undefined=len(observations) - n,
        residual_df=df,
        r_squared=r_squared,
        adjusted_r_squared=1 - (1 - r_squared) * (n - 1) / df,
        f_statistic=f_statistic,
        f_p_value=float(stats.f.sf(f_statistic, k, df)),
        residual_standard_error=float(np.sqrt(unexplained / df)),
        breusch_pagan_statistic=bp_statistic,
        breusch_pagan_p_value=bp_p_value,
        coefficients=table,
        no_errors=no_errors,
        no_clustered_errors=_why_no_clustered_errors(clustered, clusters, residuals, no_errors),
    )


def design_columns(observations: pd.DataFrame, specification: Specification) -> pd.DataFrame:
    """Return the regressors and template dummies of the rows that enter the regression.

    Parameters
    ----------
    observations
        As for `regress`.
    specification
        As for `regress`.

    Returns
    -------
    DataFrame
        N x k floats, without a constant, indexed like the rows of `observations` they come from.

    Raises
    ------
    StudyError
        As for `regress`, except for what only the fit can find.
    """
    numeric = [specification.outcome, *specification.regressors]
    keys = ["model", specification.item, specification.effects]
    keys += ["template"] if specification.templates else []
    if not specification.regressors and len(specification.templates) < 2:
        raise _error(specification, "there is nothing to regress on: name at least one regressor")
    for name in numeric:
        if numeric.count(name) > 1:
            raise _error(specification, f"column {name!r} is named twice: name it once")
    for name in (*keys, *numeric):
        if name not in observations.columns:
            raise _error(specification, f"the observations have no column {name!r}")
    if not observations.index.is_unique:
        raise _error(specification, "the observations' row labels repeat: reset the index")
    for name in keys:
        if observations[name].isna().any():
            raise _error(specification, f"column {name!r} has empty cells: fill them in")
    for name in numeric:
        if not pd.api.types.is_numeric_dtype(observations[name].dtype):
            raise _error(specification, f"column {name!r} holds text where numbers are needed")

    values = observations[numeric].astype(np.float64)
    for name in numeric:
        if np.isinf(values[name].to_numpy()).any():
            raise _error(
                specification, f"column {name!r} holds an infinity: leave undefined cells empty"
            )
    values = values.loc[values.notna().all(axis=1)]
    if values.empty:
        raise _error(
            specification, f"none of the {len(observations)} rows has all of {', '.join(numeric)}"
        )
    design = values[list(specification.regressors)].copy()
    if specification.templates:
        template = observations.loc[values.index, "template"]
        for value in template.unique():
            if value not in specification.templates:
                raise _error(
                    specification, f"template {value!r} is not among the specification's templates"
                )
        for value in specification.templates[1:]:
            design[f"template[{value}]"] = (template == value).astype(np.float64)
    return design


def variance_inflation_factors(design: pd.DataFrame) -> pd.Series:
    """Return how much each column's collinearity inflates its coefficient's variance.

    VIF_j = 1 / (1 - R2_j), R2_j from regressing column j on the others and a constant column,
    which is added here: without it the factors of columns far from zero are nonsense.

    Parameters
    ----------
    design
        N x k numbers without a constant, as `design_columns` returns them.

    Returns
    -------
    Series
        One factor a column. One: uncorrelated with the others; the paper's are below 2.5.

    Raises
    ------
    StudyError
        If there are no rows, or a column is constant or depends on those before it.
    """
    values = design.to_numpy(dtype=np.float64)
    if not len(values):
        raise StudyError("variance inflation factors: there are no rows")
    _refuse_collinear(
        design,
        demeaned(values, np.zeros(len(values), dtype=np.int64)),
        "variance inflation factors",
    )
    exog = np.column_stack([np.ones(len(values)), values])
    factors = [float(variance_inflation_factor(exog, j + 1)) for j in range(values.shape[1])]
    return pd.Series(factors, index=design.columns, name="variance_inflation_factor")


def _error(specification: Specification, problem: str) -> StudyError:
    return StudyError(f"regression {specification.name!r}: {problem}")


def _codes(labels: pd.Series) -> tuple[_Codes, int]:
    """Return the labels numbered from zero, and how many there are."""
    codes, values = pd.factorize(labels)
    return codes.astype(np.int64), len(values)


def _refuse_collinear(design: pd.DataFrame, within: _Matrix, subject: str) -> None:
    """Name the first column that the fixed effects or the columns before it already hold."""
    size = np.linalg.norm(design.to_numpy(dtype=np.float64), axis=0)
    left = np.linalg.norm(within, axis=0)
    for column, whole, rest in zip(design.columns, size, left, strict=True):
        if rest <= COLLINEAR * whole:
            raise StudyError(
                f"{subject}: column {column!r} does not vary within any fixed effect and has no "
                "slope: as it must be of data balanced in it; else leave it out"
            )
    # With more columns than rows the diagonal is short, but then an early column is dependent.
    triangle = np.linalg.qr(within / left, mode="r")
    for column, own in zip(design.columns, np.abs(np.diag(triangle)), strict=False):
        if own <= COLLINEAR:
            raise StudyError(
                f"{subject}: column {column!r} is collinear with the columns before it: leave it "
                "out"
            )


def _least_squares(columns: _Matrix) -> tuple[_Matrix, _Vector]:
    """Return (X'X)^-1 X', by QR so as not to square the condition number, and the leverages."""
    q, r = np.linalg.qr(columns)
    return solve_triangular(r, q.T), np.sum(q**2, axis=1)


def _why_no_errors(
    spread: _Vector, residuals: _Vector, errors: Mapping[HC3, _Vector], effects: str
) -> dict[HC3, str]:
    """Say of each HC3 that does not exist why; `effects` is empty where there is only one."""
    if not spread.any():
        within = f" within a {effects}" if effects else ""
        return dict.fromkeys(HC3_KINDS, f"the outcome never varies{within}")
    if not residuals.any():
        return dict.fromkeys(HC3_KINDS, "the fit is exact, so that nothing is left to judge it by")
    reasons: dict[HC3, str] = {
        kind: "a row of leverage one decides a coefficient alone"
        for kind, error in errors.items()
        if np.isnan(error).any()
    }
    if not effects:
        reasons["arellano"] = "arellano sums over fixed effects, and there is only one"
    return reasons


def _why_no_clustered_errors(
    errors: _Vector, clusters: int, residuals: _Vector, no_errors: Mapping[HC3, str]
) -> str:
    """Say why no error is clustered by item; empty where every one is."""
    if not np.isnan(errors).any():
        return ""
    if not residuals.any():
        return no_errors["lsdv"]
    if clusters < FEWEST_ITEMS:
        return f"errors are clustered by item: there are {clusters}, and {FEWEST_ITEMS} are needed"
    return "the residuals of every item cancel out"


def _f_statistic(r_squared: float, k: int, df: int) -> float:
    return (r_squared / k) / ((1 - r_squared) / df) if r_squared != 1 else float("nan")


def _hc3_errors(
    residuals: _Vector, weights: _Matrix, leverage: _Vector, effect: _Codes, effects: int
) -> dict[HC3, _Vector]:
    """Return the three standard errors of each term; `weights` is terms x rows."""
    if effects == 1:
        ordinary = _row_errors(_scores(residuals, weights, leverage))
        return {
            "lsdv": ordinary,
            "within": ordinary,
            "arellano": np.full(len(weights), np.nan),
        }
    of_dummies = 1 / np.bincount(effect)[effect]
    scores = _scores(residuals, weights, leverage)
    return {
        "lsdv": _row_errors(_scores(residuals, weights, leverage + of_dummies)),
        "within": _row_errors(scores),
        "arellano": _row_errors(sums(scores.T, effect).T),
    }


def _scores(residuals: _Vector, weights: _Matrix, leverage: _Vector) -> _Matrix:
    """Return each row's share in each term's error: its weight times e / (1 - h)."""
    slack = 1 - leverage
    exact = slack < 1e-10
    scaled = np.divide(residuals, slack, out=np.full_like(residuals, np.nan), where=~exact)
    # Dropping an effect's only row would change no slope, so its share is 0 rather than 0 / 0.
    idle = np.abs(weights).max(axis=0) <= 1e-12 * np.abs(weights).max()
    scaled[idle] = 0
    shares: _Matrix = weights * scaled
    return shares


def _row_errors(scores: _Matrix) -> _Vector:
    """Return sqrt(diag(S S')): only the diagonal of the sandwich is ever printed.

    An error of zero would be one of an exact fit, of which nothing can be said: NaN.
    """
    errors: _Vector = np.sqrt(np.sum(scores**2, axis=1))
    return np.where(errors > 0, errors, np.nan)


def _item_clustered_errors(
    residuals: _Vector, weights: _Matrix, cluster: _Codes, clusters: int, df: int
) -> _Vector:
    if clusters < FEWEST_ITEMS:
        return np.full(len(weights), np.nan)
    # By Frisch-Waugh-Lovell the demeaned weights are the slopes' rows of the dummy design's.
    scores = weights * residuals
    totals = sums(scores.T, cluster).T
    left = np.linalg.norm(totals, axis=1) > ROUNDING * np.linalg.norm(scores, axis=1)
    correction = clusters / (clusters - 1) * (len(residuals) - 1) / df
    errors: _Vector = np.sqrt(correction) * np.where(left, _row_errors(totals), np.nan)
    return errors


def _p_values(coefficients: _Vector, errors: _Vector, df: int) -> _Vector:
    """Return two-sided p values; NaN where the error is."""
    p_values: _Vector = 2 * stats.t.sf(np.abs(coefficients / errors), df)
    return p_values


def _breusch_pagan(residuals: _Vector, design: _Matrix, effect: _Codes) -> tuple[float, float]:
    squares = residuals**2
    if np.ptp(squares) <= 1e-12 * squares.max():
        return float("nan"), float("nan")
    # A constant and all but one dummy span the same columns as a dummy for each effect.
    dummies = (effect[:, np.newaxis] == np.arange(1, int(effect.max()) + 1)).astype(np.float64)
    exog = np.column_stack([np.ones(len(design)), dummies, design])
    statistic, p_value, _, _ = het_breuschpagan(residuals, exog)
    return float(statistic), float(p_value)
