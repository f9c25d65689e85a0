"""
Section training: images a second, against a plain loop over the same pictures.

The reference is the loop of the paper's author: fp32, four processes that read data, every picture
decoded in each epoch, the paper's network and its loss. Each turn is an epoch, from the start of
the processes that read to the last step. All networks begin with random weights: their speed
doesn't depend on them.
"""

from pathlib import Path
import tempfile
import time
from typing import Any, Callable, Dict, List
import warnings

from benchmarking.settings import Settings
import cv2
from depth_estimation_ros.estimation import networks
from learning import settings as training_settings
from learning import training_loop
from learning.dataset import DepthDataset
from learning.training_data import open_data
from learning.training_run import Run
import numpy as np
from pytorch_msssim import ssim
import torch
from torch.nn import functional
from torch.utils.data import ConcatDataset, DataLoader

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / 'data' / 'sample'
PAPERS, COMPACT = "the paper's", 'compact'
RECIPES = {PAPERS: 'train.yaml', COMPACT: 'train_compact.yaml'}
BATCH = 16
READERS = 4  # of the plain loop
# In an epoch, of each picture: real epochs have thousands, of which the start of the processes
# that read is a small part.
TIMES = 3
PLAIN = "the paper's, plain loop"


class PlainLoop:
    """The paper's network in PyTorch, as one would write its training first."""

    def __init__(self, pairs: int):
        # Of no class of PyTorch's, but with the methods that DataLoader needs.
        pictures: Any = DepthDataset(SAMPLE, 'train').some(pairs)
        self._dataset: Any = ConcatDataset([pictures] * TIMES)
        self._network = networks.create(networks.PAPER).train()
        self._optimizer = torch.optim.Adam(
            [each for each in self._network.parameters() if each.requires_grad],
            lr=0.001, weight_decay=1e-5)

    def epoch(self) -> None:
        """Learn from each pair as often as an epoch has it."""
        for batch in DataLoader(self._dataset, BATCH, shuffle=True, drop_last=True,
                                num_workers=READERS):
            image = batch.rgb.permute(0, 3, 1, 2).float() / 255.0
            truth, prediction = batch.depth[:, None], self._network(image).depth
            similarity = ssim(*(functional.pad(each, (5,) * 4) for each in (prediction, truth)),
                              data_range=1.0)
            loss = functional.mse_loss(prediction, truth).sqrt() + 1.0 - similarity
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()


class Ours:
    """A recipe of config/ as training/train.py runs it."""

    def __init__(self, recipe: str, pairs: int, folder: Path):
        settings = training_settings.read_settings(arguments=[
            '--config', str(ROOT / 'config' / recipe), '--data-dir', f'{SAMPLE}:{TIMES}',
            '--run-dir', str(folder / recipe), '--batch-size', str(BATCH),
            '--train-pairs', str(pairs)])
        self._run = Run(settings, open_data(settings))

    def epoch(self) -> None:
        """Learn from each pair as often as an epoch has it."""
        self._run.set_training()
        for batch in self._run.training_batches():
            training_loop.train_step(self._run, batch)
        self._run.epoch += 1


def measure(settings: Settings) -> Dict[str, Dict]:
    """Return images a second, and the ratio to the plain loop's, of both recipes."""
    threads = cv2.getNumThreads()
    # The processes that read data are forked, and OpenCV's threads don't survive that.
    cv2.setNumThreads(0)
    try:
        with warnings.catch_warnings():
            # Of more processes that read than cores: the plain loop's.
            warnings.filterwarnings('ignore', 'This DataLoader will create')
            return {'training': _measure(settings)}
    finally:
        cv2.setNumThreads(threads)


def _measure(settings: Settings) -> Dict:
    # A round takes about as long as three hundred of a single picture's.
    rounds = max(1, settings.rounds // 50)
    pairs = BATCH * min(6, settings.rounds)
    with tempfile.TemporaryDirectory() as folder:
        epochs = {PLAIN: PlainLoop(pairs).epoch, **{
            name: Ours(recipe, pairs, Path(folder)).epoch for name, recipe in RECIPES.items()}}
        seconds = _take_turns(epochs, rounds)
    # The ratios are medians of those of each round: other work slows both of a round.
    figures = {name: {'images_per_s': TIMES * pairs / float(np.median(each)),
                      'times_faster': float(np.median(seconds[PLAIN] / each))}
               for name, each in seconds.items()}
    return {**figures[PAPERS], 'compact': figures[COMPACT], 'plain_loop': figures[PLAIN]}


def table(results: Dict[str, Dict]) -> str:
    """Return the figures for people."""
    found = results['training']
    return '\n'.join(
        f'{name:<32}{row["images_per_s"]:8.1f} images/s{row["times_faster"]:7.1f} x'
        for name, row in ((PLAIN, found['plain_loop']), (PAPERS, found),
                          (COMPACT, found['compact'])))


def _take_turns(epochs: Dict[str, Callable[[], None]], rounds: int) -> Dict[str, np.ndarray]:
    """Return the seconds of epochs in turns; the first of several rounds only warms up."""
    seconds: Dict[str, List[float]] = {name: [] for name in epochs}
    for _ in range(rounds + (rounds > 1)):
        for name, epoch in epochs.items():
            start = time.perf_counter()
            epoch()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(each[rounds > 1:]) for name, each in seconds.items()}
