"""From trained weights to the files that a robot runs."""
