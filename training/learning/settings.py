"""
A training run's settings: their meanings and defaults, and where they are read from.

Nothing here imports PyTorch, which takes seconds: --help and a wrong setting are told at once.
"""

from argparse import RawDescriptionHelpFormatter
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
import math
from pathlib import Path
import re
import typing
from typing import Any, Dict, List, Literal, NamedTuple, Optional, Tuple, Union

from jsonargparse import ActionYesNo, ArgumentError, ArgumentParser, DefaultHelpFormatter
from learning.input_size import parse_size
import yaml

PAPER = Path(__file__).parents[2] / 'config' / 'train.yaml'
# What a model's recipe leaves out: on another machine, in another folder, it is the same recipe.
NO_RECIPE = ('data_dir', 'val_dir', 'style_dir', 'training_camera', 'run_dir', 'init_from',
             'encoder_weights', 'device', 'workers')
# What of a file's settings another --data-dir replaces.
DATASETS = ('data_dir', 'val_dir', 'style_dir')
# The headings of --help.
DATA, RUN, NETWORK, LOSS, AUGMENTATION, OPTIMIZATION = (
    'data', 'run', 'network', 'loss', 'augmentation', 'optimization')
KINDS = {bool: 'true or false, without quotes', int: 'a whole number', float: 'a number',
         str: 'a word', Path: 'a path'}


class SettingsError(ValueError):
    """A setting that cannot be used; the message says why and what would be right."""


class Source(NamedTuple):
    """
    Where pairs come from.

    Attributes
    ----------
    path : str
        A dataset, a folder of datasets, or a pattern of paths.
    weight : float
        How often each pair is drawn in an epoch, on average.

    """

    path: str
    weight: float = 1.0


def setting(heading: str, default: Any, text: str):
    return field(default=default, metadata={'heading': heading, 'help': text})


@dataclass
class Settings:
    """What a run is made of: a YAML file's keys, and the command line's options."""

    data_dir: List[str] = setting(
        DATA, None, 'datasets (rgb/{train,val}, depth/{train,val}), folders of datasets, or '
        "patterns such as 'real/kinect_*'. Several are mixed, each with its camera.json: depth is "
        "scaled to the first one's camera. DIR:WEIGHT draws each of its pairs WEIGHT times an "
        'epoch, on average (real:2.5)')
    val_dir: List[str] = setting(
        DATA, None, 'the same, whose val splits choose the best model (default: those of '
        '--data-dir). Those of a settings file count only where its data_dir does')
    training_camera: Optional[Path] = setting(
        DATA, None, 'camera.json of the camera that all depth becomes that of (default: that of '
        'the first of --data-dir)')
    train_pairs: int = setting(DATA, 0, 'how many pairs of train are learnt from; 0: all')
    evaluate_pairs: int = setting(DATA, 0, 'how many pairs of train are scored; 0: all')
    workers: int = setting(DATA, 2, 'processes that read data')

    run_dir: Optional[Path] = setting(
        RUN, None, 'folder of the run (default: runs/NETWORK-TIME)')
    max_epochs: int = setting(RUN, 100, 'times through the training split')
    evaluate_every: int = setting(RUN, 2, 'epochs between evaluations on train and val')
    keep: Literal['best', 'last'] = setting(
        RUN, 'best', 'which model best.safetensors is: the best by SSIM - RMSE, or that of the '
        'last evaluation')
    visualize_every: int = setting(RUN, 100, 'steps between figures')
    log_every: int = setting(RUN, 10, 'steps between values of the loss in TensorBoard')
    device: Literal['auto', 'cpu', 'cuda'] = setting(RUN, 'auto', 'where the network learns')
    precision: Literal['auto', 'fp32', 'bf16', 'fp16'] = setting(
        RUN, 'auto', "of the network's arithmetic; fp16 on CUDA only; auto: the fastest there is")
    seed: int = setting(RUN, 0, 'seed of weights, order and augmentation')

    network: str = setting(
        NETWORK, 'resnet34_upsample', 'resnet34_upsample, or a timm encoder + _skip')
    pretrained: bool = setting(NETWORK, True, 'start from ImageNet weights')
    encoder_weights: Optional[Path] = setting(
        NETWORK, None, 'file of ImageNet weights, without internet')
    init_from: Optional[Path] = setting(
        NETWORK, None, 'model file of the same network to start from; what it has no weights for '
        '(the camera that rays tell of, detail, the floor) begins with no effect, or at random')
    input_size: Union[int, str] = setting(
        NETWORK, 224, 'of the input in pixels: HEIGHTxWIDTH, or one for both')
    max_depth: float = setting(NETWORK, 20.0, 'depth is clipped to it, in metres')
    headroom: float = setting(NETWORK, 1.0, "the output's range as a factor of max_depth")
    log_head: bool = setting(
        NETWORK, False, 'let the output count factors of depth rather than metres')
    rays: bool = setting(
        NETWORK, False, "tell the network each picture's camera: in which direction pixels look. "
        "Depth is then each camera's own")
    detail: bool = setting(
        NETWORK, False, "let depth have its detail at the input's size, not only at half of it")

    alpha: float = setting(LOSS, 1.0, 'weight of RMSE')
    beta: float = setting(LOSS, 1.0, 'weight of 1 - SSIM')
    l1: float = setting(LOSS, 0.0, 'weight of the mean absolute error')
    silog: float = setting(LOSS, 0.0, 'weight of the scale-invariant log error')
    gradients: float = setting(LOSS, 0.0, "weight of the log depth's gradients")
    thin: float = setting(
        LOSS, 0.0, 'weight of the log error where something thin stands before something far')
    confidence: float = setting(
        LOSS, 0.0, 'weight of the expected error; above 0 it is an output')
    floor: float = setting(LOSS, 0.0, 'weight of where the floor is; above 0 it is an output')
    learn: Literal['all', 'confidence', 'floor'] = setting(
        LOSS, 'all', "all, or one output: depth stays --init-from's, and only how far it can be "
        'trusted, or where the floor is, is learnt')
    clip: bool = setting(LOSS, False, 'take clipped depth, such as the sky, for a bound')

    flip: float = setting(AUGMENTATION, 0.0, 'probability of a mirror image')
    crop: float = setting(AUGMENTATION, 0.0, 'largest share of width and height cut away')
    squeeze: float = setting(
        AUGMENTATION, 0.0, 'largest share of width, or of height, cut away besides, which changes '
        'proportions; needs --rays')
    colour: float = setting(
        AUGMENTATION, 0.0, 'largest change of brightness, contrast, saturation, gamma and white '
        'balance')
    camera: float = setting(
        AUGMENTATION, 0.0, 'probability of blur or sharpening, of noise, of JPEG blocks')
    texture: float = setting(AUGMENTATION, 0.0, 'probability of a fine pattern on a part')
    cutout: float = setting(AUGMENTATION, 0.0, 'probability that a part is hidden')
    fda: float = setting(
        AUGMENTATION, 0.0, "probability that a picture's low frequencies get the amplitudes of "
        'one of --style-dir (Fourier domain adaptation)')
    fda_beta: float = setting(
        AUGMENTATION, 0.01, 'share of the spectrum whose amplitudes are lent')
    style_dir: List[str] = setting(
        AUGMENTATION, None, 'datasets, as --data-dir names them, whose training pictures lend '
        'their amplitudes')

    optimizer: Literal['adam', 'adamw'] = setting(OPTIMIZATION, 'adam', 'how weights are updated')
    lr: float = setting(
        OPTIMIZATION, 0.001, 'learning rate: the base of triangular2, the peak of cosine')
    encoder_lr: float = setting(
        OPTIMIZATION, 1.0, "the encoder's learning rate as a share of lr; 0 freezes it")
    max_lr: float = setting(OPTIMIZATION, 0.005, 'triangular2: highest learning rate')
    freeze: int = setting(
        OPTIMIZATION, 0, "how many of the encoder's stages, the finest first, stay as they begin")
    weight_decay: float = setting(OPTIMIZATION, 1e-5, "factor of the weights' L2 penalty")
    schedule: Literal['triangular2', 'cosine'] = setting(
        OPTIMIZATION, 'triangular2', 'of the learning rate; triangular2 is CyclicLR')
    step_size_up: int = setting(
        OPTIMIZATION, 1000, 'triangular2: steps up; cosine: steps of warm-up')
    step_size_down: int = setting(OPTIMIZATION, 2000, 'triangular2: steps down')
    average: float = setting(
        OPTIMIZATION, 0.0, 'decay of the moving average of weights that is the model; 0: none')
    batch_size: int = setting(OPTIMIZATION, 32, 'pairs a step')

    def check(self) -> None:
        """Raise SettingsError for a value that cannot be right."""
        if not self.data_dir:
            raise SettingsError('no dataset is named: pass --data-dir DIR')
        for source in self.sources:
            if not 0 < source.weight <= 1000:
                raise SettingsError(f'the weight of {source.path} is {source.weight:g}, and must '
                                    'lie above 0, and not above 1000')
        for name, value in vars(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise SettingsError(f'{name} is {value}, and must be finite')
        for name in ('max_depth', 'lr', 'batch_size', 'max_epochs', 'evaluate_every',
                     'visualize_every', 'log_every', 'step_size_up', 'step_size_down'):
            if not getattr(self, name) > 0:
                raise SettingsError(f'{name} is {getattr(self, name)}, and must be positive')
        for name in ('alpha', 'beta', 'l1', 'silog', 'gradients', 'thin', 'confidence', 'floor',
                     'encoder_lr', 'freeze', 'evaluate_pairs', 'train_pairs', 'weight_decay'):
            if getattr(self, name) < 0:
                raise SettingsError(f'{name} is {getattr(self, name)}, and must not be negative')
        for name in ('flip', 'crop', 'squeeze', 'colour', 'camera', 'texture', 'cutout', 'fda',
                     'fda_beta', 'average'):
            is_probability = name in ('flip', 'camera', 'texture', 'cutout', 'fda')
            if not (0 <= getattr(self, name) < 1 or is_probability and getattr(self, name) == 1):
                raise SettingsError(f'{name} is {getattr(self, name)}, and must lie between 0 '
                                    'and 1')
        if self.squeeze and not self.rays:
            raise SettingsError('squeeze changes the proportions of pictures, which only a '
                                'network with rays is told: pass --rays, or leave squeeze at 0')
        if self.fda and not self.style_dir:
            raise SettingsError('fda needs pictures that lend their amplitudes: pass --style-dir')
        if self.learn != 'all' and not (getattr(self, self.learn) and self.init_from):
            raise SettingsError(f'to learn {self.learn} needs --init-from, a model that knows '
                                f'depth, and a --{self.learn} above 0')
        if self.freeze and self.network == 'resnet34_upsample':
            raise SettingsError("the paper's network freezes its first layers by itself: leave "
                                'freeze at 0')
        if self.freeze and not (self.pretrained or self.init_from):
            raise SettingsError('to freeze stages needs weights that are worth keeping: '
                                '--pretrained or --init-from, or else --freeze 0')
        if not 0 <= self.seed < 2 ** 63:
            raise SettingsError(f'seed is {self.seed}, and must lie between 0 and 2^63')
        if self.headroom < 1:
            raise SettingsError(f'headroom is {self.headroom}, and must be at least 1')
        try:
            parse_size(self.input_size)
        except ValueError as error:
            raise SettingsError(f'input_size {error}') from None

    @property
    def size(self) -> Tuple[int, int]:
        """Return the input's height and width."""
        return parse_size(self.input_size)

    @property
    def sources(self) -> List[Source]:
        """Return what data_dir names."""
        return [_source(entry) for entry in self.data_dir]

    def as_plain(self) -> Dict:
        """Return the settings as YAML and JSON hold them."""
        return {key: str(value) if isinstance(value, Path) else value
                for key, value in asdict(self).items()}

    def recipe(self) -> Dict:
        """Return what of the settings says how a model was made, for its metadata."""
        return {key: value for key, value in self.as_plain().items() if key not in NO_RECIPE}


def _source(entry: str) -> Source:
    path, _, weight = entry.rpartition(':')
    try:
        return Source(path, float(weight)) if path else Source(entry)
    except ValueError:
        return Source(entry)


def read_settings(description: str = '', arguments: Optional[List[str]] = None) -> Settings:
    """
    Return the settings: a YAML file's, and over them the command line's.

    With --resume the file is the run's own.

    Parameters
    ----------
    description : str
        Of the command, for its --help.
    arguments : list of str, optional
        Those of the command line unless given.

    Raises
    ------
    SettingsError
        Where a setting cannot be used, or the run folder holds another run.

    """
    parser = _parser(description)
    try:
        # Without defaults: what isn't given must not hide what the file says.
        given = vars(parser.parse_args(arguments, defaults=False))
    except ArgumentError as error:
        raise SettingsError(_sentence(error)) from None
    resume = given.pop('resume', None)
    config = given.pop('config', PAPER)
    if resume is not None:
        config, given['run_dir'] = resume / 'config.yaml', resume
    values = _read_file(config, parser)
    if 'data_dir' in given:
        # The datasets that a file names belong together.
        values = {key: value for key, value in values.items() if key not in DATASETS}
    settings = Settings(**{**values, **given})
    settings.data_dir = settings.data_dir or []
    settings.val_dir, settings.style_dir = settings.val_dir or [], settings.style_dir or []
    if settings.run_dir is None:
        settings.run_dir = Path('runs') / f'{settings.network}-{datetime.now():%Y%m%d-%H%M%S}'
    settings.check()
    if resume is None and (settings.run_dir / 'last.pt').exists():
        raise SettingsError(f'{settings.run_dir} already holds a run: go on with it by '
                            f'--resume {settings.run_dir}, or name another --run-dir')
    return settings


class _Formatter(RawDescriptionHelpFormatter, DefaultHelpFormatter):
    """Keep the description's paragraphs, and add defaults to the options."""


def _parser(description: str) -> ArgumentParser:
    parser = ArgumentParser(
        prog='train.py', usage='%(prog)s --data-dir DIR [options]', description=description,
        formatter_class=_Formatter, exit_on_error=False,
        allow_abbrev=False, print_config=None)
    parser.add_argument('--config', type=Path, metavar='FILE',
                        help='YAML file of settings (default: config/train.yaml, the paper)')
    parser.add_argument('--resume', type=Path, metavar='RUN_DIR',
                        help='go on with an interrupted run')
    types = typing.get_type_hints(Settings)
    groups: Dict[str, Any] = {}
    for item in fields(Settings):
        heading, kind = item.metadata['heading'], types[item.name]
        if heading not in groups:
            groups[heading] = parser.add_argument_group(heading)
        option: Dict[str, Any] = {'type': kind}
        if kind is bool:
            option = {'action': ActionYesNo(no_prefix='no-')}
        elif typing.get_origin(kind) is list:
            option = {'type': typing.get_args(kind)[0], 'nargs': '+', 'action': 'extend'}
        groups[heading].add_argument(f'--{item.name.replace("_", "-")}', default=item.default,
                                     help=item.metadata['help'], **option)
    return parser


def _read_file(path: Path, parser: ArgumentParser) -> Dict[str, Any]:
    """Return what a YAML file sets."""
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise SettingsError(f'there is no settings file {path}') from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f'{path} is not YAML: {error}') from error
    types = typing.get_type_hints(Settings)
    values = {} if values is None else values
    unknown = set(values) - set(types) if isinstance(values, dict) else {'(no keys)'}
    if unknown:
        raise SettingsError(f'{path}: there is no setting {", ".join(map(str, unknown))}; '
                            f'there are {", ".join(types)}')
    for name, value in list(values.items()):
        if value is None and getattr(Settings, name) is not None:
            raise SettingsError(f'{path}: {name} has no value; the default is '
                                f'{getattr(Settings, name)}')
        # The parser would take the word "no" for false; quoted in YAML, it is likely a mistake.
        if types[name] is bool and not isinstance(value, bool):
            raise SettingsError(f'{path}: {name} is {value!r}, and must be {KINDS[bool]}')
        if typing.get_origin(types[name]) is list:
            values[name] = [value] if isinstance(value, str) else value
            if not (isinstance(value, (list, str)) and all(isinstance(v, str) for v in value)):
                raise SettingsError(f'{path}: {name} is {value!r}, and must be a list of paths')
    try:
        return vars(parser.parse_object(values, defaults=False))
    except ArgumentError as error:
        raise SettingsError(f'{path}: {_sentence(error)}') from None


def _sentence(error: ArgumentError) -> str:
    """Return what the parser says of a wrong value, without its class names."""
    text = ' '.join(str(error).split()).removeprefix('Parser key ')
    found = re.match(r'"(\w+)":.*?(?:Got|Given) value: (.*)', text)
    types = typing.get_type_hints(Settings)
    if not found or found[1] not in types:
        return text
    kind = types[found[1]]
    allowed = typing.get_args(kind)
    right = (f'one of {", ".join(map(str, allowed))}' if typing.get_origin(kind) is Literal
             else KINDS.get(kind, 'a word or a path'))
    return f'{found[1]} is {found[2]}, and must be {right}'
