"""Comparisons of many runs or many cameras; `experiment.py NAME` runs one."""
