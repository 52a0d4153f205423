"""Correlations and fixed-effects regressions on the observation tables."""
