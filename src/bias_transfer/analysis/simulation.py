"""Simulated observation tables of known slopes: how often each kind of error tells the truth.

Thousands of complete tables of one design are drawn and fitted at once. The estimators are those of
`regression`, `clustered` and `wild_bootstrap`, in the closed form that a complete table allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bias_transfer.seeding import generator

_Values = NDArray[np.float64]

Slope = Literal["between", "within"]
SLOPES: tuple[Slope, ...] = get_args(Slope)

HC3_ROWS, HC3_MEANS, CR1, CR3 = "HC3, all rows", "HC3, means", "CR1 by item", "CR3 by item"
TWO_WAY, WILD = "two-way", "wild bootstrap"
ESTIMATORS = (HC3_ROWS, HC3_MEANS, CR1, CR3, TWO_WAY, WILD)

_LEVEL = 0.95
# Spread of x over templates; an item's x varies by one over items.
_TEMPLATES = 0.2
# The upstream interventions, from none to this spread.
_STRONGEST = 1.0
# How an item's data bias goes with its x, and moves its outcome.
_WITH_DATA, _OF_DATA = 0.3, 0.3
# What items with more x have more of whatever an intervention does: no part of the slope within.
_BETWEEN_ONLY = 0.5
# Spread over items of what an intervention's x does to the outcome.
_ITEMS_DIFFER = 0.2
# Share of the error's variance that an item keeps over models, the correlation of the rest from a
# model to its neighbour, and the spread of the log of an item's error.
_KEPT, _NEIGHBOURS, _UNEQUAL = 0.8, 0.5, 0.5
# Numbers of the largest array that is held at once.
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Design:
    """The shape of an observation table: one row a model x item x template.

    Attributes
    ----------
    models, items, templates
        How many of each; every combination has a row. Downstream bias is the same for all
        templates. The first model is the unmodified one.
    """

    models: int
    items: int
    templates: int

    @property
    def slopes(self) -> tuple[Slope, ...]:
        """The slopes that the design can tell: of one model none within items."""
        return SLOPES if self.models > 1 else ("between",)


@dataclass(frozen=True, eq=False)
class Tables:
    """Observation tables of one design.

    Attributes
    ----------
    outcome
        (tables, items, models) downstream bias.
    columns
        (tables, items, models, k) covariates, means over templates: upstream bias, and, where the
        slope is that between items, data bias.
    deviations
        (tables, items, models, templates) of upstream bias from its mean over templates.
    """

    outcome: _Values
    columns: _Values
    deviations: _Values


@dataclass(frozen=True, eq=False)
class Estimates:
    """The slope on upstream bias in each table, by one estimator.

    Attributes
    ----------
    slope, error
        (tables,) the estimate and its standard error.
    degrees
        Of freedom, of Student's t.
    """

    slope: _Values
    error: _Values
    degrees: int

    def excluded(self, slope: float) -> NDArray[np.bool_]:
        """Tell of each table whether its 95 % interval leaves out a slope."""
        reach = stats.t.ppf((1 + _LEVEL) / 2, self.degrees) * self.error
        out: NDArray[np.bool_] = np.abs(self.slope - slope) > reach
        return out


def draw(
    design: Design, kind: Slope, slope: float, tables: int, rng: np.random.Generator
) -> Tables:
    r"""Draw observation tables in which upstream bias moves downstream bias by a known slope.

    .. math:: y_{im} = \alpha_m + \beta x_{im} + \gamma \xi_i + \delta d_i
              + b_i (x_{im} - \xi_i) + s_i (\sqrt{0.8}\, a_i + \sqrt{0.2}\, e_{im})

    for item i and model m. x is the item's own xi plus what the model's intervention did to it, of
    spread 0 for the first model to 1 for the last; in template t it is that and a deviation of
    spread 0.2. The item's data bias d correlates 0.3 with xi, and delta is 0.3. Errors are an
    item's own, a, and e, correlated 0.5 from a model to the next; their size s differs between
    items (log-normal, 0.5), and b, of spread 0.2, makes items answer to an intervention
    differently. All else is standard normal.

    Parameters
    ----------
    design
        The shape.
    kind
        "between": gamma is zero, so that the slope with model effects is beta. "within": gamma is
        0.5, which only item effects take out.
    slope
        beta.
    tables
        How many.
    rng
        Where the numbers come from.
    """
    items, models = design.items, design.models
    own = rng.standard_normal((tables, items, 1))
    spread = np.linspace(0, _STRONGEST, models)
    moved = spread * rng.standard_normal((tables, items, models))
    x = own + moved
    unrelated = rng.standard_normal((tables, items, 1))
    data = _WITH_DATA * own + (1 - _WITH_DATA**2) ** 0.5 * unrelated
    distance = np.abs(np.subtract.outer(np.arange(models), np.arange(models)))
    neighbours = np.linalg.cholesky(_NEIGHBOURS**distance)
    kept = rng.standard_normal((tables, items, 1))
    passing = rng.standard_normal((tables, items, models)) @ neighbours.T
    size = np.exp(_UNEQUAL * rng.standard_normal((tables, items, 1)) - _UNEQUAL**2)
    outcome = (
        rng.standard_normal((tables, 1, models))
        + slope * x
        + (_BETWEEN_ONLY * own if kind == "within" else 0)
        + _OF_DATA * data
        + _ITEMS_DIFFER * rng.standard_normal((tables, items, 1)) * moved
        + size * (_KEPT**0.5 * kept + (1 - _KEPT) ** 0.5 * passing)
    )
    deviations = _TEMPLATES * rng.standard_normal((tables, items, models, design.templates))
    columns = [x] if kind == "within" else [x, np.broadcast_to(data, x.shape)]
    return Tables(
        outcome=outcome,
        columns=np.stack(columns, axis=-1),
        deviations=deviations - deviations.mean(axis=-1, keepdims=True),
    )


def estimates(tables: Tables, kind: Slope) -> dict[str, Estimates]:
    """Return the slope on upstream bias and its errors by each estimator but the bootstrap.

    The slope "between" has model effects, "within" item and model effects. HC3 is that of the
    dummy-variable design: of all rows, with template dummies, as the paper's, and of the means over
    templates. The others are fitted on the means: CR1 and CR3 of `clustered.clustered` with items
    as clusters and t with their number less one, and `clustered.two_way` by item and model, with
    the smaller number less one; there is none of one model.
    """
    _, items, models = tables.outcome.shape
    fit = _fit(tables, kind)
    k = fit.columns.shape[-1]
    n = items * models
    by_item = np.einsum("rimk,rim->rik", fit.columns, fit.residuals)
    cr1 = _sandwich(fit, by_item) * _factor(items, n, k + models)
    found = {
        HC3_ROWS: _hc3_rows(tables, kind),
        HC3_MEANS: _hc3_means(fit, kind),
        CR1: Estimates(fit.slopes[:, 0], cr1[:, 0, 0] ** 0.5, items - 1),
        CR3: Estimates(fit.slopes[:, 0], _jackknife(fit)[:, 0, 0] ** 0.5, items - 1),
    }
    if models > 1:
        by_model = np.einsum("rimk,rim->rmk", fit.columns, fit.residuals)
        each = (fit.columns * fit.residuals[..., np.newaxis]).reshape(len(by_model), n, k)
        # Either kind of cluster holds an effect, so that K counts the columns and the constant.
        covariance = sum(
            sign * _sandwich(fit, scores) * _factor(clusters, n, k + 1)
            for sign, scores, clusters in (
                (1, by_item, items),
                (1, by_model, models),
                (-1, each, n),
            )
        )
        values, vectors = np.linalg.eigh(covariance)
        variance = np.sum(vectors[:, 0, :] ** 2 * np.maximum(values, 0), axis=-1)
        found[TWO_WAY] = Estimates(fit.slopes[:, 0], variance**0.5, min(items, models) - 1)
    return found


def wild_p_values(tables: Tables, kind: Slope, null: float, weights: _Values) -> _Values:
    """Return each table's p of `wild_bootstrap.wild_bootstrap_p` by item, with given weights.

    Parameters
    ----------
    tables, kind
        As for `estimates`.
    null
        The slope under the null.
    weights
        (tables, items, draws).
    """
    items = tables.outcome.shape[1]
    fit = _fit(tables, kind)
    size = 1 / fit.inverse[:, 0, 0]
    beside = np.einsum("rimk,rk->rim", fit.columns, fit.inverse[:, :, 0] * size[:, np.newaxis])
    distance = fit.slopes[:, 0] - null
    restricted = fit.residuals + distance[:, np.newaxis, np.newaxis] * beside
    # A cluster's score: its own, less its part of the projection on model effects and columns.
    own = np.einsum("rim,rim->ri", beside, restricted)
    of_beside = np.einsum("rim,rimk->rik", beside, fit.columns)
    of_restricted = np.einsum("rimk,rim->rik", fit.columns, restricted) @ fit.inverse
    shared = beside @ restricted.transpose(0, 2, 1) / items
    shared += of_beside @ of_restricted.transpose(0, 2, 1)
    scores = own[:, :, np.newaxis] * weights - shared @ weights
    numerator = np.einsum("ri,rid->rd", own, weights)
    data = np.sum(np.einsum("rim,rim->ri", beside, fit.residuals) ** 2, axis=1)
    extreme = numerator**2 * data[:, np.newaxis] >= (
        (distance * size)[:, np.newaxis] ** 2 * np.sum(scores**2, axis=1)
    )
    p_values: _Values = (1 + extreme.sum(axis=1)) / (1 + weights.shape[-1])
    return p_values


def performance(
    design: Design,
    kind: Slope,
    *,
    slope: float,
    tables: int,
    bootstrapped: int,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Say how often each estimator's interval covers the truth, and finds what is there.

    Parameters
    ----------
    design, kind
        As for `draw`.
    slope
        The slope that is there where power and coverage are told; type-I error is that of as many
        other tables without one.
    tables
        How many of either; the bootstrap, of `draws` draws, takes `bootstrapped` of them at most.
    seed
        Equal seeds give equal tables.

    Returns
    -------
    DataFrame
        One row an estimator: models, items, templates, slope, estimator, tables, coverage,
        type_one_error, power, and NAME_monte_carlo_error, the standard error of each. All are
        shares of tables.
    """
    rng = generator(seed, "simulated tables", design, kind)
    counts: dict[str, list[_Values]] = {}
    per_table = design.models * design.items * max(design.templates, 2)
    done = 0
    while done < tables:
        now = min(max(1, _AT_ONCE // per_table), tables - done)
        drawn = {truth: draw(design, kind, truth, now, rng) for truth in (slope, 0.0)}
        found = {truth: estimates(each, kind) for truth, each in drawn.items()}
        for name in found[slope]:
            with_slope, without = found[slope][name], found[0.0][name]
            told = (~with_slope.excluded(slope), without.excluded(0), with_slope.excluded(0))
            counts.setdefault(name, []).append(np.array(told, dtype=np.float64))
        few = min(now, bootstrapped - done)
        if few > 0:
            rejected = _bootstrap_rejects(drawn, kind, slope, few, draws, rng)
            counts.setdefault(WILD, []).append(rejected)
        done += now
    return pd.DataFrame(
        [
            {
                "models": design.models,
                "items": design.items,
                "templates": design.templates,
                "slope": kind,
                "estimator": name,
                **_shares(np.concatenate(counts[name], axis=1)),
            }
            for name in ESTIMATORS
            if name in counts
        ]
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    """Least squares in each table: what the effects leave, (X'X)^-1, slopes and residuals."""

    outcome: _Values
    columns: _Values
    inverse: _Values
    slopes: _Values
    residuals: _Values


def _fit(tables: Tables, kind: Slope) -> _Fit:
    axes = (1,) if kind == "between" else (1, 2)
    return _least_squares(_centred(tables.outcome, axes), _centred(tables.columns, axes))


def _centred(values: _Values, axes: tuple[int, ...]) -> _Values:
    """Take the means along each axis out in turn, which a complete table allows."""
    for axis in axes:
        values = values - values.mean(axis=axis, keepdims=True)
    return values


def _least_squares(outcome: _Values, columns: _Values) -> _Fit:
    inverse = np.linalg.inv(np.einsum("rimk,riml->rkl", columns, columns))
    slopes = np.einsum("rkl,riml,rim->rk", inverse, columns, outcome, optimize=True)
    return _Fit(
        outcome=outcome,
        columns=columns,
        inverse=inverse,
        slopes=slopes,
        residuals=outcome - np.einsum("rimk,rk->rim", columns, slopes),
    )


def _factor(clusters: int, rows: int, parameters: int) -> float:
    return clusters / (clusters - 1) * (rows - 1) / (rows - parameters)


def _sandwich(fit: _Fit, scores: _Values) -> _Values:
    """Return the covariance of scores (tables, clusters, k), without a factor."""
    weighted = scores @ fit.inverse
    covariance: _Values = weighted.transpose(0, 2, 1) @ weighted
    return covariance


def _jackknife(fit: _Fit) -> _Values:
    """Return CR3 by item.

    Without an item, sums of products about a model's mean lose n / (n - 1) times the item's own.
    """
    items = fit.columns.shape[1]
    lost = items / (items - 1)
    crossed = np.linalg.inv(fit.inverse)[:, np.newaxis] - lost * np.einsum(
        "rimk,riml->rikl", fit.columns, fit.columns
    )
    # The slopes move by -(what is left)^-1 (what the item's residuals added).
    scores = lost * np.einsum("rimk,rim->rik", fit.columns, fit.residuals)
    changes = np.linalg.solve(crossed, scores[..., np.newaxis])[..., 0]
    covariance: _Values = (items - 1) / items * changes.transpose(0, 2, 1) @ changes
    return covariance


def _hc3_means(fit: _Fit, kind: Slope) -> Estimates:
    _, items, models, k = fit.columns.shape
    rank = models if kind == "between" else models + items - 1
    return _hc3(fit, rank / (items * models), items * models - rank - k)


def _hc3_rows(tables: Tables, kind: Slope) -> Estimates:
    r, items, models, templates = tables.deviations.shape
    k = tables.columns.shape[-1]
    columns = np.repeat(tables.columns[..., np.newaxis, :], templates, axis=-2)
    columns[..., 0] += tables.deviations
    # Rows in the order item x template, model, so that the effects' means are along one axis each.
    columns = columns.transpose(0, 1, 3, 2, 4)
    outcome = np.repeat(tables.outcome[:, :, np.newaxis, :], templates, axis=2)
    means: dict[str, tuple[int, ...]] = {"model": (1, 2), "template": (1, 3)}
    if kind == "within":
        means["item"] = (2, 3)
    for axes in means.values():
        columns = columns - columns.mean(axis=axes, keepdims=True)
        outcome = outcome - outcome.mean(axis=axes, keepdims=True)
    fit = _least_squares(
        outcome.reshape(r, items * templates, models),
        columns.reshape(r, items * templates, models, k),
    )
    rank = models + templates - 1 + (items - 1 if kind == "within" else 0)
    rows = items * models * templates
    return _hc3(fit, rank / rows, rows - rank - k)


def _hc3(fit: _Fit, of_dummies: float, degrees: int) -> Estimates:
    """Return HC3; the dummies of a complete table have one leverage in every row."""
    weights = np.einsum("rimk,rkl->riml", fit.columns, fit.inverse)
    leverage = np.einsum("rimk,rimk->rim", weights, fit.columns) + of_dummies
    variance = np.sum((weights[..., 0] * fit.residuals / (1 - leverage)) ** 2, axis=(1, 2))
    return Estimates(fit.slopes[:, 0], variance**0.5, degrees)


def _bootstrap_rejects(
    drawn: Mapping[float, Tables],
    kind: Slope,
    slope: float,
    few: int,
    draws: int,
    rng: np.random.Generator,
) -> _Values:
    """Return (3, few): whether the truth is kept, zero rejected without and with a slope."""
    items = drawn[slope].outcome.shape[1]
    weights = (2 * rng.integers(2, size=(few, items, draws)) - 1).astype(np.float64)

    def rejects(truth: float, null: float) -> NDArray[np.bool_]:
        whole = drawn[truth]
        part = Tables(whole.outcome[:few], whole.columns[:few], whole.deviations[:few])
        rejected: NDArray[np.bool_] = wild_p_values(part, kind, null, weights) <= 1 - _LEVEL + 1e-9
        return rejected

    told = (~rejects(slope, slope), rejects(0.0, 0.0), rejects(slope, 0.0))
    return np.array(told, dtype=np.float64)


def _shares(told: _Values) -> dict[str, float | int]:
    """Return the shares of coverage, type-I error and power, and their Monte Carlo errors."""
    tables = told.shape[1]
    shares = told.mean(axis=1)
    errors = np.sqrt(shares * (1 - shares) / tables)
    names = ("coverage", "type_one_error", "power")
    return (
        {"tables": tables}
        | {name: float(share) for name, share in zip(names, shares, strict=True)}
        | {
            f"{name}_monte_carlo_error": float(error)
            for name, error in zip(names, errors, strict=True)
        }
    )
