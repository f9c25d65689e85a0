"""
Every use of parts of rclpy that it does not promise to keep.

Each function says in which version it was seen to be needed, and what to use in its place where a
later one has it.
"""

import threading
from typing import Callable, List, Optional

from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future


def lifecycle_state(node: LifecycleNode) -> str:
    """
    Return the label of a node's lifecycle state.

    rclpy 7.1 (Jazzy) tells it over the service get_state only.
    """
    _, label = node._state_machine.current_state
    return label


def refuse_impossible_transitions(node: LifecycleNode):
    """
    Answer a request for a transition that the state does not have, and log it.

    In rclpy 7.1 (Jazzy) such a request raises an error out of spin(), which ends the process.
    """
    service = node._service_change_state
    change_state = service.callback

    def refuse(request, response):
        try:
            return change_state(request, response)
        except RuntimeError as error:
            node.get_logger().warning(f'Transition refused: {error}')
            response.success = False
            return response

    service.callback = refuse


def parameter_overrides(node: Node) -> dict:
    """
    Return the parameters that the command line and files give a node, by their names.

    What is changed in it changes what `declare_parameter` takes. rclpy 7.1 (Jazzy) shows the
    overrides of parameters that are declared only.
    """
    return node._parameter_overrides


def prepare_parameter_requests(
        node: Node, preparation: Callable[[List[Parameter]], Optional[Callable[[], None]]],
        finish: Callable[[], None]):
    """
    Let a node's services that set parameters first do work that takes seconds.

    The work is done in a thread, so the executor goes on; the services get a callback group of
    their own, so one request waits for the other. In rclpy 7.1 (Jazzy) the callbacks that check
    parameters are called in the executor's thread and cannot wait.

    Parameters
    ----------
    node : rclpy.node.Node
    preparation : callable
        From the parameters that a request sets to the work that has to be done before, or None.
        The work handles its own errors.
    finish : callable
        Called when the request has been answered.

    """
    def preparing(set_parameters: Callable) -> Callable:
        async def prepare_and_set(request, response):
            work = preparation([Parameter.from_parameter_msg(each) for each in request.parameters])
            if work is not None:
                await _in_thread(node, work)
            try:
                return set_parameters(request, response)
            finally:
                finish()
        return prepare_and_set

    group = MutuallyExclusiveCallbackGroup()
    for service in node.services:
        if service.srv_type in (SetParameters, SetParametersAtomically):
            service.callback = preparing(service.callback)
            service.callback_group = group
            group.add_entity(service)


def _in_thread(node: Node, work: Callable[[], None]) -> Future:
    """Return a future that is done when a thread has done the work."""
    executor, done = node.executor, Future(executor=node.executor)

    def run():
        try:
            work()
        finally:
            done.set_result(None)
            executor.wake()

    threading.Thread(target=run, name='prepare', daemon=True).start()
    return done
