"""
Turn trained weights into the files that a robot runs.

Writes FILE.onnx (OpenVINO, CPU) and, beside it, FILE.safetensors (PyTorch, CUDA), both with
half precision weights, after comparing the ONNX file's depth with PyTorch's.

With --int8, FILE.onnx alone, of which convolutions are in 8 bit integers: calibrated on the split
'train' of the datasets, and written only where RMSE, delta1 and the thin obstacles that are found
on their split 'val' get worse by less than 1 %.

With --input-size, for another size than the network was trained at: a larger one sees finer
things and takes longer. How much of both, experiment.py thin_obstacles shows.
"""

import argparse
from pathlib import Path
import sys
from typing import List, Tuple

from depth_estimation_ros.estimation.model_file import ModelFileError
from exporting.onnx_file import export, ExportError, read_scores
from learning.dataset_error import DatasetError
from learning.input_size import parse_size


def int8(model: Path, out: Path, folders: List[Path], pictures: int) -> int:
    """Quantise a model, and return the exit status: 1 where accuracy doesn't hold."""
    # NNCF takes seconds to import.
    from exporting.quantization import export_int8
    result = export_int8(model, out, folders, pictures)
    print(result.table)
    if result.kept:
        print(f'in float32: {", ".join(result.kept)}')
    if not result.accepted:
        print(f'export: {out} was not written: in int8, {model} loses more than 1 %.',
              file=sys.stderr)
        return 1
    print(f'{out}  {out.stat().st_size / 1e6:.1f} MB')
    return 0


def size(text: str) -> Tuple[int, int]:
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, required=True,
                        help="trained weights (.safetensors, or an author's .pth)")
    parser.add_argument('--out', type=Path, required=True, help='the .onnx file to write')
    parser.add_argument('--input-size', type=size, metavar='HxW',
                        help="height and width of the network's input, such as 224x352 (that of "
                             'training); in float32 only')
    parser.add_argument('--test-scores', type=Path, metavar='FILE',
                        help='what evaluate.py --split test --json FILE wrote, for the metadata')
    parser.add_argument('--int8', action='store_true',
                        help='quantise; needs --data-dir, and the packages nncf and onnxruntime')
    parser.add_argument('--data-dir', type=Path, action='append', metavar='DIR',
                        help='with --int8: a dataset, or a folder of datasets; give it several '
                             'times for several')
    parser.add_argument('--pictures', type=int, default=300, metavar='N',
                        help='with --int8: for calibration, at most (%(default)s)')
    options = parser.parse_args()
    if options.int8 != bool(options.data_dir):
        parser.error('--int8 and --data-dir go together: the datasets calibrate and decide')
    if options.int8 and options.input_size:
        parser.error('--input-size goes without --int8')
    try:
        if options.int8:
            return int8(options.model, options.out, options.data_dir, options.pictures)
        scores = read_scores(options.test_scores) if options.test_scores else None
        difference = export(options.model, options.out, scores, options.input_size)
    except (DatasetError, ModelFileError, ExportError) as error:
        print(f'export: {error}', file=sys.stderr)
        return 1
    for path in (options.out, options.out.with_suffix('.safetensors')):
        print(f'{path}  {path.stat().st_size / 1e6:.1f} MB')
    print(f'largest difference from PyTorch: {difference * 1000:.3f} mm')
    return 0


if __name__ == '__main__':
    sys.exit(main())
