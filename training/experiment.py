#!/usr/bin/env python3
"""
Run an experiment: a comparison of many runs, or of one model through many cameras.

    python training/experiment.py NAME [options of that experiment]
    python training/experiment.py NAME --help
"""

import argparse
import ast
import importlib
from pathlib import Path
import sys
from typing import Dict

FOLDER = Path(__file__).parent / 'experiments'


def experiments() -> Dict[str, str]:
    """Return the experiments' names, each with the first sentence that it says of itself."""
    found = {}
    for path in sorted(FOLDER.glob('*.py')):
        module = ast.parse(path.read_text())
        if any(isinstance(node, ast.FunctionDef) and node.name == 'main' for node in module.body):
            found[path.stem] = (ast.get_docstring(module) or '').split('\n\n')[0]
    return found


def main() -> int:
    known = experiments()
    lines = '\n'.join(f'  {name:<16}{text}' for name, text in known.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f'experiments:\n{lines}', add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', metavar='NAME', choices=known)
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        parser.print_help()
        return 0
    name = parser.parse_args(sys.argv[1:2]).name
    return importlib.import_module(f'experiments.{name}').main(sys.argv[2:])


if __name__ == '__main__':
    sys.exit(main())
