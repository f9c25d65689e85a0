"""Progress in a log: whole lines, and few of them."""

from learning import progress


def test_a_log_gets_lines_and_no_bar(capfd, monkeypatch):
    monkeypatch.setattr(progress, 'PERIOD', 0.0)
    bar = progress.Progress(total=3, unit=' pairs')
    with bar:
        for index in range(3):
            bar.mininterval = 0.0  # as if a second went by with each
            bar.set_postfix(loss=index, refresh=False)
            bar.update()
            bar.write(f'epoch {index}')
    output = capfd.readouterr()
    lines = output.err.splitlines()
    assert '\r' not in output.err + output.out
    assert lines[-1].startswith('100% 3/3') and 'loss=2' in lines[-1]
    assert output.out.splitlines() == ['epoch 0', 'epoch 1', 'epoch 2']


def test_a_short_run_writes_nothing_into_a_log(capfd):
    assert list(progress.Progress(range(5), unit=' pairs')) == list(range(5))
    assert capfd.readouterr() == ('', '')
