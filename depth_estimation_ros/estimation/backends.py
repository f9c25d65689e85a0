"""How a network is run: OpenVINO on the CPU, PyTorch on CUDA or the CPU."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Protocol

from depth_estimation_ros.estimation import model_file
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import ModelFile, ModelFileError, ModelMetadata
import numpy as np

DEVICES = ('auto', 'cpu', 'cuda')


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

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """
        Run the network once.

        Parameters
        ----------
        image : uint8 (H, W, 3) RGB
            At the network's input size.
        camera : Intrinsics, optional
            Of `image`, for networks that are told it; the model's usual one unless given.

        Returns
        -------
        Estimate
            Valid until the next call.

        """


class OpenVINOBackend:
    """An .onnx file on the CPU."""

    name = 'OpenVINO'
    device = 'cpu'

    def __init__(self, file: ModelFile):
        import openvino
        core = openvino.Core()
        try:
            model = core.read_model(file.data)
        except Exception as error:  # where its message quotes the file, UnicodeDecodeError, too
            raise ModelFileError(
                f'{file.path} is not an ONNX file that OpenVINO can read.') from error
        self.metadata, self.digest = _onnx_metadata(model, file.path), file.digest
        names = _output_names(model, self.metadata, file.path)
        # OpenVINO would choose bfloat16 where the processor has it; its 8 bits of mantissa lay
        # steps of 6 cm over ground that is 15 m away.
        compiled = core.compile_model(model, 'CPU', {
            'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': 'f32'})
        self.precision = compiled.get_property('INFERENCE_PRECISION_HINT').to_string()
        self._request = compiled.create_infer_request()
        self._outputs = {name: index for index, name in enumerate(names)}

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


def _output_names(model, metadata: ModelMetadata, path: Path) -> List[str]:
    """Return the names of a model's outputs, once its inputs and they are what they should be."""
    import openvino
    input_size = metadata.input_size
    inputs = {'image': (openvino.PartialShape([1, *input_size, 3]), 'u8')}
    if metadata.rays:
        inputs['camera'] = openvino.PartialShape([1, 4]), 'f32'
    if {min(each.names, default=''): (each.partial_shape, each.element_type.to_string())
            for each in model.inputs} != inputs:
        described = ' and '.join(f'{name!r}, {kind} of the shape {shape}'
                                 for name, (shape, kind) in inputs.items())
        raise ModelFileError(f'{path} must have the inputs {described}, and no others.')
    maps = openvino.PartialShape([1, *input_size])
    names = [min(output.names, default='') for output in model.outputs]
    if 'depth' not in names or len(set(names)) < len(names) or set(names) - set(
            Estimate._fields) or any((each.partial_shape, each.element_type.to_string())
                                     != (maps, 'f32') for each in model.outputs):
        raise ModelFileError(
            f"{path} must have the output 'depth' and may have two more, 'confidence' and "
            f"'floor', each float32 of the shape {maps}.")
    return names


def _onnx_metadata(model, path: Path) -> ModelMetadata:
    key = ['framework', model_file.METADATA_KEY]
    if not model.has_rt_info(key):
        raise ModelFileError(
            f'{path} has no {model_file.METADATA_KEY!r} metadata, so its depth range and camera '
            'are unknown: use a file that training/export.py wrote.')
    return ModelMetadata.from_json(model.get_rt_info(key).astype(str), path)


class TorchBackend:
    """A .safetensors or .pth file on CUDA or the CPU."""

    name = 'PyTorch'

    def __init__(self, file: ModelFile, device: str):
        try:
            from depth_estimation_ros.estimation import weights_file
            import torch
        except ImportError as error:
            raise DeviceError(
                f'{file.path} is run by PyTorch, torchvision and timm, which are not installed '
                f"({error}): install the extra 'torch' of this package, or use an .onnx file."
            ) from error
        self._torch = torch
        self.device = device
        self.precision = 'f16' if device == 'cuda' else 'f32'
        module, self.metadata = weights_file.load_network(file)
        self.digest = file.digest
        self._module: Any = module.eval().to(device).to(memory_format=torch.channels_last)

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """Run the network once; see `Backend.run`."""
        torch = self._torch
        told = None
        if self.metadata.rays:
            told = torch.from_numpy(camera_vector(self.metadata, camera)).to(self.device)
        with torch.inference_mode(), torch.autocast('cuda', torch.float16,
                                                    enabled=self.device == 'cuda'):
            batch = torch.from_numpy(image).to(self.device).permute(2, 0, 1)[None]
            maps = self._module.estimate(batch.float() / 255.0, told)
        arrays: Dict[str, Any] = {
            name: each if each is None else each[0, 0].float().cpu().numpy()
            for name, each in maps._asdict().items()}
        return Estimate(**arrays)


def has_cuda() -> bool:
    """
    Tell whether networks can run in PyTorch on an NVIDIA device.

    PyTorch is imported only where there is such a device.
    """
    # A container may have been given any one of several.
    devices = ('nvidia[0-9]*', 'nvhost-gpu', 'nvgpu', 'dxg')
    if not any(any(Path('/dev').glob(device)) for device in devices):
        return False
    # A robot's image may have PyTorch and lack what the networks are built from.
    if not all(find_spec(name) for name in ('torch', 'torchvision', 'timm', 'safetensors')):
        return False
    import torch
    return torch.cuda.is_available()


def load(model: str, device: str = 'auto') -> Backend:
    """
    Make a model ready to run.

    Parameters
    ----------
    model : str
        The path of a model file, or the name of a shipped model.
    device : str
        'cuda', 'cpu', or 'auto': CUDA where PyTorch can use it and the file is one that PyTorch
        runs, else the CPU.

    Raises
    ------
    ModelFileError, DeviceError
        With a sentence that says what is wrong and what would be right.

    """
    if device not in DEVICES:
        raise DeviceError(f"There is no device {device!r}: it is one of {', '.join(DEVICES)}.")
    # OpenVINO's files run on the CPU, whatever else there is.
    cuda = device == 'cuda' or device == 'auto' and not model.endswith('.onnx')
    cuda = cuda and has_cuda()
    if device == 'cuda' and not cuda:
        raise DeviceError(
            "The device 'cuda' was asked for, but PyTorch (with timm and safetensors) is not "
            "installed or finds no NVIDIA device: use 'auto' or 'cpu'.")
    path = model_file.find(model, cuda)
    if device == 'cuda' and path.suffix == '.onnx':
        raise DeviceError(f"{path} is run by OpenVINO on the CPU: for 'cuda' give the "
                          '.safetensors file of the same model.')
    file = model_file.read(path)
    try:
        backend = (OpenVINOBackend(file) if path.suffix == '.onnx' else
                   TorchBackend(file, 'cuda' if cuda else 'cpu'))
        _refuse_broken(backend, path)
    except (ModelFileError, DeviceError):
        raise
    except Exception as error:  # what OpenVINO and PyTorch make of damaged graphs and tensors
        raise ModelFileError(f'{path} holds a network that cannot be run on '
                             f"{'CUDA' if cuda else 'the CPU'}.") from error
    return backend


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
