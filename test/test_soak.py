"""The quick half of `make soak`: each fault once."""

from soak import FAULTS, Soak


def test_each_fault_is_survived_and_each_frame_accounted_for(probe, tmp_path):
    soak = Soak(probe, tmp_path)
    soak.run(seconds=0.0, calm=0.0)
    assert soak.survived == dict.fromkeys((fault.__name__ for fault in FAULTS), 1)
    assert soak.counts['out']
    assert f'| of these came in while the node was active | {soak.counts["in"]} |' in soak.table()
