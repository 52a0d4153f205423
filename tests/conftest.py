"""What every test may use."""

import os
from pathlib import Path

import pytest

# As every job on the CPU computes, and before a library asks: pytest runs a process a core, and
# threads beyond that wait for each other.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the project."""
    return Path(__file__).resolve().parents[1]
