"""What every test may use."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the project."""
    return Path(__file__).resolve().parents[1]
