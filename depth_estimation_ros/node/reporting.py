"""How often a node tells the same thing in its log."""

LOG_PERIOD = 5.0  # seconds between two reports of the same problem
