"""Files are there whole or not at all."""

from depth_estimation_ros.estimation.atomic_file import replacing
import pytest


def test_a_file_is_replaced_when_the_new_one_is_whole(tmp_path):
    path = tmp_path / 'depth.npy'
    path.write_text('old')
    with replacing(path) as partial:
        partial.write_text('new')
        assert path.read_text() == 'old'
    assert path.read_text() == 'new' and list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / 'depth.npy'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt), replacing(path) as partial:
        partial.write_text('ne')
        raise KeyboardInterrupt
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]
