"""A picture of a failure: what the camera saw, the scan, and the path on the plan of the world."""

from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
import numpy as np
from trial.course import Course
from trial.drive import Moment, Result
from trial.robot import HALF, Place, RADIUS
from trial.sight import Scan

SHOWN = 6.0  # metres, of a scan


def draw(course: Course, result: Result, moment: Moment, picture: np.ndarray, true_scan: Scan,
         title: str) -> Figure:
    """
    Draw a moment at which a drive failed.

    Parameters
    ----------
    course : Course
    result : Result
    moment : Moment
    picture : uint8 (H, W, 3) RGB
        What the camera saw.
    true_scan : Scan
        That of true depth, from the same place.
    title : str

    """
    figure = Figure(figsize=(12.0, 4.2), layout='constrained')
    figure.suptitle(title)
    seen, scan, plan = figure.subplots(1, 3, width_ratios=(1.5, 1.0, 1.1))
    seen.imshow(picture)
    seen.set_axis_off()
    seen.set_title(f'what the camera saw, step {moment.step}')
    _draw_scan(scan, true_scan, 'true depth', 'black', 14.0)
    _draw_scan(scan, moment.scan, 'scan', 'tab:orange', 5.0)
    scan.set(xlim=(-SHOWN, SHOWN), ylim=(-0.5, SHOWN), aspect='equal', title='nearest obstacles',
             xlabel='to the right (m)', ylabel='ahead (m)')
    scan.legend(loc='lower right', fontsize='small')
    _draw_plan(plan, course, result, moment)
    return figure


def _draw_scan(axis: Axes, scan: Scan, label: str, color: str, size: float) -> None:
    bearings, ranges = scan
    near = ranges <= SHOWN
    axis.scatter(-(ranges * np.sin(bearings))[near], (ranges * np.cos(bearings))[near], size,
                 color, label=label)
    unknown = bearings[np.isnan(ranges)]
    axis.scatter(-0.6 * np.sin(unknown), 0.6 * np.cos(unknown), size, color, marker='x')


def _draw_plan(axis: Axes, course: Course, result: Result, moment: Moment) -> None:
    _fill(axis, course.start, moment.marked, 'tab:orange', "on the robot's map")
    _fill(axis, course.start, course.plan, 'black', 'stands there')
    path = np.array(result.path)
    axis.plot(path[:, 0], path[:, 1], color='tab:blue', linewidth=1.0)
    x, y, heading = moment.place
    axis.plot(*zip((x, y), (x + 0.8 * np.cos(heading), y + 0.8 * np.sin(heading))), 'tab:blue')
    angle = np.linspace(0.0, 2.0 * np.pi, 60)
    axis.plot(moment.end[0] + RADIUS * np.cos(angle), moment.end[1] + RADIUS * np.sin(angle),
              'tab:red')
    axis.plot(*course.start[:2], 'o', color='tab:purple')
    axis.plot(*course.goal, '*', color='tab:green', markersize=12.0)
    x, y, _ = course.start
    axis.set(xlim=(x - HALF, x + HALF), ylim=(y - HALF, y + HALF), aspect='equal',
             title='path (blue) to the goal (star)', xlabel='x (m)', ylabel='y (m)')
    axis.legend(loc='upper left', fontsize='small')


def _fill(axis: Axes, start: Place, cells: np.ndarray, color: str, label: str) -> None:
    """Paint the cells of a map around a start, bool (N, N), rows along x."""
    x, y, _ = start
    axis.imshow(np.ma.masked_where(~cells.T, np.ones(cells.T.shape)), ListedColormap([color]),
                origin='lower', extent=(x - HALF, x + HALF, y - HALF, y + HALF),
                interpolation='nearest')
    axis.plot([], [], 's', color=color, label=label)
