"""
Train a network on RGB and depth pairs.

A setting is the command line's, else the --config file's, else the default that --help shows. The
defaults are the paper's, and so is config/train.yaml, which is read unless --config names another
file. A run has a folder: its config, metrics.csv, TensorBoard events, figures, best.safetensors
(for evaluate.py and export.py), and last.pt, from which --resume goes on.
"""

import argparse
import csv
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
import math
import os
from pathlib import Path
import platform
import sys
import time
import typing
from typing import Dict, List, Optional, Tuple

import augment
import calibration
import cv2
from dataset import DatasetError, DepthDataset, find_pairs
from depth_estimation_ros import backends, model_file, network
from depth_estimation_ros.geometry import IntrinsicsError
import figures
import losses
from metrics import Evaluation
import timm
import torch
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm
import yaml

PAPER = Path(__file__).parents[1] / 'config' / 'train.yaml'


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


# Where a run was made says nothing about how.
NO_RECIPE = ('data_dir', 'val_dir', 'run_dir', 'init_from', 'encoder_weights', 'device', 'workers')
LEARN = ('all', 'confidence')
OPTIMIZERS = {'adam': torch.optim.Adam, 'adamw': torch.optim.AdamW}
PRECISIONS = {'fp32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}


def triangular2(optimizer, settings: Settings, total_steps: int):
    """Return the paper's schedule (Smith 2017); it cycles Adam's beta1 the other way."""
    base = [group['lr'] for group in optimizer.param_groups]
    return torch.optim.lr_scheduler.CyclicLR(
        optimizer, base_lr=base, max_lr=[lr * settings.max_lr / settings.lr for lr in base],
        mode='triangular2',
        step_size_up=settings.step_size_up, step_size_down=settings.step_size_down)


def cosine(optimizer, settings: Settings, total_steps: int):
    """Return a linear warm-up and a half cosine to zero (Loshchilov and Hutter 2017)."""
    warm_up = min(settings.step_size_up, total_steps // 10)

    def factor(step):
        if step < warm_up:
            return (step + 1) / warm_up
        done = (step - warm_up) / max(1, total_steps - warm_up)
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


SCHEDULES = {'triangular2': triangular2, 'cosine': cosine}


def read_settings(arguments=None) -> Settings:
    """
    Return the settings: a YAML file's, and over them the command line's.

    With --resume the file is the run's own.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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


def fastest_precision(device: str) -> str:
    """Return the precision that multiplies fastest on a device without spoiling training."""
    if device == 'cuda':
        return 'bf16' if torch.cuda.is_bf16_supported() else 'fp16'
    try:
        flags = Path('/proc/cpuinfo').read_text().split()
    except OSError:
        return 'fp32'
    # x86 with AVX-512 BF16 or AMX, Arm with BF16; others only emulate it.
    return 'bf16' if {'avx512_bf16', 'amx_bf16', 'bf16'} & set(flags) else 'fp32'


def depthwise_in_float32(module: torch.nn.Module) -> None:
    """
    Keep depthwise convolutions out of bfloat16 autocast.

    On CPUs, oneDNN's bfloat16 gradients of depthwise weights take four times as long as its
    float32 ones, and take most of an EfficientNet's step with them; so the step is 1.4 times as
    fast.
    """
    def in_float32(forward):
        def run(x):
            with torch.autocast('cpu', enabled=False):
                return forward(x.float()).to(x.dtype)
        return run
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.groups == layer.in_channels > 1:
            layer.forward = in_float32(layer.forward)


class Run:
    """The state of a training run, all of which last.pt holds."""

    def __init__(self, settings: Settings):
        self.settings = settings
        torch.manual_seed(settings.seed)
        cuda = settings.device != 'cpu' and backends.has_cuda()
        if settings.device == 'cuda' and not cuda:
            raise SettingsError("the device is 'cuda', but PyTorch finds no NVIDIA device")
        self.device = 'cuda' if cuda else 'cpu'
        name = settings.precision
        self.precision = fastest_precision(self.device) if name == 'auto' else name

        self.train = DepthDataset(settings.data_dir, 'train', settings.size, settings.max_depth,
                                  settings.augmentation, settings.seed)
        self.train = self.train.some(settings.train_pairs)
        if len(self.train) < settings.batch_size:
            raise SettingsError(f'the training split has {len(self.train)} pairs, fewer than a '
                                f'batch: pass --batch-size {len(self.train)} or less')
        self.steps = len(self.train) // settings.batch_size
        self.evaluated = {'train': self.train.without_augmentation().some(
            settings.evaluate_pairs)}
        with_val = [folder for folder in settings.data_dir if any(find_pairs(folder, 'val'))]
        if settings.val_dir:
            with_val = [settings.val_dir]
        elif with_val and with_val[0] != settings.data_dir[0]:
            raise SettingsError(f'{settings.data_dir[0]} has no val split, and {with_val[0]} has '
                                'one: name first what is to be scored in its own camera, or name '
                                'a --val-dir')
        if with_val:
            self.evaluated['val'] = DepthDataset(with_val, 'val', settings.size,
                                                 settings.max_depth)

        self.module = self._network()
        self.average = self._network() if settings.average else None
        self._follow_at_once()
        self.optimizer = OPTIMIZERS[settings.optimizer](
            self._parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
        self.schedule = SCHEDULES[settings.schedule](
            self.optimizer, settings, settings.max_epochs * self.steps)
        self.scaler = torch.amp.GradScaler(self.device, enabled=self.precision == 'fp16')
        self.epoch, self.step, self.best_score = 0, 0, -math.inf
        self.history: List[Dict] = []
        self.began_with: Optional[Dict] = None  # what the file of init_from says of its making

    def _network(self) -> torch.nn.Module:
        settings = self.settings
        module = network.create(settings.network, settings.max_depth, settings.headroom,
                                settings.confidence > 0)
        # channels_last is the layout that CPUs' and tensor cores' convolutions work in.
        module.to(self.device, memory_format=torch.channels_last)
        if self.device == 'cpu' and self.precision == 'bf16':
            depthwise_in_float32(module)
        if settings.learn == 'confidence':
            module.requires_grad_(False).error_head.requires_grad_(True)
        if settings.freeze:
            module.freeze(settings.freeze)
        return module

    def set_training(self) -> None:
        """Let the network learn; statistics of batches belong to what is learnt."""
        self.module.train(self.settings.learn == 'all')

    def _parameters(self) -> List[Dict]:
        """Return what is learnt, in groups of one learning rate."""
        settings = self.settings
        learnt = [p for p in self.module.parameters() if p.requires_grad]
        if settings.encoder_lr == 1.0:
            return [{'params': learnt}]
        encoder = {id(parameter) for parameter in self.module.encoder_parameters()}
        return [{'params': [p for p in learnt if id(p) not in encoder]},
                {'params': [p for p in learnt if id(p) in encoder],
                 'lr': settings.lr * settings.encoder_lr}]

    def begin_with_imagenet(self) -> None:
        """Take the encoder's ImageNet weights."""
        network.load_imagenet_weights(self.module, self.settings.encoder_weights)
        self._follow_at_once()

    def begin_with(self, path: Path) -> None:
        """Take the weights of a model file of the same network."""
        if path.suffix not in ('.safetensors', '.pth') or not path.is_file():
            raise SettingsError(f'{path} is no file of weights to start from: that is a '
                                '.safetensors or .pth file')
        state_dict, info = model_file.load_weights(path)
        settings = self.settings
        asked = (settings.network, settings.max_depth, settings.headroom, settings.confidence > 0)
        found = (info.architecture, info.max_depth, info.headroom, info.confidence)
        if settings.learn == 'confidence':
            asked, found = asked[:3] + (True,), found[:3] + (True,)
        if asked != found:
            described = '{} for depths up to {} m, headroom {}, confidence {}'
            raise SettingsError(f'{path} is {described.format(*found)}, and cannot start a run '
                                f'of {described.format(*asked)}: name the --config that it was '
                                'trained with')
        # A shipped model's are of half precision.
        weights = {key: value.float() if value.is_floating_point() else value
                   for key, value in state_dict.items()}
        if settings.learn == 'confidence':
            weights = {**self.module.state_dict(), **weights}
        self.module.load_state_dict(weights)
        self._follow_at_once()
        self.began_with = {'recipe': info.recipe, 'dataset': info.dataset}

    def _follow_at_once(self) -> None:
        if self.average is not None:
            self.average.load_state_dict(self.module.state_dict())

    @property
    def model(self) -> torch.nn.Module:
        """Return the network that is scored and kept: where there is one, the average."""
        return self.module if self.average is None else self.average

    def distribution(self, module: torch.nn.Module, rgb: torch.Tensor
                     ) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        """Return what a network (`module`, `model`) makes of uint8 (N, H, W, 3) RGB."""
        with self._autocast():
            depth, log_scale = module.distribution(self._image(rgb))
        return depth.float(), log_scale

    def predict(self, rgb: torch.Tensor) -> torch.Tensor:
        """Return float32 (N, 1, H, W) metres for uint8 (N, H, W, 3) RGB."""
        with self._autocast():
            return self.model(self._image(rgb)).float()

    def _image(self, rgb: torch.Tensor) -> torch.Tensor:
        return rgb.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255.0

    def _autocast(self):
        return torch.autocast(self.device, PRECISIONS[self.precision],
                              enabled=self.precision != 'fp32')

    @torch.no_grad()
    def follow(self) -> None:
        """Let the average follow the network in training (Polyak and Juditsky 1992)."""
        # Slower and slower: at first there is nothing worth remembering.
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        for average, value in zip(self.average.state_dict().values(),
                                  self.module.state_dict().values()):
            if value.is_floating_point():
                average.lerp_(value, 1.0 - decay)
            else:
                average.copy_(value)

    def save(self, path: Path) -> None:
        """Write all that a later process needs to go on; replaced only when whole."""
        partial = path.with_name(path.name + '.partial')
        torch.save({**{name: getattr(self, name).state_dict() for name in self._parts()},
                    'epoch': self.epoch, 'step': self.step, 'best_score': self.best_score,
                    'history': self.history, 'began_with': self.began_with}, partial)
        os.replace(partial, path)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, map_location='cpu', weights_only=True)
        for name in self._parts():
            getattr(self, name).load_state_dict(state[name])
        self.epoch, self.step = state['epoch'], state['step']
        self.best_score, self.history = state['best_score'], state['history']
        self.began_with = state['began_with']

    def _parts(self) -> List[str]:
        return ['module', 'optimizer', 'schedule', 'scaler'] + ['average'] * (
            self.average is not None)

    def info(self, scores: Dict) -> model_file.ModelInfo:
        """Return the metadata of the model as it is now."""
        return model_file.ModelInfo(
            architecture=self.settings.network, input_size=self.train.input_size,
            max_depth=self.settings.max_depth, focal=self.train.focal,
            aspect=self.train.aspect, headroom=self.settings.headroom,
            confidence=self.settings.confidence > 0,
            dataset=self.train.origin(),
            recipe={**self.settings.recipe(),
                    **({'began_with': self.began_with} if self.began_with else {})},
            metrics={'epoch': self.epoch, **scores},
            versions={'python': platform.python_version(), 'timm': timm.__version__,
                      'torch': torch.__version__})


def batches(dataset: DepthDataset, run: Run, shuffle: bool) -> DataLoader:
    """Read a dataset in batches; the order depends on the seed and the epoch only."""
    order = torch.Generator().manual_seed(run.settings.seed * 1_000_003 + run.epoch)
    return DataLoader(dataset, run.settings.batch_size, shuffle=shuffle, drop_last=shuffle,
                      num_workers=run.settings.workers, generator=order,
                      pin_memory=run.device == 'cuda')


def train_epoch(run: Run, writer: SummaryWriter, bar: tqdm) -> float:
    """Go once through the training split; return the mean loss."""
    settings = run.settings
    run.train.epoch = run.epoch
    run.set_training()
    total = 0.0
    for rgb, depth, clip in batches(run.train, run, shuffle=True):
        truth, clip = depth[:, None].to(run.device), clip.to(run.device)
        prediction, log_scale = run.distribution(run.module, rgb)
        loose = losses.is_loose(truth, clip, settings.max_depth)
        if settings.clip:
            truth = losses.beyond(truth, prediction, clip)
        else:
            truth = losses.at_the_sky(truth, clip, settings.max_depth)
        loss = losses.total(prediction, log_scale, truth, settings.weights, loose)
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f'the loss is {loss.item()} at step {run.step}: lower --lr, or pass '
                f'--precision fp32; the run up to epoch {run.epoch} is kept')
        run.optimizer.zero_grad(set_to_none=True)
        run.scaler.scale(loss).backward()
        run.scaler.step(run.optimizer)
        run.scaler.update()
        rate = run.optimizer.param_groups[0]['lr']
        run.schedule.step()
        run.step += 1
        if run.average is not None:
            run.follow()

        total += loss.item()
        writer.add_scalar('train/loss', loss.item(), run.step)
        writer.add_scalar('train/lr', rate, run.step)
        bar.set_postfix(epoch=run.epoch + 1, loss=f'{loss.item():.3f}', lr=f'{rate:.2e}',
                        refresh=False)
        bar.update(len(rgb))
        if run.step % settings.visualize_every == 0:
            visualize(run, writer)
            run.set_training()
    return total / run.steps


@torch.inference_mode()
def visualize(run: Run, writer: SummaryWriter, count: int = 4) -> None:
    """Draw the same few pictures each time, so that the figures show the network learn."""
    dataset = run.evaluated.get('val', run.evaluated['train'])
    run.model.eval()
    examples = []
    for index in range(0, len(dataset), max(1, len(dataset) // count))[:count]:
        rgb, truth, _ = dataset[index]
        prediction = run.predict(torch.from_numpy(rgb)[None])[0, 0].cpu().numpy()
        examples.append(figures.Example(rgb, truth, prediction, dataset.pairs[index].name))
    figure = figures.draw(examples, run.settings.max_depth)
    figures.save(figure, run.settings.run_dir / 'figures' / f'step_{run.step:06d}.png')
    writer.add_figure('examples', figure, run.step)


@torch.inference_mode()
def evaluate(run: Run, bar: tqdm) -> Dict:
    """Score the network on train and val; return {split: summary}."""
    run.model.eval()
    summaries = {}
    for split, dataset in run.evaluated.items():
        evaluation = Evaluation(max_depth=run.settings.max_depth)
        for rgb, depth, clip in batches(dataset, run, shuffle=False):
            depth = losses.at_the_sky(depth[:, None], clip, run.settings.max_depth)[:, 0]
            evaluation.extend(run.predict(rgb)[:, 0].cpu().numpy(), depth.numpy())
            bar.set_postfix_str(f'evaluating {split}: {len(evaluation.images)}/{len(dataset)}')
        summaries[split] = evaluation.summary()
    return summaries


@torch.inference_mode()
def calibrate(run: Run, every: int = 7) -> None:
    """Fit the confidence to the errors on val, at every so many rows and columns."""
    run.model.eval()
    log_scales, depths, close = [], [], []
    max_depth = run.settings.max_depth
    dataset = run.evaluated.get('val', run.evaluated['train'])
    for rgb, depth, clip in batches(dataset, run, shuffle=False):
        prediction, log_scale = run.distribution(run.model, rgb)
        prediction = prediction.clamp(max=max_depth)
        truth = losses.at_the_sky(depth[:, None], clip, max_depth).to(run.device)
        off = (prediction - truth).abs()
        chosen = torch.zeros_like(truth, dtype=torch.bool)
        chosen[..., ::every, ::every] = True
        chosen &= ~torch.isnan(truth)
        log_scales.append(log_scale[chosen].cpu())
        depths.append(prediction[chosen].cpu() / max_depth)
        close.append((off <= 0.1 * truth)[chosen].cpu())
    run.model.calibration.copy_(calibration.fit(*map(torch.cat, (log_scales, depths, close))))


def record(run: Run, loss: float, seconds: float, summaries: Dict,
           writer: SummaryWriter) -> Dict:
    """Add an evaluation to metrics.csv and to TensorBoard; return the row."""
    row = {'epoch': run.epoch, 'step': run.step, 'seconds': round(seconds, 1),
           'lr': run.optimizer.param_groups[0]['lr'], 'loss': round(loss, 4)}
    for split, summary in summaries.items():
        for name, value in summary['paper'].items():
            row[f'{split}_{name}'] = round(value, 4)
            writer.add_scalar(f'{split}/{name}', value, run.step)
    run.history.append(row)
    path = run.settings.run_dir / 'metrics.csv'
    partial = path.with_name(path.name + '.partial')
    with open(partial, 'w', newline='') as file:
        table = csv.DictWriter(file, row)
        table.writeheader()
        table.writerows(run.history)
    os.replace(partial, path)
    return row


def train(run: Run, writer: SummaryWriter) -> None:
    """Train to the last epoch, keeping the best model by SSIM - RMSE (the paper's choice)."""
    settings, folder = run.settings, run.settings.run_dir
    total = settings.max_epochs * run.steps * settings.batch_size
    with tqdm(total=total, initial=run.step * settings.batch_size, unit=' images', smoothing=0.05,
              dynamic_ncols=True) as bar:
        while run.epoch < settings.max_epochs:
            start = time.monotonic()
            loss = train_epoch(run, writer, bar)
            seconds = time.monotonic() - start
            run.epoch += 1
            if run.epoch % settings.evaluate_every == 0 or run.epoch == settings.max_epochs:
                summaries = evaluate(run, bar)
                row = record(run, loss, seconds, summaries, writer)
                paper = summaries.get('val', summaries['train'])['paper']
                score = paper['ssim'] - paper['rmse']
                better = score >= run.best_score  # equal where only confidence is learnt
                if better:
                    run.best_score = score
                    if settings.confidence:
                        calibrate(run)
                    model_file.save_weights(folder / 'best.safetensors', run.model.state_dict(),
                                            run.info(summaries))
                bar.write('  '.join(f'{key} {value}' for key, value in row.items())
                          + ('  best' if better else ''))
            run.save(folder / 'last.pt')
        if run.step % settings.visualize_every:
            visualize(run, writer)


def open_run(settings: Settings) -> Run:
    """Make the run, or take it up where its last.pt ends."""
    last = settings.run_dir / 'last.pt'
    run = Run(settings)
    if last.exists():
        run.load(last)
    elif settings.init_from:
        run.begin_with(settings.init_from)
    elif settings.pretrained:
        run.begin_with_imagenet()
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    (settings.run_dir / 'config.yaml').write_text(
        yaml.safe_dump(settings.as_plain(), sort_keys=False))
    return run


def main() -> int:
    # The processes that read data are forked, and OpenCV's threads don't survive that.
    cv2.setNumThreads(0)
    try:
        settings = read_settings()
        run = open_run(settings)
    except (SettingsError, DatasetError, IntrinsicsError, model_file.ModelFileError,
            network.ArchitectureError, network.EncoderWeightsError) as error:
        print(f'train: {error}', file=sys.stderr)
        return 1
    print(f'{settings.network} on {run.device} in {run.precision}, {len(run.train)} pairs, '
          f'{run.steps} steps an epoch; run folder {settings.run_dir}')
    try:
        with SummaryWriter(str(settings.run_dir), purge_step=run.step) as writer:
            train(run, writer)
    except KeyboardInterrupt:
        print(f'\nInterrupted; --resume {settings.run_dir} goes on from epoch {run.epoch}',
              file=sys.stderr)
        return 130
    except FloatingPointError as error:
        print(f'\ntrain: {error}', file=sys.stderr)
        return 1
    print(f'The best model is {settings.run_dir / "best.safetensors"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
