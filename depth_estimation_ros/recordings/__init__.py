"""Recorded frames: folders of images, videos and bags."""
