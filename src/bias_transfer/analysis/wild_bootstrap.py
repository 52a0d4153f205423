"""The restricted wild cluster bootstrap: p values that few clusters do not fool."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.within import clusters_of, fit_within, sums
from bias_transfer.errors import StudyError
from bias_transfer.seeding import generator

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]

_SUBJECT = "wild cluster bootstrap"
# Two signs give too few different samples of fewer clusters than this.
_FEW = 12
# Webb (2014), eq. 5.
_WEBB = np.sqrt([1.5, 1.0, 0.5, 0.5, 1.0, 1.5]) * np.array([-1, -1, -1, 1, 1, 1])
# The sample itself is among all signs: rounding must not make it less extreme than it is.
_TIE = 1e-9
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class _Samples:
    """What the bootstrap's t statistics are made of, for every null at once.

    With delta the estimate's distance above the null, the restricted residuals are e + delta x, x
    the tested column beside all others. A sample's slope and scores are linear in them, so that its
    numerator is `slope + delta * slope_of_x`, and its variance the quadratic in delta of `variance`
    (three rows: the constant, the linear and the square term).
    """

    estimate: float
    size: float
    own_variance: float
    slope: _Values
    slope_of_x: _Values
    variance: _Values
    enumerated: bool

    def p_value(self, delta: float) -> float:
        """Return the share of samples at least as far from the null as the data."""
        numerator = self.slope + delta * self.slope_of_x
        variance = np.array([1, delta, delta**2]) @ self.variance
        # |t*| >= |t| without a division: in some samples no residual is left.
        extreme = numerator**2 * self.own_variance >= (
            (1 - _TIE) * (delta * self.size) ** 2 * variance
        )
        count, of = int(extreme.sum()), extreme.size
        return count / of if self.enumerated else (1 + count) / (1 + of)


def wild_bootstrap_p(
    outcome: _Values,
    columns: _Values,
    effects: Sequence[_Codes],
    cluster: _Codes,
    tested: int,
    *,
    null: float = 0.0,
    draws: int = 9999,
    seed: int,
) -> float:
    r"""Return the two-sided p value that a slope equals `null`: WCR of Cameron et al. (2008).

    .. math:: y^*_g = X_g\tilde\beta + v_g\tilde u_g,\quad
              p = \frac{1 + \#\{|t^*_b| \geq |t|\}}{1 + B}

    The fit with the null imposed gives the residuals, a cluster's all multiplied by one weight; t
    and t* divide by the CR1 error (MacKinnon, Nielsen and Webb 2023, section 4: "WCR-C"). Weights
    are signs (Rademacher), with fewer than 12 clusters Webb's six points. Where all 2^G signs are
    at most `draws`, each is taken once and p is their share, the data's own among them.

    Parameters
    ----------
    outcome, columns, effects, cluster
        As for `clustered.clustered`.
    tested
        Index of the column.
    null
        The slope under the null, in the outcome's unit a unit of the column.
    draws
        B.
    seed
        Equal seeds give equal weights.

    Returns
    -------
    float
        At least 1 / (1 + B). NaN where the fit is exact.

    Raises
    ------
    StudyError
        As for `clustered.clustered`, and if there is no column `tested` or no draw.
    """
    samples = _samples(outcome, columns, effects, cluster, tested, draws, seed)
    return samples.p_value(samples.estimate - null) if samples else float("nan")


def _samples(
    outcome: _Values,
    columns: _Values,
    effects: Sequence[_Codes],
    cluster: _Codes,
    tested: int,
    draws: int,
    seed: int,
) -> _Samples | None:
    """Return the samples' statistics; None where the fit is exact."""
    if draws < 1:
        raise StudyError(f"{_SUBJECT}: {draws} draws; give at least one")
    if not 0 <= tested < columns.shape[1]:
        raise StudyError(f"{_SUBJECT}: there is no column {tested}")
    # The tested column last: its share of Q is then what the others leave of it.
    order = [*(j for j in range(columns.shape[1]) if j != tested), tested]
    fit = fit_within(outcome, columns[:, order], effects, _SUBJECT)
    group = clusters_of(cluster, len(outcome), _SUBJECT)
    if fit.exact:
        return None
    x = fit.q[:, -1] * fit.r[-1, -1]
    basis = np.column_stack([fit.q, fit.effects.basis()])
    enumerated, weights = _weights(int(group.max()) + 1, draws, seed)
    # A cluster's score is x_g'(u_g v_g) less its part of the projection on the whole design.
    of_x = sums(basis * x[:, np.newaxis], group)
    (own, scores), (own_of_x, scores_of_x) = (
        _scores(x, values, basis, of_x, group) for values in (fit.residuals, x)
    )
    sampled, sampled_of_x = scores @ weights, scores_of_x @ weights
    # Equal weights leave nothing of x but rounding, which a distant null would blow up.
    size = float(x @ x)
    sampled_of_x[np.abs(sampled_of_x) <= _ROUNDING * size] = 0
    return _Samples(
        estimate=float(fit.coefficients[-1]),
        size=size,
        own_variance=float(own @ own),
        slope=own @ weights,
        slope_of_x=own_of_x @ weights,
        variance=np.stack(
            [
                np.sum(sampled**2, axis=0),
                2 * np.sum(sampled * sampled_of_x, axis=0),
                np.sum(sampled_of_x**2, axis=0),
            ]
        ),
        enumerated=enumerated,
    )


def _scores(
    x: _Values, values: _Values, basis: _Values, of_x: _Values, group: _Codes
) -> tuple[_Values, _Values]:
    """Return each cluster's x'u, and the matrix that makes clusters' scores of weights on u."""
    own = sums((x * values)[:, np.newaxis], group)[:, 0]
    return own, np.diag(own) - of_x @ sums(basis * values[:, np.newaxis], group).T


def _weights(clusters: int, draws: int, seed: int) -> tuple[bool, _Values]:
    """Return whether all signs are taken, and the (clusters, samples) weights."""
    rng = generator(seed, "wild cluster bootstrap")
    if clusters < _FEW:
        return False, _WEBB[rng.integers(len(_WEBB), size=(clusters, draws))]
    if 2**clusters <= draws:
        bits = (np.arange(2**clusters) >> np.arange(clusters)[:, np.newaxis]) & 1
        return True, (2 * bits - 1).astype(np.float64)
    signs = 2 * rng.integers(2, size=(clusters, draws)) - 1
    return False, signs.astype(np.float64)
