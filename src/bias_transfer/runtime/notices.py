"""What is said to whoever reads while the study runs, of what is not wrong but may not be meant."""

import logging
import sys

logger = logging.getLogger(__name__)


def warn(message: str) -> None:
    """Say something in the log, and on standard error."""
    logger.warning("%s", message)
    print(f"warning: {message}", file=sys.stderr)
