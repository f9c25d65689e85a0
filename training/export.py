"""
Turn trained weights into the files that a robot runs.

Writes FILE.onnx (OpenVINO, CPU) and, beside it, FILE.safetensors (PyTorch, CUDA), both with
half precision weights, after comparing the ONNX file's depth with PyTorch's.
"""

import argparse
from pathlib import Path
import sys

from depth_estimation_ros.estimation.model_file import ModelFileError
from exporting.onnx_file import export, ExportError, read_scores


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, required=True,
                        help="trained weights (.safetensors, or an author's .pth)")
    parser.add_argument('--out', type=Path, required=True, help='the .onnx file to write')
    parser.add_argument('--test-scores', type=Path, metavar='FILE',
                        help='what evaluate.py --split test --json FILE wrote, for the metadata')
    options = parser.parse_args()
    try:
        scores = read_scores(options.test_scores) if options.test_scores else None
        difference = export(options.model, options.out, scores)
    except (ModelFileError, ExportError) as error:
        print(f'export: {error}', file=sys.stderr)
        return 1
    for path in (options.out, options.out.with_suffix('.safetensors')):
        print(f'{path}  {path.stat().st_size / 1e6:.1f} MB')
    print(f'largest difference from PyTorch: {difference * 1000:.3f} mm')
    return 0


if __name__ == '__main__':
    sys.exit(main())
