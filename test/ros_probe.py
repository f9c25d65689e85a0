"""The tests' side of ROS: a probe that talks to them over DDS."""

from array import array
import threading
import time
from typing import Callable, Dict, Iterable, List, Optional, Union

from depth_estimation_ros.node.camera_info import fill_camera_info
from depth_estimation_ros.node.child_process import NodeProcess, TIMEOUT
from depth_estimation_ros.node.image_messages import from_array
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

RELIABLE = QoSProfile(depth=200, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=200, reliability=ReliabilityPolicy.BEST_EFFORT)


class Inbox:
    """
    Messages of a topic, in the order in which they came.

    Parameters
    ----------
    keep : int, optional
        How many of the newest are kept; by default all.

    """

    def __init__(self, keep: Optional[int] = None):
        self.messages: List = []
        self._keep = keep
        self._came = threading.Condition()
        self._closed = False

    def put(self, message):
        """Take a message."""
        with self._came:
            self.messages.append(message)
            if self._keep is not None:
                del self.messages[:-self._keep]
            self._came.notify_all()

    def close(self):
        """Nothing more will come: end all waiting."""
        with self._came:
            self._closed = True
            self._came.notify_all()

    def wait(self, wanted: Callable, timeout: float = TIMEOUT):
        """Return the first message that is wanted, now or later; None after the timeout."""
        def found():
            return next((message for message in list(self.messages) if wanted(message)), None)
        with self._came:
            self._came.wait_for(lambda: found() is not None or self._closed, timeout)
            return found()

    def wait_for_count(self, count: int, timeout: float = TIMEOUT) -> bool:
        """Wait until so many messages have come."""
        with self._came:
            return self._came.wait_for(lambda: len(self.messages) >= count, timeout)


class Probe:
    """A node that publishes to, listens to and asks the nodes under test."""

    def __init__(self):
        rclpy.init()
        self.node = rclpy.create_node('probe')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin)
        self._thread.start()

    def close(self):
        """End it."""
        self._executor.shutdown()
        self._thread.join()
        rclpy.try_shutdown()

    def listen(self, kind, topic: str, qos: QoSProfile = RELIABLE) -> Inbox:
        """Subscribe to a topic."""
        inbox = Inbox()
        self.subscribe(kind, topic, inbox, qos)
        return inbox

    def subscribe(self, kind, topic: str, inbox: Inbox,
                  qos: QoSProfile = RELIABLE) -> Subscription:
        """Have an inbox take a topic's messages."""
        return self.node.create_subscription(kind, topic, inbox.put, qos)

    def destroy(self, *entities: Union[Subscription, Publisher]):
        """Take subscriptions and publishers away."""
        # In the executor's thread: it would end where one goes that it is about to wait for.
        done = threading.Event()

        def take_away():
            for each in entities:
                destroy = self.node.destroy_subscription if isinstance(
                    each, Subscription) else self.node.destroy_publisher
                destroy(each)
            done.set()
        self._executor.create_task(take_away)
        assert done.wait(TIMEOUT), 'the probe does not spin'

    def publisher(self, kind, topic: str):
        """Return a publisher like a camera driver's."""
        return self.node.create_publisher(kind, topic, RELIABLE)

    def call(self, kind, service: str, request, attempts: int = 1):
        """
        Call a service and return its response.

        On a busy machine an answer is lost where the node's DDS hasn't found this client yet.
        What may be asked twice is asked again, up to `attempts` times.
        """
        client = self.node.create_client(kind, service)
        try:
            assert client.wait_for_service(TIMEOUT), f'no service {service}'
            for _ in range(attempts):
                done = threading.Event()
                future = client.call_async(request)
                future.add_done_callback(lambda _, done=done: done.set())
                if done.wait(TIMEOUT / attempts):
                    return future.result()
            raise AssertionError(f'no answer from {service}')
        finally:
            self.node.destroy_client(client)

    def state(self, node: str) -> str:
        """Return the lifecycle state of a node."""
        return self.call(GetState, f'{node}/get_state', GetState.Request(),
                         attempts=4).current_state.label

    def change_state(self, node: str, transition: int) -> bool:
        """Ask a node for a lifecycle transition."""
        return self.call(ChangeState, f'{node}/change_state', ChangeState.Request(
            transition=Transition(id=transition))).success

    def get_parameters(self, node: str, names: Iterable[str]) -> Dict:
        """Return parameters of a node."""
        values = self.call(GetParameters, f'{node}/get_parameters',
                           GetParameters.Request(names=list(names))).values
        return dict(zip(names, map(parameter_value_to_python, values)))

    def set_parameters(self, node: str, values: Dict):
        """Set parameters of a node together; returns the SetParametersResult."""
        return self.call(
            SetParametersAtomically, f'{node}/set_parameters_atomically',
            SetParametersAtomically.Request(parameters=[
                Parameter(name, value=value).to_parameter_msg()
                for name, value in values.items()])).result

    def set_parameter(self, node: str, name: str, value):
        """Set a parameter of a node; returns the SetParametersResult."""
        return self.call(SetParameters, f'{node}/set_parameters', SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])).results[0]


class Camera:
    """
    A camera that takes a picture when it is told to.

    Attributes
    ----------
    intrinsics : Intrinsics or None
        Where set, a camera_info goes out before each image.

    """

    def __init__(self, probe: Probe, image: str = 'image', camera_info: str = 'camera_info',
                 kind=Image):
        self.image = probe.publisher(kind, image)
        self.camera_info = probe.publisher(CameraInfo, camera_info)
        self.intrinsics = None
        self._seconds = 0

    def header(self, frame_id: str = 'lens') -> Header:
        """Return a header with a stamp of its own."""
        self._seconds += 1
        header = Header(frame_id=frame_id)
        header.stamp.sec, header.stamp.nanosec = self._seconds, 123456789
        return header

    def send(self, pixels: Union[np.ndarray, bytes], encoding: str = 'rgb8') -> Header:
        """Publish an image, an array or a file's bytes, and return its header."""
        header = self.header()
        if self.intrinsics is not None:
            self.camera_info.publish(
                fill_camera_info(CameraInfo(header=header), self.intrinsics))
        if isinstance(pixels, bytes):
            message = CompressedImage(header=header, format=encoding)
            message.data = array('B', pixels)
        else:
            message = from_array(pixels, encoding, header)
        self.image.publish(message)
        return header

    def send_until_answered(self, pixels, answers: Inbox, encoding: str = 'rgb8'):
        """
        Publish an image again and again until its depth comes, and return that.

        The first images after a connection may be lost: the node subscribes best effort.
        """
        deadline = time.monotonic() + TIMEOUT
        sent = []
        while time.monotonic() < deadline:
            sent.append(self.send(pixels, encoding))
            answer = answers.wait(lambda message: message.header in sent, 0.5)
            if answer is not None:
                return answer
        raise AssertionError('no depth came back')


class Running:
    """An active depth node in a namespace, and the topics around it."""

    def __init__(self, probe: Probe, process: NodeProcess, namespace: str, **topics):
        self.process = process
        self.probe = probe
        self.name = f'/{namespace}/depth_estimation'
        self.camera = Camera(probe, **{'image': f'/{namespace}/image',
                                       'camera_info': f'/{namespace}/camera_info', **topics})
        self.depth = probe.listen(Image, f'/{namespace}/depth/image')
        self.camera_info = probe.listen(CameraInfo, f'/{namespace}/depth/camera_info')
        self.diagnostics = probe.listen(DiagnosticArray, '/diagnostics')

    def set_parameters(self, **parameters):
        """Set parameters that are known to be right."""
        result = self.probe.set_parameters(self.name, parameters)
        assert result.successful, result.reason

    def depth_of(self, pixels, encoding: str = 'rgb8') -> Image:
        """Publish an image to a node that is connected, and return its depth image."""
        header = self.camera.send(pixels, encoding)
        message = self.depth.wait(lambda message: message.header == header)
        assert message is not None, 'no depth came back'
        return message

    def status(self, wanted=lambda values: True) -> DiagnosticStatus:
        """Return the first diagnostics of this node whose values are wanted."""
        def of_this_node(message):
            return message.status[0].name == f'{self.name[1:]}: depth' and \
                wanted(values_of(message.status[0]))
        message = self.diagnostics.wait(of_this_node)
        assert message is not None, 'no such diagnostics'
        return message.status[0]


def picture(width: int = 160, height: int = 120) -> np.ndarray:
    """Return an image with a ground, a sky and some structure; uint8 (H, W, 3) RGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    stripes = 40.0 * np.sin(x / 9.0) + 30.0 * np.cos(y / 7.0)
    return np.dstack([100.0 + 90.0 * y / height + stripes, 120.0 + stripes,
                      200.0 - 120.0 * y / height + stripes]).clip(0, 255).astype(np.uint8)


def values_of(status) -> Dict[str, str]:
    """Return the key-value pairs of a DiagnosticStatus."""
    return {each.key: each.value for each in status.values}
