"""What a training run is made of: data, augmentation, losses, settings, the run."""
