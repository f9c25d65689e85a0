"""How good a model is on a rosbag of a robot that also has a depth camera."""

from dataclasses import asdict, dataclass
from typing import Callable, Dict, NamedTuple, Optional, Set

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.inverse_depth import InverseLine
from depth_estimation_ros.estimation.mount import Mount
from depth_estimation_ros.estimation.scale import ScaleMeasurement, ScaleTracker
from depth_estimation_ros.recordings.bag import Bag, BagMoment
from depth_estimation_ros.recordings.recording import RecordingError
from depth_estimation_ros.recordings.registration import register
from learning.progress import Progress
import numpy as np
from scoring import metrics
from scoring.relative_depth import FITTED, fitted_depth, relative_output

# Metres at which the table of ranges is divided.
BOUNDS = (1.0, 2.0, 4.0, 6.0, 10.0, 15.0)

# The number of a pair in the bag, and the pair -> its depth on the pixels of its truth, metres.
Predict = Callable[[int, BagMoment], np.ndarray]


@dataclass(frozen=True)
class BagScores:
    """
    What is reported of one depth image, over the pixels whose depth is known.

    Attributes
    ----------
    rmse : float
        Metres.
    abs_rel, delta1 : float
    ratio : float
        The median of prediction / truth: 1.1 means that depth is 10 % too far.

    """

    rmse: float
    abs_rel: float
    delta1: float
    ratio: float


class BagEvaluation:
    """
    Scores of the pairs of a bag.

    Parameters
    ----------
    max_depth : float
        Metres. Truth beyond is counted, and not compared: the model knows nothing beyond.
    scale : float
        By which the predictions are multiplied, as of `Predictor`.
    is_fitted : bool
        Whether the truth set scale and shift of each prediction, as of `Predictor`.

    """

    def __init__(self, max_depth: float, scale: float = 1.0, is_fitted: bool = False):
        self.max_depth, self.scale, self.is_fitted = max_depth, scale, is_fitted
        self.images: Dict[int, BagScores] = {}  # by the number of the pair in the bag
        self._bounds = [0.0, *(bound for bound in BOUNDS if bound < max_depth), max_depth]
        # A row for each range: pixels, sum of squared errors (m2), of signed and of absolute
        # relative errors, and of pixels within delta1.
        self._ranges = np.zeros((len(self._bounds) - 1, 5))
        self._pixels = self._without_depth = self._beyond = 0

    def add(self, number: int, prediction: np.ndarray, truth: np.ndarray) -> None:
        """
        Score one prediction; a pair of which nothing can be compared leaves no scores.

        Parameters
        ----------
        number : int
            Of the pair in the bag.
        prediction, truth : float32 (H, W), metres
            NaN where there is none.

        """
        known = np.isfinite(truth) & np.isfinite(prediction) & (truth > 0.0)
        compared = known & (truth <= self.max_depth)
        self._pixels += truth.size
        self._without_depth += int(truth.size - known.sum())
        self._beyond += int(known.sum() - compared.sum())
        if not compared.any():
            return
        p, t = prediction[compared].astype(np.float64), truth[compared].astype(np.float64)
        relative = (p - t) / t
        close = metrics.is_within(p, t)
        # The bounds belong to the nearer range, as max_depth does.
        row = np.searchsorted(self._bounds[1:-1], t)
        for column, weights in enumerate((None, (p - t) ** 2, relative, abs(relative), close)):
            self._ranges[:, column] += np.bincount(row, weights, len(self._ranges))
        self.images[number] = BagScores(
            metrics.rmse(p, t), metrics.abs_rel(p, t), metrics.delta(p, t),
            float(np.median(p / t)))

    def summary(self) -> Dict:
        """
        Return what evaluate.py writes as JSON.

        Shares are of all pixels, or of those known. `scale` is the factor with which the mean
        ratio would be 1; None where the truth set the scale of each picture.
        """
        means = np.mean([list(asdict(image).values()) for image in self.images.values()], axis=0)
        mean = BagScores(*means.tolist())
        compared = self._ranges[:, 0].sum()
        ranges = []
        for near, far, (count, squared, signed, absolute, close) in zip(
                self._bounds, self._bounds[1:], self._ranges.tolist()):
            if count:
                ranges.append({
                    'from': near, 'to': far, 'share': count / compared,
                    'rmse': (squared / count) ** 0.5, 'abs_rel': absolute / count,
                    'delta1': close / count, 'bias': signed / count})
        return {'n': len(self.images), 'per_image': asdict(mean),
                'scale': None if self.is_fitted else self.scale / mean.ratio,
                'fitted_to_truth': self.is_fitted, 'ranges': ranges,
                'max_depth': self.max_depth,
                'pixels': {'compared': compared / self._pixels,
                           'without_depth': self._without_depth / self._pixels,
                           'beyond_max_depth': self._beyond / self._pixels}}


class Followed(NamedTuple):
    """
    How far the scale was known by one image.

    Attributes
    ----------
    seconds : float
        The image's stamp.
    scale : float
        By which its depth was multiplied.
    sigma : float
        The standard deviation of the logarithm of the scale.
    told : ScaleMeasurement or None
        What its floor told.

    """

    seconds: float
    scale: float
    sigma: float
    told: Optional[ScaleMeasurement]


class Predictor:
    """
    Predicts the moments of a bag, in their order, as the node does to which it is played.

    Parameters
    ----------
    estimator : DepthEstimator
    recording : Bag
    scale : float
        As the node's parameter.
    mount : Mount
        As the node's parameters.

    Attributes
    ----------
    is_fitted : bool
        Whether the truth sets scale and shift of each image: those of a relative model, where
        `mount` tells no pose.
    tracker : ScaleTracker
    followed : dict of int to Followed
        By the number of the pair in the bag.

    Raises
    ------
    RecordingError
        Where the height is given, and the bag doesn't tell the camera; where the height alone, or
        `scale`, is given for a relative model.

    """

    def __init__(self, estimator: DepthEstimator, recording: Bag, scale: float = 1.0,
                 mount: Mount = Mount()):
        if mount.height and recording.camera is None:
            raise RecordingError('The height of the camera is of use only where its camera_info '
                                 'is known, which the bag has not.')
        self.tracker = mount.new_tracker(lambda: self._seconds)
        self._seconds = 0.0
        relative = estimator.metadata.relative
        self.is_fitted = relative and not mount.tells_pose
        if self.is_fitted and (mount.height or scale != 1.0):
            raise RecordingError(
                'Scale and shift of a relative model are fitted to the true depth: leave --scale '
                'and --camera-height out, or tell --camera-pitch, too.')
        self._estimator, self._recording, self._scale = estimator, recording, scale
        # By the number of the pair.
        self._scales: Dict[int, float] = {}
        self._lines: Dict[int, Optional[InverseLine]] = {}
        self.followed: Dict[int, Followed] = {}

    def __call__(self, number: int, moment: BagMoment) -> np.ndarray:
        """Return depth in metres on the pixels of the truth."""
        camera = moment.camera
        assert moment.depth is not None
        if self.is_fitted:
            output = register(relative_output(self._estimator, moment.image), camera,
                              self._recording.depth_camera, moment.depth.shape)
            return fitted_depth(output, moment.depth, self._estimator.metadata.max_depth)
        # Whoever asks a second time, to draw it, gets what was scored.
        again = number in self._scales
        self._seconds = moment.seconds
        if moment.pose is not None:
            self.tracker.pose = moment.pose
        depth = self._estimator.estimate(
            moment.image, camera,
            tracker=self._tracker_of(number) if again else self.tracker,
            scale=self._scale * self._scales.get(number, 1.0), size='network').depth
        if not again:
            self._scales[number] = self.tracker.scale
            self._lines[number] = self.tracker.line
            self.followed[number] = Followed(
                moment.seconds, self.tracker.scale, self.tracker.sigma, self.tracker.last)
        return register(depth, camera, self._recording.depth_camera, moment.depth.shape)

    def _tracker_of(self, number: int) -> Optional[ScaleTracker]:
        """Return what gives a relative model's output the line that it had; else None."""
        if not self._estimator.metadata.relative:
            return None
        tracker = ScaleTracker()
        tracker.line = self._lines[number]
        return tracker


def evaluate(predict: Predict, recording: Bag, evaluation: BagEvaluation) -> None:
    """
    Score each image that has a depth image, and show how far it is.

    Raises
    ------
    RecordingError
        Where the bag has nothing to compare with.

    """
    images, depths, pairs = recording.counts
    if not recording.depth_topic:
        raise RecordingError('The bag has no depth (16UC1 or 32FC1) to compare with.')
    if not pairs:
        raise RecordingError(
            f'None of the {images} images on {recording.image_topic} has the stamp of one of the '
            f'{depths} on {recording.depth_topic}: a larger --tolerance may pair them.')
    moments = recording.moments(with_depth_only=True)
    for number, moment in enumerate(Progress(moments, total=pairs, unit=' pairs', leave=False)):
        assert moment.depth is not None
        evaluation.add(number, predict(number, moment), moment.depth)
    if not evaluation.images:
        raise RecordingError(f'{recording.depth_topic} knows no depth up to '
                             f'{evaluation.max_depth:g} m where the model does.')


def table(summary: Dict) -> str:
    """Return the summary for people."""
    image = summary['per_image']
    rows = [('', 'pixels', 'RMSE (m)', 'AbsRel', 'delta1', 'bias'),
            ('per image', '', f'{image["rmse"]:.3f}', f'{image["abs_rel"]:.3f}',
             f'{image["delta1"]:.3f}', f'{image["ratio"] - 1.0:+.1%}')]
    rows += [(f'{each["from"]:g} to {each["to"]:g} m', f'{each["share"]:.1%}',
              f'{each["rmse"]:.3f}', f'{each["abs_rel"]:.3f}', f'{each["delta1"]:.3f}',
              f'{each["bias"]:+.1%}') for each in summary['ranges']]
    pixels = summary['pixels']
    return '\n'.join(
        ['{:<14}{:>9}{:>10}{:>8}{:>8}{:>9}'.format(*row) for row in rows] + [
            f'compared: {pixels["compared"]:.1%} of the pixels; {pixels["without_depth"]:.1%} '
            f'without depth, {pixels["beyond_max_depth"]:.1%} beyond {summary["max_depth"]:g} m',
            FITTED if summary['fitted_to_truth'] else
            f'a scale of {summary["scale"]:.2f} would take the bias away'])


def pair_examples(predict: Predict, recording: Bag, images: Dict[int, BagScores],
                  numbers: Set[int]) -> Dict:
    """Return the figures.Example of pairs of a bag, by their numbers."""
    from scoring import figures
    return {number: figures.Example(
                moment.image, moment.depth, predict(number, moment),
                f'pair {number}\nAbsRel {images[number].abs_rel:.2f}')
            for number, moment in enumerate(recording.moments(with_depth_only=True))
            if number in numbers and moment.depth is not None}
