"""Closed lists of words as CSV files: occupations, identity terms, pronouns, gendered pairs.

The first lines of a file start with `#` and tell its title and its source. A user's own file has
the same columns, and needs no such lines.
"""
