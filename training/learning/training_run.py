"""The state of a training run: its data, its network, and how far it has come."""

import io
import math
from pathlib import Path
import platform
from typing import Dict, Iterator, List, Optional, Tuple

from depth_estimation_ros.estimation import backends, model_file, networks, weights_file
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.networks import encoder_weights
from depth_estimation_ros.estimation.networks.outputs import Prediction
from learning import losses, processes, torchrun
from learning.dataset import DepthDataset, Sample
from learning.optimization import (
    depthwise_in_float32, fastest_precision, moving_average, OPTIMIZERS, PRECISIONS, SCHEDULES)
from learning.settings import Settings, SettingsError
from learning.training_data import TrainingData
import numpy as np
import timm
import torch
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
import yaml


def device_of(settings: Settings) -> str:
    """Return 'cuda' or 'cpu'; raise SettingsError where the one that is asked for isn't there."""
    if settings.device != 'cpu' and backends.has_cuda():
        return 'cuda'
    if settings.device == 'cuda':
        raise SettingsError("the device is 'cuda', but PyTorch finds no NVIDIA device")
    return 'cpu'


class Run:
    """
    The state of a training run, all of which last.pt holds.

    Attributes
    ----------
    network : torch.nn.Module
        Which learns.
    averaged : torch.optim.swa_utils.AveragedModel or None
        The moving average of its weights.
    learner : torch.nn.Module
        The network, whose gradients are the mean over all processes.

    """

    def __init__(self, settings: Settings, data: TrainingData):
        self.settings, self.data = settings, data
        torch.manual_seed(settings.seed)
        self.device = device_of(settings)
        name = settings.precision
        self.precision = fastest_precision(self.device) if name == 'auto' else name
        self.steps = data.train.drawn_pairs // settings.batch_size
        self.loss_weights = losses.weights_of(settings)

        self.network = self._create_network()
        self.averaged = moving_average(self.network, settings.average) if settings.average \
            else None
        if self.device == 'cpu' and self.precision == 'bf16':
            # After the copy for the average, which would copy references to the original's layers.
            for network in {self.network, self.model}:
                depthwise_in_float32(network)
        self.learner = self.network
        if torchrun.count() > 1:
            processes.normalise_over_processes(self.network)
            self.learner = DistributedDataParallel(self.network)
        self.optimizer = OPTIMIZERS[settings.optimizer](
            self._parameter_groups(), lr=settings.lr, weight_decay=settings.weight_decay)
        self.schedule = SCHEDULES[settings.schedule](
            self.optimizer, settings, settings.max_epochs * self.steps)
        self.scaler = torch.amp.GradScaler(self.device, enabled=self.precision == 'fp16')
        self.epoch, self.step, self.best_score = 0, 0, -math.inf
        self.saved_epoch = 0
        self.history: List[Dict] = []
        self.began_with: Optional[Dict] = None  # what the file of init_from says of its making

    def _create_network(self) -> torch.nn.Module:
        settings = self.settings
        network = networks.create(settings.network, settings.max_depth, settings.headroom,
                                  settings.confidence > 0, settings.log_head,
                                  settings.floor > 0, settings.rays, settings.detail)
        # channels_last is the layout that CPUs' and tensor cores' convolutions work in.
        network.to(self.device, memory_format=torch.channels_last)
        if settings.learn != 'all':
            head = {'confidence': 'error_head', 'floor': 'floor_head'}[settings.learn]
            getattr(network.requires_grad_(False), head).requires_grad_(True)
        if settings.freeze:
            network.freeze(settings.freeze)
        return network

    def set_training(self) -> None:
        """
        Let the network learn.

        Where only a head is learnt, the statistics of batch normalisation stay, too: depth
        would change with them.
        """
        self.network.train(self.settings.learn == 'all')

    def _parameter_groups(self) -> List[Dict]:
        """Return what is learnt, in groups of one learning rate."""
        settings = self.settings
        learnt = [p for p in self.network.parameters() if p.requires_grad]
        if settings.encoder_lr == 1.0:
            return [{'params': learnt}]
        encoder = {id(parameter) for parameter in self.network.encoder_parameters()}
        return [{'params': [p for p in learnt if id(p) not in encoder]},
                {'params': [p for p in learnt if id(p) in encoder],
                 'lr': settings.lr * settings.encoder_lr}]

    def begin_with_imagenet(self) -> None:
        """Take the encoder's ImageNet weights."""
        encoder_weights.load_imagenet(self.network, self.settings.encoder_weights)

    def begin_with(self, path: Path) -> None:
        """
        Take the weights of a model file of the same network.

        A network that is told the camera, or has the detail head, begins as one that isn't and
        hasn't; the floor's head begins at random.
        """
        state_dict, metadata = weights_file.load_weights(path)
        settings = self.settings
        asked = (settings.network, settings.max_depth, settings.headroom, settings.log_head,
                 settings.rays, settings.detail, settings.confidence > 0)
        found = (metadata.architecture, metadata.max_depth, metadata.headroom,
                 metadata.log_head, metadata.rays or settings.rays and settings.learn == 'all',
                 metadata.detail or settings.detail and settings.learn == 'all',
                 metadata.confidence)
        if settings.learn == 'confidence':
            asked, found = asked[:-1] + (True,), found[:-1] + (True,)
        if asked != found:
            described = ('{} for depths up to {} m, headroom {}, log head {}, rays {}, detail {}, '
                         'confidence {}')
            raise SettingsError(f'{path} is {described.format(*found)}, and cannot start a run '
                                f'of {described.format(*asked)}: name the --config that it was '
                                'trained with')
        # The weights of a model that ships are of half precision.
        weights = {key: value.float() if value.is_floating_point() else value
                   for key, value in state_dict.items()}
        # What the file doesn't know yet begins as it was made.
        new = {'error_head.', 'calibration'} if settings.learn == 'confidence' else set()
        new |= set() if metadata.floor else {'floor_head.'}
        new |= set() if metadata.detail else {'detail_head.'}
        expected = self.network.state_dict()
        weights.update({key: value for key, value in expected.items()
                        if key not in weights and key.startswith(tuple(new))})
        if settings.rays and not metadata.rays:
            weights = {key: _with_inputs(value, expected.get(key)) for key, value
                       in weights.items()}
        weights_file.refuse_misfits(path, weights, expected, settings.network)
        self.network.load_state_dict(weights)
        if settings.learn == 'confidence' and not settings.rays and not math.isclose(
                metadata.focal or 0.0, self.data.train.focal or 0.0, rel_tol=0.01):
            raise SettingsError(
                f'{path} was trained with another camera than that of the first --data-dir (focal '
                f'lengths of {metadata.focal} and {self.data.train.focal} pixels at the input), '
                'so its errors would be those of the scale: name a dataset of its camera first')
        self.began_with = {'recipe': metadata.recipe, 'dataset': metadata.dataset,
                           'focal': metadata.focal, 'aspect': metadata.aspect}

    @property
    def model(self) -> torch.nn.Module:
        """Return the network that is scored and kept: where there is one, the average."""
        return self.network if self.averaged is None else self.averaged.module

    def training_batches(self) -> DataLoader:
        """Read the training split, in an order that depends on the seed and the epoch only."""
        # So does dropout: a resumed run draws what an uninterrupted one does.
        torch.manual_seed((self.settings.seed * 1_000_003 + self.epoch) % 2 ** 63)
        self.data.train.epoch = self.epoch
        size = self.settings.batch_size
        batches = self.data.train.draw()[:self.steps * size].reshape(self.steps, size)
        # Each process reads its part of each batch.
        part = np.array_split(batches, torchrun.count(), axis=1)[torchrun.rank()]
        return self._batches(self.data.train, batch_sampler=part.tolist())

    def _batches(self, dataset: DepthDataset, **options) -> DataLoader:
        return DataLoader(dataset, num_workers=self.settings.workers,
                          pin_memory=self.device == 'cuda', **options)

    def predict_distribution(self, network: torch.nn.Module, rgb: torch.Tensor,
                             camera: torch.Tensor) -> Prediction:
        """
        Return what a network predicts.

        Parameters
        ----------
        network : torch.nn.Module
            `network`, `learner` or `model`.
        rgb : uint8 (N, H, W, 3)
        camera : float32 (N, 4)
            As of dataset.Sample.

        """
        image = rgb.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255.0
        with torch.autocast(self.device, PRECISIONS[self.precision],
                            enabled=self.precision != 'fp32'):
            prediction = network(image, camera.to(self.device, non_blocking=True))
        return prediction._replace(depth=prediction.depth.float())

    @torch.inference_mode()
    def distributions(self, dataset: DepthDataset
                      ) -> Iterator[Tuple[torch.Tensor, Optional[torch.Tensor], torch.Tensor]]:
        """
        Predict a dataset's depth, batch by batch.

        Both depths end at max_depth, as evaluate.py compares them: the paper's network is
        unbounded, and where the sky is a bound to a network, it is right to predict more.

        Yields
        ------
        depth : float32 (N, 1, H, W), metres
        log_b : float32 (N, 1, H, W) or None
        truth : float32 (N, 1, H, W), metres
            On the run's device, as the others.

        """
        max_depth = self.settings.max_depth
        self.model.eval()
        for batch in self._batches(dataset, batch_size=self.settings.batch_size):
            depth, log_b, _ = self.predict_distribution(self.model, batch.rgb, batch.camera)
            truth = losses.clipped_at(batch.depth[:, None], batch.clip, max_depth).to(self.device)
            yield depth.clamp(max=max_depth), log_b, truth

    @torch.inference_mode()
    def predict(self, sample: Sample) -> np.ndarray:
        """Return float32 (H, W), metres, up to max_depth."""
        self.model.eval()
        depth = self.predict_distribution(
            self.model, *(torch.from_numpy(values)[None] for values in (
                sample.rgb, sample.camera))).depth[0, 0]
        return depth.clamp(max=self.settings.max_depth).cpu().numpy()

    def save(self, path: Path) -> None:
        """Write all that a later process needs to go on; replaced only when whole."""
        state = {name: getattr(self, name).state_dict() for name in self._parts()}
        memory = io.BytesIO()
        torch.save({**state, 'epoch': self.epoch, 'step': self.step,
                    'best_score': self.best_score, 'history': self.history,
                    'began_with': self.began_with}, memory)
        with replacing(path) as partial:
            # Not by torch.save, which turns a full disk into an error of its ZIP writer's.
            partial.write_bytes(memory.getbuffer())
        self.saved_epoch = self.epoch

    def progress(self) -> str:
        """Return what of the run is kept, for the one who reads why it ended."""
        folder = self.settings.run_dir
        if not self.saved_epoch:
            return f'nothing is kept yet: delete {folder}, and start again'
        return f'--resume {folder} goes on after epoch {self.saved_epoch}'

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, map_location='cpu', weights_only=True)
        for name in self._parts():
            getattr(self, name).load_state_dict(state[name])
        self.epoch, self.step = state['epoch'], state['step']
        self.saved_epoch = self.epoch
        self.best_score, self.history = state['best_score'], state['history']
        self.began_with = state['began_with']

    def _parts(self) -> List[str]:
        return ['network', 'optimizer', 'schedule', 'scaler'] + ['averaged'] * (
            self.averaged is not None)

    def metadata(self, scores: Dict) -> model_file.ModelMetadata:
        """Return the metadata of the model as it is now."""
        camera = {'focal': self.data.train.focal, 'aspect': self.data.train.aspect}
        if self.settings.learn != 'all':
            # Depth stays that of the model that the run began with, and so does its camera.
            camera = {key: (self.began_with or {})[key] for key in camera}
        return model_file.ModelMetadata(
            architecture=self.settings.network, input_size=self.data.train.input_size,
            max_depth=self.settings.max_depth, **camera, headroom=self.settings.headroom,
            confidence=self.settings.confidence > 0, log_head=self.settings.log_head,
            floor=self.settings.floor > 0, rays=self.settings.rays, detail=self.settings.detail,
            dataset=self.data.train.origin(),
            recipe={**self.settings.recipe(),
                    **({'began_with': self.began_with} if self.began_with else {})},
            metrics={'epoch': self.epoch, **scores},
            versions={'python': platform.python_version(), 'timm': timm.__version__,
                      'torch': torch.__version__})


def _with_inputs(weights: torch.Tensor, expected: Optional[torch.Tensor]) -> torch.Tensor:
    """Return a convolution's weights with further inputs, as many as expected, of no effect."""
    if expected is None or weights.ndim != 4 or expected.ndim != 4:
        return weights
    further = expected.shape[1] - weights.shape[1]
    return functional.pad(weights, (0, 0, 0, 0, 0, further)) if further > 0 else weights


def open_run(settings: Settings, data: TrainingData) -> Run:
    """
    Begin a run, or take it up where its last.pt ends.

    Raises
    ------
    SettingsError, ModelFileError, ArchitectureError, EncoderWeightsError
        Where the settings ask for what cannot be had.

    """
    last = settings.run_dir / 'last.pt'
    run = Run(settings, data)
    if last.exists():
        run.load(last)
    elif settings.init_from:
        run.begin_with(settings.init_from)
    elif settings.pretrained:
        run.begin_with_imagenet()
    if torchrun.rank() == 0:
        with replacing(settings.run_dir / 'config.yaml') as partial:
            partial.write_text(yaml.safe_dump(settings.as_plain(), sort_keys=False))
    return run
