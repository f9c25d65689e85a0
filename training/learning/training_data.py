"""What a training run learns from, and what its model is scored on."""

from dataclasses import dataclass
from typing import Dict

from learning.dataset import DepthDataset, find_pairs
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
        Where a batch is more than all training pairs, or the camera to score in isn't clear.
    DatasetError, IntrinsicsError
        Where a dataset cannot be used.

    """
    train = DepthDataset(settings.data_dir, 'train', settings.size, settings.max_depth,
                         settings.augmentation, settings.seed).some(settings.train_pairs)
    if len(train) < settings.batch_size:
        raise SettingsError(f'the training split has {len(train)} pairs, fewer than a batch: '
                            f'pass --batch-size {len(train)} or less')
    evaluated = {'train': train.without_augmentation().some(settings.evaluate_pairs)}
    with_val = [folder for folder in settings.data_dir if any(find_pairs(folder, 'val'))]
    if settings.val_dir:
        with_val = [settings.val_dir]
    elif with_val and with_val[0] != settings.data_dir[0]:
        raise SettingsError(f'{settings.data_dir[0]} has no val split, and {with_val[0]} has '
                            'one: name first what is to be scored in its own camera, or name '
                            'a --val-dir')
    if with_val:
        evaluated['val'] = DepthDataset(with_val, 'val', settings.size, settings.max_depth)
    return TrainingData(train, evaluated)
