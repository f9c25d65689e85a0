"""The kinds of sources, and where each comes from."""

from dataclasses import dataclass
import importlib
from pathlib import Path
from typing import List

from importing.frames import Frame, SourceOptions

OWN = "the recorder's own"
# The publishers' pages of these weren't read; what others say of them is told as such.
UNKNOWN, SAID = 'see its page', '{} (as others say)'


@dataclass(frozen=True)
class Format:
    """
    A kind of source.

    Attributes
    ----------
    name : str
        On the command line.
    module, function : str
        What finds its frames: a module of this folder, and its function.
    source : str
        What the command takes.
    licence : str
        As the publisher states it, where that could be read.
    url : str
        That page; empty where the user has made it.
    has_depth : bool
        Whether it needs no teacher.

    """

    name: str
    module: str
    source: str
    licence: str = OWN
    url: str = ''
    has_depth: bool = True
    function: str = 'find_frames'

    def find_frames(self, source: Path, options: SourceOptions) -> List[Frame]:
        """
        Return all frames of a source.

        Raises
        ------
        SourceError
            Where it isn't of this format.

        """
        # Only here: some need a package that the others don't.
        module = importlib.import_module(f'importing.{self.module}')
        return getattr(module, self.function)(source, options)


FORMATS = {each.name: each for each in (
    Format('bag', 'bag', 'a rosbag2 or a ROS 1 bag, or a folder of them: a camera, and a depth '
           'camera that is registered to it or a lidar (`PointCloud2`, `LaserScan`)'),
    Format('dataset', 'dataset_folder', 'a dataset as training reads it, whose pairs are split '
           'anew where all are in one split, or by `--split`'),
    Format('images', 'pictures', 'a folder of pictures, or of folders of pictures; by `--teacher`',
           has_depth=False, function='find_images'),
    Format('video', 'pictures', 'a video, or a folder of videos; by `--teacher`',
           has_depth=False, function='find_video'),
    Format('tum', 'tum', 'a sequence (`rgb.txt`, `depth.txt`), or a folder of sequences',
           SAID.format('CC BY 4.0'), 'https://cvg.cit.tum.de/data/datasets/rgbd-dataset'),
    Format('kitti', 'kitti', 'depth completion: `train/` and `val/` of the annotated depth, with '
           '`DATE/` of the raw data in the same folder; or `val_selection_cropped/`',
           SAID.format('CC BY-NC-SA 3.0'),
           'https://www.cvlibs.net/datasets/kitti/eval_depth_all.php'),
    Format('nyu', 'nyu', '`nyu_depth_v2_labeled.mat`', UNKNOWN,
           'https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html'),
    Format('7scenes', 'seven_scenes', 'a scene with `seq-XX/`, unpacked, or a folder of scenes',
           UNKNOWN, 'https://www.microsoft.com/en-us/research/project/'
           'rgb-d-dataset-7-scenes/'),
    Format('sunrgbd', 'sun_rgbd', '`SUNRGBD/`, or a folder in it', UNKNOWN,
           'https://rgbd.cs.princeton.edu'),
    Format('hypersim', 'hypersim', '`ai_VVV_NNN/` with `metadata_camera_parameters.csv` of the '
           'toolkit beside them (and `metadata_images_split_scene_v1.csv` for its splits)',
           'CC BY-SA 3.0', 'https://github.com/apple/ml-hypersim'),
    Format('tartanair', 'tartanair', '`ENVIRONMENT/{Easy,Hard}/PXXX/` of the first TartanAir',
           SAID.format('CC BY 4.0'), 'https://theairlab.org/tartanair-dataset'),
    Format('nuscenes', 'nuscenes', '`v1.0-mini/` (or another version) and `samples/`',
           'non-commercial, by its terms of use', 'https://www.nuscenes.org'),
)}


def table() -> str:
    """Return the formats as a table in Markdown."""
    lines = ['| FORMAT | SOURCE | licence |', '| --- | --- | --- |']
    lines += [f'| `{each.name}` | {each.source} | '
              + (f'[{each.licence}]({each.url})' if each.url else each.licence) + ' |'
              for each in FORMATS.values()]
    return '\n'.join(lines)
