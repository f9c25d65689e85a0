"""Metric depth from one ordinary camera."""
