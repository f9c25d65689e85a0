"""Files are there whole or not at all."""

import json

from depth_estimation_ros.estimation.atomic_file import replacing, write_json
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


def test_results_are_written_as_json_that_any_reader_takes(tmp_path, capsys):
    results = {'scores': [1.5, float('nan')], 'far': float('inf'), 'name': 'a'}
    known = {'scores': [1.5, None], 'far': None, 'name': 'a'}
    write_json(results, str(tmp_path / 'new' / 'scores.json'))
    write_json(results, '-')
    for text in ((tmp_path / 'new' / 'scores.json').read_text(), capsys.readouterr().out):
        assert json.loads(text) == known
