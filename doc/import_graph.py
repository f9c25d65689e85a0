"""Which module of this project imports which, read from the sources without running them."""

import ast
from pathlib import Path
import re
from typing import Dict, Iterator, List, NamedTuple, Set

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = 'depth_estimation_ros'
TRAINING = 'training'


class Module(NamedTuple):
    """
    A module and what it imports.

    Attributes
    ----------
    path : Path
        Relative to the repository.
    imports : set of str
        Modules of the project, by the names that this mapping's keys have, and the first part of
        the names of all others.

    """

    path: Path
    imports: Set[str]

    @property
    def folder(self) -> str:
        """Return the folder that it stands in, relative to the repository."""
        return self.path.parent.as_posix()


def read(root: Path = ROOT) -> Dict[str, Module]:
    """
    Return all modules of the package and of training/, by the names that imports call them.

    Those in training/ are called as a command there calls them: `learning.dataset`.
    """
    paths = {}
    for top, prefix in ((PACKAGE, [PACKAGE]), (TRAINING, [])):
        for path in sorted((root / top).rglob('*.py')):
            parts = prefix + list(path.relative_to(root / top).with_suffix('').parts)
            if parts[-1] == '__init__':
                parts.pop()
            paths['.'.join(parts)] = path.relative_to(root)
    return {name: Module(path, set(_imported(name, root / path, set(paths))))
            for name, path in paths.items()}


def _imported(name: str, path: Path, known: Set[str]) -> Iterator[str]:
    """Yield what a module imports, at its top and within its functions."""
    package = name.split('.') if path.name == '__init__.py' else name.split('.')[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[:len(package) - node.level + 1] if node.level else []
            source = '.'.join(above + ([node.module] if node.module else []))
            # A name that is imported from a package may be one of its modules.
            names = [f'{source}.{alias.name}' if f'{source}.{alias.name}' in known else source
                     for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith('import_module'):
            # importlib.import_module(f'worlds.{kind}') imports from the package worlds.
            names = [re.split('[.{]', ast.unparse(node.args[0]).lstrip('f').strip('\'"'))[0]]
        else:
            continue
        yield from (found if found in known else found.split('.')[0] for found in names)


def between_folders(modules: Dict[str, Module]) -> Dict[str, Set[str]]:
    """Return, for each folder, the other folders that its modules import from."""
    found: Dict[str, Set[str]] = {module.folder: set() for module in modules.values()}
    for module in modules.values():
        found[module.folder] |= {modules[name].folder for name in module.imports
                                 if name in modules} - {module.folder}
    return found


def circle(arrows: Dict[str, Set[str]]) -> List[str]:
    """Return what lies on a circle, in its order and ending where it begins; [] without one."""
    done: Set[str] = set()

    def follow(name: str, path: List[str]) -> List[str]:
        if name in path:
            return path[path.index(name):] + [name]
        if name not in done:
            for following in sorted(arrows.get(name, ())):
                found = follow(following, path + [name])
                if found:
                    return found
            done.add(name)
        return []

    for start in sorted(arrows):
        found = follow(start, [])
        if found:
            return found
    return []
