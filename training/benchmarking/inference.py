"""
Section inference: the networks alone, at their input sizes.

The reference is the paper's network in PyTorch, without compilation. Its weights are random here;
its speed doesn't depend on them.
"""

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
        named = [*_papers_network(Path(folder)), *_of_model(settings.model, Path(folder))]
        runners = {}
        for index, (_, backend) in enumerate(named):
            image = np.zeros((*backend.metadata.input_size, 3), np.uint8)
            runners[str(index)] = lambda run=backend.run, image=image: run(image)
        times = list(take_turns(runners, settings.rounds).values())
    rows = [{'network': network, 'backend': backend.name, 'device': backend.device,
             'precision': backend.precision, 'input_size': list(backend.metadata.input_size),
             'ms_p50': each.p50, 'ms_p95': each.p95,
             'times_faster': each.times_faster(times[0])}
            for (network, backend), each in zip(named, times)]
    return {'inference': rows}


def table(results: Dict[str, List[Dict]]) -> str:
    """Return the rows for people."""
    lines = [f'{"network":<32}{"":<28}{"median":>10}{"p95":>10}']
    for row in results['inference']:
        height, width = row['input_size']
        how = f'{row["backend"]} {row["precision"]} on {row["device"]}'
        lines.append(f'{row["network"] + f", {width} x {height}":<32}{how:<28}'
                     f'{row["ms_p50"]:7.2f} ms{row["ms_p95"]:7.2f} ms'
                     f'{row["times_faster"]:7.1f} x')
    return '\n'.join(lines)


def _papers_network(folder: Path) -> Iterator[Tuple[str, backends.Backend]]:
    torch.manual_seed(0)
    module = create(PAPER).eval()
    weights, graph = folder / 'paper.pth', folder / 'paper.onnx'
    torch.save(module.state_dict(), weights)
    yield REFERENCE, backends.load(str(weights), 'cpu')
    onnx.save(onnx_file.to_onnx(module, model_file.AUTHORS_CHECKPOINT), graph)
    yield REFERENCE, backends.load(str(graph), 'cpu')


def _of_model(model: str, folder: Path) -> Iterator[Tuple[str, backends.Backend]]:
    name = Path(model).stem
    for device in ('cpu', 'cuda') if backends.has_cuda() else ('cpu',):
        yield name, backends.load(model, device)
    path = model_file.find(model, cuda=False)
    graph = onnx.load(path) if path.suffix == '.onnx' else None
    if graph is None or len(graph.graph.output) < 2:
        return
    # What only the other outputs need is never run.
    del graph.graph.output[1:]
    depth_only = folder / 'depth_only.onnx'
    onnx.save(graph, depth_only)
    yield f'{name} only depth', backends.load(str(depth_only), 'cpu')
