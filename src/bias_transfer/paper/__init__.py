"""Steed et al. (2022): their tables and printed numbers, laid over a study."""
