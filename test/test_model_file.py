"""Model files are data from anywhere: a good one is read as it is, any other is refused."""

from dataclasses import replace
import json
from pathlib import Path
import random
import subprocess
import sys
import threading

import color_model
from depth_estimation_ros.estimation import backends, model_file, networks, weights_file
from depth_estimation_ros.estimation.model_file import ModelFileError, ModelMetadata
from exporting import onnx_file
import pytest
import torch

GOOD = ModelMetadata('mobilenetv3_small_050_skip', (64, 96), 15.0, 112.0, 1.5, headroom=1.25,
                     confidence=True, dataset={'name': 'worlds'}, metrics={'epoch': 3},
                     versions={'torch': '2'})
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Return a good file of each kind, small ones."""
    folder = tmp_path_factory.mktemp('good')
    torch.manual_seed(0)
    color_model.write(folder / 'good.onnx', size=64)
    torch.save(networks.create(networks.PAPER).state_dict(), folder / 'good.pth')
    weights_file.save_weights(
        folder / 'good.safetensors',
        networks.create(GOOD.architecture, confidence=True).state_dict(), GOOD)
    return {path.suffix: path for path in folder.iterdir()}


def changed(path, source, **values):
    """Write `source`, a .safetensors file, with other metadata."""
    weights, metadata = weights_file.load_weights(source)
    weights_file.save_weights(path, weights, replace(metadata, **values))
    return path


def refusal(path):
    """Return the sentence with which a file is refused."""
    with pytest.raises(ModelFileError) as refused:
        backends.load(str(path), 'cpu')
    assert Path(path).name in str(refused.value)
    return str(refused.value)


def test_model_file_keeps_what_it_says_of_itself(tmp_path):
    path = tmp_path / 'model.safetensors'
    weights = {'weight': torch.arange(4.0)}
    weights_file.save_weights(path, weights, GOOD)
    loaded, read = weights_file.load_weights(path)
    assert read == GOOD
    assert torch.equal(loaded['weight'], weights['weight'])


@pytest.mark.parametrize('kind', model_file.KINDS)
def test_a_backend_tells_which_file_it_runs(files, kind):
    digest = subprocess.run(['sha256sum', files[kind]], capture_output=True, text=True).stdout[:8]
    assert backends.load(str(files[kind]), 'cpu').digest == digest


@pytest.mark.parametrize('kind', model_file.KINDS)
def test_broken_model_file_is_refused_by_name(tmp_path, files, kind):
    path = tmp_path / f'broken{kind}'
    for data in (b'', b'no model', bytes(1000), files[kind].read_bytes()[:-2000]):
        path.write_bytes(data)
        assert 'broken' in refusal(path)


def test_pickled_code_in_a_checkpoint_does_not_run(tmp_path):
    class Payload:

        def __reduce__(self):
            return Path.touch, (tmp_path / 'ran',)
    path = tmp_path / 'evil.pth'
    torch.save({'encoder_layers.0.weight': Payload()}, path)
    refusal(path)
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('name, value', [
    ('architecture', 5), ('architecture', 'hf-hub:timm/resnet18_skip'),
    ('architecture', 'local-dir:/etc_skip'), ('architecture', '../x_skip'), ('architecture', ''),
    ('input_size', [float('inf'), 64]), ('input_size', [0.5, 64]), ('input_size', [True, 64]),
    ('input_size', [16, 64]), ('input_size', [64, 4096]), ('input_size', [64]),
    ('input_size', 224), ('input_size', [10 ** 400, 64]),
    ('focal', float('inf')), ('focal', 1e-300), ('focal', 'long'), ('focal', True),
    ('max_depth', float('inf')), ('max_depth', float('nan')), ('max_depth', 0),
    ('max_depth', None), ('max_depth', 10 ** 400), ('headroom', 'y'), ('headroom', 0.5),
    ('headroom', 5), ('aspect', 0), ('confidence', 1), ('log_head', 'no'), ('recipe', []),
    ('metrics', json.loads('[' * 500 + ']' * 500))])
def test_metadata_that_no_model_has_is_refused(name, value):
    text = json.dumps({**json.loads(GOOD.to_json()), name: value})
    with pytest.raises(ModelFileError, match='^m: its metadata') as refused:
        ModelMetadata.from_json(text, Path('m'))
    assert name in str(refused.value) or name == 'metrics'


@pytest.mark.parametrize('text', ['', '5', '[]', '{}', '[' * 100000, '"a"', 'null'])
def test_metadata_that_is_no_entry_is_refused(text):
    with pytest.raises(ModelFileError, match='^m: its metadata'):
        ModelMetadata.from_json(text, Path('m'))


def test_metadata_of_later_versions_is_read():
    text = json.dumps({**json.loads(GOOD.to_json()), 'of_later': [1, 2]})
    assert ModelMetadata.from_json(text, Path('m')) == GOOD


@pytest.mark.parametrize('architecture', [
    'no_such_net_skip', 'resnet34_upsample_2', 'vit_giant_patch14_clip_224_skip',
    'resnet34_upsample', 'resnet18_skip'])
def test_weights_of_another_network_are_refused_in_a_sentence(tmp_path, files, architecture):
    path = changed(tmp_path / 'other.safetensors', files['.safetensors'], headroom=1.0,
                   architecture=architecture, confidence=False)
    sentence = refusal(path)
    assert len(sentence) < 500 and '\n' not in sentence


def test_what_differs_in_weights_is_named(tmp_path, files):
    weights, metadata = weights_file.load_weights(files['.safetensors'])
    weights['head.bias'] = weights['head.bias'].repeat(2)
    weights['tail.bias'] = weights.pop('head.weight')
    path = tmp_path / 'other.safetensors'
    weights_file.save_weights(path, weights, metadata)
    sentence = refusal(path)
    for part in ("1 is missing (such as 'head.weight')",
                 "1 is unknown to it (such as 'tail.bias')",
                 "1 is of another shape or type (such as 'head.bias')"):
        assert part in sentence


@pytest.mark.parametrize('kind', ['.safetensors', '.onnx'])
def test_a_network_that_gives_nan_is_refused(tmp_path, files, kind):
    path = tmp_path / f'nan{kind}'
    if kind == '.onnx':
        color_model.write(path, factor=float('nan'))
    else:
        weights, metadata = weights_file.load_weights(files[kind])
        weights['head.bias'].fill_(float('nan'))
        weights_file.save_weights(path, weights, metadata)
    assert 'for a grey picture its depth is not finite' in refusal(path)


def test_export_refuses_a_broken_network_and_writes_nothing(tmp_path, files):
    weights, metadata = weights_file.load_weights(files['.safetensors'])
    weights['head.bias'].fill_(float('nan'))
    weights_file.save_weights(tmp_path / 'nan.safetensors', weights, metadata)
    with pytest.raises(onnx_file.ExportError, match='nan.safetensors holds a broken network'):
        onnx_file.export(tmp_path / 'nan.safetensors', tmp_path / 'out' / 'nan.onnx')
    assert not (tmp_path / 'out').exists()


def test_a_file_is_read_while_others_write_it(tmp_path, files):
    """A mapped file that becomes shorter kills the process that reads it (SIGBUS)."""
    path, data = tmp_path / 'changing.safetensors', files['.safetensors'].read_bytes()
    path.write_bytes(data)
    code = ('import sys; from pathlib import Path\n'
            'from depth_estimation_ros.estimation import weights_file\n'
            'from depth_estimation_ros.estimation.model_file import ModelFileError\n'
            'print("ready", flush=True)\n'
            'for _ in range(60):\n'
            '    try:\n'
            '        weights_file.load_weights(Path(sys.argv[1]))\n'
            '    except ModelFileError:\n'
            '        pass\n')
    reader = subprocess.Popen([sys.executable, '-c', code, path], stdout=subprocess.PIPE)
    reader.stdout.readline()
    done = threading.Event()

    def overwrite():
        while not done.is_set():
            with open(path, 'wb', buffering=0) as file:
                file.write(data[:len(data) // 3])
                file.write(data[len(data) // 3:])
    writer = threading.Thread(target=overwrite)
    writer.start()
    try:
        assert reader.wait(timeout=100) == 0
    finally:
        done.set()
        writer.join()
        reader.stdout.close()


def mutated(data: bytes, generator: random.Random) -> bytes:
    """Return data with a few bytes changed, cut out or put in; most often near its ends."""
    data = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 8))):
        reach = generator.choice((16, 400, 20000, len(data)))
        at = min(generator.randrange(reach), len(data) - 1)
        if generator.random() < 0.4:
            at = len(data) - 1 - at
        kind = generator.randrange(5)
        if kind == 0:
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            data[at] = generator.choice((0, 1, 0x7f, 0x80, 0xff, 0x22, 0x2d, 0x39))
        elif kind == 2:
            del data[at:at + generator.choice((1, 8, 1000))]
        elif kind == 3:
            data[at:at] = generator.randbytes(generator.choice((1, 8)))
        else:
            data[at:at + 8] = data[at // 2:at // 2 + 8]
        if not data:
            break
    return bytes(data)


def try_mutations(source: Path, folder: Path, seeds: range) -> dict:
    """Load mutations of a file; return how many were accepted and refused."""
    counts = {'accepted': 0, 'refused': 0}
    data, path = source.read_bytes(), folder / f'mutated{source.suffix}'
    for seed in seeds:
        path.write_bytes(mutated(data, random.Random(seed)))
        try:
            backends.load(str(path), 'cpu')
            counts['accepted'] += 1
        except ModelFileError as error:
            assert path.name in str(error), seed
            counts['refused'] += 1
    return counts


@pytest.mark.parametrize('kind, count', [('.onnx', 300), ('.safetensors', 40)])
def test_a_mutated_file_is_run_or_refused(tmp_path, files, kind, count):
    counts = try_mutations(files[kind], tmp_path, range(count))
    assert counts['accepted'] and counts['refused'] > count // 10


def test_a_mutated_checkpoint_is_refused(tmp_path):
    weights = {f'encoder_layers.{i}.weight': torch.zeros(i, 2) for i in range(5)}
    torch.save(weights, tmp_path / 'small.pth')
    assert try_mutations(tmp_path / 'small.pth', tmp_path, range(60))['refused'] == 60
