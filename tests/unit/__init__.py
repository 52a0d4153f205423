"""Tests of single functions, against numbers worked out another way."""
