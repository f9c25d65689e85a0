"""
Models made ready by OpenVINO, and kept so for the next start in the user's cache folder.

What OpenVINO makes of an .onnx file depends on the file, OpenVINO, the processor and the
properties that it is told: all of them are in the name of the cached file. One that is broken, or
that OpenVINO no longer takes, is made anew; a folder that cannot be written is done without.
"""

from dataclasses import dataclass
import functools
import hashlib
import io
import json
import os
from pathlib import Path
import platform
from typing import Any, Dict, List, NamedTuple, Optional

from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.model_file import METADATA_KEY, ModelFile, ModelFileError

# The devices of OpenVINO, by the names that this package has for them.
DEVICES = {'cpu': 'CPU', 'gpu': 'GPU', 'npu': 'NPU'}
# Those of one package version, and of a few models that are tried: some 14 MB each.
MAX_CACHED = 8


class Port(NamedTuple):
    """
    An input or output of a model.

    Attributes
    ----------
    name : str
    shape : str
        Such as '[1,160,256]', with '?' for a side of any length.
    dtype : str
        Such as 'f32'.

    """

    name: str
    shape: str
    dtype: str


@dataclass(frozen=True)
class ReadyModel:
    """
    A model that can be run.

    Attributes
    ----------
    compiled : openvino.CompiledModel
    inputs, outputs : list of Port
        As the .onnx file has them; compiled, they may have further names.
    metadata : str or None
        The .onnx file's entry METADATA_KEY.
    is_int8 : bool
        Whether parts of it compute in 8 bit integers.

    """

    compiled: Any
    inputs: List[Port]
    outputs: List[Port]
    metadata: Optional[str]
    is_int8: bool


@functools.lru_cache(maxsize=None)
def core() -> Any:
    """
    Return OpenVINO's Core: one for the process, and kept until its end.

    OpenVINO's CPU plugin gives the thread that makes it another stack to handle signals on
    (sigaltstack), and with the last of its Core and models it takes that back. Where one plugin
    goes before another that came before it, or in another thread, a stack is left that is no
    longer mapped, and the next signal with a handler ends the process with a segmentation fault:
    SIGCHLD, say, where PyTorch's loaders of data watch over their processes.
    """
    import openvino

    return openvino.Core()


def cache_folder() -> Path:
    """Return the folder of cached models, by the XDG base directory specification."""
    base = os.environ.get('XDG_CACHE_HOME', '')
    # That asks for an absolute path, and to ignore others.
    root = Path(base) if os.path.isabs(base) else Path('~/.cache').expanduser()
    return root / 'depth_estimation_ros'


def has(device: str) -> bool:
    """Tell whether OpenVINO finds a device, one of DEVICES."""
    # Several GPUs are GPU.0, GPU.1, ...
    return any(each.split('.')[0] == DEVICES[device] for each in core().available_devices)


def prepare(file: ModelFile, device: str = 'cpu', threads: int = 0) -> ReadyModel:
    """
    Make an .onnx file ready to run, or take it ready from the cache.

    Parameters
    ----------
    file : ModelFile
    device : str
        One of DEVICES, that is there.
    threads : int
        How many run it on the CPU; 0 for one on each physical core.

    Raises
    ------
    ModelFileError
        Where OpenVINO cannot read the file.

    """
    properties = properties_of(device, threads)
    cached = _cached_path(file, device, properties)
    ready = cached and _read(cached, DEVICES[device], properties)
    if not ready:
        ready = _compile(file, DEVICES[device], properties)
        if cached:
            _keep(cached, ready)
    return ready


def properties_of(device: str, threads: int) -> Dict[str, Any]:
    """
    Return what OpenVINO is told of how to run a model.

    Parameters
    ----------
    device : str
        One of DEVICES.
    threads : int
        0 for one on each physical core.

    """
    properties: Dict[str, Any] = {'PERFORMANCE_HINT': 'LATENCY'}
    if device != 'npu':
        # OpenVINO would choose bfloat16 where the processor has it, and half precision on a GPU:
        # bfloat16's 8 bits of mantissa lay steps of 6 cm over ground that is 15 m away.
        properties['INFERENCE_PRECISION_HINT'] = 'f32'
    if device == 'cpu':
        # Pinned, the threads of every process stand on the same first cores, however many others
        # are free.
        properties['ENABLE_CPU_PINNING'] = False
        if threads:
            properties['INFERENCE_NUM_THREADS'] = threads
    return properties


def _compile(file: ModelFile, device: str, properties: Dict[str, Any]) -> ReadyModel:
    try:
        model = core().read_model(file.data)
    except Exception as error:  # where its message quotes the file, UnicodeDecodeError, too
        raise ModelFileError(
            f'{file.path} is not an ONNX file that OpenVINO can read.') from error
    key = ['framework', METADATA_KEY]
    metadata = model.get_rt_info(key).astype(str) if model.has_rt_info(key) else None
    is_int8 = any(op.get_type_name() == 'FakeQuantize' for op in model.get_ops())
    inputs, outputs = ([Port(min(each.names, default=''), str(each.partial_shape),
                             each.element_type.to_string()) for each in side]
                       for side in (model.inputs, model.outputs))
    return ReadyModel(core().compile_model(model, device, properties), inputs, outputs, metadata,
                      is_int8)


def _cached_path(file: ModelFile, device: str, properties: Dict[str, Any]) -> Optional[Path]:
    """Return where the cached model is, if it is there; None where there can be no cache."""
    import openvino
    name = DEVICES[device]
    depends_on = [openvino.get_version(), core().get_property(name, 'FULL_DEVICE_NAME'),
                  _instruction_sets(), sorted(map(str, properties.items()))]
    digest = hashlib.sha256(json.dumps(depends_on).encode() + file.data).hexdigest()
    try:
        return cache_folder() / f'{file.path.stem}-{device}-{digest[:32]}.openvino'
    except RuntimeError:  # a user without a home
        return None


def _instruction_sets() -> str:
    """Return what the processor can; processors of one name differ in it on virtual machines."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.lower().startswith(('flags', 'features'))), '')


def _read(path: Path, device: str, properties: Dict[str, Any]) -> Optional[ReadyModel]:
    """Return a cached model; None where there is none, or it is broken."""
    try:
        header, _, blob = path.read_bytes().partition(b'\n')
        values = json.loads(header)
        if values['sha256'] != hashlib.sha256(blob).hexdigest():
            return None
        compiled = core().import_model(blob, device, properties)
        inputs, outputs = ([Port(*each) for each in values[side]]
                           for side in ('inputs', 'outputs'))
        ready = ReadyModel(compiled, inputs, outputs, values['metadata'], values['is_int8'])
        # So that those which are in use are not the oldest.
        os.utime(path)
        return ready
    except Exception:  # whatever a damaged file, or OpenVINO, raises: it is made anew
        return None


def _keep(path: Path, ready: ReadyModel) -> None:
    """Write a model into the cache, and remove the oldest; without a sound where that fails."""
    try:
        stream = io.BytesIO()
        ready.compiled.export_model(stream)
        blob = stream.getvalue()
        header = {'sha256': hashlib.sha256(blob).hexdigest(), 'inputs': ready.inputs,
                  'outputs': ready.outputs, 'metadata': ready.metadata, 'is_int8': ready.is_int8}
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_bytes(json.dumps(header).encode() + b'\n' + blob)
        others = sorted(path.parent.glob('*.openvino'), key=lambda each: each.stat().st_mtime)
        for old in others[:-MAX_CACHED]:
            old.unlink(missing_ok=True)
    except (OSError, RuntimeError):  # a full or read-only disk; a plugin that cannot export
        return
