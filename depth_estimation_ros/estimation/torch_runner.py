"""A network in PyTorch, run image by image: on CUDA in half precision, on the CPU in float32."""

from typing import Any, Dict, Optional, Tuple

import numpy as np
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

CAMERA_BYTES = 16  # fx, fy, cx and cy, float32


class TorchRunner:
    """
    A network in PyTorch, run image by image.

    On CUDA, convolutions compute in half precision and channels last, an image and its camera
    go there in one asynchronous copy from pinned memory, and all maps come back in one.

    Parameters
    ----------
    module : nn.Module
        One of the networks.
    device : str
        'cuda' or 'cpu'.
    input_size : (int, int)
        Height and width of the network's input.
    threads : int
        How many run it on the CPU; 0 for PyTorch's own choice. They are the process's: PyTorch
        has one number for all networks.
    cuda_graph : bool
        Whether the network is captured as a CUDA graph, which then starts as a whole: for
        devices on which starting hundreds of small kernels takes longer than they do.

    Attributes
    ----------
    precision : str

    """

    def __init__(self, module: nn.Module, device: str, input_size: Tuple[int, int],
                 threads: int = 0, cuda_graph: bool = False):
        self._on_cuda = device == 'cuda'
        self.precision = 'f16' if self._on_cuda else 'f32'
        if threads and not self._on_cuda:
            torch.set_num_threads(threads)
        module = module.eval().to(device).to(memory_format=torch.channels_last)
        if self._on_cuda:
            # Weights that stay in float32 would be converted anew for every image.
            for part in module.modules():
                if isinstance(part, _ConvNd):
                    part.half()
            # Kernels are chosen by trying them, with the first image, before the robot's.
            torch.backends.cudnn.benchmark = True
        self._module: Any = module
        height, width = input_size
        # The camera first, where its floats are aligned.
        size = CAMERA_BYTES + 3 * height * width
        self._input = torch.zeros(size, dtype=torch.uint8, pin_memory=self._on_cuda)
        self._on_device = torch.zeros_like(self._input, device=device)
        self._shape = (1, height, width, 3)
        maps = self._maps()
        self._maps_on_device = _joined(maps)
        self._output = torch.zeros(self._maps_on_device.shape, pin_memory=self._on_cuda)
        parts = self._output.split([each.numel() for each in maps.values()])
        self._maps_of_output = {name: part.view(each.shape).numpy()
                                for (name, each), part in zip(maps.items(), parts)}
        self._graph = self._capture() if cuda_graph and self._on_cuda else None

    def run(self, image: np.ndarray, camera: Optional[np.ndarray] = None
            ) -> Dict[str, np.ndarray]:
        """
        Run the network once.

        Parameters
        ----------
        image : uint8 (H, W, 3) RGB
        camera : float32 (1, 4), optional
            fx, fy, cx and cy in pixels, where the network has rays.

        Returns
        -------
        dict
            The outputs.Maps that there are, each of two dimensions; valid until the next call.

        """
        memory = self._input.numpy()
        if camera is not None:
            memory[:CAMERA_BYTES] = camera.view(np.uint8).ravel()
        memory[CAMERA_BYTES:] = image.ravel()
        self._on_device.copy_(self._input, non_blocking=True)
        if self._graph:
            self._graph.replay()
        else:
            self._compute()
        self._output.copy_(self._maps_on_device, non_blocking=True)
        if self._on_cuda:
            torch.cuda.current_stream().synchronize()
        return self._maps_of_output

    def _maps(self) -> Dict[str, torch.Tensor]:
        """Compute the maps of what is on the device, float32 and of two dimensions each."""
        camera = self._on_device[:CAMERA_BYTES].view(torch.float32).view(1, 4)
        image = self._on_device[CAMERA_BYTES:].view(self._shape).permute(0, 3, 1, 2)
        with torch.inference_mode(), torch.autocast('cuda', torch.float16,
                                                    enabled=self._on_cuda, cache_enabled=False):
            maps = self._module.estimate(image.float() / 255.0, camera)
        return {name: each[0, 0].float() for name, each in maps._asdict().items()
                if each is not None}

    def _compute(self) -> None:
        with torch.inference_mode():
            self._maps_on_device.copy_(_joined(self._maps()))

    def _capture(self) -> 'torch.cuda.CUDAGraph':
        # A capture must not meet what is done only the first times.
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self._compute()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._compute()
        return graph


def _joined(maps: Dict[str, torch.Tensor]) -> torch.Tensor:
    """Return all maps' pixels, one map after the other."""
    return torch.cat([each.flatten() for each in maps.values()])
