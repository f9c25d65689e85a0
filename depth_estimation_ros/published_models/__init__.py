"""Getting the models of others: from a model hub, or out of PyTorch."""
