"""The study as its config describes it: the config itself, and the grid of models."""
