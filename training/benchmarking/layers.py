"""Section layers: what the network's time is made of, by OpenVINO's own clocks, on one thread."""

from typing import Dict, List, Tuple

from benchmarking.settings import Settings
from depth_estimation_ros.estimation import backends, model_file, openvino_models
import numpy as np

# What one run is to another under changing load: a layer's own time is near its least.
PERCENTILE = 5


def measure(settings: Settings) -> Dict[str, List[Dict]]:
    """Return the milliseconds of the layers, joined where kind, precision and size are equal."""
    path = model_file.find(settings.model, cuda=False)
    if path.suffix != '.onnx':
        raise backends.DeviceError(f'{path} is run by PyTorch: layers are those of .onnx files.')
    # On one thread none waits for another that the system has put aside.
    core = openvino_models.core()
    compiled = core.compile_model(core.read_model(path), 'CPU', {
        **openvino_models.properties_of('cpu', 1), 'PERF_COUNT': True})
    sizes = _sizes(compiled)
    request = compiled.create_infer_request()
    inputs = {each.get_any_name(): np.ones(each.shape, each.element_type.to_dtype())
              for each in compiled.inputs}
    times: Dict[str, List[float]] = {}
    kinds: Dict[str, Tuple[str, str]] = {}
    for _ in range(settings.rounds):
        request.infer(inputs)
        for layer in request.get_profiling_info():
            if layer.status == layer.status.EXECUTED:
                times.setdefault(layer.node_name, []).append(
                    1000.0 * layer.real_time.total_seconds())
                kinds[layer.node_name] = layer.node_type, layer.exec_type.split('_')[-1]
    joined: Dict[Tuple[str, str, str], List[float]] = {}
    for name, values in times.items():
        joined.setdefault((*kinds[name], sizes.get(name, '')), []).append(
            float(np.percentile(values, PERCENTILE)))
    rows = [{'layer': kind, 'precision': precision, 'size': size, 'count': len(values),
             'ms': sum(values)} for (kind, precision, size), values in joined.items()]
    return {'layers': sorted(rows, key=lambda row: row['ms'], reverse=True)}


def table(results: Dict[str, List[Dict]]) -> str:
    """Return the layers that take at least 1 % for people."""
    rows = results['layers']
    whole = sum(row['ms'] for row in rows)
    lines = [f'{"layer":<24}{"":<8}{"output":<12}{"count":>6}{"ms":>8}']
    lines += [f'{row["layer"]:<24}{row["precision"]:<8}{row["size"]:<12}{row["count"]:>6}'
              f'{row["ms"]:8.2f}{100 * row["ms"] / whole:7.0f} %'
              for row in rows if row['ms'] >= 0.01 * whole]
    return '\n'.join([*lines, f'{"all, on one thread":<50}{whole:8.2f}'])


def _sizes(compiled) -> Dict[str, str]:
    """Return the width and height of what each layer gives, by the layer's name."""
    found = {}
    for node in compiled.get_runtime_model().get_ops():
        if node.get_output_size():
            shape = list(node.get_output_shape(0))
            if len(shape) == 4:
                found[node.get_friendly_name()] = f'{shape[3]} x {shape[2]}'
    return found
