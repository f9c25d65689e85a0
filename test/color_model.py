"""A model that reads depth off the colours: what it says of a picture is known exactly."""

from dataclasses import replace
from pathlib import Path

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import METADATA_KEY, ModelMetadata
import numpy as np
from onnx import checker, helper, save, TensorProto

SIZE = 224
MAX_DEPTH = 20.0
# The camera of data/sample: 90 degrees wide, 16 : 9.
TRAINED = Intrinsics(256, 144, 128.0, 128.0, 127.5, 71.5)
INFO = ModelMetadata('colors', (SIZE, SIZE), MAX_DEPTH, TRAINED.resized(SIZE, SIZE).fx)


def write(path: Path, factor: float = 1.0, confidence: bool = True, size: int = SIZE,
          maps: int = 0, floor: bool = False) -> str:
    """
    Write a model whose depth is red + green and whose confidence is blue.

    Parameters
    ----------
    path : Path
        Ends in .onnx.
    factor : float
        Of depth, so that two models can be told apart.
    confidence : bool
        Whether it has the second output.
    size : int
        Of its input.
    maps : int
        How many rows its outputs are short of: a faulty model where not 0.
    floor : bool
        Whether it also tells the floor: blue, as its confidence.

    Returns
    -------
    str
        The path.

    """
    nodes = [
        helper.make_node('Cast', ['image'], ['pixels'], to=TensorProto.FLOAT),
        helper.make_node('Mul', ['pixels', 'weights'], ['weighted']),
        helper.make_node('ReduceSum', ['weighted', 'channel_axis'], ['whole'], keepdims=0),
        helper.make_node('Slice', ['whole', 'begin', 'end', 'row_axis'], ['depth']),
        helper.make_node('Gather', ['pixels', 'blue'], ['bare'], axis=3),
        helper.make_node('Mul', ['bare', 'byte'], ['confidence'])]
    scale = factor * MAX_DEPTH / 510.0
    shape = (1, size - maps, size)
    outputs = [helper.make_tensor_value_info('depth', TensorProto.FLOAT, shape)]
    if confidence:
        outputs.append(helper.make_tensor_value_info(
            'confidence', TensorProto.FLOAT, (1, size, size)))
    if floor:
        # No Identity: OpenVINO 2024.1 would take both outputs for one with two names.
        nodes.append(helper.make_node('Mul', ['bare', 'byte'], ['floor']))
        outputs.append(helper.make_tensor_value_info(
            'floor', TensorProto.FLOAT, (1, size, size)))
    constants = {'weights': np.array([scale, scale, 0.0], np.float32),
                 'byte': np.array(1.0 / 255.0, np.float32), 'blue': np.array(2),
                 'channel_axis': np.array([3]), 'row_axis': np.array([1]),
                 'begin': np.array([0]), 'end': np.array([size - maps])}
    graph = helper.make_graph(
        nodes if confidence else nodes[:4], 'colors',
        [helper.make_tensor_value_info('image', TensorProto.UINT8, (1, size, size, 3))], outputs,
        [helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape,
                            value.ravel()) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    entry = model.metadata_props.add()
    entry.key = METADATA_KEY
    entry.value = replace(
        INFO, input_size=(size, size), floor=floor, focal=INFO.focal * size / SIZE).to_json()
    checker.check_model(model, full_check=True)
    save(model, path)
    return str(path)


def picture_of(depth: np.ndarray, confidence: float = 1.0) -> np.ndarray:
    """Return the picture in which the model sees a depth; uint8 (H, W, 3) RGB."""
    levels = np.rint(depth * 510.0 / MAX_DEPTH).astype(int).clip(0, 510)
    blue = np.broadcast_to(np.rint(255.0 * np.asarray(confidence)).astype(int), depth.shape)
    return np.dstack([levels // 2, levels - levels // 2, blue]).astype(np.uint8)
