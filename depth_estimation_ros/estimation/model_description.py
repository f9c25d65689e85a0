"""
The description of a model that other people made: NAME.yaml beside NAME.onnx.

It says what the file itself doesn't: how a picture becomes the network's input, and what its
output means. Like a model file it is data from anywhere, and checked before anything is built
from it.
"""

from dataclasses import dataclass, replace
import math
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import cv2
from depth_estimation_ros.estimation.affine_points import depth_of_points
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import (
    INPUT_SIDES, ModelFileError, ModelMetadata, RANGES)
import numpy as np

MAX_BYTES = 64 * 1024
LAYOUTS = ('NCHW', 'NHWC')
COLOURS = ('RGB', 'BGR')
# The words of MiDaS's and Depth Anything's own resizing: the picture keeps its proportions, and
# each of its sides is at least, or at most, as long as `size` says.
RESIZES = ('stretch', 'lower_bound', 'upper_bound')
PROPORTIONS = ('kept', 'any')
KINDS = ('depth', 'log_depth', 'inverse_depth', 'points')
# A narrow picture would become an input of any length.
LONGEST = 4  # times the side of `size`
WHITES = (1, 255)


class Key(NamedTuple):
    """
    What a key of a description may hold.

    Attributes
    ----------
    accepts : callable
        Tells whether a value may be there.
    rule : str
        That, for people.
    default
        What holds where the key is absent; REQUIRED where it must not be.

    """

    accepts: Callable[[Any], bool]
    rule: str
    default: Any


REQUIRED = object()


def _is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and low <= value <= high and math.isfinite(value))


def _name(default: Any) -> Key:
    return Key(lambda value: isinstance(value, str) and 0 < len(value) <= 200,
               'the name of a tensor', default)


def _choice(values: tuple, default: Any) -> Key:
    # By type, too: to Python, True is 1.
    return Key(lambda value: any(type(value) is type(each) and value == each for each in values),
               f'one of {", ".join(map(str, values))}', default)


def _three(low: float, default: Tuple[float, ...]) -> Key:
    return Key(lambda value: isinstance(value, (list, tuple)) and len(value) == 3
               and all(_is_number(each, low, 1e6) for each in value),
               'three numbers, of red, green and blue' + (' above 0' if low > 0.0 else ''),
               default)


def _range(name: str, default: Any) -> Key:
    low, high, unit = RANGES[name]
    return Key(lambda value: value is None and default is None or _is_number(value, low, high),
               f'a number from {low:g} to {high:g} ({unit})', default)


_SIZE = Key(lambda value: isinstance(value, (list, tuple)) and len(value) == 2 and all(
    type(side) is int and INPUT_SIDES[0] <= side <= INPUT_SIDES[1] for side in value),
    f'height and width, whole numbers from {INPUT_SIDES[0]} to {INPUT_SIDES[1]}', REQUIRED)
_CONSTANTS = Key(lambda value: isinstance(value, dict) and len(value) <= 8 and all(
    isinstance(name, str) and _is_number(number, -1e9, 1e9) for name, number in value.items()),
    'numbers by the names of inputs', None)
_MULTIPLE = Key(lambda value: type(value) is int and 1 <= value <= 256,
                'a whole number from 1 to 256', 1)

INPUT_KEYS = {
    'name': _name(None), 'layout': _choice(LAYOUTS, 'NCHW'), 'size': _SIZE,
    'resize': _choice(RESIZES, 'stretch'), 'multiple': _MULTIPLE,
    'proportions': _choice(PROPORTIONS, 'kept'),
    'colour': _choice(COLOURS, 'RGB'), 'white': _choice(WHITES, 1),
    'constants': _CONSTANTS,
    'mean': _three(-1e6, (0.0, 0.0, 0.0)), 'deviation': _three(1e-6, (1.0, 1.0, 1.0))}
OUTPUT_KEYS = {
    'name': _name(REQUIRED), 'kind': _choice(KINDS, REQUIRED),
    'relative': _choice((False, True), False), 'scale': _name(None), 'mask': _name(None)}
TOP_KEYS = {'focal': _range('focal', None), 'max_depth': _range('max_depth', REQUIRED)}


@dataclass(frozen=True)
class ModelDescription:
    """
    How to use a model that another package exported.

    Attributes
    ----------
    input_name : str or None
        None where the model has only one input, whatever its name.
    output_name : str
    layout : str
        Of the input, one of LAYOUTS.
    size : (int, int)
        Height and width of the input, in pixels; what they mean is `resize`.
    resize : str
        One of RESIZES. With 'stretch' the input is always of that size; else the picture keeps
        its proportions.
    multiple : int
        Of which both sides are a multiple, where `resize` keeps the proportions.
    proportions : str
        Of the pictures that it was trained with: 'kept', or 'any' where they were stretched to
        its input, so that only their width counts for the focal length (Depth Pro).
    colour : str
        Order of the channels, one of COLOURS.
    white : int
        The value of a white pixel before `mean` and `deviation`: 1 or 255.
    mean, deviation : (float, float, float)
        Of red, green and blue: the input is (value - mean) / deviation.
    constants : dict of str to float
        Further inputs, and the number that each always gets.
    kind : str
        What the output is: 'depth' in metres, 'log_depth' its natural logarithm, 'inverse_depth'
        in 1/m, or 'points': x, y and z of each pixel, z up to a shift (MoGe).
    relative : bool
        Whether inverse depth is known up to a factor and a shift only, which differ from picture
        to picture.
    scale, mask : str or None
        Outputs beside points: the factor that makes metres of them, and where they are known.
    focal : float or None
        The focal length that depth is made for, in pixels at the network's input: Metric3D's
        canonical camera, for example. None where depth is the same whatever the camera.
    max_depth : float, metres
        Where the depths end that it was trained with.

    """

    input_name: Optional[str]
    output_name: str
    layout: str
    size: Tuple[int, int]
    resize: str
    multiple: int
    proportions: str
    colour: str
    white: int
    mean: Tuple[float, float, float]
    deviation: Tuple[float, float, float]
    constants: Dict[str, float]
    kind: str
    relative: bool
    scale: Optional[str]
    mask: Optional[str]
    focal: Optional[float]
    max_depth: float

    @classmethod
    def from_values(cls, values: Any, path: Path) -> 'ModelDescription':
        """
        Return what the contents of a description say.

        Parameters
        ----------
        values : dict
            As YAML holds it.
        path : Path
            Of the file, for what is said of it.

        Raises
        ------
        ModelFileError
            Where something is missing, unknown, or can't be.

        """
        try:
            top = _checked(values, {**TOP_KEYS, 'input': None, 'output': None}, '')
            inputs = _checked(top.pop('input'), INPUT_KEYS, 'input')
            outputs = _checked(top.pop('output'), OUTPUT_KEYS, 'output')
            for side in inputs['size']:
                if side % inputs['multiple']:
                    raise _Problem(f'input: size must be of multiples of {inputs["multiple"]}, '
                                   f'not {side}')
            if outputs['relative'] and outputs['kind'] != 'inverse_depth':
                raise _Problem('output: what is relative must be an inverse_depth')
            if outputs['kind'] != 'points' and (outputs['scale'] or outputs['mask']):
                raise _Problem('output: scale and mask are beside points only')
        except _Problem as problem:
            raise ModelFileError(f'{path} does not describe a model: {problem}.') from None
        renamed = {'input_name': inputs.pop('name'), 'output_name': outputs.pop('name')}
        for key in ('size', 'mean', 'deviation'):
            inputs[key] = tuple(inputs[key])
        inputs['constants'] = inputs['constants'] or {}
        return cls(**renamed, **inputs, **outputs, **top)

    @property
    def is_fixed(self) -> bool:
        """Tell whether the input is of one size, whatever the picture's."""
        return self.resize == 'stretch'

    def size_for(self, width: int, height: int) -> Tuple[int, int]:
        """
        Return the height and width, in pixels, that the input has for a picture.

        Parameters
        ----------
        width, height : int
            The picture's.

        """
        if self.is_fixed:
            return self.size
        factors = self.size[0] / height, self.size[1] / width
        factor = max(factors) if self.resize == 'lower_bound' else min(factors)
        rows, columns = (
            min(max(1, round(side * factor / self.multiple)),
                LONGEST * most // self.multiple) * self.multiple
            for side, most in zip((height, width), self.size))
        return rows, columns

    def metadata(self, architecture: str) -> ModelMetadata:
        """Return the metadata of the model, for pictures of the proportions of `size`."""
        height, width = self.size
        return ModelMetadata(
            architecture, self.size, self.max_depth, self.focal, width / height,
            relative=self.relative,
            # The camera that is known tells the shift of points, whose depth is that camera's.
            rays=self.kind == 'points')

    def metadata_for(self, metadata: ModelMetadata, width: int, height: int) -> ModelMetadata:
        """
        Return the metadata of the model, for a picture.

        The proportions of the training pictures are those of this one, unless it is stretched
        to an input whose proportions they had.
        """
        if self.is_fixed and self.proportions == 'kept':
            return metadata
        return replace(metadata, input_size=self.size_for(width, height), aspect=width / height)

    def shape(self, height: int, width: int) -> Tuple[int, int, int, int]:
        """Return the shape of the input tensor for a size in pixels."""
        return (1, 3, height, width) if self.layout == 'NCHW' else (1, height, width, 3)

    def fill(self, tensor: np.ndarray, image: np.ndarray) -> None:
        """
        Write a picture into the input tensor, in one pass for each channel.

        Parameters
        ----------
        tensor : float32 or uint8, of the shape that `shape` returns
        image : uint8 (H, W, 3) RGB

        """
        channels = tensor[0] if self.layout == 'NCHW' else np.moveaxis(tensor[0], 2, 0)
        order = (0, 1, 2) if self.colour == 'RGB' else (2, 1, 0)
        if tensor.dtype == np.uint8:
            for target, channel in zip(channels, order):
                target[:] = image[:, :, channel]
            return
        for target, channel in zip(channels, order):
            factor = self.white / 255.0 / self.deviation[channel]
            np.multiply(image[:, :, channel], np.float32(factor), out=target)
            target -= np.float32(self.mean[channel] / self.deviation[channel])

    @property
    def outputs(self) -> List[str]:
        """Return the names of the outputs that `depth` takes."""
        return [name for name in (self.output_name, self.scale, self.mask) if name]

    def depth(self, outputs: List[np.ndarray], height: int, width: int,
              camera: Optional[Intrinsics] = None) -> np.ndarray:
        """
        Return depth from what the network gives.

        Parameters
        ----------
        outputs : list of float arrays
            By the names in `outputs`. The first is a map (..., h, w), all of whose other sides
            are 1, or of points (..., h, w, 3).
        height, width : int
            Of the input. A map of another size, in its proportions, is interpolated to it.
        camera : Intrinsics, optional
            At the input, for points.

        Returns
        -------
        float32 (H, W), metres
            Inverse depth where the model is relative.

        Raises
        ------
        ModelFileError
            Where the output is no map of one channel.

        """
        output = outputs[0]
        if self.kind == 'points':
            return self._depth_of_points(outputs, height, width, camera)
        sides = [side for side in output.shape if side > 1]
        if len(sides) != 2 or output.dtype.kind != 'f':
            raise ModelFileError(
                f'The output {self.output_name!r} must be floating point numbers of the shape '
                f'{(1, height, width)}, not {output.dtype} of {output.shape}.')
        values: np.ndarray = output.reshape(sides).astype(np.float32, copy=False)
        if values.shape != (height, width):
            values = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
        if self.kind == 'log_depth':
            values = np.exp(values)
        elif self.kind == 'inverse_depth' and not self.relative:
            values = 1.0 / np.maximum(values, np.float32(1.0 / self.max_depth))
        return values

    def _depth_of_points(self, outputs: List[np.ndarray], height: int, width: int,
                         camera: Optional[Intrinsics]) -> np.ndarray:
        named = dict(zip(self.outputs, outputs))
        points, mask, scale = outputs[0], None, 1.0
        if self.mask is not None:
            mask = named[self.mask].reshape(-1)
        if self.scale is not None:
            scale = float(named[self.scale].reshape(-1)[0])
        if points.size != 3 * height * width or points.shape[-1] != 3 or (
                mask is not None and mask.size != height * width):
            raise ModelFileError(
                f'The output {self.output_name!r} must be of the shape {(1, height, width, 3)}, '
                f'not {points.shape}, and its mask one number for each of these points.')
        return depth_of_points(points.reshape(height, width, 3),
                               None if mask is None else mask.reshape(height, width), scale,
                               camera, self.max_depth)


class _Problem(ValueError):
    """What is wrong with a description."""


def _checked(values: Any, keys: Dict[str, Any], section: str) -> Dict[str, Any]:
    """Return the values of a section, with the defaults of those that are absent."""
    where = f'{section}: ' if section else ''
    if not isinstance(values, dict):
        raise _Problem(f'{where}it must hold names and values')
    unknown = sorted(str(key)[:50] for key in values if key not in keys)
    if unknown:
        raise _Problem(f'{where}{unknown[0]!r} is none of {", ".join(keys)}')
    result = {}
    for name, key in keys.items():
        if name not in values and (key is None or key.default is REQUIRED):
            raise _Problem(f'{where}{name} is missing')
        result[name] = values.get(name, key and key.default)
        if key is not None and name in values and not key.accepts(values[name]):
            raise _Problem(f'{where}{name} must be {key.rule}')
    return result


def description_of(path: Path) -> Path:
    """Return where the description of a model file lies, if it has one."""
    return path.with_suffix('.yaml')


def read_description(path: Path) -> ModelDescription:
    """
    Read and check a description.

    Raises
    ------
    ModelFileError
        Where it can't be read, or doesn't describe a model.

    """
    # A robot that runs a model of this package needs no YAML.
    import yaml
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelFileError(f'{path} holds more than {MAX_BYTES} bytes: it is no description '
                                 'of a model.')
        values = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f'{path} cannot be read ({error.strerror}).') from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelFileError(f'{path} is not YAML.') from error
    return ModelDescription.from_values(values, path)
