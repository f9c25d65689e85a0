"""The state of a training run: its data, its network, and how far it has come."""

import math
import os
from pathlib import Path
import platform
from typing import Dict, List, Optional, Tuple

from depth_estimation_ros.estimation import backends, model_file, networks, weights_file
from depth_estimation_ros.estimation.networks import encoder_weights
from learning.dataset import DepthDataset, find_pairs
from learning.optimization import (
    depthwise_in_float32, fastest_precision, OPTIMIZERS, PRECISIONS, SCHEDULES)
from learning.settings import Settings, SettingsError
import timm
import torch


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
        module = networks.create(settings.network, settings.max_depth, settings.headroom,
                                 settings.confidence > 0, settings.log_head)
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
        encoder_weights.load_imagenet(self.module, self.settings.encoder_weights)
        self._follow_at_once()

    def begin_with(self, path: Path) -> None:
        """Take the weights of a model file of the same network."""
        state_dict, metadata = weights_file.load_weights(path)
        settings = self.settings
        asked = (settings.network, settings.max_depth, settings.headroom, settings.log_head,
                 settings.confidence > 0)
        found = (metadata.architecture, metadata.max_depth, metadata.headroom,
                 metadata.log_head, metadata.confidence)
        if settings.learn == 'confidence':
            asked, found = asked[:-1] + (True,), found[:-1] + (True,)
        if asked != found:
            described = '{} for depths up to {} m, headroom {}, log head {}, confidence {}'
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
        self.began_with = {'recipe': metadata.recipe, 'dataset': metadata.dataset}

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
            prediction = module(self._image(rgb))
        return prediction.depth.float(), prediction.log_b

    def predict(self, rgb: torch.Tensor) -> torch.Tensor:
        """
        Return float32 (N, 1, H, W) metres for uint8 (N, H, W, 3) RGB.

        Clipped as evaluate.py clips: the paper's network is unbounded, and where the sky is a
        bound to it, it is right to go beyond.
        """
        with self._autocast():
            return self.model(self._image(rgb)).depth.float().clamp(max=self.settings.max_depth)

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

    def metadata(self, scores: Dict) -> model_file.ModelMetadata:
        """Return the metadata of the model as it is now."""
        return model_file.ModelMetadata(
            architecture=self.settings.network, input_size=self.train.input_size,
            max_depth=self.settings.max_depth, focal=self.train.focal,
            aspect=self.train.aspect, headroom=self.settings.headroom,
            confidence=self.settings.confidence > 0, log_head=self.settings.log_head,
            dataset=self.train.origin(),
            recipe={**self.settings.recipe(),
                    **({'began_with': self.began_with} if self.began_with else {})},
            metrics={'epoch': self.epoch, **scores},
            versions={'python': platform.python_version(), 'timm': timm.__version__,
                      'torch': torch.__version__})
