"""What runs the graph of an .onnx file: OpenVINO, or ONNX Runtime."""

from typing import Any, Dict, List, NamedTuple, Optional, Protocol, Tuple

from depth_estimation_ros.estimation import openvino_models
from depth_estimation_ros.estimation.model_file import ModelFile, ModelFileError
import numpy as np

# The devices of ONNX Runtime: its execution providers, the first of which has to be there.
PROVIDERS = {
    'cpu': ('CPUExecutionProvider',),
    'cuda': ('CUDAExecutionProvider', 'CPUExecutionProvider'),
    'tensorrt': ('TensorrtExecutionProvider', 'CUDAExecutionProvider', 'CPUExecutionProvider')}


class Tensor(NamedTuple):
    """
    An input of a graph.

    Attributes
    ----------
    shape : tuple of int or None, or None
        None for a side of any length, or where not even the number of sides is known.
    dtype : str
        As NumPy calls it; empty for one that it doesn't have.

    """

    shape: Optional[Tuple[Optional[int], ...]]
    dtype: str

    def takes(self, shape: Tuple[int, ...]) -> bool:
        """Tell whether an array of a shape can be this input."""
        return self.shape is None or len(shape) == len(self.shape) and all(
            wanted in (None, side) for wanted, side in zip(self.shape, shape))


class Engine(Protocol):
    """
    A graph that is ready to run.

    Attributes
    ----------
    name, device, precision : str
        As of backends.Backend.
    inputs : dict of str to Tensor
    outputs : list of str

    """

    name: str
    device: str
    precision: str
    inputs: Dict[str, Tensor]
    outputs: List[str]

    def prepare(self, shapes: Dict[str, Tuple[int, ...]]) -> None:
        """Make the graph ready for inputs of these shapes."""

    def run(self, inputs: Dict[str, np.ndarray], outputs: List[str]) -> List[np.ndarray]:
        """Return outputs; they are valid until the next call."""


class OpenVINOEngine:
    """OpenVINO, on one of openvino_models.DEVICES; compiled for one shape, as any is slower."""

    name = 'OpenVINO'

    def __init__(self, file: ModelFile, device: str = 'cpu', threads: int = 0):
        self.device = device
        self._properties = openvino_models.properties_of(device, threads)
        try:
            self._model = openvino_models.core().read_model(file.data)
        except Exception as error:  # where its message quotes the file, UnicodeDecodeError, too
            raise ModelFileError(
                f'{file.path} is not an ONNX file that OpenVINO can read. (A model whose weights '
                'lie in a second file cannot be read either.)') from error
        self._path = file.path
        self.precision = 'f32'
        self.inputs = {each.get_any_name(): _openvino_tensor(each) for each in self._model.inputs}
        self.outputs = [name for each in self._model.outputs for name in each.names]
        self._request: Any = None
        self._shapes: Dict[str, Tuple[int, ...]] = {}

    def prepare(self, shapes: Dict[str, Tuple[int, ...]]) -> None:
        """Compile the graph for inputs of these shapes, unless it is."""
        if shapes == self._shapes:
            return
        try:
            self._model.reshape({name: list(shape) for name, shape in shapes.items()})
            compiled = openvino_models.core().compile_model(
                self._model, openvino_models.DEVICES[self.device], self._properties)
        except RuntimeError as error:
            raise ModelFileError(f'{self._path} cannot be run with inputs of the shapes '
                                 f'{shapes}.') from error
        self._shapes, self._request = shapes, compiled.create_infer_request()

    def run(self, inputs: Dict[str, np.ndarray], outputs: List[str]) -> List[np.ndarray]:
        """Return outputs; see `Engine.run`."""
        self._request.infer(inputs, share_inputs=True)
        return [self._request.get_tensor(name).data for name in outputs]


def _openvino_tensor(port: Any) -> Tensor:
    kind = port.element_type.to_string()
    shape = port.partial_shape
    return Tensor(
        None if shape.rank.is_dynamic else tuple(
            None if side.is_dynamic else side.get_length() for side in shape),
        {'f32': 'float32', 'f16': 'float16', 'u8': 'uint8', 'i64': 'int64'}.get(kind, ''))


class ONNXRuntimeEngine:
    """
    ONNX Runtime.

    Parameters
    ----------
    file : ModelFile
    device : str
        One of PROVIDERS.

    Raises
    ------
    ModelFileError
        Where it can't read the file.
    ImportError
        Where it isn't installed.
    ValueError
        Where it can't use the device.

    """

    name = 'ONNX Runtime'
    precision = 'f32'

    def __init__(self, file: ModelFile, device: str = 'cpu'):
        import onnxruntime
        wanted = PROVIDERS[device]
        available = onnxruntime.get_available_providers()
        if wanted[0] not in available:
            raise ValueError(f'{wanted[0]} is not among its providers ({", ".join(available)})')
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what is wrong with a file is said by a sentence below
        try:
            self._session = onnxruntime.InferenceSession(
                file.data, options, [each for each in wanted if each in available])
        except Exception as error:  # each of its errors is a class of its own
            raise ModelFileError(
                f'{file.path} is not an ONNX file that ONNX Runtime can read. (A model whose '
                'weights lie in a second file cannot be read either.)') from error
        if self._session.get_providers()[0] != wanted[0]:
            # It goes on with the next provider, and says so in its log only.
            raise ValueError(f'{wanted[0]} does not start: its libraries or its device are '
                             'missing')
        self.device = device
        self.inputs = {each.name: Tensor(
            tuple(side if isinstance(side, int) else None for side in each.shape),
            {'tensor(float)': 'float32', 'tensor(float16)': 'float16',
             'tensor(uint8)': 'uint8', 'tensor(int64)': 'int64'}.get(each.type, ''))
            for each in self._session.get_inputs()}
        self.outputs = [each.name for each in self._session.get_outputs()]
        self.metadata: Dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def prepare(self, shapes: Dict[str, Tuple[int, ...]]) -> None:
        """Do nothing: a session takes all shapes that its graph takes."""

    def run(self, inputs: Dict[str, np.ndarray], outputs: List[str]) -> List[np.ndarray]:
        """Return outputs; see `Engine.run`."""
        return self._session.run(outputs, inputs)
