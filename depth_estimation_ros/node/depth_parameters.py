"""The depth node's parameters: declared, checked before they are set, and applied after."""

from typing import Callable, List, Optional

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.node import depth_settings, rclpy_compat, settings
from depth_estimation_ros.node.depth_settings import Options, SETTINGS
from depth_estimation_ros.node.model_loader import ModelChoice, ModelLoader
from depth_estimation_ros.node.process import NodeError
from depth_estimation_ros.node.settings import AT_ACTIVATION
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter


class DepthParameters:
    """
    What is set on the depth node.

    Parameters
    ----------
    node : rclpy.node.Node
    apply : callable
        Called after parameters were set, with the new options and, where another model takes
        over, its DepthEstimator.

    Attributes
    ----------
    options : Options
    has_model, is_active : bool
        Whether a model is loaded and whether images are taken, as the node's lifecycle has it.

    """

    def __init__(self, node: Node,
                 apply: Callable[[Options, Optional[DepthEstimator]], None]):
        self._node = node
        self._apply = apply
        self.has_model = self.is_active = False
        self._loader = ModelLoader(
            node, self._other_model, lambda: self.value('inference_timeout'),
            self._knows_depths)
        node.add_on_set_parameters_callback(self._check)
        problem = depth_settings.outdated({
            name: each.value for name, each in rclpy_compat.parameter_overrides(node).items()})
        if problem:
            raise NodeError(problem)
        settings.declare(node, SETTINGS)
        problem = depth_settings.problem(self.value)
        if problem:
            raise NodeError(problem)
        self.options = Options.read(self.value)
        node.add_post_set_parameters_callback(self._applied)

    def value(self, name: str):
        """Return the value of a parameter."""
        return self._node.get_parameter(name).value

    @property
    def model(self) -> ModelChoice:
        """Return the model that is set, and how it is to run."""
        return ModelChoice(*map(self.value, ModelChoice._fields))

    def _other_model(self, parameters: List[Parameter]) -> Optional[ModelChoice]:
        """Return what parameters ask for in place of the model that runs."""
        if not self.has_model:
            return None
        wanted = self.model._replace(**{each.name: each.value for each in parameters
                                        if each.name in ModelChoice._fields})
        return wanted if wanted != self.model else None

    def _knows_depths(self, parameters: List[Parameter]) -> bool:
        """Tell whether the parameters tell true depths, once these are set."""
        new = {each.name: each.value for each in parameters}

        def value_of(name: str):
            return new[name] if name in new else self.value(name)
        return Options.read(value_of).knows_depths

    def _check(self, parameters: List[Parameter]) -> SetParametersResult:
        known = [each for each in parameters if each.name in SETTINGS]
        reason = self._problem(known)
        if not reason:
            try:
                self._loader.check(known)
            except Exception as error:
                reason = str(error)
                self._node.get_logger().error(f'{self.model.model} stays: {reason}')
        return SetParametersResult(successful=not reason, reason=reason)

    def _problem(self, parameters: List[Parameter]) -> str:
        """Say what is wrong with values that are to be set; empty where nothing is."""
        for each in parameters:
            problem = SETTINGS[each.name].problem(each.name, each.value)
            if problem:
                return problem
            if self.is_active and SETTINGS[each.name].applies == AT_ACTIVATION and \
                    each.value != self.value(each.name):
                return f'{each.name} applies at activation: deactivate the node first'
        if not all(map(self._node.has_parameter, SETTINGS)):
            return ''  # they are being declared
        new = {each.name: each.value for each in parameters}
        return depth_settings.problem(
            lambda name: new[name] if name in new else self.value(name))

    def _applied(self, parameters: List[Parameter]):
        self.options = Options.read(self.value)
        # The node may have let go of its model while another one was loaded.
        self._apply(self.options, self._loader.take(self.model) if self.has_model else None)
