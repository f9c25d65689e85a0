"""
Section inference: the networks alone, at their input sizes.

The reference is the paper's network in PyTorch, without compilation. Its weights are random here;
its speed doesn't depend on them.
"""

from importlib.util import find_spec
from pathlib import Path
import tempfile
from typing import Dict, Iterator, List, Tuple

from benchmarking.settings import Settings
from benchmarking.timing import take_turns
from depth_estimation_ros.estimation import backends, model_file
from depth_estimation_ros.estimation.networks import create, PAPER
from exporting import onnx_file
import numpy as np
import onnx
import torch

REFERENCE = "the paper's"


def measure(settings: Settings) -> Dict[str, List[Dict]]:
    """Return a row for each network on each backend; the first is the reference."""
    with tempfile.TemporaryDirectory() as folder:
        named = [*_papers_network(Path(folder), settings.threads),
                 *_of_model(settings.model, Path(folder), settings.threads)]
        named += [(Path(each).stem, backends.load(each, 'cpu', settings.threads))
                  for each in settings.beside]
        runners = {}
        for index, (_, backend) in enumerate(named):
            image = np.zeros((*backend.metadata.input_size, 3), np.uint8)
            runners[str(index)] = lambda run=backend.run, image=image: run(image)
        times = list(take_turns(runners, settings.rounds).values())
    rows = [{'network': network, 'backend': backend.name, 'device': backend.device,
             'precision': backend.precision, 'input_size': list(backend.metadata.input_size),
             'ms_p50': each.p50, 'ms_p95': each.p95, 'cpu_ms_p50': each.cpu_p50,
             'times_faster': each.times_faster(times[0])}
            for (network, backend), each in zip(named, times)]
    return {'inference': rows}


def table(results: Dict[str, List[Dict]]) -> str:
    """Return the rows for people."""
    lines = [f'{"network":<32}{"":<28}{"median":>10}{"p95":>10}'
             f'{"":>9}{"processor":>13}']
    reference = results['inference'][0]
    for row in results['inference']:
        height, width = row['input_size']
        how = f'{row["backend"]} {row["precision"]} on {row["device"]}'
        lines.append(f'{row["network"] + f", {width} x {height}":<32}{how:<28}'
                     f'{row["ms_p50"]:7.2f} ms{row["ms_p95"]:7.2f} ms'
                     f'{row["times_faster"]:7.1f} x{row["cpu_ms_p50"]:10.2f} ms'
                     f'{reference["cpu_ms_p50"] / row["cpu_ms_p50"]:7.1f} x')
    return '\n'.join(lines)


def _papers_network(folder: Path, threads: int) -> Iterator[Tuple[str, backends.Backend]]:
    torch.manual_seed(0)
    module = create(PAPER).eval()
    weights, graph = folder / 'paper.pth', folder / 'paper.onnx'
    torch.save(module.state_dict(), weights)
    yield REFERENCE, backends.load(str(weights), 'cpu', threads)
    onnx.save(onnx_file.to_onnx(module, model_file.AUTHORS_CHECKPOINT), graph)
    yield REFERENCE, backends.load(str(graph), 'cpu', threads)
    if find_spec('nncf'):
        from exporting import int8
        plain = onnx_file.to_onnx(module, model_file.AUTHORS_CHECKPOINT, is_folded=True)
        noise = np.random.default_rng(0).integers(0, 256, (2, 1, 224, 224, 3), np.uint8)
        integers = int8.quantize(plain, [{'image': image} for image in noise])
        onnx_file.set_metadata(integers, model_file.AUTHORS_CHECKPOINT)
        onnx.save(integers, graph)
        yield REFERENCE, backends.load(str(graph), 'cpu', threads)


def _of_model(model: str, folder: Path, threads: int) -> Iterator[Tuple[str, backends.Backend]]:
    name = Path(model).stem
    for device in ('cpu', 'cuda') if backends.has_cuda() else ('cpu',):
        yield name, backends.load(model, device, threads)
    path = model_file.find(model, cuda=False)
    graph = onnx.load(path) if path.suffix == '.onnx' else None
    if graph is None or len(graph.graph.output) < 2:
        return
    # What only the other outputs need is never run.
    del graph.graph.output[1:]
    depth_only = folder / 'depth_only.onnx'
    onnx.save(graph, depth_only)
    yield f'{name} only depth', backends.load(str(depth_only), 'cpu', threads)
