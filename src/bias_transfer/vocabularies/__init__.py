"""Closed lists of words: occupations, identity terms, pronouns, gendered pairs."""
