"""Running an .onnx file that training/export.py wrote: one input size, metadata of its own."""

from pathlib import Path
import re
from typing import Dict, List, Optional

from depth_estimation_ros.estimation import model_file, openvino_models
from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_description import description_of
from depth_estimation_ros.estimation.model_file import ModelFile, ModelFileError, ModelMetadata
from depth_estimation_ros.estimation.onnx_engine import ONNXRuntimeEngine
from depth_estimation_ros.estimation.openvino_models import ReadyModel
import numpy as np


class OpenVINOBackend:
    """Such a file by OpenVINO, on the CPU, or on Intel's GPU or NPU."""

    name = 'OpenVINO'

    def __init__(self, file: ModelFile, device: str = 'cpu', threads: int = 0):
        ready = openvino_models.prepare(file, device, threads)
        self.device, self.digest = device, file.digest
        self.metadata = _onnx_metadata(ready.metadata, file.path)
        names = _output_names(ready, self.metadata, file.path)
        self.precision = 'int8' if ready.is_int8 else ready.compiled.get_property(
            'INFERENCE_PRECISION_HINT').to_string()
        self._request = ready.compiled.create_infer_request()
        self._outputs = {name: index for index, name in enumerate(names)}

    def metadata_for(self, width: int, height: int) -> ModelMetadata:
        """Return `metadata`: the input is of one size."""
        return self.metadata

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """Run the network once; see `backends.Backend.run`."""
        self._request.infer(graph_inputs(self.metadata, image, camera), share_inputs=True)
        return Estimate(**{name: self._request.get_output_tensor(index).data[0]
                           for name, index in self._outputs.items()})


class ONNXRuntimeBackend:
    """Such a file by ONNX Runtime, on an NVIDIA device."""

    def __init__(self, file: ModelFile, engine: ONNXRuntimeEngine):
        if model_file.METADATA_KEY not in engine.metadata:
            raise _without_metadata(file.path)
        self.metadata = ModelMetadata.from_json(
            engine.metadata[model_file.METADATA_KEY], file.path)
        self._engine, self.digest = engine, file.digest
        self.name, self.device, self.precision = engine.name, engine.device, engine.precision
        inputs: Dict[str, tuple] = {'image': ((1, *self.metadata.input_size, 3), 'uint8')}
        if self.metadata.rays:
            inputs['camera'] = (1, 4), 'float32'
        if engine.inputs != inputs or 'depth' not in engine.outputs or set(
                engine.outputs) - set(Estimate._fields):
            raise ModelFileError(f'{file.path} must have the inputs {", ".join(inputs)} and the '
                                 f'outputs {", ".join(Estimate._fields)}, of which all but the '
                                 'first may be absent.')

    def metadata_for(self, width: int, height: int) -> ModelMetadata:
        """Return `metadata`: the input is of one size."""
        return self.metadata

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """Run the network once; see `backends.Backend.run`."""
        names = self._engine.outputs
        outputs = self._engine.run(graph_inputs(self.metadata, image, camera), names)
        return Estimate(**{name: each[0] for name, each in zip(names, outputs)})


def graph_inputs(metadata: ModelMetadata, image: np.ndarray, camera: Optional[Intrinsics]
                 ) -> Dict[str, np.ndarray]:
    """
    Return the inputs of the graph.

    Parameters
    ----------
    metadata : ModelMetadata
    image : uint8 (H, W, 3) RGB
        At the network's input size.
    camera : Intrinsics, optional
        Of `image`, for networks with rays; the model's usual one unless given.

    Returns
    -------
    dict of str to array
        'image', and with rays 'camera'.

    """
    inputs = {'image': image[None]}
    if metadata.rays:
        inputs['camera'] = metadata.camera_vector(camera)
    return inputs


def _output_names(ready: ReadyModel, metadata: ModelMetadata, path: Path) -> List[str]:
    """Return the names of a model's outputs, once its inputs and they are what they should be."""
    height, width = metadata.input_size
    inputs = {'image': (f'[1,{height},{width},3]', 'u8')}
    if metadata.rays:
        inputs['camera'] = '[1,4]', 'f32'
    if {each.name: (each.shape, each.dtype) for each in ready.inputs} != inputs:
        described = ' and '.join(f'{name!r}, {kind} of the shape {shape}'
                                 for name, (shape, kind) in inputs.items())
        raise ModelFileError(f'{path} must have the inputs {described}, and no others.')
    names = [output.name for output in ready.outputs]
    shapes = {each.name: each.shape for each in ready.outputs}
    if shapes.get('depth') != f'[1,{height},{width}]' or len(shapes) < len(names) or set(
            names) - set(Estimate._fields) or any(
                each.dtype != 'f32' or not re.fullmatch(r'\[1,\d+,\d+\]', each.shape)
                for each in ready.outputs):
        raise ModelFileError(
            f"{path} must have the output 'depth', float32 of the shape [1,{height},{width}], and "
            "may have two more, 'confidence' and 'floor', float32 of such a shape or a smaller "
            'one.')
    return names


def _onnx_metadata(text: Optional[str], path: Path) -> ModelMetadata:
    if text is None:
        raise _without_metadata(path)
    return ModelMetadata.from_json(text, path)


def _without_metadata(path: Path) -> ModelFileError:
    return ModelFileError(
        f'{path} has no {model_file.METADATA_KEY!r} metadata, so its depth range and camera are '
        f'unknown: describe it in {description_of(path)} (doc/models.md), or use a file that '
        'training/export.py wrote.')
