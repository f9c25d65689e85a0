"""The parameters of the stand-in camera."""

from depth_estimation_ros.node.settings import Setting

SETTINGS = {
    'source': Setting(
        '', 'What to play: a dataset (the folder that holds rgb/, depth/ and camera.json), a '
        'folder of images, a video file, or a bag (its folder, or its .mcap, .db3 or .bag file).'),
    'split': Setting('test', 'Which part of a dataset to play: train, val or test.'),
    'image_topic': Setting(
        '', 'Which topic of a bag to play, where several have colour images. Empty: the only '
        'one.'),
    'rate': Setting(10.0, 'Frames per second.', limits=(0.1, 1000.0)),
    'loop': Setting(True, 'Whether to begin again after the last frame; else the process ends.'),
    'frame_id': Setting('camera_optical_frame', 'frame_id of all messages (REP 103: z forward).'),
    'fov': Setting(
        0.0, 'Horizontal field of view in degrees, for sources without a camera.json. 0: unknown, '
        'and no camera_info is published.', limits=(0.0, 179.0)),
    'wait_for_subscribers': Setting(
        0, "How many subscribers the topic 'image' must have before the first frame.",
        limits=(0, 100)),
}
