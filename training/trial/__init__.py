"""A robot that drives rendered worlds by depth alone: its map, its plan, and what came of it."""
