"""Measures of bias, on arrays and a scoring function; no files here, and no workflow."""
