"""Getting a published model into the user's cache, checked, whole or not at all."""

import fcntl
import hashlib
import importlib
import os
from pathlib import Path
import shutil

from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.model_catalogue import PublishedModel
from depth_estimation_ros.published_models.convert import ConversionError, convert
import yaml

SHA256_LENGTH = 64  # in hexadecimal digits
# What transformers' save_pretrained writes of a depth model.
WEIGHTS = ('config.json', 'preprocessor_config.json', 'model.safetensors')


class FetchError(RuntimeError):
    """A model that can't be had; the message says what to do."""


def fetch(model: PublishedModel) -> Path:
    """
    Get a model, unless it is there.

    A file that was put in its place by hand is checked, and its description written.

    Parameters
    ----------
    model : PublishedModel

    Returns
    -------
    Path
        Of the .onnx file.

    Raises
    ------
    FetchError
        With a sentence that says what is wrong and what would be right.

    """
    if model.is_here:
        return model.path
    try:
        model.path.parent.mkdir(parents=True, exist_ok=True)
        if not model.path.is_file():
            _get(model)
        _check(model)
    except OSError as error:
        raise FetchError(f'{model.path} cannot be written ({error.strerror or error}).') from error
    return model.path


def _get(model: PublishedModel) -> None:
    """Download a model, or download and convert its weights."""
    if model.make:
        raise FetchError(f'{model.name} is not published as a file. Make it with: {model.make}\n'
                         f'Put it here: {model.path}\n'
                         'Then run this command again.')
    folder = model.path.parent / '.downloads' / model.name
    try:
        if model.convert:
            # Before all is downloaded in vain.
            importlib.import_module('transformers')
            for file in WEIGHTS:
                _download(model, file, folder / file)
            convert(str(folder), model.path)
        else:
            _download(model, model.file, model.path)
    except ImportError as error:
        extra = 'convert' if model.convert else 'fetch'
        raise FetchError(f'This needs packages that are not installed ({error}): install the '
                         f"extra '{extra}' of this package. {_by_hand(model)}") from error
    except ConversionError as error:
        raise FetchError(f'{error} {_by_hand(model)}') from error
    shutil.rmtree(folder, ignore_errors=True)


def _download(model: PublishedModel, file: str, target: Path) -> None:
    """
    Download a file, unless it is there, beginning where an earlier download of it ended.

    The hub's own hf_hub_download begins again where the process was killed. Its ETag names the
    part, so that another file is not appended to it; for large files it is the sha256.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers
    if target.is_file():
        return
    folder = model.path.parent / '.downloads' / model.name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = get_hf_file_metadata(
            hf_hub_url(model.repository, file, revision=model.revision or None))
        etag = found.etag or ''
        url = hf_hub_url(model.repository, file, revision=found.commit_hash)
        with (folder / f'{hashlib.sha256(etag.encode()).hexdigest()}.part').open('ab') as part:
            try:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FetchError(f'{model.name} is being downloaded by another process.'
                                 ) from error
            http_get(url, part, resume_size=part.tell(), expected_size=found.size,
                     headers={**build_hf_headers(), 'Accept-Encoding': 'identity'},
                     displayed_filename=file)
            part.flush()
            if len(etag) == SHA256_LENGTH:
                _refuse_another(model, Path(part.name), etag)
            os.replace(part.name, target)
    except FetchError:
        raise
    except Exception as error:  # the hub's own, its HTTP client's, and the system's
        first = (str(error).splitlines() or [repr(error)])[0]
        raise FetchError(f'{model.name} cannot be downloaded ({first}). {_by_hand(model)}'
                         ) from error


def _by_hand(model: PublishedModel) -> str:
    """Say what to put where, for a machine without a connection."""
    if model.convert:
        return (f'Without a connection: run this command on a machine that has one, and copy '
                f'{model.path.with_suffix("")}.* here.')
    revision = f', revision {model.revision}' if model.revision else ''
    return (f'Without a connection: put {model.file} of https://huggingface.co/'
            f'{model.repository}{revision} here, and run this command again: {model.path}')


def _check(model: PublishedModel) -> None:
    """Hold a file against what is known of it; write down its sha256 and its description."""
    found = _refuse_another(model, model.path, model.sha256)
    with replacing(model.path.with_suffix('.sha256')) as partial:
        partial.write_text(f'{found}  {model.path.name}\n')
    if model.description is not None:
        with replacing(model.path.with_suffix('.yaml')) as partial:
            partial.write_text(yaml.safe_dump(model.description, sort_keys=False))


def _refuse_another(model: PublishedModel, path: Path, known: str) -> str:
    """Return the sha256 of a file; delete it where another one is known."""
    sha256 = hashlib.sha256()
    with path.open('rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            sha256.update(block)
    found = sha256.hexdigest()
    if known and found != known:
        path.unlink()
        raise FetchError(f'{model.name}: the file is not the one that is known (its sha256 is '
                         f'{found}, not {known}), and has been deleted.')
    return found
