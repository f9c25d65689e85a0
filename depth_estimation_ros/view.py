"""
Show colour, depth, confidence and the coloured cloud of a running depth node, without RViz.

In the window of Rerun, in a browser (--web), or into a file that Rerun opens (--save). Subscribes
to image, camera_info, depth/image, depth/camera_info and depth/confidence; other names are given
as to any ROS node: --ros-args -r image:=/camera/image_raw -r camera_info:=/camera/camera_info
"""

import argparse
import os
from pathlib import Path
import socket
import sys
from typing import List, Optional, Tuple

from depth_estimation_ros.node import process

LOCALHOST = 'localhost'


def parse(arguments: List[str]) -> Tuple[argparse.Namespace, List[str]]:
    """Read the command line; returns the options, and the arguments for ROS."""
    first = arguments.index('--ros-args') if '--ros-args' in arguments else len(arguments)
    parser = argparse.ArgumentParser(
        prog='python -m depth_estimation_ros.view', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--web', action='store_true',
                        help='serve the viewer to a browser, and print where')
    parser.add_argument('--save', type=Path, metavar='FILE.rrd',
                        help='write a recording; without --web, no viewer opens')
    parser.add_argument('--range', type=float, default=15.0, metavar='METRES',
                        help='far end of the colours, and of the cloud (%(default)g)')
    parser.add_argument('--points', type=int, default=40_000, metavar='N',
                        help='points of the cloud at most (%(default)s)')
    parser.add_argument('--host', default=LOCALHOST,
                        help='with --web: the name or address by which browsers on other '
                             'machines reach this one; by default none may')
    parser.add_argument('--port', type=int, default=9090,
                        help='with --web: of the page (%(default)s)')
    parser.add_argument('--data-port', type=int, default=9876,
                        help='with --web: of what the page shows (%(default)s)')
    options = parser.parse_args(arguments[:first])
    if not options.range > 0.0:
        parser.error(f'--range is a positive number of metres, not {options.range:g}')
    if options.points < 1:
        parser.error(f'--points is at least 1, not {options.points}')
    return options, arguments[first:]


def main(arguments: Optional[List[str]] = None) -> int:
    """Show until interrupted."""
    options, ros_arguments = parse(sys.argv[1:] if arguments is None else arguments)
    # Before the viewer's threads begin.
    process.hold_stop_signals()
    try:
        from depth_estimation_ros.viewer.node import ViewerNode
    except ImportError as error:
        return _fail(f'The viewer needs ROS 2 (rclpy and its messages): {error}. Source a ROS '
                     "installation, or install the wheels: pip install '.[ros,viewer]'.")
    try:
        from depth_estimation_ros.viewer.scene import Scene
        import rerun
    except ImportError as error:
        return _fail(f'The viewer needs rerun-sdk 0.39 or later: {error}. Install it: pip install '
                     "'.[viewer]'.")
    window = not (options.web or options.save)
    if window and not any(os.environ.get(name) for name in ('DISPLAY', 'WAYLAND_DISPLAY')):
        return _fail('There is no display for a window: use --web, or --save FILE.rrd.')
    for option, port in (('--port', options.port), ('--data-port', options.data_port)):
        if options.web and not _is_free(port):
            return _fail(f'The port {port} is taken: choose another one with {option}.')
    scene = Scene(options.range, options.points)
    page = f'http://{options.host}:{options.port}'
    try:
        if options.web:
            scene.start(options.save, data_port=options.data_port,
                        page='' if options.host == LOCALHOST else page)
            rerun.serve_web_viewer(web_port=options.port, open_browser=False)
            print(f'Open {page}/?url=rerun%2Bhttp://{options.host}:{options.data_port}/proxy',
                  flush=True)
        else:
            scene.start(options.save, window=window)
    except (OSError, RuntimeError, ValueError) as error:
        return _fail(f'The viewer cannot start: {error}')
    try:
        return process.run(lambda: ViewerNode(scene), [sys.argv[0], *ros_arguments])
    finally:
        scene.close()


def _is_free(port: int) -> bool:
    # Rerun says so of one of its two ports only, and of that one later.
    with socket.socket() as probe:
        # As servers do, so that a connection that has just ended does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('', port))
        except OSError:
            return False
    return True


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main())
