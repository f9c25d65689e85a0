"""The experiments compare what they say they compare."""

import json
from pathlib import Path
import subprocess
import sys

from experiments import ablation, fine_tuning, runs
import numpy as np

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / 'data' / 'sample'


def test_ablation_goes_from_the_papers_recipe_to_ours():
    recipes = ablation.recipes({'max_epochs': 3, 'data_dir': ['worlds']}, ('real', 0.5))
    lines = [recipes[name] for name in ablation.INGREDIENTS]
    paper, ours = runs.read_recipe('train'), runs.read_recipe('train_compact')
    assert lines[0] == {**paper, 'pretrained': False, 'max_epochs': 3,
                        'data_dir': ['worlds']}
    assert all(lines[-1][key] == ours[key] for key in set(ours) - set(ablation.NO_INGREDIENTS))
    for before, after in zip(lines, lines[1:]):
        assert before != after
    for name in ablation.VARIATIONS:
        assert recipes[name] != recipes[ablation.VARIED]
    assert recipes[ablation.REAL] == {**lines[-1], 'data_dir': ['worlds:0.8', 'real:0.5']}
    assert recipes[ablation.COLOURS]['style_dir'] == ['real']


def test_kinds_of_a_dataset_are_linked(tmp_path):
    fine_tuning.link_kinds(SAMPLE, tmp_path / 'indoors', ['interior'])
    fine_tuning.link_kinds(SAMPLE, tmp_path / 'indoors', ['interior'])
    linked = sorted((tmp_path / 'indoors').glob('*/*/*'))
    wanted = sorted(SAMPLE.glob('*/*/interior_*'))
    assert [path.relative_to(tmp_path / 'indoors') for path in linked] == [
        path.relative_to(SAMPLE) for path in wanted] and wanted
    assert np.load(next(path for path in linked if path.suffix == '.npy')).shape == (144, 256)
    assert (tmp_path / 'indoors' / 'camera.json').exists()


def test_a_run_that_is_done_is_not_repeated(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(runs.subprocess, 'run', lambda command, **_: calls.append(command))
    runs.train(tmp_path / 'run', {'max_epochs': 1})
    assert '--config' in calls[0]
    (tmp_path / 'run' / 'done').unlink()
    (tmp_path / 'run' / 'last.pt').touch()
    runs.train(tmp_path / 'run', {'max_epochs': 1})
    assert '--resume' in calls[1]
    runs.train(tmp_path / 'run', {'max_epochs': 1})
    assert len(calls) == 2


def test_a_table_has_a_line_for_each_ingredient():
    rendered, real = (dict.fromkeys(columns.values(), 0.5)
                      for columns in (ablation.COLUMNS, ablation.REAL_COLUMNS))
    for scores, columns in (((rendered, None), 4), ((rendered, real), 7)):
        lines = ablation.table(dict.fromkeys(ablation.INGREDIENTS, scores)).splitlines()
        assert len(lines) == len(ablation.INGREDIENTS) + 2
        assert lines[-1].count('| 0.500 ') == columns
        assert lines[0].count('|') == lines[1].count('|') == lines[2].count('|')


def test_depth_of_another_camera_is_that_of_the_training_camera():
    result = subprocess.run(
        [sys.executable, ROOT / 'training' / 'experiment.py', 'field_of_view', '--model',
         'compact', '--data-dir', ROOT / 'data' / 'fov', '--json', '-'],
        capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    relative = {float(angle): ratios
                for angle, ratios in json.loads(result.stdout)['relative'].items()}
    assert set(relative) == {50.0, 70.0, 90.0, 110.0} and relative[90.0]['scaled'] == 1.0
    assert all(abs(ratios['scaled'] - 1.0) <= 0.12 for ratios in relative.values())
    # What the camera tells: without it a longer lens halves depth.
    assert relative[50.0]['unscaled'] < 0.7
    aspect = json.loads(result.stdout)['aspect']
    assert set(aspect) == {'1:1', '4:3', '3:2', '16:9', '21:9'}
    assert all(abs(ratios['scaled'] - 1.0) <= 0.1 for ratios in aspect.values())
    assert aspect['4:3']['unscaled'] < 0.85
