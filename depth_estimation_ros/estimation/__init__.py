"""Image in, metric depth out: nothing here knows of ROS."""
