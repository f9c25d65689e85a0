#!/usr/bin/env python3
"""
Fetch the photographs and meshes that make rendered worlds look real, from package registries.

`make render-env` runs this in the rendering environment. What cannot be fetched is left out with
a sentence: the worlds have procedural stand-ins for it.

- miniworld (PyPI, Apache-2.0): photographs of asphalt, brick, wood, tiles; textured meshes.
- pybullet (PyPI, zlib): pybullet_data's small objects, furniture and robots.
- @pmndrs/assets (npm, CC0): skies and rooms as panoramas.
"""

import argparse
import base64
from pathlib import Path
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from learning.progress import Progress
from worlds import photographs

MINIWORLD = 'miniworld==2.1.0'
PYBULLET = 'pybullet==3.2.7'
PANORAMAS = '@pmndrs/assets@1.7.0'
# Of a wheel for Linux only data is taken, so that any system's pip may fetch it.
PYBULLET_WHEEL = ('--python-version', '3.11', '--platform', 'manylinux2014_x86_64')


def fetch_wheel(package, scratch, *options):
    """Download a wheel without what it depends on; return it opened."""
    subprocess.run([sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
                    '--disable-pip-version-check', '--only-binary', ':all:', *options,
                    '--dest', str(scratch), package],
                   check=True, stderr=subprocess.PIPE, text=True)
    return zipfile.ZipFile(next(scratch.glob(f'{package.split("=")[0]}*.whl')))


def unpack(wheel, prefix, folder, suffixes):
    """Unpack those files of a wheel that lie under a prefix and have one of the suffixes."""
    for name in wheel.namelist():
        if name.startswith(prefix) and name.endswith(suffixes):
            path = folder / name[len(prefix):]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wheel.read(name))


def fetch_miniworld(folder, scratch):
    """Fetch photographs of surfaces, and textured meshes."""
    with fetch_wheel(MINIWORLD, scratch) as wheel:
        unpack(wheel, 'miniworld/textures/', folder / 'textures', '.png')
        unpack(wheel, 'miniworld/meshes/', folder / 'meshes/miniworld', ('.obj', '.mtl', '.png'))


def fetch_pybullet(folder, scratch):
    """Fetch the meshes of small objects, furniture and robots."""
    with fetch_wheel(PYBULLET, scratch, *PYBULLET_WHEEL) as wheel:
        unpack(wheel, 'pybullet_data/', folder / 'meshes/pybullet',
               ('.obj', '.mtl', '.png', '.jpg', '.stl'))


def fetch_panoramas(folder, scratch):
    """Fetch panoramas of places."""
    npm = shutil.which('npm')
    if npm is None:
        raise OSError('npm is not installed')
    subprocess.run([npm, 'pack', '--silent', PANORAMAS], cwd=scratch, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    (folder / 'hdri').mkdir()
    with tarfile.open(next(scratch.glob('*.tgz'))) as archive:
        for member in archive:
            # Each file is a JavaScript module that exports one data URL.
            if member.name.startswith('package/hdri/') and member.name.endswith('.exr.js'):
                module = archive.extractfile(member).read()
                encoded = module[module.index(b'base64,') + 7:].split(b"'")[0]
                name = Path(member.name).name[:-len('.js')]
                (folder / 'hdri' / name).write_bytes(base64.b64decode(encoded))


def main(argv=None):
    """Fetch what can be had; the folder is replaced when its successor is whole, and no less."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(argv)
    photographs.FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=photographs.FOLDER.parent) as place:
        folder, scratch = Path(place) / 'photographs', Path(place) / 'packages'
        folder.mkdir()
        scratch.mkdir()
        sources = {MINIWORLD: fetch_miniworld, PYBULLET: fetch_pybullet,
                   PANORAMAS: fetch_panoramas}
        fetched = []
        with Progress(sources.items(), desc='photographs', unit='package') as bar:
            for package, fetch in bar:
                bar.set_postfix_str(package)
                try:
                    fetch(folder, scratch)
                    fetched.append(package)
                except (OSError, StopIteration, subprocess.CalledProcessError) as error:
                    reason = (getattr(error, 'stderr', None) or str(error)).strip()
                    bar.write(f'{package} could not be fetched, so the worlds will show stand-ins '
                              f'for what is in it ({reason.splitlines()[-1]}).')
        (folder / photographs.CONTENTS).write_text('\n'.join(fetched) + '\n')
        if set(fetched) >= set(photographs.packages()):
            shutil.rmtree(photographs.FOLDER, ignore_errors=True)
            folder.rename(photographs.FOLDER)
        else:
            print('What was fetched before is more, and stays.')
    print(f'{len(photographs.packages())} of {len(sources)} packages of photographs in '
          f'{photographs.FOLDER}')


if __name__ == '__main__':
    main()
