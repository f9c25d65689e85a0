"""Trained weights as an .onnx file in 8 bit integers, written only where accuracy holds."""

from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
import tempfile
from typing import Dict, List, Optional, Sequence, TypeVar

from depth_estimation_ros.estimation import model_file, weights_file
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.backends import Backend
from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.exported_backends import graph_inputs
from depth_estimation_ros.estimation.geometry import Intrinsics
from exporting import acceptance, int8, onnx_file
from exporting.acceptance import Accuracy
from exporting.equalization import equalize
from exporting.onnx_file import ExportError
from learning.pairs import find_datasets, find_pairs
import numpy as np
import onnx
from scoring.groups import all_pairs, find_groups, Group

Item = TypeVar('Item')
# How many of the dearest convolutions stay in float32, one after the other, until accuracy holds.
KEPT = (0, 2, 4, 8)
# Pictures by which convolutions are compared.
COMPARED = 8


@dataclass(frozen=True)
class Quantized:
    """
    What came of a quantisation.

    Attributes
    ----------
    table : str
        Accuracy before and after, for people.
    kept : list of str
        The convolutions that stayed in float32, besides those at the end.
    accepted : bool

    """

    table: str
    kept: List[str]
    accepted: bool


class Recorder:
    """A backend that notes what the network is fed."""

    def __init__(self, backend: Backend):
        self._backend = backend
        self.metadata = backend.metadata
        self.feeds: List[int8.Feed] = []

    def metadata_for(self, width: int, height: int) -> model_file.ModelMetadata:
        """Return the metadata; see `backends.Backend.metadata_for`."""
        return self._backend.metadata_for(width, height)

    def run(self, image: np.ndarray, camera: Optional[Intrinsics] = None) -> Estimate:
        """Run the network once; see `backends.Backend.run`."""
        self.feeds.append(graph_inputs(self.metadata, image.copy(), camera))
        return self._backend.run(image, camera)


def calibration(estimator: DepthEstimator, folders: Sequence[Path], count: int
                ) -> List[int8.Feed]:
    """
    Return what the network is fed of training pictures, from all over the datasets.

    Parameters
    ----------
    estimator : DepthEstimator
        Prepares the pictures as on the robot.
    folders : sequence of Path
        Datasets or folders of them, of which those without a split 'train' are left out.
    count : int
        How many pictures, at most.

    """
    pairs = list(all_pairs(_groups(folders, 'train')))
    backend = estimator.backend
    recorder = Recorder(backend)
    estimator.backend = recorder
    try:
        for _, pair in _some(pairs, count):
            estimator.estimate(pair.read_rgb(), pair.camera, size='network')
    finally:
        estimator.backend = backend
    return recorder.feeds


def export_int8(source: Path, target: Path, folders: Sequence[Path], pictures: int = 300,
                tolerance: float = acceptance.TOLERANCE) -> Quantized:
    """
    Quantise trained weights, and write them where RMSE, delta1 and thin obstacles hold.

    Parameters
    ----------
    source : Path
        The .safetensors file.
    target : Path
        The .onnx file to write.
    folders : sequence of Path
        Datasets, whose split 'train' calibrates and whose split 'val' decides.
    pictures : int
        For calibration, at most.
    tolerance : float
        Which share of each measure may be lost.

    Raises
    ------
    ModelFileError, ExportError, DatasetError

    """
    if target.suffix != '.onnx':
        raise ExportError(f'{target}: the file to write ends in .onnx.')
    groups = _groups(folders, 'val')
    module, metadata = weights_file.load_network(model_file.read(source))
    with tempfile.TemporaryDirectory() as folder:
        graph = onnx_file.to_onnx(module, metadata, is_folded=True)
        plain = Path(folder) / 'float32.onnx'
        onnx.save(graph, plain)
        reference = DepthEstimator(str(plain), 'cpu')
        feeds = calibration(reference, folders, pictures)
        graph = equalize(graph, _some(feeds, COMPARED))
        quantized = int8.quantize(graph, feeds)
        before = acceptance.measure(reference, groups)
        columns: Dict[str, Accuracy] = {'float32': before}
        dearest: List[int8.Cost] = []
        candidate = Path(folder) / 'int8.onnx'
        for count in KEPT:
            if count and not dearest:
                dearest = int8.costs(quantized, graph, _some(feeds, COMPARED))
            kept = [cost.name for cost in dearest[:count]]
            model = int8.in_float(quantized, graph, kept)
            onnx_file.set_metadata(model, metadata)
            onnx.save(model, candidate)
            estimator = DepthEstimator(str(candidate), 'cpu')
            after = acceptance.measure(estimator, groups)
            columns[f'int8, {count} kept'] = after
            accepted = max(after.losses(before).values()) < tolerance
            if accepted:
                break
        steps = acceptance.ground_steps(reference, estimator, groups)
        if accepted:
            _write(model, target, replace(
                metadata,
                metrics={**metadata.metrics, 'int8': {
                    'before': asdict(before), 'after': asdict(after), 'kept': kept,
                    'ground_steps': steps and asdict(steps), 'calibrated_on': len(feeds)}},
                versions={**metadata.versions, 'nncf': version('nncf'),
                          'onnx': onnx.__version__}))
    return Quantized(acceptance.table(columns, steps), kept, accepted)


def _groups(folders: Sequence[Path], split: str) -> List[Group]:
    """Return the datasets that have a split; what lacks it may serve for the other one."""
    having = [folder for folder in folders
              if any(find_pairs(root, split)[0] for root in find_datasets(folder, split))]
    return find_groups(having or folders, split)


def _some(items: Sequence[Item], count: int) -> List[Item]:
    """Return so many items, from all over."""
    chosen = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[index] for index in chosen]


def _write(model: onnx.ModelProto, target: Path, metadata: model_file.ModelMetadata) -> None:
    onnx_file.set_metadata(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        partial.write_bytes(model.SerializeToString())
