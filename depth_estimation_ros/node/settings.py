"""A node's parameters as a table: default, description, and which values they may have."""

from dataclasses import dataclass
import difflib
import math
from typing import Dict, List, Optional, Tuple, Union

from depth_estimation_ros.node import rclpy_compat
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

# Those that every node has, or that its middleware is told by.
ROS_PARAMETERS = ('use_sim_time', 'qos_overrides.', 'start_type_description_service')

AT_START, AT_ACTIVATION, AT_ONCE = 'at start', 'at activation', 'at once'


@dataclass(frozen=True)
class Setting:
    """
    A parameter of a node.

    Attributes
    ----------
    default : str, bool, int or float
    description : str
    applies : str
        When a change has its effect: AT_START (it is read-only), AT_ACTIVATION or AT_ONCE.
    choices : tuple of str
        The values that a text may have; empty for any.
    limits : (number, number), optional
        The lowest and the highest value of a number.
    may_be_nan : bool
        Whether a number may be NaN, which means that it is unknown.

    """

    default: Union[str, bool, int, float]
    description: str
    applies: str = AT_START
    choices: Tuple[str, ...] = ()
    limits: Optional[Tuple[Union[int, float], Union[int, float]]] = None
    may_be_nan: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """Return what `ros2 param describe` shows."""
        constraints = [f'One of {", ".join(self.choices)}.'] if self.choices else []
        descriptor = ParameterDescriptor(
            description=self.description, read_only=self.applies == AT_START,
            additional_constraints=' '.join(constraints + [f'Applies {self.applies}.']))
        # No range of rclpy's takes NaN: `problem` checks it.
        if self.limits is not None and not self.may_be_nan:
            lowest, highest = self.limits
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=lowest, to_value=highest)]
            else:
                descriptor.integer_range = [
                    IntegerRange(from_value=lowest, to_value=highest, step=1)]
        return descriptor

    def problem(self, name: str, value) -> str:
        """Say what is wrong with a value of the right type; empty where it can be set."""
        if self.choices and value not in self.choices:
            return f'{name} is one of {", ".join(self.choices)}, not {value!r}'
        if self.may_be_nan and math.isnan(value):
            return ''
        if isinstance(value, float) and not math.isfinite(value):
            return f'{name} is a finite number, not {value}'
        if self.may_be_nan and self.limits is not None and not (
                self.limits[0] <= value <= self.limits[1]):
            return (f'{name} is from {self.limits[0]:g} to {self.limits[1]:g}, or .nan where it '
                    f'is unknown, not {value:g}')
        return ''


def declare(node: Node, settings: Dict[str, Setting]):
    """
    Declare the parameters of a node.

    A whole number is taken where a parameter is a float, and off, which YAML reads as false, where
    it is a choice. A parameter that the node doesn't have is warned of: rclpy would ignore it in
    silence.

    Raises
    ------
    rclpy.exceptions.ParameterException
        Where the command line or a parameter file gives one a wrong type or value.

    """
    given = rclpy_compat.parameter_overrides(node)
    given.update((each.name, each) for each in _as_meant(list(given.values()), settings))
    for name, setting in settings.items():
        node.declare_parameter(name, setting.default, setting.descriptor())
    node.add_pre_set_parameters_callback(lambda parameters: _as_meant(parameters, settings))
    for name in given:
        if not node.has_parameter(name) and not name.startswith(ROS_PARAMETERS):
            near = difflib.get_close_matches(name, settings, 1)
            node.get_logger().warning(
                f'There is no parameter {name!r}, and nothing was set by it'
                + (f': is it {near[0]}?' if near else '.'))


def _as_meant(parameters: List[Parameter], settings: Dict[str, Setting]) -> List[Parameter]:
    """
    Return parameters with the types that they are declared with.

    A whole number becomes a float where one is meant, and false the text off where that is a
    choice: to YAML, which parameter files and `ros2 param set` are read by, off is false.
    """
    def meant(each: Parameter) -> Parameter:
        setting = settings.get(each.name)
        if setting is None:
            return each
        if each.type_ == Parameter.Type.INTEGER and isinstance(setting.default, float):
            return Parameter(each.name, value=float(each.value))
        if each.type_ == Parameter.Type.BOOL and not each.value and 'off' in setting.choices:
            return Parameter(each.name, value='off')
        return each
    return [meant(each) for each in parameters]
