"""Loading a model beside the one that runs, for a node that goes on meanwhile."""

import threading
from typing import Callable, NamedTuple, Optional, Tuple, Union

from depth_estimation_ros.estimator import DepthEstimator
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future


class _Loaded(NamedTuple):
    model: str
    device: str
    result: Union[DepthEstimator, Exception]


class ModelLoader:
    """
    Loads models, in a thread where the executor has to go on.

    A request to set a parameter is answered only when it is known whether the new model is good.
    To load it in the callback that checks the request would keep the executor from taking
    images, so the services that set parameters wait for a thread that loads it first.
    """

    def __init__(self):
        self._ready: Optional[_Loaded] = None

    def load(self, model: str, device: str) -> DepthEstimator:
        """
        Return an estimator: the one that was loaded for this, or else a new one.

        Raises
        ------
        ModelFileError, DeviceError
            With a sentence that says what is wrong and what would be right.

        """
        ready, self._ready = self._ready, None
        if ready is None or (ready.model, ready.device) != (model, device):
            return DepthEstimator(model, device)
        if isinstance(ready.result, Exception):
            raise ready.result
        return ready.result

    def load_before_setting(self, node: Node,
                            wanted: Callable[..., Optional[Tuple[str, str]]]):
        """
        Let a node's services that set parameters wait until a new model is loaded.

        They are in the node's default callback group; what has to go on while they wait must be
        in another.

        Parameters
        ----------
        node : rclpy.node.Node
        wanted : callable
            From a list of rclpy.parameter.Parameter that are to be set to the model and the
            device that they ask for, or None where they ask for no other.

        """
        for service in node.services:
            if service.srv_type in (SetParameters, SetParametersAtomically):
                service.callback = self._waiting(node, wanted, service.callback)

    def _waiting(self, node: Node, wanted: Callable, callback: Callable) -> Callable:
        async def load_and_set(request, response):
            needed = wanted([Parameter.from_parameter_msg(each) for each in request.parameters])
            if needed is not None:
                executor, done = node.executor, Future(executor=node.executor)

                def load():
                    try:
                        result = DepthEstimator(*needed)
                    except Exception as error:
                        result = error
                    self._ready = _Loaded(*needed, result)
                    done.set_result(None)
                    executor.wake()

                threading.Thread(target=load, name='load', daemon=True).start()
                await done
            return callback(request, response)
        return load_and_set
