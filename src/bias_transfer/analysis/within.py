"""Least squares within fixed effects: any number of them taken out, whatever rows are missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from bias_transfer.errors import StudyError

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]

# Rounding leaves about 1e-15 of a column that is exactly dependent; real columns keep far more.
COLLINEAR = 1e-9
# Tables hold ten significant digits: what is left of an outcome below this share of its size is
# rounding, its own or that of the arithmetic.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class FixedEffects:
    """The space that the dummies of fixed effects span, the constant within it.

    Attributes
    ----------
    group
        (n,) numbers from zero: the level of the effect that is taken out by its means.
    rest
        (n, r) orthonormal columns: what the other effects' dummies add to that effect's.
    rank
        Dimensions of the whole space: levels of the one effect, and r.
    """

    group: _Codes
    rest: _Values
    rank: int

    def taken_out(self, values: _Values) -> _Values:
        """Return what is left of an (n, m) array's columns beside the effects."""
        centred = demeaned(values, self.group)
        left: _Values = centred - self.rest @ (self.rest.T @ centred)
        return left

    def basis(self) -> _Values:
        """Return (n, rank) orthonormal columns that span the effects."""
        return np.column_stack([_dummies(self.group) / _sizes(self.group) ** 0.5, self.rest])


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares on columns from which fixed effects were taken out.

    Attributes
    ----------
    effects
        What was taken out.
    q, r
        (n, k) and (k, k): the QR decomposition of the columns without the effects.
    coefficients
        (k,) slopes, in the outcome's unit a unit of the column.
    spread, residuals
        (n,) what the effects, and what effects and columns leave of the outcome. Where that is
        rounding (at most 1e-9 of the outcome's size), zeros.
    """

    effects: FixedEffects
    q: _Values
    r: _Values
    coefficients: _Values
    spread: _Values
    residuals: _Values

    @property
    def exact(self) -> bool:
        """Whether nothing is left over that an error could be judged by."""
        return not self.residuals.any()

    @property
    def r_squared(self) -> float:
        """1 - SSR / SST within the effects; NaN where the outcome never varies within them."""
        total = float(self.spread @ self.spread)
        return 1 - float(self.residuals @ self.residuals) / total if total > 0 else float("nan")


def fixed_effects(effects: Sequence[_Codes], rows: int) -> FixedEffects:
    """Return the space of some effects' dummies; of the constant alone where there are none.

    Parameters
    ----------
    effects
        (n,) labels each, e.g. the codes of items and of models. Rows may be missing, and one
        effect may be nested in another.
    rows
        n.
    """
    labels = [codes(effect) for effect in effects] or [np.zeros(rows, dtype=np.int64)]
    # The one with the most levels needs no dummies: its means are subtracted.
    labels.sort(key=lambda effect: -int(effect.max()))
    group, *others = labels
    levels = int(group.max()) + 1
    if not others:
        return FixedEffects(group=group, rest=np.empty((rows, 0)), rank=levels)
    dummies = demeaned(np.column_stack([_dummies(effect) for effect in others]), group)
    left, sizes, _ = np.linalg.svd(dummies, full_matrices=False)
    # Dummies are sums of zeros and ones, so that rounding is far below what a level adds.
    rest = left[:, sizes > COLLINEAR * rows**0.5]
    return FixedEffects(group=group, rest=rest, rank=levels + rest.shape[1])


def fit_within(
    outcome: _Values, columns: _Values, effects: Sequence[_Codes], subject: str = "least squares"
) -> Fit:
    r"""Fit the outcome on columns and fixed effects.

    .. math:: \hat\beta = (\tilde X'\tilde X)^{-1}\tilde X'\tilde y,
              \quad \tilde X = X - D(D'D)^+D'X

    with D the effects' dummies: the slopes of the design with a dummy a level, by Frisch, Waugh and
    Lovell.

    Parameters
    ----------
    outcome
        (n,) numbers.
    columns
        (n, k) numbers without a constant.
    effects
        As for `fixed_effects`; empty: a constant is added.
    subject
        Opens the text of an error.

    Raises
    ------
    StudyError
        If shapes differ, a number is missing or infinite, the effects already hold a column,
        columns are collinear, or no row is left over for the residuals.
    """
    n = len(outcome)
    if columns.ndim != 2 or any(len(each) != n for each in (columns, *effects)):
        raise StudyError(
            f"{subject}: the columns and effects need one row for each of {n} outcomes"
        )
    if not columns.shape[1]:
        raise StudyError(f"{subject}: there is no column to fit on")
    if not (np.isfinite(outcome).all() and np.isfinite(columns).all()):
        raise StudyError(f"{subject}: a number is missing or infinite: give complete rows")
    space = fixed_effects(effects, n)
    if n <= space.rank + columns.shape[1]:
        raise StudyError(
            f"{subject}: {n} rows are too few for {columns.shape[1]} columns and fixed effects of "
            f"rank {space.rank}"
        )
    within = space.taken_out(columns)
    left = np.linalg.norm(within, axis=0)
    gone = left <= COLLINEAR * np.linalg.norm(columns, axis=0)
    if gone.any():
        raise StudyError(
            f"{subject}: column {int(gone.argmax())} never varies within the fixed effects: leave "
            "it out"
        )
    q, r = np.linalg.qr(within)
    dependent = np.abs(np.diag(r)) <= COLLINEAR * left
    if dependent.any():
        raise StudyError(
            f"{subject}: column {int(dependent.argmax())} is collinear with the columns before it: "
            "leave it out"
        )
    rounding = ROUNDING * float(np.linalg.norm(outcome))
    spread = without_rounding(space.taken_out(outcome[:, np.newaxis])[:, 0], rounding)
    shares = q.T @ spread
    return Fit(
        effects=space,
        q=q,
        r=r,
        coefficients=solve_triangular(r, shares),
        spread=spread,
        residuals=without_rounding(spread - q @ shares, rounding),
    )


def clusters_of(labels: _Codes, rows: int, subject: str) -> _Codes:
    """Return clusters numbered from zero; refuse fewer than two."""
    if len(labels) != rows:
        raise StudyError(f"{subject}: {len(labels)} rows have a cluster, {rows} an outcome")
    group = codes(labels)
    if not group.max():
        raise StudyError(f"{subject}: all rows are of one cluster, and two are the fewest")
    return group


def codes(labels: _Codes) -> _Codes:
    """Return labels numbered from zero, without gaps."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def sums(values: _Values, group: _Codes) -> _Values:
    """Return the (groups, m) sums of an (n, m) array's rows within groups numbered from zero."""
    totals = np.zeros((int(group.max()) + 1, values.shape[1]))
    np.add.at(totals, group, values)
    return totals


def _sizes(group: _Codes) -> _Values:
    return np.bincount(group).astype(np.float64)


def _dummies(group: _Codes) -> _Values:
    dummies: _Values = (group[:, np.newaxis] == np.arange(int(group.max()) + 1)).astype(np.float64)
    return dummies


def demeaned(values: _Values, group: _Codes) -> _Values:
    """Take each group's column means out of its rows."""
    centred: _Values = values - (sums(values, group) / _sizes(group)[:, np.newaxis])[group]
    return centred


def without_rounding(values: _Values, rounding: float) -> _Values:
    """Return zeros where all that the values hold is rounding."""
    return values if np.linalg.norm(values) > rounding else np.zeros_like(values)
