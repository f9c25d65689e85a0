"""Images as messages and files hold them, to arrays; imports nothing of ROS."""


class ImageError(ValueError):
    """A message or file that holds no usable image; the sentence says what is wrong with it."""
