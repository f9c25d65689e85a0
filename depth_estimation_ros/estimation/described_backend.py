"""Running an .onnx file that another package wrote, with its description beside it."""

from typing import Dict, Optional, Tuple

from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_description import ModelDescription
from depth_estimation_ros.estimation.model_file import ModelFile, ModelFileError, ModelMetadata
from depth_estimation_ros.estimation.onnx_engine import Engine
import numpy as np


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
        """Return the metadata for pictures of a size; see `backends.Backend.metadata_for`."""
        return self._description.metadata_for(self.metadata, width, height)

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """Run the network once; see `backends.Backend.run`."""
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
