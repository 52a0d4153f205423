"""How long a text a checkpoint takes, as far as its config.json tells."""

from collections.abc import Mapping
from typing import Any


def positions(described: Mapping[str, Any]) -> int | None:
    """Return how many tokens a checkpoint takes; None where its description does not say."""
    try:
        count = int(described["max_position_embeddings"])
        # RoBERTa counts positions from the one behind padding.
        return count - int(described["pad_token_id"]) - 1
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None
