"""The paper's preprocessing is its author's, and next to what a robot does with its images."""

from pathlib import Path

from depth_estimation_ros.estimation.estimator import resize
from learning.dataset import DepthDataset
from learning.preprocessing import paper_resize, resize_of
from learning.settings import Settings
from learning.training_data import open_data
import numpy as np
import pytest
import torch
from torchvision import transforms

SAMPLE = Path(__file__).parents[1] / 'data' / 'sample'


@pytest.fixture(scope='module')
def pairs():
    """Return pictures and depth maps at their own size."""
    dataset = DepthDataset(SAMPLE, 'val')
    return [(pair.read_rgb(), pair.read_depth(20.0)) for pair in dataset.pairs]


def test_it_is_that_of_the_authors_code(pairs):
    transform = transforms.Compose([transforms.Resize((224, 224)), transforms.CenterCrop(224)])
    for rgb, depth in pairs[:4]:
        expected = transform(torch.from_numpy(rgb).permute(2, 0, 1) / 255)
        ours = torch.from_numpy(paper_resize(rgb, 224, 224)).permute(2, 0, 1) / 255
        # One of 255 levels, as levels are rounded after each of the two axes.
        torch.testing.assert_close(ours, expected, atol=1.01 / 255, rtol=0)
        torch.testing.assert_close(torch.from_numpy(paper_resize(depth, 224, 224)),
                                   transform(torch.from_numpy(depth)[None])[0])


def test_a_robot_sees_nearly_the_same(pairs):
    """The robot's resize needs no PyTorch, and takes steps of whole pixels from 256 to 224."""
    for rgb, depth in pairs:
        levels = np.abs(paper_resize(rgb, 224, 224).astype(float) - resize(rgb, 224, 224))
        assert levels.mean() < 1.5
        metres = np.abs(paper_resize(depth, 224, 224) - resize(depth, 224, 224))
        assert np.median(metres) < 0.01


def test_other_networks_are_trained_with_the_robots_own():
    assert resize_of('efficientnet_lite0_skip') is resize


def test_a_run_of_the_papers_network_sees_the_papers_preprocessing(pairs):
    data = open_data(Settings(data_dir=[str(SAMPLE)]))
    assert data.train.resize is data.evaluated['val'].resize is paper_resize
    (rgb, depth), (seen, truth, *_) = pairs[0], data.evaluated['val'][0]
    np.testing.assert_array_equal(seen, paper_resize(rgb, 224, 224))
    np.testing.assert_array_equal(truth, paper_resize(depth, 224, 224))
