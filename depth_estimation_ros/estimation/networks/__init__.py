"""
The networks, in PyTorch.

Each takes RGB in [0, 1], float32 (N, 3, H, W), and the cameras' fx, fy, cx and cy in pixels,
float32 (N, 4), at which only networks with rays look. `forward` gives an outputs.Prediction, from
which losses are computed; `estimate` gives outputs.Maps, which is what a robot is told.
"""

from depth_estimation_ros.estimation.networks.paper import ResNet34Upsample
from depth_estimation_ros.estimation.networks.skip import ArchitectureError, SkipNetwork
from torch import nn

PAPER = 'resnet34_upsample'
SKIP = '_skip'
# The names under which a network is shipped or published, where timm calls the encoder otherwise.
ENCODER_ALIASES = {f'efficientnet_{size}': f'tf_efficientnet_{size}'
                   for size in ('lite0', 'lite1', 'lite2')}


def create(architecture: str, max_depth: float = 20.0, headroom: float = 1.0,
           confidence: bool = False, log_head: bool = False, floor: bool = False,
           rays: bool = False, detail: bool = False) -> nn.Module:
    """
    Build a network without pretrained weights.

    Parameters
    ----------
    architecture : str
        'resnet34_upsample', the paper's; or NAME_skip with the name of a timm encoder, such as
        'densenet121_skip'. 'efficientnet_lite0_skip' is the one that ships.
    max_depth : float
        The bound of a skip network's output, in metres. The paper's network has none.
    headroom : float
        A skip network's, as in SkipNetwork.
    confidence : bool
        Whether a skip network has a second output, from which its confidence comes.
    log_head, floor, rays, detail : bool
        A skip network's, as in SkipNetwork.

    Raises
    ------
    ArchitectureError
        Where there is no such network.

    """
    if architecture == PAPER:
        if confidence or headroom != 1.0 or log_head or floor or rays or detail:
            raise ArchitectureError(
                "The paper's network has no confidence, no headroom, no log head, no floor, no "
                'rays and no detail: train a skip network for these.')
        return ResNet34Upsample()
    if not architecture.endswith(SKIP):
        raise ArchitectureError(
            f"There is no network {architecture!r}: it is 'resnet34_upsample', or a timm "
            f"encoder's name followed by '{SKIP}'.")
    encoder = architecture[:-len(SKIP)]
    return SkipNetwork(ENCODER_ALIASES.get(encoder, encoder), max_depth, headroom, confidence,
                       log_head, floor, rays, detail)
