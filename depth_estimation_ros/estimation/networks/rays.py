"""What a network is told of the camera: in which direction each pixel looks."""

import torch

# By this share of the input's width depth would be multiplied by 1: a lens of 90 degrees.
REFERENCE_FOCAL = 0.5


def directions(camera: torch.Tensor, map_size: torch.Size, input_size: torch.Size
               ) -> torch.Tensor:
    """
    Return the directions in which the pixels of a map look.

    Parameters
    ----------
    camera : float32 (N, 4), pixels at the network's input
        fx, fy, cx and cy of each image; the centre of the first pixel is (0, 0).
    map_size : (int, int)
        Height h and width w of the map, which covers the whole input.
    input_size : (int, int)
        Height and width of the network's input.

    Returns
    -------
    float32 (N, 3, h, w)
        Unit vectors in the camera's optical frame: to the right, down, ahead.

    """
    fx, fy, cx, cy = camera.float().view(-1, 4, 1, 1).unbind(dim=1)
    (h, w), (height, width) = map_size, input_size
    columns = torch.arange(w, device=camera.device, dtype=torch.float32)
    rows = torch.arange(h, device=camera.device, dtype=torch.float32)
    x = ((columns + 0.5) * (width / w) - 0.5 - cx) / fx
    y = ((rows[:, None] + 0.5) * (height / h) - 0.5 - cy) / fy
    x, y = x.expand(-1, h, -1), y.expand(-1, -1, w)
    vectors = torch.stack((x, y, torch.ones_like(x)), dim=1)
    vectors = vectors / vectors.square().sum(dim=1, keepdim=True).sqrt()
    # The layout of the maps that they join, or all of these would be copied into the other.
    return vectors.contiguous(memory_format=torch.channels_last)


def focal_ratio(camera: torch.Tensor, input_size: torch.Size) -> torch.Tensor:
    """
    Return by what depth is multiplied for a camera: float32 (N, 1, 1, 1).

    For the same picture, depth is proportional to the focal length (Metric3D, Yin et al. 2023,
    section 3.1). Where a picture is stretched and has two of them, it is their geometric mean;
    what else that means for depth, the network learns from the rays.

    Parameters
    ----------
    camera, input_size
        As of `directions`.

    """
    focal = torch.sqrt(camera[:, 0] * camera[:, 1]).float()
    return (focal / (REFERENCE_FOCAL * input_size[1])).view(-1, 1, 1, 1)
