"""What a training run learns from, and what its model is scored on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from learning import torchrun
from learning.augment import Augmentation
from learning.dataset import DepthDataset
from learning.dataset_error import DatasetError
from learning.pairs import find_datasets, find_pairs
from learning.preprocessing import resize_of
from learning.settings import Settings, SettingsError


@dataclass(frozen=True)
class TrainingData:
    """
    The datasets of a run.

    Attributes
    ----------
    train : DepthDataset
        With augmentation.
    evaluated : dict of str to DepthDataset
        Without augmentation: 'train', and 'val' where there is a validation split.

    """

    train: DepthDataset
    evaluated: Dict[str, DepthDataset]

    @property
    def choosing(self) -> DepthDataset:
        """Return the pairs by which the best model is chosen and its confidence calibrated."""
        return self.evaluated.get('val', self.evaluated['train'])


def open_data(settings: Settings) -> TrainingData:
    """
    Open the datasets that the settings name.

    Raises
    ------
    SettingsError
        Where a batch is more than an epoch.
    DatasetError, IntrinsicsError
        Where a dataset cannot be used.

    """
    found = {root: source.weight for source in settings.sources
             for root in _with_split([source.path], 'train')}
    with_val = _with_split([source.path for source in settings.sources], 'val')
    if settings.val_dir:
        with_val = _with_split(settings.val_dir, 'val')
        if not with_val:
            raise DatasetError(Path(settings.val_dir[0]), ["the split 'val' is empty"])
    if not found:
        raise DatasetError(Path(settings.sources[0].path), ["the split 'train' is empty"])
    train = DepthDataset(
        list(found), 'train', settings.size, settings.max_depth, augmentation_of(settings),
        settings.seed, _training_camera(settings), list(found.values()),
        resize_of(settings.network), settings.rays
    ).some(settings.train_pairs)
    if train.drawn_pairs < settings.batch_size:
        raise SettingsError(f'the training split has {train.drawn_pairs} pairs, fewer than a '
                            f'batch: pass --batch-size {train.drawn_pairs} or less')
    if settings.batch_size % torchrun.count():
        raise SettingsError(f'a batch of {settings.batch_size} cannot be shared by '
                            f'{torchrun.count()} processes equally: pass a --batch-size that can')
    evaluated = {'train': train.without_augmentation().some(settings.evaluate_pairs)}
    if with_val:
        # In the camera that the network learns, too: it knows no other.
        evaluated['val'] = DepthDataset(with_val, 'val', settings.size, settings.max_depth,
                                        camera=train.intrinsics, resize=train.resize,
                                        rays=settings.rays)
    return TrainingData(train, evaluated)


def _training_camera(settings: Settings) -> Optional[Intrinsics]:
    path = settings.training_camera
    camera = path and read_camera_json(path)
    if path and not camera:
        raise SettingsError(f'training_camera is {path}, and there is no such file')
    return camera or None


def augmentation_of(settings: Settings) -> Optional[Augmentation]:
    """
    Return the augmentation that the settings ask for, if any.

    Raises
    ------
    DatasetError
        Where the folders of style pictures hold none.

    """
    strengths = {name: getattr(settings, name) for name in (
        'flip', 'crop', 'squeeze', 'colour', 'camera', 'texture', 'cutout', 'fda')}
    if not any(strengths.values()):
        return None
    styles = [pair.rgb for path in settings.style_dir for root in find_datasets(path, 'train')
              for pair in find_pairs(root, 'train')[0]]
    if settings.fda and not styles:
        raise DatasetError(Path(settings.style_dir[0]), ['it has no training pictures that could '
                                                         'lend their amplitudes'])
    return Augmentation(**strengths, fda_beta=settings.fda_beta, styles=tuple(styles))


def _with_split(paths: Sequence[str], split: str) -> List[Path]:
    """Return the datasets that have a split, of those that paths name."""
    return [root for path in paths for root in find_datasets(path, split)
            if any(find_pairs(root, split))]
