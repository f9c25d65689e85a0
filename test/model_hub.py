"""A server on this machine that answers as the Hugging Face Hub, and the command that asks it."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import os
import subprocess
import sys
import threading


class Hub(ThreadingHTTPServer):
    """
    Serves files as the Hugging Face Hub does.

    Attributes
    ----------
    data : bytes
        Of each file that is not one of `files`.
    files : dict of str to bytes
        By name.
    stops_after : int
        Of how many bytes of the file it sends no more, and leaves the connection open.
    asked, ranges : list
        The paths that were asked for, and of the file the bytes from which on.

    """

    def __init__(self):
        super().__init__(('127.0.0.1', 0), HubHandler)
        self.data, self.files = b'', {}
        self.stops_after = 1 << 30
        self.asked, self.ranges = [], []
        self.closed = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *arguments):
        self.closed.set()
        self.shutdown()
        self.server_close()


class HubHandler(BaseHTTPRequestHandler):
    """Answers HEAD and GET of /REPOSITORY/resolve/REVISION/FILE."""

    @property
    def data(self) -> bytes:
        """Return the file that is asked for."""
        return self.server.files.get(self.path.rpartition('/')[2], self.server.data)

    def do_HEAD(self, first: int = 0):
        size = len(self.data)
        self.server.asked.append(self.path)
        self.send_response(206 if first else 200)
        if first:
            self.send_header('Content-Range', f'bytes {first}-{size - 1}/{size}')
        self.send_header('Content-Length', str(size - first))
        self.send_header('ETag', f'"{hashlib.sha256(self.data).hexdigest()}"')
        self.send_header('X-Repo-Commit', '0' * 40)
        self.end_headers()

    def do_GET(self):
        if '/resolve/' not in self.path:  # the hub's library asks for other things, too
            self.send_error(404)
            return
        first = int(self.headers.get('Range', 'bytes=0-')[len('bytes='):-1])
        self.server.ranges.append(first)
        self.do_HEAD(first)
        self.wfile.write(self.data[first:self.server.stops_after])
        if self.server.stops_after < len(self.data):
            self.server.closed.wait(60.0)

    def log_message(self, *arguments):
        """Keep the tests' output free of each request."""


def started(*arguments: str, endpoint: str = 'http://127.0.0.1:1') -> subprocess.Popen:
    """Start the command; without an endpoint, on a machine that no connection leads out of."""
    return subprocess.Popen(
        [sys.executable, '-m', 'depth_estimation_ros.models_command', *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, 'HF_ENDPOINT': endpoint})


def models(*arguments: str, **options: str) -> subprocess.CompletedProcess:
    """Run the command to its end."""
    process = started(*arguments, **options)
    output, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
