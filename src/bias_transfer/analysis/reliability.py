"""How reliable a measure is, over templates or seeds, and slopes corrected for what it lacks."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.within import fit_within
from bias_transfer.errors import StudyError
from bias_transfer.seeding import generator

_Values = NDArray[np.float64]
_Codes = NDArray[np.int64]

# Of ten templates there are 126 splits, of eleven 462.
_EVERY_SPLIT = 10
_SPLITS = 100
_NAN = float("nan")


def cronbach_alpha(scores: _Values) -> float:
    r"""Return Cronbach's alpha of an item's mean (or sum) over templates.

    .. math:: \alpha = \frac{T}{T-1}\left(1 - \frac{\sum_t s_t^2}{s_{sum}^2}\right)

    (Cronbach 1951, eq. 2), s^2 variances over items. The error variance of the mean is
    (1 - alpha) times the mean's variance over items. One: the templates order and space the items
    alike. Zero: they agree by no more than chance. Negative: they disagree.

    Parameters
    ----------
    scores
        (items, templates) numbers.

    Returns
    -------
    float
        NaN for one template, and where the mean never varies.

    Raises
    ------
    StudyError
        If a number is missing or infinite, or there are fewer than two items.
    """
    _check(scores, "Cronbach's alpha")
    templates = scores.shape[1]
    of_sum = float(scores.sum(axis=1).var(ddof=1))
    of_each = float(scores.var(axis=0, ddof=1).sum())
    if templates < 2 or _is_rounding(of_sum, scores):
        return _NAN
    return float(templates / (templates - 1) * (1 - of_each / of_sum))


def split_half(scores: _Values) -> float:
    r"""Return the reliability of the mean over templates by halves, averaged over the splits.

    .. math:: \frac{2r}{\sqrt{r^2 + 4pq(1 - r^2)} + r}

    with r the correlation over items of the two halves' means and p, q the halves' shares of the
    templates: 2r / (1 + r) of Spearman and Brown (1910) for equal halves, and Horst's (1951) for
    the nearly equal ones of an odd number. All splits are taken, above 10 templates 100 drawn ones
    (always the same). One: the halves agree. Zero: they are uncorrelated. Minus infinity: opposed.

    Parameters
    ----------
    scores
        (items, templates) numbers.

    Returns
    -------
    float
        NaN for one template, and where a half never varies.

    Raises
    ------
    StudyError
        As for `cronbach_alpha`.
    """
    _check(scores, "split halves")
    templates = scores.shape[1]
    if templates < 2:
        return _NAN
    halves = _halves(templates)
    size = templates // 2
    first = scores @ halves.T / size
    second = scores @ (1 - halves).T / (templates - size)
    one, other = (half - half.mean(axis=0) for half in (first, second))
    scales = [(half**2).sum(axis=0) for half in (one, other)]
    if any(_is_rounding(float(scale.min()), scores) for scale in scales):
        return _NAN
    # Rounding may carry a correlation past one.
    r = np.clip((one * other).sum(axis=0) / np.sqrt(scales[0] * scales[1]), -1, 1)
    share = size / templates
    root = np.sqrt(r**2 + 4 * share * (1 - share) * (1 - r**2))
    with np.errstate(divide="ignore"):
        return float((2 * r / (root + r)).mean())


def intraclass_correlation(values: _Values) -> float:
    r"""Return the intraclass correlation of an item's mean over replicates, ICC(C,k).

    .. math:: ICC = \frac{MS_{items} - MS_{error}}{MS_{items}}

    of the two-way analysis of variance: consistency, so that a replicate's own level is no error
    (McGraw and Wong 1996, case 3; ICC(3,k) of Shrout and Fleiss 1979). The error variance of the
    mean is (1 - ICC) times the mean's variance over items. One: replicates agree up to their level.
    Zero: they agree by no more than chance. Negative: they disagree.

    Parameters
    ----------
    values
        (items, replicates) numbers, e.g. over fine-tuning seeds.

    Returns
    -------
    float
        NaN for one replicate, which has no other to agree with, and where the mean never varies.

    Raises
    ------
    StudyError
        As for `cronbach_alpha`.
    """
    _check(values, "intraclass correlation")
    items, replicates = values.shape
    if replicates < 2:
        return _NAN
    of_items = values.mean(axis=1)
    left = values - of_items[:, np.newaxis] - values.mean(axis=0) + values.mean()
    between = replicates * float(of_items.var(ddof=1))
    error = float((left**2).sum()) / ((items - 1) * (replicates - 1))
    return _NAN if _is_rounding(between, values) else (between - error) / between


def corrected_slopes(
    outcome: _Values,
    columns: _Values,
    effects: Sequence[_Codes],
    error_variances: _Values,
) -> _Values:
    r"""Return slopes on what the columns measure, their errors' variances known.

    .. math:: \hat\beta = (\tilde X'\tilde X - (N - D)\,\Sigma)^{-1}\tilde X'\tilde y

    (Fuller 1987, section 2.2, the known error covariance), after the fixed effects are taken out:
    of errors that are independent between rows, effects of rank D (the constant counts as one)
    leave (N - D) times the variance. Where a column stands alone it is the ordinary slope divided
    by the column's reliability within the effects.

    Parameters
    ----------
    outcome, columns, effects
        As for `clustered.clustered`.
    error_variances
        (k,) variance of a row's error in each column, in its unit squared, e.g. of a mean over
        templates. Zero: the column is exact. Errors of two columns are taken to be uncorrelated.

    Raises
    ------
    StudyError
        As for `within.fit_within`; if a variance is negative or missing, or the errors' variances
        leave no positive definite variance of what is measured.
    """
    subject = "slopes corrected for reliability"
    fit = fit_within(outcome, columns, effects, subject)
    variances = np.asarray(error_variances, dtype=np.float64)
    if variances.shape != (columns.shape[1],) or not (variances >= 0).all():
        raise StudyError(f"{subject}: each column needs one error variance, zero or above")
    # On the orthonormal columns, so that what is left is in shares of the observed variance.
    unscaled = np.linalg.inv(fit.r)
    degrees = len(outcome) - fit.effects.rank
    left = np.eye(len(variances)) - degrees * (unscaled.T * variances) @ unscaled
    if np.linalg.eigvalsh(left).min() <= 0:
        raise StudyError(
            f"{subject}: the errors are as large as all that the columns vary: more templates or "
            "seeds are needed"
        )
    slopes: _Values = unscaled @ np.linalg.solve(left, fit.q.T @ fit.spread)
    return slopes


def _check(values: _Values, subject: str) -> None:
    if values.ndim != 2 or len(values) < 2:
        raise StudyError(f"{subject}: two items are the fewest")
    if not np.isfinite(values).all():
        raise StudyError(f"{subject}: a number is missing or infinite: give complete items")


def _is_rounding(variance: float, values: _Values) -> bool:
    return variance <= 1e-18 * float((values**2).sum())


def _halves(templates: int) -> _Values:
    """Return (splits, templates) ones for the first half and zeros for the second.

    Of two equal halves either is the first once, which changes no mean over the splits.
    """
    size = templates // 2
    if templates > _EVERY_SPLIT:
        rng = generator(0, "split halves")
        firsts = [rng.permutation(templates)[:size].tolist() for _ in range(_SPLITS)]
    else:
        firsts = [list(half) for half in itertools.combinations(range(templates), size)]
    halves = np.zeros((len(firsts), templates))
    np.put_along_axis(halves, np.array(firsts), 1.0, axis=1)
    return halves
