"""A model as another package would export it, with its description: what it says is known."""

from pathlib import Path
from typing import Any, Dict

import numpy as np
from onnx import checker, helper, save, TensorProto
import yaml

# Values of red, green and blue that no two mistakes turn into one another.
MEAN, DEVIATION = [0.5, 0.25, 0.125], [0.25, 0.5, 1.0]


def describe(**changes: Any) -> Dict[str, Any]:
    """
    Return a description; `changes` are of keys in any of its sections.

    A change to None takes the key away.
    """
    values: Dict[str, Any] = {
        'input': {'name': 'pixels', 'layout': 'NCHW', 'size': [64, 96], 'resize': 'lower_bound',
                  'multiple': 16, 'colour': 'RGB', 'white': 1, 'mean': MEAN,
                  'deviation': DEVIATION},
        'output': {'name': 'map', 'kind': 'depth', 'relative': False},
        'focal': None, 'max_depth': 50.0}
    for key, value in changes.items():
        section, _, name = key.rpartition('__')
        target = values[section] if section else values
        target[name] = value
        if value is None:
            del target[name]
    return values


def write_description(path: Path, values: Dict[str, Any]) -> None:
    """Write the description of the model at `path`."""
    path.with_suffix('.yaml').write_text(yaml.safe_dump(values))


def write(path: Path, layout: str = 'NCHW', size: Any = ('height', 'width'), power: float = 1.0,
          output_name: str = 'map', **changes: Any) -> str:
    """
    Write a model whose output is 1 + red + 2 * green + 4 * blue of its input, to some power.

    Parameters
    ----------
    path : Path
        Ends in .onnx; the description goes beside it.
    layout : str
    size : (height, width)
        Numbers, or names for sides of any length.
    power : float
        Makes inverse depth of depth where it is -1.
    output_name : str
    changes
        Of the description (`describe`).

    Returns
    -------
    str
        The path.

    """
    axis = 1 if layout == 'NCHW' else 3
    shape = (1, 3, *size) if layout == 'NCHW' else (1, *size, 3)
    weights = (1, 3, 1, 1) if layout == 'NCHW' else (1, 1, 1, 3)
    graph = helper.make_graph(
        [helper.make_node('Mul', ['pixels', 'weights'], ['weighted']),
         helper.make_node('ReduceSum', ['weighted', 'axis'], ['sum'], keepdims=0),
         helper.make_node('Add', ['sum', 'one'], ['more']),
         helper.make_node('Pow', ['more', 'power'], [output_name])], 'described',
        [helper.make_tensor_value_info('pixels', TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, (1, *size))],
        [helper.make_tensor('weights', TensorProto.FLOAT, weights, [1.0, 2.0, 4.0]),
         helper.make_tensor('axis', TensorProto.INT64, (1,), [axis]),
         helper.make_tensor('one', TensorProto.FLOAT, (), [1.0]),
         helper.make_tensor('power', TensorProto.FLOAT, (), [power])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    checker.check_model(model, full_check=True)
    save(model, path)
    write_description(path, describe(
        **{'input__layout': layout, 'output__name': output_name, **changes}))
    return str(path)


def write_relative(path: Path) -> str:
    """Write a relative model: 1 + red + 2 * green + 4 * blue of the picture, each from 0 to 1."""
    return write(path, output__kind='inverse_depth', output__relative=True, input__mean=None,
                 input__deviation=None, max_depth=30.0)


def relative_picture(depth: np.ndarray) -> np.ndarray:
    """
    Return the picture in which that model sees inverse depth, 0 to 4 / m as 1 to 8.

    Parameters
    ----------
    depth : float32 (H, W), metres

    Returns
    -------
    uint8 (H, W, 3) RGB

    """
    levels = np.rint((1.0 / depth).clip(0.0, 4.0) / 4.0 * 7.0 * 255.0)
    blue = np.minimum(levels // 4, 255)
    green = np.minimum((levels - 4 * blue) // 2, 255)
    return np.dstack([levels - 4 * blue - 2 * green, green, blue]).astype(np.uint8)


def write_points(path: Path, points: np.ndarray, mask: np.ndarray, scale: float,
                 **changes: Any) -> str:
    """
    Write a model that gives one map of points, whatever the picture, as MoGe gives its.

    Parameters
    ----------
    path : Path
        Ends in .onnx.
    points : float32 (H, W, 3)
    mask : float32 (H, W), 0 to 1
    scale : float
    changes
        Of the description (`describe`).

    """
    height, width = mask.shape
    graph = helper.make_graph(
        [helper.make_node('ReduceSum', ['image'], ['sum'], keepdims=0),
         helper.make_node('Cast', ['num_tokens'], ['tokens'], to=TensorProto.FLOAT),
         helper.make_node('Mul', ['sum', 'zero'], ['nothing']),
         helper.make_node('Mul', ['tokens', 'zero'], ['nothing_else']),
         helper.make_node('Add', ['known_points', 'nothing'], ['points']),
         helper.make_node('Add', ['known_mask', 'nothing'], ['mask']),
         helper.make_node('Add', ['known_scale', 'nothing_else'], ['scale'])], 'points',
        [helper.make_tensor_value_info('image', TensorProto.FLOAT, (1, 3, height, width)),
         helper.make_tensor_value_info('num_tokens', TensorProto.INT64, ())],
        [helper.make_tensor_value_info('points', TensorProto.FLOAT, (1, height, width, 3)),
         helper.make_tensor_value_info('mask', TensorProto.FLOAT, (1, height, width)),
         helper.make_tensor_value_info('scale', TensorProto.FLOAT, (1,))],
        [helper.make_tensor('zero', TensorProto.FLOAT, (), [0.0]),
         helper.make_tensor('known_points', TensorProto.FLOAT, (1, height, width, 3),
                            points.astype(np.float32).ravel()),
         helper.make_tensor('known_mask', TensorProto.FLOAT, (1, height, width),
                            mask.astype(np.float32).ravel()),
         helper.make_tensor('known_scale', TensorProto.FLOAT, (1,), [scale])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    checker.check_model(model, full_check=True)
    save(model, path)
    values = describe(input__name='image', input__size=[height, width], input__multiple=1,
                      input__resize='stretch', input__constants={'num_tokens': 1564},
                      output__name='points', output__kind='points', output__scale='scale',
                      output__mask='mask', **changes)
    write_description(path, values)
    return str(path)
