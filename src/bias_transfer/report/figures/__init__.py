"""Figures drawn from the observation tables; nothing here knows torch or the workflow."""
