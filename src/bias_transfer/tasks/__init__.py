"""Bias of a classifier's predictions."""
