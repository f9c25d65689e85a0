"""How a network is run: by OpenVINO, PyTorch or ONNX Runtime."""

from importlib.util import find_spec
import os
from pathlib import Path
from typing import Optional, Protocol

from depth_estimation_ros.estimation import model_catalogue, model_file, openvino_models
from depth_estimation_ros.estimation.described_backend import DescribedBackend
from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.exported_backends import ONNXRuntimeBackend, OpenVINOBackend
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_description import description_of, read_description
from depth_estimation_ros.estimation.model_file import ModelFile, ModelFileError, ModelMetadata
from depth_estimation_ros.estimation.onnx_engine import ONNXRuntimeEngine, OpenVINOEngine
import numpy as np

DEVICES = ('auto', 'cpu', 'cuda', 'tensorrt', 'gpu', 'npu')


class DeviceError(RuntimeError):
    """A device that was asked for and is not there."""


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
            Valid until the next call. Only depth is of `image`'s size.

        """


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
        told = self.metadata.camera_vector(camera) if self.metadata.rays else None
        return Estimate(**self._runner.run(image, told))


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
        Where a map is not finite, depth is of another size than the picture, or another map is
        of more pixels.

    """
    height, width = backend.metadata.input_size
    estimate = backend.run(np.full((height, width, 3), 127, np.uint8))
    for name, values in estimate._asdict().items():
        if values is None:
            continue
        if values.ndim != 2 or values.shape != (height, width) and (
                name == 'depth' or not 0 < values.size < height * width):
            raise ModelFileError(f'{path} gives a {name} of the shape {values.shape} for a '
                                 f'picture of {(height, width)}.')
        if not np.isfinite(values).all():
            raise ModelFileError(f'{path} holds a broken network: for a grey picture its {name} '
                                 'is not finite (NaN or infinite).')
