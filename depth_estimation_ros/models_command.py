"""
The models of others that run in the node: list them, fetch one, convert one.

    ros2 run depth_estimation_ros models
    ros2 run depth_estimation_ros models fetch depth-anything-v2-small
    ros2 run depth_estimation_ros depth_node --ros-args -p model:=depth-anything-v2-small
    ros2 run depth_estimation_ros models convert depth-anything/Depth-Anything-V2-Small-hf \
        --out small.onnx --size 518x686

`fetch` takes files from the Hugging Face Hub into the user's cache; `convert` makes an .onnx file
and its description of a depth model of the transformers package (a repository, or a folder).
"""

import argparse
from dataclasses import asdict
import json
from pathlib import Path
import sys
from typing import List, Optional, Tuple

from depth_estimation_ros.estimation.model_catalogue import cache_folder, published_models
from depth_estimation_ros.estimation.model_file import ModelFileError


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; returns the exit code."""
    options = parse(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print('\nInterrupted: no model was written. Run the same command again.', file=sys.stderr)
        return 130


def parse(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='models', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--json', action='store_true', help='print the list as JSON')
    parser.set_defaults(run=show)
    commands = parser.add_subparsers(metavar='COMMAND')
    fetching = commands.add_parser('fetch', help='get a model of the list')
    fetching.add_argument('name', choices=published_models(), metavar='NAME')
    fetching.set_defaults(run=fetch)
    converting = commands.add_parser('convert', help='make an .onnx file of a PyTorch model')
    converting.add_argument('source', metavar='SOURCE',
                            help='a repository of the Hugging Face Hub, or a folder')
    converting.add_argument('--out', type=Path, required=True, metavar='FILE.onnx')
    converting.add_argument('--revision', help='of the repository: a commit, a branch or a tag')
    converting.add_argument('--size', type=_size, metavar='HEIGHTxWIDTH',
                            help="of the input in pixels: your camera's proportions, in "
                                 'multiples of what the model asks for (mostly 14 or 32)')
    converting.set_defaults(run=convert)
    options = parser.parse_args(arguments)
    if options.run is convert and options.out.suffix != '.onnx':
        parser.error(f'--out ends in .onnx, not as {options.out} does')
    return options


def _size(text: str) -> Tuple[int, int]:
    height, width = text.split('x')
    return int(height), int(width)


def show(options: argparse.Namespace) -> int:
    """Print the list."""
    models = published_models()
    if options.json:
        print(json.dumps([
            {**asdict(model), 'path': str(model.path), 'is_here': model.is_here}
            for model in models.values()], indent=1))
        return 0
    for name, model in models.items():
        print(f'{name}{"  (here)" if model.is_here else ""}\n    {model.about}\n'
              f'    {model.megabytes} MB, licence: {model.licence}\n'
              f'    reported: {model.reported}\n    {model.sources[0]}')
    print(f'\nThey lie in {cache_folder()}. None of them has been run with its real weights in '
          "this package's tests.")
    return 0


def fetch(options: argparse.Namespace) -> int:
    """Get a model."""
    from depth_estimation_ros.published_models.fetch import fetch, FetchError
    try:
        path = fetch(published_models()[options.name])
    except (FetchError, ModelFileError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{path}\nRun it with model:={options.name}')
    return 0


def convert(options: argparse.Namespace) -> int:
    """Make an .onnx file of a PyTorch model."""
    from depth_estimation_ros.published_models.convert import ConversionError, convert
    try:
        convert(options.source, options.out, options.size, options.revision)
    except ImportError as error:
        print(f"This needs the extra 'convert' of this package ({error}).", file=sys.stderr)
        return 1
    except (ConversionError, ModelFileError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{options.out} and {options.out.with_suffix(".yaml")}\n'
          f'Run it with model:={options.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
