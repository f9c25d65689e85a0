"""A training run's settings: from a file, over it from the command line, and never guessed at."""

from pathlib import Path
import subprocess
import sys

from learning.settings import read_settings, SettingsError, Source
import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture
def read(tmp_path):
    """Return a function that reads settings from YAML and a command line."""
    def read(text, *arguments):
        (tmp_path / 'settings.yaml').write_text(text)
        return read_settings(arguments=['--config', str(tmp_path / 'settings.yaml'),
                                        '--data-dir', 'anywhere', *arguments])
    return read


def test_the_command_line_goes_over_the_file_and_the_file_over_the_default(read):
    settings = read('lr: 1e-4\nbatch_size: 4\ndata_dir: [elsewhere]\npretrained: yes',
                    '--lr', '0.5', '--no-pretrained')
    assert (settings.lr, settings.batch_size, settings.max_epochs) == (0.5, 4, 100)
    assert settings.data_dir == ['anywhere'] and settings.pretrained is False


def test_a_run_goes_on_with_its_own_settings(read, tmp_path):
    settings = read('lr: 0.25', '--init-from', 'model.pth', '--input-size', '64x96')
    (tmp_path / 'config.yaml').write_text(yaml.safe_dump(settings.as_plain()))
    resumed = read_settings(arguments=['--resume', str(tmp_path)])
    assert resumed.run_dir == tmp_path
    resumed.run_dir = settings.run_dir
    assert resumed == settings and resumed.size == (64, 96)


@pytest.mark.parametrize('text,sentence', [
    ('pretrained: "no"', "pretrained is 'no', and must be true or false, without quotes"),
    ('clip: "false"', "clip is 'false', and must be true or false"),
    ('max_epochs: 2.5', 'max_epochs is 2.5, and must be a whole number'),
    ('max_epochs: true', 'max_epochs is True, and must be a whole number'),
    ('max_epochs:', 'max_epochs has no value; the default is 100'),
    ('lr: fast', 'lr is fast, and must be a number'),
    ('lr: [1]', r'lr is \[1\], and must be a number'),
    ('lr: .nan', 'lr is nan, and must be finite'),
    ('seed: -1', 'seed is -1, and must lie between 0 and'),
    ('init_from: 3', 'init_from is 3, and must be a'),
    ('network: 3', 'network is 3, and must be a word'),
    ('val_dir: [1, 2]', r'val_dir is \[1, 2\], and must be a list of paths'),
    ('schedule: linear', 'schedule is linear, and must be one of triangular2, cosine'),
    ('epochs: 3', 'no setting epochs; there are data_dir, '),
    ('[1, 2]', 'no keys'), ('lr: [', 'is not YAML')])
def test_a_file_is_refused_in_a_sentence(read, text, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read(text)


@pytest.mark.parametrize('arguments,sentence', [
    (['--max-epochs', '2.5'], 'max_epochs is 2.5, and must be a whole number'),
    (['--epochs', '3'], 'unrecognized arguments: --epochs 3'),
    (['--data-dir', 'real:0'], 'the weight of real is 0, and must lie above 0'),
    (['--fda', '0.5'], 'pass --style-dir')])
def test_a_command_line_is_refused_in_a_sentence(read, arguments, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read('', *arguments)


def test_datasets_have_weights(read):
    settings = read('', '--data-dir', 'real/*:2.5', '--data-dir', 'c:drive', 'plain')
    assert settings.sources == [Source('anywhere'), Source('real/*', 2.5), Source('c:drive'),
                                Source('plain')]


def test_help_has_headings_and_needs_no_torch():
    code = (f'import sys; sys.path.insert(0, {str(ROOT / "training")!r}); import train\n'
            'try:\n    train.main()\n'
            'except SystemExit:\n    assert not {"torch", "timm"} & set(sys.modules)\n')
    result = subprocess.run([sys.executable, '-c', code, '--help'], check=True, timeout=100,
                            capture_output=True, text=True)
    for heading in ('data:', 'run:', 'network:', 'loss:', 'augmentation:', 'optimization:'):
        assert f'\n{heading}\n' in result.stdout
    assert 'default: 0.001)' in result.stdout


def test_datasets_of_a_file_count_together_or_not_at_all(read, tmp_path):
    (tmp_path / 'other.yaml').write_text('data_dir: [rendered]\nval_dir: [real]\nlr: 0.25')
    arguments = ['--config', str(tmp_path / 'other.yaml')]
    assert read_settings(arguments=arguments).val_dir == ['real']
    mine = read_settings(arguments=[*arguments, '--data-dir', 'mine'])
    assert (mine.data_dir, mine.val_dir, mine.lr) == (['mine'], [], 0.25)
