"""The scene that depth_estimation_ros.view shows in Rerun."""
