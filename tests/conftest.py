"""What every test may use."""

import os
from pathlib import Path

import pytest

from bias_transfer.runtime.products import THREADS

# Before NumPy is imported, here or in a command: what a test computes is too little for threads,
# which would wait for each other, and for the other tests.
for name in THREADS:
    os.environ.setdefault(name, "1")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the project."""
    return Path(__file__).resolve().parents[1]
