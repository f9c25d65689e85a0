"""Loading a model beside the one that runs, for a node that goes on meanwhile."""

import threading
from typing import Callable, List, NamedTuple, Optional, Union

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.node import process_memory, rclpy_compat
from rclpy.node import Node
from rclpy.parameter import Parameter

# Seconds to read a model and to import what runs it: PyTorch takes 12 s from a cold disk.
LOAD_TIME = 60.0
TRUE_DEPTHS = ("the camera's pose above the floor (ground_frame, or camera_height with "
               'camera_pitch), or scale_from')


class ModelChoice(NamedTuple):
    """
    A model's name or path, and how it is to run.

    Attributes
    ----------
    model, device : str
    threads : int
    cuda_graph : bool
        All as of DepthEstimator.

    """

    model: str
    device: str
    threads: int = 0
    cuda_graph: bool = False


class Loaded(NamedTuple):
    """An estimator, and what it was loaded for."""

    choice: ModelChoice
    estimator: DepthEstimator


def load(choice: ModelChoice, inference_timeout: float, knows_depths: bool) -> DepthEstimator:
    """
    Load a model, or give up where it doesn't end.

    Parameters
    ----------
    choice : ModelChoice
    inference_timeout : float
        Seconds for its first image.
    knows_depths : bool
        Whether the parameters tell true depths, which relative models need.

    Raises
    ------
    ModelFileError, DeviceError, TimeoutError
        With a sentence that says what is wrong and what would be right.

    """
    loaded: List[Union[DepthEstimator, Exception]] = []

    def run():
        try:
            estimator = DepthEstimator(*choice)
            estimator.refuse_unscaled(knows_depths, TRUE_DEPTHS)
            loaded.append(estimator)
        except Exception as error:
            loaded.append(error)

    thread = threading.Thread(target=run, name='load', daemon=True)
    thread.start()
    thread.join(LOAD_TIME + inference_timeout)
    if not loaded:
        raise TimeoutError(
            f'The model {choice.model} is not ready after {LOAD_TIME + inference_timeout:.0f} s: '
            'use another one, or raise inference_timeout where it is that slow.')
    # What reading and compiling a model took, some 50 MB, is more than its images will need.
    process_memory.give_back_freed()
    if isinstance(loaded[0], Exception):
        raise loaded[0]
    return loaded[0]


class ModelLoader:
    """
    Holds the model that is to take over, from when it is asked for until it does.

    A request to set a parameter is answered only when it is known whether the new model is good.
    To load it in the callback that checks the request would keep the executor from taking
    images, so the services that set parameters wait for a thread that loads it first. Parameters
    that are set without a service are loaded for in the callback.

    A request loads once, for all that it sets: model and device that come together stand or fall
    together, also where a service sets them one by one.

    Parameters
    ----------
    node : rclpy.node.Node
    wanted : callable
        From a list of rclpy.parameter.Parameter that are to be set to the ModelChoice that they
        ask for, or None where they ask for no other than the one that runs.
    timeout : callable
        Returns the seconds that its first image may take.
    knows_depths : callable
        Tells of such parameters whether they, and those that stay, tell true depths.

    """

    def __init__(self, node: Node,
                 wanted: Callable[[List[Parameter]], Optional[ModelChoice]],
                 timeout: Callable[[], float],
                 knows_depths: Callable[[List[Parameter]], bool]):
        self._wanted = wanted
        self._timeout = timeout
        self._knows_depths = knows_depths
        # The model that waits, or why the one that was asked for cannot be had.
        self._next: Union[Loaded, Exception, None] = None
        self._is_in_request = False
        rclpy_compat.prepare_parameter_requests(node, self._preparation, self._finish)

    def check(self, parameters: List[Parameter]):
        """
        Have the model ready that parameters ask for, before they are set.

        Raises
        ------
        ModelFileError, DeviceError, TimeoutError
            With a sentence that says what is wrong and what would be right.

        """
        choice = self._wanted(parameters)
        if not self._is_in_request:
            self._next = choice and self._load(choice, self._knows_depths(parameters))
        elif choice and isinstance(self._next, Exception):
            raise self._next

    def take(self, choice: ModelChoice) -> Optional[DepthEstimator]:
        """
        Return the estimator that waits, if it is for what is set now; it then waits no more.

        Where a request sets model and device one by one, it is for the last of them.
        """
        if not isinstance(self._next, Loaded) or self._next.choice != choice:
            return None
        estimator, self._next = self._next.estimator, None
        return estimator

    def _preparation(self, parameters: List[Parameter]) -> Optional[Callable[[], None]]:
        choice = self._wanted(parameters)
        if choice is None:
            return None
        knows_depths = self._knows_depths(parameters)

        def prepare():
            try:
                loaded = self._load(choice, knows_depths)
            except Exception as error:
                loaded = error
            self._next, self._is_in_request = loaded, True
        return prepare

    def _load(self, choice: ModelChoice, knows_depths: bool) -> Loaded:
        return Loaded(choice, load(choice, self._timeout(), knows_depths))

    def _finish(self):
        self._next, self._is_in_request = None, False
