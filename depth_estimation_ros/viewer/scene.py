"""What the viewer shows: colour, depth, confidence and the coloured cloud, in Rerun."""

from pathlib import Path
import shutil
import sysconfig
from typing import Any, List, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np
import rerun as rr
import rerun.blueprint as rrb

TIMELINE = 'stamp'
CAMERA, COLOR, DEPTH = 'camera', 'camera/color', 'camera/depth'
CONFIDENCE, CLOUD = 'camera/confidence', 'cloud'

# How much of the past is kept for a viewer that connects later; the oldest goes first.
SERVER_MEMORY = '256MiB'
VIEWER_MEMORY = '2GiB'

JPEG_QUALITY = 85

GREY = (160, 160, 160)  # a cloud whose colours are not known


class Scene:
    """
    A recording of Rerun, for one camera that stays where it is.

    The world is the camera's optical frame: z forward, x right, y down (REP 103).

    Parameters
    ----------
    max_range : float
        Metres at the far end of the colours, and where the cloud ends.
    points : int
        How many points the cloud has at most.

    """

    def __init__(self, max_range: float, points: int):
        self._max_range = max_range
        self._points = points
        self._stream = rr.RecordingStream('depth_estimation_ros')
        self._shows_confidence = False

    def start(self, file: Optional[Path] = None, window: bool = False,
              data_port: Optional[int] = None, page: str = '') -> None:
        """
        Begin to write to a file, to the viewer's window, to those who connect, or several.

        Parameters
        ----------
        file : Path, optional
            A .rrd file to write.
        window : bool
            Whether to open the viewer's window.
        data_port : int, optional
            Where viewers may connect: those on this machine, and those of `page`.
        page : str
            The address of a web viewer that other machines open, like http://robot:9090.

        """
        sinks: List[Any] = []  # rerun has no type for all of them
        if file is not None:
            sinks.append(rr.FileSink(file))
        if data_port is not None:
            sinks.append(rr.GrpcServerSink(
                '0.0.0.0' if page else '127.0.0.1', data_port, server_memory_limit=SERVER_MEMORY,
                cors_allow_origin=[page] if page else None))
        if window:
            # Beside this Python first: its environment need not be activated.
            rr.spawn(connect=False, memory_limit=VIEWER_MEMORY, server_memory_limit=SERVER_MEMORY,
                     executable_path=shutil.which('rerun', path=sysconfig.get_path('scripts')),
                     recording=self._stream)
            sinks.append(rr.GrpcSink())
        self._stream.set_sinks(*sinks, default_blueprint=self._blueprint())
        self._stream.log('/', rr.ViewCoordinates.RDF, static=True)

    def close(self):
        """Write what is still to be written."""
        try:
            self._stream.flush(timeout_sec=5.0)
        except (RuntimeError, TimeoutError):
            pass  # the window was closed before; Rerun has said so
        self._stream.disconnect()

    def show(self, stamp: float, image: np.ndarray, depth: np.ndarray,
             camera: Optional[Intrinsics] = None, image_camera: Optional[Intrinsics] = None):
        """
        Show an image and its depth; with the depth's intrinsics, the cloud, too.

        Parameters
        ----------
        stamp : float
            Seconds.
        image : uint8 (H, W, 3) RGB
        depth : float32 (h, w), metres
            What is not positive and finite is unknown.
        camera : Intrinsics, optional
            Of the depth, which may be of a part of the image, at another size.
        image_camera : Intrinsics, optional
            Of the image. Without it, it is not known which colours are the cloud's.

        """
        self._stream.set_time(TIMELINE, timestamp=stamp)
        known = np.isfinite(depth) & (depth > 0.0)
        # Millimetres take half the room, and end at 65 m.
        millimetres = np.where(known, depth, 0.0) * 1000.0
        self._stream.log(COLOR, rr.Image(image).compress(jpeg_quality=JPEG_QUALITY))
        self._stream.log(DEPTH, rr.DepthImage(
            millimetres.clip(0.0, 65535.0).astype(np.uint16), meter=1000.0, colormap='magma',
            depth_range=(0.0, 1000.0 * self._max_range)))
        if image_camera is not None:
            # It holds the image up before the cloud.
            self._stream.log(CAMERA, rr.Pinhole(
                resolution=(image_camera.width, image_camera.height),
                focal_length=(image_camera.fx, image_camera.fy),
                principal_point=(image_camera.cx, image_camera.cy), image_plane_distance=0.5,
                camera_xyz=rr.ViewCoordinates.RDF))
        if camera is not None:
            self._stream.log(CLOUD, self._cloud(image, depth, known, camera, image_camera))

    def show_confidence(self, stamp: float, confidence: np.ndarray):
        """Show the confidence of a depth image; float32 (H, W), 0 to 1."""
        if not self._shows_confidence:
            self._shows_confidence = True
            self._stream.send_blueprint(self._blueprint())
        self._stream.set_time(TIMELINE, timestamp=stamp)
        percent = np.nan_to_num(confidence).clip(0.0, 1.0) * 255.0
        self._stream.log(CONFIDENCE, rr.Image(percent.astype(np.uint8), color_model='L'))

    def _cloud(self, image: np.ndarray, depth: np.ndarray, known: np.ndarray,
               camera: Intrinsics, image_camera: Optional[Intrinsics]) -> rr.Points3D:
        # Every step-th pixel of every step-th row.
        step = int(np.ceil((depth.size / self._points) ** 0.5))
        rows, columns = np.nonzero((known & (depth < self._max_range))[::step, ::step])
        v, u = rows * step, columns * step
        x, y, z = (u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, depth[v, u]
        # Somewhat larger than the part of the picture that a point stands for, which closes gaps.
        return rr.Points3D(np.column_stack([x * z, y * z, z]),
                           colors=_colors(image, image_camera, x, y) if image_camera else GREY,
                           radii=0.75 * step / camera.fx * z)

    def _blueprint(self) -> rrb.Blueprint:
        pictures = [('colour', COLOR), ('depth', DEPTH)]
        if self._shows_confidence:
            pictures.append(('confidence', CONFIDENCE))
        # From behind and above the camera, down along the way that it looks.
        eye = rrb.EyeControls3D(position=(0.0, -2.4, -3.2), look_target=(0.0, -0.4, 6.0),
                                eye_up=(0.0, -1.0, 0.0))
        cloud = rrb.Spatial3DView(
            name='cloud', origin='/', contents=[f'/{CLOUD}', f'/{CAMERA}', f'/{COLOR}'],
            eye_controls=eye, background=(24, 26, 30), line_grid=False)
        return rrb.Blueprint(
            rrb.Horizontal(
                cloud,
                rrb.Vertical(*(rrb.Spatial2DView(name=name, origin=f'/{path}')
                               for name, path in pictures)),
                column_shares=[2.2, 1.0]),
            rrb.TimePanel(state='collapsed', timeline=TIMELINE),
            rrb.BlueprintPanel(state='collapsed'), rrb.SelectionPanel(state='collapsed'))


def _colors(image: np.ndarray, camera: Intrinsics, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the colours that a camera sees in the directions (x, y, 1)."""
    columns = np.rint(x * camera.fx + camera.cx).astype(int).clip(0, camera.width - 1)
    rows = np.rint(y * camera.fy + camera.cy).astype(int).clip(0, camera.height - 1)
    return image[rows, columns]
