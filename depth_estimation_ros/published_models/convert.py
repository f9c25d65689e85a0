"""
Depth models of the transformers package, as .onnx files with their descriptions.

A model's own configuration and its image processor's say all that a description has to.
"""

from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.model_description import ModelDescription
from depth_estimation_ros.estimation.model_file import ModelFile
from depth_estimation_ros.estimation.onnx_engine import OpenVINOEngine
import numpy as np
import yaml

INPUT, OUTPUT = 'pixel_values', 'predicted_depth'
# 4 : 3, as most cameras' pictures: models that keep the proportions were not trained with others
# than the picture's own.
WIDER = 4.0 / 3.0
# Where a model's depths don't end: Depth Pro's inverse depth reaches down to 1e-4.
FARTHEST = 100.0  # metres


# Of the greatest value, by which the graph may differ from the model: rounding makes 1e-5.
MOST_DIFFERENT = 1e-3


class ConversionError(RuntimeError):
    """A model that can't be converted; the message says why."""


def convert(source: str, target: Path, size: Optional[Tuple[int, int]] = None,
            revision: Optional[str] = None) -> ModelDescription:
    """
    Write a model as an .onnx file, and its description beside it.

    Parameters
    ----------
    source : str
        A folder that `save_pretrained` wrote, or the name of a repository.
    target : Path
        Ends in .onnx.
    size : (int, int), optional
        Height and width of the input, in pixels; the model's own where not given, as wide as
        4 : 3 where it keeps the proportions of pictures.
    revision : str, optional
        Of the repository.

    Raises
    ------
    ConversionError, ImportError

    """
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation
    try:
        # PyTorch's own attention has shapes that its exporter can't follow in BEiT (ZoeDepth).
        model = AutoModelForDepthEstimation.from_pretrained(
            source, revision=revision, attn_implementation='eager')
        processor = AutoImageProcessor.from_pretrained(source, revision=revision)
    except (OSError, ValueError) as error:
        raise ConversionError(f'{source} is no depth model of the transformers package, or '
                              f'cannot be had: {str(error).splitlines()[0]}') from error
    values = description(model.config, processor, size)
    described = ModelDescription.from_values(values, target.with_suffix('.yaml'))
    target.parent.mkdir(parents=True, exist_ok=True)
    graph = _depth_only(model)
    with replacing(target) as partial:
        _export(graph, described, partial)
        _compare(graph, described, ModelFile(target, partial.read_bytes()))
    with replacing(target.with_suffix('.yaml')) as partial:
        partial.write_text(yaml.safe_dump(values, sort_keys=False))
    return described


def description(config: Any, processor: Any, size: Optional[Tuple[int, int]] = None
                ) -> Dict[str, Any]:
    """
    Return the values of a model's description.

    Parameters
    ----------
    config : transformers.PretrainedConfig
    processor : transformers.BaseImageProcessor
    size : (int, int), optional
        As of `convert`.

    Raises
    ------
    ConversionError
        Where it is of an architecture whose output isn't known here.

    """
    kind = config.model_type
    own = int(processor.size['height']), int(processor.size['width'])
    keeps = bool(getattr(processor, 'keep_aspect_ratio', False))
    multiple = max(1, round(getattr(processor, 'ensure_multiple_of', 1)))
    if size is None:
        size = own
        if keeps and own[0] == own[1]:
            size = own[0], round(own[0] * WIDER / multiple) * multiple
    has_mean = bool(processor.do_normalize)
    return {
        'input': {
            'name': INPUT, 'layout': 'NCHW', 'size': list(size), 'resize': 'stretch',
            'proportions': 'kept' if keeps else 'any', 'colour': 'RGB',
            'white': 1 if processor.do_rescale else 255,
            'mean': list(processor.image_mean) if has_mean else [0.0, 0.0, 0.0],
            'deviation': list(processor.image_std) if has_mean else [1.0, 1.0, 1.0]},
        **_output(kind, config, size)}


def _output(kind: str, config: Any, size: Tuple[int, int]) -> Dict[str, Any]:
    """Return what a description says of the output."""
    relative = {'output': {'name': OUTPUT, 'kind': 'inverse_depth', 'relative': True},
                'focal': None, 'max_depth': FARTHEST}
    if kind == 'depth_anything' and config.depth_estimation_type == 'metric':
        return {'output': {'name': OUTPUT, 'kind': 'depth'}, 'focal': None,
                'max_depth': float(config.max_depth)}
    if kind in ('depth_anything', 'dpt'):
        return relative
    if kind == 'zoedepth':
        farthest = max(each['max_depth'] for each in config.bin_configurations)
        return {'output': {'name': OUTPUT, 'kind': 'depth'}, 'focal': None,
                'max_depth': float(farthest)}
    if kind == 'depth_pro':
        # Its inverse depth is for a camera whose focal length is the picture's width.
        return {'output': {'name': OUTPUT, 'kind': 'inverse_depth'}, 'focal': float(size[1]),
                'max_depth': FARTHEST}
    raise ConversionError(f'What {kind} models give is not known: known are depth_anything, '
                          'depth_pro, dpt and zoedepth.')


def _depth_only(model: Any) -> Any:
    """Return a module that gives the one output that is described."""
    import torch

    class DepthOnly(torch.nn.Module):

        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, pixel_values):
            return self.model(pixel_values=pixel_values).predicted_depth
    return DepthOnly().eval()


def _export(graph: Any, described: ModelDescription, target: Path) -> None:
    """Write a model's graph, for inputs of one size."""
    import torch
    inputs = (torch.zeros(described.shape(*described.size)),)
    program = torch.onnx.export(
        graph, inputs, dynamo=True, verbose=False, input_names=[INPUT],
        output_names=[OUTPUT])
    assert program is not None  # it is with dynamo
    program.save(target)


def _compare(graph: Any, described: ModelDescription, file: ModelFile) -> None:
    """Raise ConversionError where the graph that was written is another than the model's."""
    import torch
    height, width = described.size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    tensor = np.empty(described.shape(height, width), np.float32)
    described.fill(tensor, image)
    with torch.inference_mode():
        expected = graph(torch.from_numpy(tensor)).numpy()
    engine = OpenVINOEngine(file)
    engine.prepare({INPUT: tensor.shape})
    found = engine.run({INPUT: tensor}, described.outputs)[0]
    difference = float(np.abs(found.reshape(expected.shape) - expected).max())
    if not difference <= MOST_DIFFERENT * float(np.abs(expected).max()):
        raise ConversionError(
            f'{file.path} would give other depth than the model that it is made of (by '
            f'{difference:.2g}, of up to {np.abs(expected).max():.2g}), and is not written.')
