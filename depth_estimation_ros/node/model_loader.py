"""Loading a model beside the one that runs, for a node that goes on meanwhile."""

import threading
from typing import Callable, NamedTuple, Optional, Tuple, Union

from depth_estimation_ros.estimation.estimator import DepthEstimator
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future


class Loaded(NamedTuple):
    """An estimator, and what it was loaded for."""

    model: str
    device: str
    estimator: DepthEstimator


class ModelLoader:
    """
    Loads models, in a thread where the executor has to go on.

    A request to set a parameter is answered only when it is known whether the new model is good.
    To load it in the callback that checks the request would keep the executor from taking
    images, so the services that set parameters wait for a thread that loads it first.

    A request loads once, for all that it sets: model and device that come together stand or fall
    together, also where a service sets them one by one.
    """

    def __init__(self):
        # What the request in hand asks for; another request or transition never gets it.
        self._loaded: Union[Loaded, Exception, None] = None

    def load(self, model: str, device: str) -> Loaded:
        """
        Return what the request in hand asks for in all, or else a new estimator.

        Raises
        ------
        ModelFileError, DeviceError
            With a sentence that says what is wrong and what would be right.

        """
        if self._loaded is None:
            return Loaded(model, device, DepthEstimator(model, device))
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded

    def load_before_setting(self, node: Node,
                            wanted: Callable[..., Optional[Tuple[str, str]]]):
        """
        Let a node's services that set parameters wait until a new model is loaded.

        They get a callback group of their own: one request waits for the other, and the rest of
        the node goes on.

        Parameters
        ----------
        node : rclpy.node.Node
        wanted : callable
            From a list of rclpy.parameter.Parameter that are to be set to the model and the
            device that they ask for, or None where they ask for no other.

        """
        group = MutuallyExclusiveCallbackGroup()
        for service in node.services:
            if service.srv_type in (SetParameters, SetParametersAtomically):
                service.callback = self._waiting(node, wanted, service.callback)
                service.callback_group = group
                group.add_entity(service)

    def _waiting(self, node: Node, wanted: Callable, callback: Callable) -> Callable:
        async def load_and_set(request, response):
            needed = wanted([Parameter.from_parameter_msg(each) for each in request.parameters])
            if needed is not None:
                executor, done = node.executor, Future(executor=node.executor)

                def load():
                    try:
                        done.set_result(Loaded(*needed, DepthEstimator(*needed)))
                    except Exception as error:
                        done.set_result(error)
                    executor.wake()

                threading.Thread(target=load, name='load', daemon=True).start()
                self._loaded = await done
            try:
                return callback(request, response)
            finally:
                self._loaded = None
        return load_and_set
