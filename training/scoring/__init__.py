"""What is measured of a model, and how it is told and drawn."""
