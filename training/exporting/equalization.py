"""
Channels of like range where maps are joined, so that 8 bits suit each of them.

A skip connection's map and the decoder's are joined and have one scale in integers; where one has
values ten times as large, three bits of the other are lost. A channel is divided by a factor of
its own and the following convolution's weights multiplied by it, which changes nothing in float32
(SmoothQuant, Xiao et al. 2023, does so in transformers; cross-layer equalisation, Nagel et al.
2019).
"""

from typing import Dict, List, NamedTuple, Sequence

import numpy as np
import onnx
from onnx import numpy_helper
import onnxruntime

# How much of a channel's range the weights take over, rather than the activations keep.
SHARE = 0.75
# What of a channel's values may be beyond its range, in per cent.
BEYOND = 0.1


class _Join(NamedTuple):
    concat: onnx.NodeProto
    convolution: onnx.NodeProto


def equalize(graph: onnx.ModelProto, feeds: Sequence[Dict[str, np.ndarray]]) -> onnx.ModelProto:
    """
    Return a graph that computes the same, with channels of like range where maps are joined.

    Parameters
    ----------
    graph : onnx.ModelProto
        In float32.
    feeds : sequence of dict
        What the network is fed, by the names of its inputs: from these, the ranges are known.

    """
    result = onnx.ModelProto()
    result.CopyFrom(graph)
    producers = {output: node for node in result.graph.node for output in node.output}
    uses: Dict[str, int] = {}
    for node in result.graph.node:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
    joins = [_Join(producers[node.input[0]], node) for node in result.graph.node
             if node.op_type == 'Conv' and node.input[0] in producers
             and producers[node.input[0]].op_type == 'Concat' and uses[node.input[0]] == 1
             and _groups(node) == 1]
    weights = {each.name: each for each in result.graph.initializer}
    for join, ranges in zip(joins, _ranges(graph, joins, feeds)):
        tensor = weights[join.convolution.input[1]]
        values = numpy_helper.to_array(tensor)
        largest = np.abs(values).max(axis=(0, 2, 3)).clip(min=1e-6)
        widths = [len(each) for each in ranges]
        factors = np.concatenate(ranges).clip(min=1e-3) ** SHARE / largest ** (1.0 - SHARE)
        factors /= np.exp(np.log(factors).mean())
        tensor.CopyFrom(numpy_helper.from_array(
            (values * factors[None, :, None, None]).astype(np.float32), tensor.name))
        for position, part in enumerate(np.split(factors, np.cumsum(widths)[:-1])):
            _divide(result, join.concat, position, part, producers, uses)
    onnx.checker.check_model(result, full_check=True)
    return result


def _ranges(graph: onnx.ModelProto, joins: Sequence[_Join],
            feeds: Sequence[Dict[str, np.ndarray]]) -> List[List[np.ndarray]]:
    """Return the range of each channel of each map that is joined."""
    probe = onnx.ModelProto()
    probe.CopyFrom(graph)
    names = list(dict.fromkeys(name for join in joins for name in join.concat.input))
    present = {output.name for output in probe.graph.output}
    probe.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT,
                                                                 None)
                              for name in names if name not in present)
    session = onnxruntime.InferenceSession(
        probe.SerializeToString(), providers=['CPUExecutionProvider'])
    found: Dict[str, np.ndarray] = {}
    for feed in feeds:
        for name, values in zip(names, session.run(names, feed)):
            here = np.percentile(np.abs(values[0]), 100.0 - BEYOND, axis=(1, 2))
            found[name] = np.maximum(found.get(name, 0.0), here)
    return [[found[name] for name in join.concat.input] for join in joins]


def _divide(graph: onnx.ModelProto, concat: onnx.NodeProto, position: int, factors: np.ndarray,
            producers: Dict[str, onnx.NodeProto], uses: Dict[str, int]) -> None:
    """Divide the channels of a map that is joined; before it is enlarged, where it is."""
    before = producers.get(concat.input[position])
    node, index = concat, position
    if before is not None and before.op_type == 'Resize' and uses[before.output[0]] == 1:
        node, index = before, 0
    name = f'{concat.name}_{position}'
    graph.graph.initializer.append(numpy_helper.from_array(
        (1.0 / factors).astype(np.float32).reshape(1, -1, 1, 1), f'{name}_factors'))
    divided = onnx.helper.make_node('Mul', [node.input[index], f'{name}_factors'],
                                    [f'{name}_divided'], name=f'{name}_divide')
    node.input[index] = f'{name}_divided'
    graph.graph.node.insert(list(graph.graph.node).index(node), divided)


def _groups(convolution: onnx.NodeProto) -> int:
    return next((each.i for each in convolution.attribute if each.name == 'group'), 1)
