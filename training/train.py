"""
Train a network on RGB and depth pairs.

A setting is the command line's, else the --config file's, else the default that --help shows. The
defaults are the paper's, and so is config/train.yaml, which is read unless --config names another
file. A run has a folder: its config, metrics.csv, TensorBoard events, figures, best.safetensors
(for evaluate.py and export.py), and last.pt, from which --resume goes on.

Several processes, on one machine or many, train as one would with the same settings:
torchrun --nproc-per-node=2 training/train.py ...
"""

from contextlib import nullcontext
import sys
from typing import Dict

import cv2
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.images import ImageError
from learning import torchrun
from learning.dataset_error import DatasetError
from learning.folder_lock import FolderInUseError, locked
from learning.settings import read_settings, Settings, SettingsError
from learning.training_data import open_data, TrainingData
from scoring.metrics import Evaluation

# Of the processes that torchrun started, or of this one alone.
IS_FIRST = torchrun.rank() == 0


def evaluate(run) -> Dict:
    """Score a run's model on train and val; return {split: summary}."""
    summaries = {}
    for split, dataset in run.data.evaluated.items():
        evaluation = Evaluation(max_depth=run.settings.max_depth)
        for prediction, _, truth in run.distributions(dataset):
            evaluation.extend(prediction[:, 0].cpu().numpy(), truth[:, 0].cpu().numpy())
        summaries[split] = evaluation.summary()
    return summaries


def visualize(run, writer, count: int = 4) -> None:
    """Draw the same few pictures each time, so that the figures show the network learn."""
    from scoring import figures  # matplotlib's import, too, takes its time
    dataset = run.data.choosing
    examples = []
    for index in range(0, len(dataset), max(1, len(dataset) // count))[:count]:
        sample = dataset[index]
        examples.append(figures.Example(sample.rgb, sample.depth, run.predict(sample),
                                        dataset.pairs[index].name))
    figure = figures.draw(examples, run.settings.max_depth)
    figures.save(figure, run.settings.run_dir / 'figures' / f'step_{run.step:06d}.png')
    writer.add_figure('examples', figure, run.step)


def train(settings: Settings, data: TrainingData) -> int:
    """Train, or go on with training; return the exit status."""
    # PyTorch and timm take seconds to import: not before settings and data are known to be right.
    from depth_estimation_ros.estimation.networks import ArchitectureError
    from depth_estimation_ros.estimation.networks.encoder_weights import EncoderWeightsError
    from learning import processes, training_loop
    from learning.training_run import device_of, open_run
    from torch.utils.tensorboard import SummaryWriter
    with processes.connected(device_of(settings)):
        try:
            run = open_run(settings, data)
        except (SettingsError, ModelFileError, ArchitectureError, EncoderWeightsError) as error:
            return fail(error)
        tell(f'{settings.network} on {run.device} in {run.precision}, {len(data.train)} pairs, '
             f'{run.steps} steps an epoch; run folder {settings.run_dir}')
        try:
            with SummaryWriter(str(settings.run_dir), purge_step=run.step) if IS_FIRST \
                    else nullcontext() as writer:
                training_loop.train(run, writer, evaluate, visualize)
        except KeyboardInterrupt:
            return fail(f'interrupted; {run.progress()}', status=130)
        except ImageError as error:
            # Out of a process that reads data it comes with a traceback, at whose end it stands.
            said = str(error).strip().splitlines()[-1].partition('ImageError: ')
            return fail(f'{said[2] or said[0]}; {run.progress()}')
        except (training_loop.DivergedError, OSError) as error:
            return fail(f'{error}; {run.progress()}')
    tell(f'The best model is {settings.run_dir / "best.safetensors"}')
    return 0


def tell(text: str) -> None:
    if IS_FIRST:
        print(text, flush=True)


def fail(reason, status: int = 1) -> int:
    print(f'train: {reason}', file=sys.stderr)
    return status


def main() -> int:
    # The processes that read data are forked, and OpenCV's threads don't survive that.
    cv2.setNumThreads(0)
    try:
        settings = read_settings(__doc__)
        data = open_data(settings)
        if 'val' not in data.evaluated and IS_FIRST:
            print('train: no dataset has a val split, so the best model is chosen, and its '
                  'confidence calibrated, on pictures that it was trained on: pass --val-dir for '
                  'a model that is chosen by how it does elsewhere', file=sys.stderr)
        with locked(settings.run_dir) if IS_FIRST else nullcontext():
            return train(settings, data)
    except (SettingsError, DatasetError, FolderInUseError, IntrinsicsError) as error:
        return fail(error)


if __name__ == '__main__':
    torchrun.leave(main())
