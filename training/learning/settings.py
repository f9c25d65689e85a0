"""A training run's settings: their meanings and defaults, and where they are read from."""

import argparse
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
import typing
from typing import Dict, List, Optional, Tuple

from depth_estimation_ros.estimation import backends
from learning import augment, losses
from learning.optimization import OPTIMIZERS, PRECISIONS, SCHEDULES
import yaml

PAPER = Path(__file__).parents[2] / 'config' / 'train.yaml'
LEARN = ('all', 'confidence')
# Where a run was made says nothing about how.
NO_RECIPE = ('data_dir', 'val_dir', 'run_dir', 'init_from', 'encoder_weights', 'device', 'workers')


class SettingsError(ValueError):
    """A setting that cannot be used; the message says why and what would be right."""


def setting(default, text: str):
    return field(default=default, metadata={'help': text})


@dataclass
class Settings:
    """What a run is made of: a YAML file's keys, and the command line's options."""

    data_dir: List[Path] = setting(None, 'dataset: rgb/{train,val}, depth/{train,val}; give it '
                                   'more than once to mix several, each with its camera.json')
    val_dir: Optional[Path] = setting(None, 'dataset whose val split chooses the best model '
                                      '(default: those of --data-dir)')
    run_dir: Optional[Path] = setting(None, 'folder of the run (default: runs/NETWORK-TIME)')
    network: str = setting('resnet34_upsample', 'resnet34_upsample, or a timm encoder + _skip')
    pretrained: bool = setting(True, 'start from ImageNet weights')
    encoder_weights: Optional[Path] = setting(None, 'file of ImageNet weights, without internet')
    init_from: Optional[Path] = setting(None, 'model file of the same network to start from')
    input_size: str = setting('224', 'of the input in pixels: HEIGHTxWIDTH, or one for both')
    max_depth: float = setting(20.0, 'depth is clipped to it, in metres')
    alpha: float = setting(1.0, 'weight of RMSE in the loss')
    beta: float = setting(1.0, 'weight of 1 - SSIM in the loss')
    l1: float = setting(0.0, 'weight of the mean absolute error in the loss')
    silog: float = setting(0.0, 'weight of the scale-invariant log error in the loss')
    gradients: float = setting(0.0, "weight of the log depth's gradients in the loss")
    confidence: float = setting(0.0, 'weight of the expected error; above 0 it is an output')
    learn: str = setting('all', "all, or confidence: depth stays --init-from's, and only how far "
                         'it can be trusted is learnt')
    clip: bool = setting(False, 'take clipped depth, such as the sky, for a bound')
    headroom: float = setting(1.0, "the output's range as a factor of max_depth")
    log_head: bool = setting(False, 'let the output count factors of depth rather than metres')
    flip: float = setting(0.0, 'augmentation: probability of a mirror image')
    crop: float = setting(0.0, 'augmentation: largest share of width and height cut away')
    colour: float = setting(0.0, 'augmentation: largest change of brightness, contrast, ...')
    camera: float = setting(0.0, 'augmentation: probability of blur or sharpening, of noise, of '
                            'JPEG blocks')
    texture: float = setting(0.0, 'augmentation: probability of a fine pattern on a part')
    cutout: float = setting(0.0, 'augmentation: probability that a part is hidden')
    optimizer: str = setting('adam', 'adam or adamw')
    lr: float = setting(0.001, 'learning rate: the base of triangular2, the peak of cosine')
    encoder_lr: float = setting(1.0, "the encoder's learning rate as a share of lr; 0 freezes it")
    max_lr: float = setting(0.005, 'triangular2: highest learning rate')
    freeze: int = setting(0, "how many of the encoder's stages, the finest first, stay as they "
                          'begin')
    weight_decay: float = setting(1e-5, 'weight decay')
    schedule: str = setting('triangular2', 'triangular2 (CyclicLR) or cosine')
    step_size_up: int = setting(1000, 'triangular2: steps up; cosine: steps of warm-up')
    step_size_down: int = setting(2000, 'triangular2: steps down')
    average: float = setting(0.0, 'decay of the moving average of weights that is the model; '
                             '0: none')
    batch_size: int = setting(32, 'pairs a step')
    max_epochs: int = setting(100, 'times through the training split')
    evaluate_every: int = setting(2, 'epochs between evaluations on train and val')
    evaluate_pairs: int = setting(0, 'how many pairs of train are scored; 0: all')
    visualize_every: int = setting(100, 'steps between figures')
    device: str = setting('auto', 'auto, cpu or cuda')
    precision: str = setting('auto', 'fp32, bf16, fp16 (CUDA), or auto: the fastest there is')
    workers: int = setting(2, 'processes that read data')
    train_pairs: int = setting(0, 'how many pairs of train are learnt from; 0: all')
    seed: int = setting(0, 'seed of weights, order and augmentation')

    def check(self) -> None:
        """Raise SettingsError for a value that cannot be right."""
        if not self.data_dir:
            raise SettingsError('no dataset is named: pass --data-dir DIR')
        choices = {'learn': LEARN, 'optimizer': OPTIMIZERS, 'schedule': SCHEDULES,
                   'device': backends.DEVICES, 'precision': ('auto', *PRECISIONS)}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise SettingsError(f'{name} is {getattr(self, name)!r}, '
                                    f'and must be one of {", ".join(allowed)}')
        for name in ('max_depth', 'lr', 'batch_size', 'max_epochs', 'evaluate_every',
                     'visualize_every', 'step_size_up', 'step_size_down'):
            if not getattr(self, name) > 0:
                raise SettingsError(f'{name} is {getattr(self, name)}, and must be positive')
        for name in ('alpha', 'beta', 'l1', 'silog', 'gradients', 'confidence', 'encoder_lr',
                     'freeze', 'evaluate_pairs', 'train_pairs', 'weight_decay'):
            if getattr(self, name) < 0:
                raise SettingsError(f'{name} is {getattr(self, name)}, and must not be negative')
        for name in ('flip', 'crop', 'colour', 'camera', 'texture', 'cutout', 'average'):
            is_probability = name in ('flip', 'camera', 'texture', 'cutout')
            if not (0 <= getattr(self, name) < 1 or is_probability and getattr(self, name) == 1):
                raise SettingsError(f'{name} is {getattr(self, name)}, and must lie between 0 '
                                    'and 1')
        if self.learn == 'confidence' and not (self.confidence and self.init_from):
            raise SettingsError('to learn confidence needs --init-from, a model that knows depth, '
                                'and a --confidence above 0')
        if self.freeze and self.network == 'resnet34_upsample':
            raise SettingsError("the paper's network freezes its first layers by itself: leave "
                                'freeze at 0')
        if self.freeze and not (self.pretrained or self.init_from):
            raise SettingsError('to freeze stages needs weights that are worth keeping: '
                                '--pretrained or --init-from, or else --freeze 0')
        if self.headroom < 1:
            raise SettingsError(f'headroom is {self.headroom}, and must be at least 1')
        if any(side <= 0 or side % 32 for side in self.size):
            raise SettingsError(f'input_size is {self.input_size}, and must be a multiple of 32: '
                                'the encoder halves it five times')

    @property
    def size(self) -> Tuple[int, int]:
        """Return the input's height and width."""
        try:
            height, *width = (int(side) for side in str(self.input_size).split('x'))
            width, = width or (height,)
        except ValueError:
            raise SettingsError(f'input_size is {self.input_size!r}, and must be such as 224 or '
                                '160x256 (height x width)') from None
        return height, width

    @property
    def weights(self) -> losses.Weights:
        """Return the weights of the loss's terms."""
        if self.learn == 'confidence':
            return losses.Weights(alpha=0.0, beta=0.0, confidence=self.confidence)
        return losses.Weights(self.alpha, self.beta, self.l1, self.silog, self.gradients,
                              self.confidence)

    @property
    def augmentation(self) -> Optional[augment.Augmentation]:
        """Return the augmentation, if there is any."""
        strengths = (self.flip, self.crop, self.colour, self.camera, self.texture,
                     self.cutout)
        return augment.Augmentation(*strengths) if any(strengths) else None

    def as_plain(self) -> Dict:
        """Return the settings as YAML and JSON hold them."""
        return {key: [str(path) for path in value] if isinstance(value, list)
                else str(value) if isinstance(value, Path) else value
                for key, value in asdict(self).items()}

    def recipe(self) -> Dict:
        """Return what of the settings says how a model was made, for its metadata."""
        return {key: value for key, value in self.as_plain().items() if key not in NO_RECIPE}


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
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', type=Path, default=PAPER,
                        help='YAML file of settings (default: config/train.yaml, the paper)')
    parser.add_argument('--resume', type=Path, metavar='RUN_DIR',
                        help='go on with an interrupted run')
    types = typing.get_type_hints(Settings)
    for item in fields(Settings):
        kind = types[item.name]
        several = typing.get_origin(kind) is list
        kind = next((k for k in typing.get_args(kind) if k is not type(None)), kind)
        option = {'action': argparse.BooleanOptionalAction} if kind is bool else {
            'type': kind, 'action': 'append' if several else 'store'}
        text = item.metadata['help']
        if item.default is not None:
            text += f' (default: {item.default})'
        # A default of the parser's own would hide the file's values.
        parser.add_argument(f'--{item.name.replace("_", "-")}', help=text,
                            default=argparse.SUPPRESS, **option)
    given = vars(parser.parse_args(arguments))
    config, resume = given.pop('config'), given.pop('resume')
    if resume is not None:
        config = resume / 'config.yaml'
        given['run_dir'] = resume
    try:
        values = yaml.safe_load(config.read_text()) or {}
    except FileNotFoundError:
        raise SettingsError(f'there is no settings file {config}') from None
    except yaml.YAMLError as error:
        raise SettingsError(f'{config} is not YAML: {error}') from error
    unknown = set(values) - set(types) if isinstance(values, dict) else {'(no keys)'}
    if unknown:
        raise SettingsError(f'{config}: there is no setting {", ".join(sorted(unknown))}; '
                            f'there are {", ".join(types)}')
    for name, value in values.items():
        # YAML takes 1e-4 for a word.
        if types[name] in (float, int) and isinstance(value, str):
            try:
                values[name] = types[name](value)
            except ValueError:
                raise SettingsError(f'{config}: {name} is {value!r}, and must be a number') \
                    from None
    settings = Settings(**{**values, **given})
    for name in ('val_dir', 'run_dir', 'init_from', 'encoder_weights'):
        if getattr(settings, name) is not None:
            setattr(settings, name, Path(getattr(settings, name)))
    folders = settings.data_dir or []
    settings.data_dir = [Path(folder) for folder in
                         ([folders] if isinstance(folders, str) else folders)]
    if settings.run_dir is None:
        settings.run_dir = Path('runs') / f'{settings.network}-{datetime.now():%Y%m%d-%H%M%S}'
    settings.check()
    if resume is None and (settings.run_dir / 'last.pt').exists():
        raise SettingsError(f'{settings.run_dir} already holds a run: go on with it by '
                            f'--resume {settings.run_dir}, or name another --run-dir')
    return settings
