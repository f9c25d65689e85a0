"""Trained weights as the files that a robot runs, after comparing them with PyTorch's."""

import dataclasses
import json
from pathlib import Path
from typing import Dict, Optional, Tuple

from depth_estimation_ros.estimation import backends, model_file, weights_file
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.exported_backends import OpenVINOBackend
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import METADATA_KEY, ModelFile, ModelMetadata
import numpy as np
import onnx
from onnx import numpy_helper, TensorProto
import torch
from torch import nn

# A millimetre: float32 kernels that sum in another order differ by far less.
TOLERANCE = 1e-3


class ExportError(RuntimeError):
    """A model that cannot be exported there, or does not compute what PyTorch does."""


class Deployed(nn.Module):
    """
    The network as it is exported.

    In: uint8 (1, H, W, 3) RGB and, where it has rays, the camera, float32 (1, 4). Out: the
    outputs.Maps that there are, float32 and without the channel: (1, H, W).
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, image: torch.Tensor, camera: Optional[torch.Tensor] = None
                ) -> Tuple[torch.Tensor, ...]:
        outputs = self.module.estimate(image.permute(0, 3, 1, 2).float() / 255.0, camera)
        return tuple(output[:, 0] for output in outputs if output is not None)


def to_onnx(module: nn.Module, metadata: ModelMetadata, is_folded: bool = False
            ) -> onnx.ModelProto:
    """
    Return the ONNX graph of a network, with its metadata.

    Parameters
    ----------
    module : nn.Module
    metadata : ModelMetadata
    is_folded : bool
        Whether weights are float32 and contain the batch norms, rather than half precision
        without them.

    """
    image = torch.zeros((1, *metadata.input_size, 3), dtype=torch.uint8)
    inputs = {'image': image}
    if metadata.rays:
        inputs['camera'] = torch.from_numpy(metadata.camera_vector(None))
    maps = module.eval().estimate(torch.zeros((1, 3, *metadata.input_size)), inputs.get('camera'))
    program = torch.onnx.export(Deployed(module).eval(), tuple(inputs.values()), dynamo=True,
                                verbose=False,
                                # Folding batch norms into float16 weights would round twice;
                                # OpenVINO folds them in float32.
                                optimize=is_folded,
                                input_names=list(inputs),
                                output_names=[name for name, values in maps._asdict().items()
                                              if values is not None])
    graph = program.model_proto
    # The exporter notes for each node where in whose files it was written.
    for node in graph.graph.node:
        del node.metadata_props[:]
    if not is_folded:
        halve_weights(graph)
    set_metadata(graph, metadata)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def set_metadata(graph: onnx.ModelProto, metadata: ModelMetadata) -> None:
    """Write the metadata into a graph, in place of what there is."""
    del graph.metadata_props[:]
    entry = graph.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, metadata.to_json()


def halve_weights(model: onnx.ModelProto) -> None:
    """
    Store the convolutions' float32 weights as float16, cast back where they are used.

    Runtimes fold the cast when they load the file, so this halves the file and nothing else.
    """
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        name = tensor.name
        half = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(half, f'{name}.half'))
        casts.append(onnx.helper.make_node('Cast', [f'{name}.half'], [name],
                                           to=TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)


def read_scores(path: Path) -> Dict:
    """
    Return what evaluate.py wrote.

    Raises
    ------
    ExportError
        Where the file is none of its.

    """
    try:
        scores = json.loads(path.read_text())
        if not isinstance(scores, dict) or 'per_image' not in scores:
            raise ValueError('it has no per_image')
    except (OSError, ValueError) as error:
        raise ExportError(f'{path} is not what evaluate.py --json writes ({error}).') from error
    return scores


def at_input_size(metadata: ModelMetadata, size: Tuple[int, int]) -> ModelMetadata:
    """Return the metadata of the same network with another height and width of its input."""
    focal = metadata.focal and metadata.focal * size[1] / metadata.input_size[1]
    return dataclasses.replace(metadata, input_size=size, focal=focal)


def export(source: Path, target: Path, test_scores: Optional[Dict] = None,
           input_size: Optional[Tuple[int, int]] = None) -> float:
    """
    Export trained weights.

    Parameters
    ----------
    source : Path
        The .safetensors or .pth file.
    target : Path
        The .onnx file to write; the .safetensors file goes beside it.
    test_scores : dict, optional
        For the metadata, beside those of train and val.
    input_size : (int, int), optional
        Height and width, multiples of 32; those of training unless given.

    Returns
    -------
    float
        The largest difference in metres between the two runtimes' depths.

    Raises
    ------
    ModelFileError, ExportError

    """
    if target.suffix != '.onnx':
        raise ExportError(f'{target}: the file to write ends in .onnx.')
    beside = target.with_suffix('.safetensors')
    if beside.resolve() == source.resolve():
        raise ExportError(f'{beside} would be replaced by its own half precision copy: give '
                          'another name, or another folder.')
    module, metadata = weights_file.load_network(model_file.read(source))
    if input_size:
        metadata = at_input_size(metadata, input_size)
    metadata = dataclasses.replace(
        metadata,
        metrics={**metadata.metrics, **({'test': test_scores} if test_scores else {})},
        versions={**metadata.versions, 'onnx': onnx.__version__})
    # Batch norms stay as they are: they are small, and a variance may be too small for float16.
    halved = {key: value.half() if value.ndim > 1 else value
              for key, value in module.state_dict().items()}
    module.load_state_dict(halved)
    file = ModelFile(target, to_onnx(module, metadata).SerializeToString())
    difference = compare(module, OpenVINOBackend(file))
    if np.isnan(difference):
        raise ExportError(f'{source} holds a broken network: its depth is NaN; nothing was '
                          'written.')
    if difference > TOLERANCE:
        raise ExportError(f'{source}: the ONNX file differs from PyTorch by {difference:.4f} '
                          f'm (at most {TOLERANCE} is rounding); nothing was written.')
    target.parent.mkdir(parents=True, exist_ok=True)
    weights_file.save_weights(beside, halved, metadata)
    with replacing(target) as partial:
        partial.write_bytes(file.data)
    return difference


def compare(module: nn.Module, backend: backends.Backend, pictures: int = 4) -> float:
    """Return the largest difference of two runtimes' depths (metres) and confidences, or NaN."""
    random = np.random.default_rng(0)
    deployed = Deployed(module).eval()
    difference = 0.0
    for focal in np.linspace(0.4, 1.2, pictures) * backend.metadata.input_size[1]:
        coarse = random.integers(0, 256, (7, 7, 3), np.uint8)
        height, width = backend.metadata.input_size
        image = np.ascontiguousarray(
            np.kron(coarse, np.ones((height // 7 + 1, width // 7 + 1, 1), np.uint8))
            [:height, :width])
        camera = Intrinsics(width, height, focal, 1.1 * focal, width / 2, height / 3)
        told = torch.from_numpy(backend.metadata.camera_vector(camera)) \
            if backend.metadata.rays else None
        with torch.inference_mode():
            expected = deployed(torch.from_numpy(image)[None], told)
        outputs = (output for output in backend.run(image, camera) if output is not None)
        for output, reference in zip(outputs, expected):
            # OpenVINO clips NaN to the greatest depth, and max() would ignore it.
            difference = float(np.maximum(
                difference, np.abs(output - reference[0].numpy()).max()))
    return difference
