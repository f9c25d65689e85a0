"""How a network is run: by OpenVINO, PyTorch or ONNX Runtime."""

from importlib.util import find_spec
import os
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Protocol, Tuple

from depth_estimation_ros.estimation import model_catalogue, model_file, openvino_models
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_description import (
    description_of, ModelDescription, read_description)
from depth_estimation_ros.estimation.model_file import ModelFile, ModelFileError, ModelMetadata
from depth_estimation_ros.estimation.onnx_engine import Engine, ONNXRuntimeEngine, OpenVINOEngine
from depth_estimation_ros.estimation.openvino_models import ReadyModel
import numpy as np

DEVICES = ('auto', 'cpu', 'cuda', 'tensorrt', 'gpu', 'npu')


class DeviceError(RuntimeError):
    """A device that was asked for and is not there."""


class Estimate(NamedTuple):
    """
    What a network says of an image.

    Attributes
    ----------
    depth : float32 (H, W), metres along the camera's Z axis
    confidence : float32 (H, W), 0 to 1, or None
        None where the model tells none.
    floor : float32 (H, W), 0 to 1, or None
        The probability that a pixel shows the floor that the camera stands on; None where the
        model tells none.

    """

    depth: np.ndarray
    confidence: Optional[np.ndarray] = None
    floor: Optional[np.ndarray] = None


class Backend(Protocol):
    """
    A network that is ready to run.

    Attributes
    ----------
    name, device, precision : str
        For people: what runs it, where, and in which numbers it computes.
    metadata : ModelMetadata
    digest : str
        Which file it is: the first 8 hexadecimal digits of its SHA-256.

    """

    name: str
    device: str
    precision: str
    metadata: ModelMetadata
    digest: str

    def metadata_for(self, width: int, height: int) -> ModelMetadata:
        """
        Return the metadata, as of pictures of a size in pixels.

        It differs from `metadata` in the input size and the aspect ratio, and only for models
        that take inputs of several sizes.
        """

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """
        Run the network once.

        Parameters
        ----------
        image : uint8 (H, W, 3) RGB
            At the network's input size, or one of them (`metadata_for`).
        camera : Intrinsics, optional
            Of `image`, for networks that are told it; the model's usual one unless given.

        Returns
        -------
        Estimate
            Valid until the next call.

        """


class OpenVINOBackend:
    """An .onnx file on the CPU, or on Intel's GPU or NPU."""

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
        """Run the network once; see `Backend.run`."""
        inputs = {'image': image[None]}
        if self.metadata.rays:
            inputs['camera'] = camera_vector(self.metadata, camera)
        self._request.infer(inputs, share_inputs=True)
        return Estimate(**{name: self._request.get_output_tensor(index).data[0]
                           for name, index in self._outputs.items()})


def camera_vector(metadata: ModelMetadata, camera: Optional[Intrinsics]) -> np.ndarray:
    """
    Return what a network with rays is told of a camera.

    Parameters
    ----------
    metadata : ModelMetadata
    camera : Intrinsics, optional
        At the network's input size; the model's usual one unless given.

    Returns
    -------
    float32 (1, 4), pixels
        fx, fy, cx and cy.

    """
    if camera is None:
        height, width = metadata.input_size
        whole = metadata.usual_camera(width, round(width / metadata.aspect))
        assert whole is not None  # model_file refuses rays without a focal length
        camera = whole.resized(width, height)
    return np.array([[camera.fx, camera.fy, camera.cx, camera.cy]], np.float32)


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
    maps = f'[1,{height},{width}]'
    names = [output.name for output in ready.outputs]
    if 'depth' not in names or len(set(names)) < len(names) or set(names) - set(
            Estimate._fields) or any((each.shape, each.dtype) != (maps, 'f32')
                                     for each in ready.outputs):
        raise ModelFileError(
            f"{path} must have the output 'depth' and may have two more, 'confidence' and "
            f"'floor', each float32 of the shape {maps}.")
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


class TorchBackend:
    """
    A .safetensors or .pth file on CUDA or the CPU.

    Parameters
    ----------
    file : ModelFile
    device : str
        'cuda' or 'cpu'.
    threads : int
    cuda_graph : bool
        As of torch_runner.TorchRunner.

    """

    name = 'PyTorch'

    def __init__(self, file: ModelFile, device: str, threads: int = 0,
                 cuda_graph: bool = False):
        try:
            from depth_estimation_ros.estimation import torch_runner, weights_file
        except ImportError as error:
            raise DeviceError(
                f'{file.path} is run by PyTorch, torchvision and timm, which are not installed '
                f"({error}): install the extra 'torch' of this package, or use an .onnx file."
            ) from error
        module, self.metadata = weights_file.load_network(file)
        self._runner = torch_runner.TorchRunner(
            module, device, self.metadata.input_size, threads, cuda_graph)
        self.device, self.digest = device, file.digest
        self.precision = self._runner.precision

    def metadata_for(self, width: int, height: int) -> ModelMetadata:
        """Return `metadata`: the input is of one size."""
        return self.metadata

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """Run the network once; see `Backend.run`."""
        told = camera_vector(self.metadata, camera) if self.metadata.rays else None
        return Estimate(**self._runner.run(image, told))


class DescribedBackend:
    """
    An .onnx file that another package wrote, with its description beside it.

    Parameters
    ----------
    file : ModelFile
    description : ModelDescription
    engine : Engine
        That has read the file.

    """

    def __init__(self, file: ModelFile, description: ModelDescription, engine: Engine):
        self._path, self._description, self._engine = file.path, description, engine
        self.name, self.device = engine.name, engine.device
        self.precision, self.digest = engine.precision, file.digest
        self.metadata = description.metadata(file.path.stem)
        self._name = description.input_name or min(
            set(engine.inputs) - set(description.constants), default='')
        self._refuse_misfits()
        self._inputs: Dict[str, np.ndarray] = {}

    def _refuse_misfits(self) -> None:
        """Raise ModelFileError where the description is not that of the file."""
        described, engine = self._description, self._engine
        if set(engine.inputs) != {self._name, *described.constants}:
            raise ModelFileError(
                f'{self._path} has the inputs {", ".join(sorted(engine.inputs))}, and its '
                f'description {", ".join((self._name, *described.constants))}.')
        for name in described.outputs:
            if name not in engine.outputs:
                raise ModelFileError(
                    f'{self._path} has no output {name}, as its description says: it has '
                    f'{", ".join(sorted(engine.outputs))}.')
        tensor, shape = engine.inputs[self._name], described.shape(*described.size)
        if not tensor.takes(shape):
            raise ModelFileError(
                f'{self._path} takes inputs of the shape {tensor.shape}, and its description '
                f'says {shape} ({described.layout}).')
        if not described.is_fixed and tensor.shape and None not in tensor.shape[1:]:
            raise ModelFileError(
                f'{self._path} takes inputs of the shape {tensor.shape} only, so that its '
                f'description must say resize: stretch, not {described.resize}.')
        if tensor.dtype not in ('float32', 'uint8'):
            raise ModelFileError(f'{self._path} must take pictures of float32 or uint8.')
        for name in described.constants:
            constant = engine.inputs[name]
            if constant.dtype not in ('float32', 'int64') or constant.shape is None or \
                    set(constant.shape) - {1}:
                raise ModelFileError(f'{self._path}: its input {name} must be one number, of '
                                     'float32 or int64.')

    def metadata_for(self, width: int, height: int) -> ModelMetadata:
        """Return the metadata for pictures of a size; see `Backend.metadata_for`."""
        return self._description.metadata_for(self.metadata, width, height)

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """Run the network once; see `Backend.run`."""
        described, (height, width) = self._description, image.shape[:2]
        shape = described.shape(height, width)
        if not self._inputs or self._inputs[self._name].shape != shape:
            self._prepare(shape)
        described.fill(self._inputs[self._name], image)
        outputs = self._engine.run(self._inputs, described.outputs)
        return Estimate(described.depth(outputs, height, width, camera))

    def _prepare(self, shape: Tuple[int, ...]) -> None:
        """Make ready for inputs of a shape."""
        tensors = self._engine.inputs
        inputs = {self._name: np.empty(shape, tensors[self._name].dtype)}
        for name, number in self._description.constants.items():
            sides = len(tensors[name].shape or ())
            inputs[name] = np.full((1,) * sides, number, tensors[name].dtype)
        self._engine.prepare({name: values.shape for name, values in inputs.items()})
        self._inputs = inputs


class ONNXRuntimeBackend:
    """An .onnx file that training/export.py wrote, on an NVIDIA device."""

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
        """Run the network once; see `Backend.run`."""
        inputs = {'image': image[None]}
        if self.metadata.rays:
            inputs['camera'] = camera_vector(self.metadata, camera)
        names = self._engine.outputs
        return Estimate(**{name: each[0] for name, each in zip(
            names, self._engine.run(inputs, names))})


def has_nvidia() -> bool:
    """Tell whether there is an NVIDIA device."""
    # A container may have been given any one of several.
    devices = ('nvidia[0-9]*', 'nvhost-gpu', 'nvgpu', 'dxg')
    return any(any(Path('/dev').glob(device)) for device in devices)


def has_cuda() -> bool:
    """
    Tell whether networks can run in PyTorch on an NVIDIA device.

    PyTorch is imported only where there is such a device.
    """
    if not has_nvidia():
        return False
    # A robot's image may have PyTorch and lack what the networks are built from.
    if not all(find_spec(name) for name in ('torch', 'torchvision', 'timm', 'safetensors')):
        return False
    import torch
    return torch.cuda.is_available()


def load(model: str, device: str = 'auto', threads: int = 0, cuda_graph: bool = False
         ) -> Backend:
    """
    Make a model ready to run.

    Parameters
    ----------
    model : str
        The path of a model file, or the name of a shipped model or of one that was fetched.
    device : str
        'cuda' and 'tensorrt' run .onnx files by ONNX Runtime, and 'cuda' other files by PyTorch.
        'cpu' runs .onnx files by OpenVINO, and so do 'gpu' and 'npu' on Intel's. 'auto' is CUDA
        where PyTorch can use it and the file is one that PyTorch runs, else the CPU.
    threads : int
        How many run the network on the CPU; 0 for one on each physical core.
    cuda_graph : bool
        Whether PyTorch captures the network as a CUDA graph.

    Raises
    ------
    ModelFileError, DeviceError
        With a sentence that says what is wrong and what would be right.

    """
    # With more threads than processors, OpenVINO 2024.1 crashed while the next was compiled.
    threads = min(threads, os.cpu_count() or 1)
    if device not in DEVICES:
        raise DeviceError(f"There is no device {device!r}: it is one of {', '.join(DEVICES)}.")
    intel = device in ('gpu', 'npu')
    is_onnx = (model.endswith('.onnx') or device == 'tensorrt'
               or model not in model_file.shipped_models() and not Path(model).suffix)
    cuda = device in ('auto', 'cuda') and not is_onnx and has_cuda()
    if device == 'cuda' and not cuda and not is_onnx:
        raise DeviceError(
            "The device 'cuda' was asked for, but PyTorch (with timm and safetensors) is not "
            "installed or finds no NVIDIA device: use 'auto' or 'cpu'.")
    if intel and not openvino_models.has(device):
        raise DeviceError(
            f'The device {device!r} was asked for, but OpenVINO finds no {device.upper()} of '
            "Intel's: is its driver installed? Use 'auto' or 'cpu'.")
    path = model_catalogue.find(model, cuda)
    file = model_file.read(path)
    model_catalogue.refuse_altered(file)
    try:
        if path.suffix == '.onnx':
            backend = _onnx_backend(file, device, threads)
        elif device == 'tensorrt' or intel:
            raise DeviceError(f'{path} is run by PyTorch: for {device!r} give an .onnx file.')
        else:
            backend = TorchBackend(file, 'cuda' if cuda else 'cpu', threads, cuda_graph)
        _refuse_broken(backend, path)
    except (ModelFileError, DeviceError):
        raise
    except Exception as error:  # what engines make of damaged graphs and tensors
        raise ModelFileError(f'{path} holds a network that cannot be run on '
                             f"{'CUDA' if cuda else 'the CPU'}.") from error
    return backend


def _onnx_backend(file: ModelFile, device: str, threads: int) -> Backend:
    description = description_of(file.path)
    described = read_description(description) if description.is_file() else None
    if device in ('cuda', 'tensorrt'):
        try:
            runtime = ONNXRuntimeEngine(file, device)
        except (ImportError, ValueError) as error:
            raise DeviceError(
                f'For {device!r}, {file.path} is run by ONNX Runtime (onnxruntime-gpu), which '
                f"cannot: {error}. Use 'auto' or 'cpu'.") from error
        if described is None:
            return ONNXRuntimeBackend(file, runtime)
        return DescribedBackend(file, described, runtime)
    device = 'cpu' if device == 'auto' else device
    if described is None:
        return OpenVINOBackend(file, device, threads)
    return DescribedBackend(file, described, OpenVINOEngine(file, device, threads))


def _refuse_broken(backend: Backend, path: Path) -> None:
    """
    Run a model on a grey picture, and refuse it where that gives no depth.

    Raises
    ------
    ModelFileError
        Where a map is of another size than the picture, or not finite.

    """
    height, width = backend.metadata.input_size
    estimate = backend.run(np.full((height, width, 3), 127, np.uint8))
    for name, values in estimate._asdict().items():
        if values is None:
            continue
        if values.shape != (height, width):
            raise ModelFileError(f'{path} gives a {name} of the shape {values.shape} for a '
                                 f'picture of {(height, width)}.')
        if not np.isfinite(values).all():
            raise ModelFileError(f'{path} holds a broken network: for a grey picture its {name} '
                                 'is not finite (NaN or infinite).')
