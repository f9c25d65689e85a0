"""Loading a model beside the one that runs, for a node that goes on meanwhile."""

from typing import Callable, List, NamedTuple, Optional, Union

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.node import rclpy_compat
from rclpy.node import Node
from rclpy.parameter import Parameter


class ModelChoice(NamedTuple):
    """A model's name or path, and the device that it is to run on."""

    model: str
    device: str


class Loaded(NamedTuple):
    """An estimator, and what it was loaded for."""

    choice: ModelChoice
    estimator: DepthEstimator


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

    """

    def __init__(self, node: Node,
                 wanted: Callable[[List[Parameter]], Optional[ModelChoice]]):
        self._wanted = wanted
        # The model that waits, or why the one that was asked for cannot be had.
        self._next: Union[Loaded, Exception, None] = None
        self._is_in_request = False
        rclpy_compat.prepare_parameter_requests(node, self._preparation, self._finish)

    def check(self, parameters: List[Parameter]):
        """
        Have the model ready that parameters ask for, before they are set.

        Raises
        ------
        ModelFileError, DeviceError
            With a sentence that says what is wrong and what would be right.

        """
        choice = self._wanted(parameters)
        if not self._is_in_request:
            self._next = choice and Loaded(choice, DepthEstimator(*choice))
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

        def load():
            try:
                loaded = Loaded(choice, DepthEstimator(*choice))
            except Exception as error:
                loaded = error
            self._next, self._is_in_request = loaded, True
        return load

    def _finish(self):
        self._next, self._is_in_request = None, False
