"""Covariances of least squares whose errors go together within clusters: CR1, CR3 and two-way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from bias_transfer.analysis.within import (
    ROUNDING,
    Fit,
    clusters_of,
    codes,
    fit_within,
    fixed_effects,
    sums,
)

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]

_SUBJECT = "clustered errors"
# Leaving out a cluster leaves this share of a direction that the cluster alone decides.
_GONE = 1e-10


@dataclass(frozen=True, eq=False)
class Clustered:
    """Slopes within fixed effects, and their covariances by cluster.

    Attributes
    ----------
    coefficients
        (k,) slopes, in the outcome's unit a unit of the column. Zero: no association given the
        other columns and the effects.
    cr1, cr3
        (k, k) covariances; intervals and p values take Student's t with `clusters` - 1 degrees of
        freedom. NaN where the fit is exact. `cr1` is NaN for a slope whose residuals cancel out in
        every cluster, `cr3` for a slope that the rows without some cluster do not determine.
    clusters, observations
        G and N.
    effective
        (k,) as how many clusters of equal weight those of each slope count: from 1, one cluster
        alone, to G. Few of them, and the errors of few are all that tells the slope's.
    parameters
        K: the columns, and the dimensions of the constant and of the effects that are not nested in
        the clusters.
    r_squared
        1 - SSR / SST within the effects. NaN: the outcome never varies within them.
    exact
        Whether the residuals are rounding, so that no error can be judged by them. It is so, too,
        where the outcome never varies.
    """

    coefficients: _Values
    cr1: _Values
    cr3: _Values
    clusters: int
    observations: int
    effective: _Values
    parameters: int
    r_squared: float
    exact: bool


def clustered(
    outcome: _Values, columns: _Values, effects: Sequence[_Codes], cluster: _Codes
) -> Clustered:
    r"""Fit by least squares within fixed effects; estimate the slopes' covariance by cluster.

    .. math:: V_1 = \frac{G}{G-1}\frac{N-1}{N-K}
              (\tilde X'\tilde X)^{-1} \sum_g \tilde X_g'e_g e_g'\tilde X_g (\tilde X'\tilde X)^{-1}
    .. math:: V_3 = \frac{G-1}{G} \sum_g (\hat\beta_{(g)} - \hat\beta)(\hat\beta_{(g)} - \hat\beta)'

    CR1 (Liang and Zeger 1986) in the form of Stata and statsmodels. K counts the columns, the
    constant and the effects' dummies, as in `regression.regress`, except those of effects that are
    nested in the clusters (each level within one cluster, as items' in items): they cost no
    cluster a degree of freedom that G / (G - 1) does not count already (Cameron and Miller 2015,
    section III.B; R fixest's and pyfixest's "nonnested"; reghdfe).

    CR3 is the jackknife over clusters: everything but the nested effects is estimated again without
    each cluster (MacKinnon, Nielsen and Webb 2023, "Fast and reliable jackknife and bootstrap
    methods for cluster-robust inference", eq. 13), about the full sample's slopes. With
    clubSandwich's "CR3" it agrees times (G - 1) / G. A level of an effect that stands in one
    cluster only goes with that cluster.

    .. math:: G^* = \frac{(\sum_g \gamma_g)^2}{\sum_g \gamma_g^2},
              \quad \gamma_g = \sum_{i \in g} w_i^2

    The effective number of clusters (Carter, Schnepel and Steigerwald 2017, "Asymptotic behavior of
    a t-test robust to cluster heterogeneity", for independent errors), w a row's weight in the
    slope: what the other columns and the effects leave of its own.

    Parameters
    ----------
    outcome
        (n,) numbers.
    columns
        (n, k) numbers without a constant.
    effects
        (n,) labels of each fixed effect, e.g. (), (model,) or (item, model). Empty: a constant.
    cluster
        (n,) labels, e.g. items.

    Raises
    ------
    StudyError
        If there are fewer than two clusters, or as for `within.fit_within`.
    """
    fit = fit_within(outcome, columns, effects, _SUBJECT)
    group = clusters_of(cluster, len(outcome), _SUBJECT)
    nested = [effect for effect in effects if _nested(effect, group)]
    loose = [effect for effect in effects if not _nested(effect, group)]
    parameters = columns.shape[1] + fixed_effects(loose, len(outcome)).rank
    return Clustered(
        coefficients=fit.coefficients,
        cr1=_cr1(fit, group, parameters),
        cr3=_cr3(fit, group, nested, loose),
        clusters=int(group.max()) + 1,
        observations=len(outcome),
        effective=_effective(fit, group),
        parameters=parameters,
        r_squared=fit.r_squared,
        exact=fit.exact,
    )


def two_way(
    outcome: _Values,
    columns: _Values,
    effects: Sequence[_Codes],
    first: _Codes,
    second: _Codes,
) -> _Values:
    r"""Return the slopes' covariance where errors go together within two kinds of cluster.

    .. math:: V = V_{first} + V_{second} - V_{first \cap second}

    (Cameron, Gelbach and Miller 2011, section 2.3.) Each is the CR1 of `clustered` with its own
    G / (G - 1), as there, not with the smallest for all three; K is one for the three, without the
    effects that are nested in either kind of cluster (pyfixest's ``ssc(G_df="conventional",
    k_fixef="nonnested")``). Intervals take t with the smaller G - 1. The difference need not be
    positive semi-definite: its negative eigenvalues are set to zero, as there.

    Parameters
    ----------
    outcome, columns, effects
        As for `clustered`.
    first, second
        (n,) labels, e.g. items and checkpoints.

    Returns
    -------
    (k, k) array
        NaN where the fit is exact, or as `Clustered.cr1` for one of the three.

    Raises
    ------
    StudyError
        As for `clustered`, of either kind of cluster.
    """
    fit = fit_within(outcome, columns, effects, _SUBJECT)
    n = len(outcome)
    one, other = (clusters_of(each, n, _SUBJECT) for each in (first, second))
    both = codes(one * (int(other.max()) + 1) + other)
    loose = [each for each in effects if not (_nested(each, one) or _nested(each, other))]
    parameters = columns.shape[1] + fixed_effects(loose, n).rank
    by_one, by_other, by_both = (_cr1(fit, group, parameters) for group in (one, other, both))
    covariance = by_one + by_other - by_both
    if np.isnan(covariance).any():
        return np.full_like(covariance, np.nan)
    values, vectors = np.linalg.eigh(covariance)
    if values.min() >= 0:
        return covariance
    clipped: _Values = (vectors * np.maximum(values, 0)) @ vectors.T
    return clipped


def two_way_jackknife(
    outcome: _Values,
    columns: _Values,
    effects: Sequence[_Codes],
    first: _Codes,
    second: _Codes,
) -> _Values:
    r"""Return standard errors where errors go together within two kinds of cluster, by CR3.

    .. math:: s^2 = \max(V_{first},\; V_{second},\; V_{first} + V_{second} - V_{first \cap second})

    each the CR3 variance of `clustered` with its own G (MacKinnon, Nielsen and Webb 2024,
    "Jackknife inference with two-way clustering"). Unlike `two_way` it is never less than either
    kind of cluster alone asks for. Intervals take t with the smaller G - 1. It takes longer: each
    row that is alone in its item and model is left out once.

    Parameters
    ----------
    outcome, columns, effects, first, second
        As for `two_way`.

    Returns
    -------
    (k,) array
        In the unit of the slopes. NaN where `Clustered.cr3` is for one of the three.

    Raises
    ------
    StudyError
        As for `two_way`.
    """
    fit = fit_within(outcome, columns, effects, _SUBJECT)
    one, other = (clusters_of(each, len(outcome), _SUBJECT) for each in (first, second))
    both = codes(one * (int(other.max()) + 1) + other)
    by_one, by_other, by_both = (
        np.diag(
            _cr3(
                fit,
                group,
                [effect for effect in effects if _nested(effect, group)],
                [effect for effect in effects if not _nested(effect, group)],
            )
        )
        for group in (one, other, both)
    )
    errors: _Values = np.sqrt(np.maximum.reduce([by_one, by_other, by_one + by_other - by_both]))
    return errors


def _nested(effect: _Codes, group: _Codes) -> bool:
    """Tell whether every level of an effect lies within one cluster."""
    level = codes(effect)
    first = np.empty(int(level.max()) + 1, dtype=np.int64)
    first[level] = group
    return bool((first[level] == group).all())


def _effective(fit: Fit, group: _Codes) -> _Values:
    """Return the effective number of clusters of each slope."""
    weights: _Values = solve_triangular(fit.r, fit.q.T).T
    own = sums(weights**2, group)
    effective: _Values = own.sum(axis=0) ** 2 / (own**2).sum(axis=0)
    return effective


def _cr1(fit: Fit, group: _Codes, parameters: int) -> _Values:
    """Return CR1, with the scores of orthonormal columns so as not to square their condition."""
    n, clusters = len(fit.residuals), int(group.max()) + 1
    # X (R'R)^-1 = Q R'^-1: each row's weight in each slope.
    scores: _Values = solve_triangular(fit.r, (fit.q * fit.residuals[:, np.newaxis]).T).T
    totals = sums(scores, group)
    cancelled = np.linalg.norm(totals, axis=0) <= ROUNDING * np.linalg.norm(scores, axis=0)
    totals[:, cancelled] = np.nan
    factor = clusters / (clusters - 1) * (n - 1) / (n - parameters)
    covariance: _Values = factor * totals.T @ totals
    return covariance


def _cr3(fit: Fit, group: _Codes, nested: list[_Codes], loose: list[_Codes]) -> _Values:
    """Return CR3.

    Z: the columns beside all effects, and what the loose effects add to the nested ones, each
    orthonormal. Without cluster g the normal equations are I - Z_g'Z_g, and the slopes on Z move by
    -(I - Z_g'Z_g)^-1 Z_g'e_g. Where g alone decides a loose effect, the inverse leaves it out.
    """
    n, k = fit.q.shape
    if fit.exact:
        return np.full((k, k), np.nan)
    design = np.column_stack([fit.q, _loose_basis(nested, loose, n)])
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))[:-1]
    parts = np.split(design[order], ends)
    left = np.eye(design.shape[1]) - np.stack([part.T @ part for part in parts])
    scores = sums(design * fit.residuals[:, np.newaxis], group)
    values, vectors = np.linalg.eigh(left)
    gone = values <= _GONE
    of_slopes = vectors[:, :k, :]
    # How far each slope, in units of its own column, lies in what a cluster takes along.
    own: _Values = solve_triangular(fit.r, np.eye(k)) * np.linalg.norm(fit.r, axis=0)[:, np.newaxis]
    taken = np.abs(own @ of_slopes) * gone[:, np.newaxis, :]
    undetermined = taken.max(axis=(0, 2)) > _GONE**0.5
    inverse = np.divide(1, values, out=np.zeros_like(values), where=~gone)
    along = np.einsum("gzv,gz->gv", vectors, scores) * inverse
    moved = -np.einsum("gkv,gv->gk", of_slopes, along)
    changes: _Values = solve_triangular(fit.r, moved.T).T
    changes[:, undetermined] = np.nan
    clusters = len(parts)
    covariance: _Values = (clusters - 1) / clusters * changes.T @ changes
    return covariance


def _loose_basis(nested: list[_Codes], loose: list[_Codes], rows: int) -> _Values:
    """Return orthonormal columns of what the loose effects add to the nested ones."""
    if not nested:
        return fixed_effects(loose, rows).basis()
    left, sizes, _ = np.linalg.svd(
        fixed_effects(nested, rows).taken_out(fixed_effects(loose, rows).basis()),
        full_matrices=False,
    )
    return left[:, sizes > ROUNDING]
