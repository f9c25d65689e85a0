"""A model as another package would export it, with its description: what it says is known."""

from pathlib import Path
from typing import Any, Dict

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


def write(path: Path, layout: str = 'NCHW', size: Any = ('height', 'width'), power: float = 1.0,
          **changes: Any) -> str:
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
         helper.make_node('Pow', ['more', 'power'], ['map'])], 'described',
        [helper.make_tensor_value_info('pixels', TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info('map', TensorProto.FLOAT, (1, *size))],
        [helper.make_tensor('weights', TensorProto.FLOAT, weights, [1.0, 2.0, 4.0]),
         helper.make_tensor('axis', TensorProto.INT64, (1,), [axis]),
         helper.make_tensor('one', TensorProto.FLOAT, (), [1.0]),
         helper.make_tensor('power', TensorProto.FLOAT, (), [power])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    checker.check_model(model, full_check=True)
    save(model, path)
    path.with_suffix('.yaml').write_text(yaml.safe_dump(
        describe(**{'input__layout': layout, **changes})))
    return str(path)
