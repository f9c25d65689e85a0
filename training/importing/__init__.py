"""Pictures and depth of other kinds, made a dataset that training and scoring read."""
