"""
Train a network on RGB and depth pairs.

A setting is the command line's, else the --config file's, else the default that --help shows. The
defaults are the paper's, and so is config/train.yaml, which is read unless --config names another
file. A run has a folder: its config, metrics.csv, TensorBoard events, figures, best.safetensors
(for evaluate.py and export.py), and last.pt, from which --resume goes on.
"""

import csv
import os
import sys
import time
from typing import Dict

import cv2
from depth_estimation_ros.estimation import model_file, networks, weights_file
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.networks.encoder_weights import EncoderWeightsError
from learning import calibration, losses
from learning.dataset import DatasetError, DepthDataset
from learning.settings import read_settings, Settings, SettingsError
from learning.training_run import Run
from scoring import figures
from scoring.metrics import Evaluation
import torch
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm
import yaml


def batches(dataset: DepthDataset, run: Run, shuffle: bool) -> DataLoader:
    """Read a dataset in batches; the order depends on the seed and the epoch only."""
    order = torch.Generator().manual_seed(run.settings.seed * 1_000_003 + run.epoch)
    return DataLoader(dataset, run.settings.batch_size, shuffle=shuffle, drop_last=shuffle,
                      num_workers=run.settings.workers, generator=order,
                      pin_memory=run.device == 'cuda')


def train_epoch(run: Run, writer: SummaryWriter, bar: tqdm) -> float:
    """Go once through the training split; return the mean loss."""
    settings = run.settings
    run.train.epoch = run.epoch
    run.set_training()
    total = 0.0
    for rgb, depth, clip in batches(run.train, run, shuffle=True):
        truth, clip = depth[:, None].to(run.device), clip.to(run.device)
        prediction, log_scale = run.distribution(run.module, rgb)
        loose = losses.is_loose(truth, clip, settings.max_depth)
        if settings.clip:
            truth = losses.beyond(truth, prediction, clip)
        else:
            truth = losses.at_the_sky(truth, clip, settings.max_depth)
        loss = losses.total(prediction, log_scale, truth, settings.weights, loose)
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f'the loss is {loss.item()} at step {run.step}: lower --lr, or pass '
                f'--precision fp32; the run up to epoch {run.epoch} is kept')
        run.optimizer.zero_grad(set_to_none=True)
        run.scaler.scale(loss).backward()
        run.scaler.step(run.optimizer)
        run.scaler.update()
        rate = run.optimizer.param_groups[0]['lr']
        run.schedule.step()
        run.step += 1
        if run.average is not None:
            run.follow()

        total += loss.item()
        writer.add_scalar('train/loss', loss.item(), run.step)
        writer.add_scalar('train/lr', rate, run.step)
        bar.set_postfix(epoch=run.epoch + 1, loss=f'{loss.item():.3f}', lr=f'{rate:.2e}',
                        refresh=False)
        bar.update(len(rgb))
        if run.step % settings.visualize_every == 0:
            visualize(run, writer)
            run.set_training()
    return total / run.steps


@torch.inference_mode()
def visualize(run: Run, writer: SummaryWriter, count: int = 4) -> None:
    """Draw the same few pictures each time, so that the figures show the network learn."""
    dataset = run.evaluated.get('val', run.evaluated['train'])
    run.model.eval()
    examples = []
    for index in range(0, len(dataset), max(1, len(dataset) // count))[:count]:
        rgb, truth, _ = dataset[index]
        prediction = run.predict(torch.from_numpy(rgb)[None])[0, 0].cpu().numpy()
        examples.append(figures.Example(rgb, truth, prediction, dataset.pairs[index].name))
    figure = figures.draw(examples, run.settings.max_depth)
    figures.save(figure, run.settings.run_dir / 'figures' / f'step_{run.step:06d}.png')
    writer.add_figure('examples', figure, run.step)


@torch.inference_mode()
def evaluate(run: Run, bar: tqdm) -> Dict:
    """Score the network on train and val; return {split: summary}."""
    run.model.eval()
    summaries = {}
    for split, dataset in run.evaluated.items():
        evaluation = Evaluation(max_depth=run.settings.max_depth)
        for rgb, depth, clip in batches(dataset, run, shuffle=False):
            depth = losses.at_the_sky(depth[:, None], clip, run.settings.max_depth)[:, 0]
            evaluation.extend(run.predict(rgb)[:, 0].cpu().numpy(), depth.numpy())
            bar.set_postfix_str(f'evaluating {split}: {len(evaluation.images)}/{len(dataset)}')
        summaries[split] = evaluation.summary()
    return summaries


@torch.inference_mode()
def calibrate(run: Run, every: int = 7) -> None:
    """Fit the confidence to the errors on val, at every so many rows and columns."""
    run.model.eval()
    log_scales, depths, close = [], [], []
    max_depth = run.settings.max_depth
    dataset = run.evaluated.get('val', run.evaluated['train'])
    for rgb, depth, clip in batches(dataset, run, shuffle=False):
        prediction, log_scale = run.distribution(run.model, rgb)
        prediction = prediction.clamp(max=max_depth)
        truth = losses.at_the_sky(depth[:, None], clip, max_depth).to(run.device)
        off = (prediction - truth).abs()
        chosen = torch.zeros_like(truth, dtype=torch.bool)
        chosen[..., ::every, ::every] = True
        chosen &= ~torch.isnan(truth)
        log_scales.append(log_scale[chosen].cpu())
        depths.append(prediction[chosen].cpu() / max_depth)
        close.append((off <= 0.1 * truth)[chosen].cpu())
    run.model.calibration.copy_(calibration.fit(*map(torch.cat, (log_scales, depths, close))))


def record(run: Run, loss: float, seconds: float, summaries: Dict,
           writer: SummaryWriter) -> Dict:
    """Add an evaluation to metrics.csv and to TensorBoard; return the row."""
    row = {'epoch': run.epoch, 'step': run.step, 'seconds': round(seconds, 1),
           'lr': run.optimizer.param_groups[0]['lr'], 'loss': round(loss, 4)}
    for split, summary in summaries.items():
        for name, value in summary['paper'].items():
            row[f'{split}_{name}'] = round(value, 4)
            writer.add_scalar(f'{split}/{name}', value, run.step)
    run.history.append(row)
    path = run.settings.run_dir / 'metrics.csv'
    partial = path.with_name(path.name + '.partial')
    with open(partial, 'w', newline='') as file:
        table = csv.DictWriter(file, row)
        table.writeheader()
        table.writerows(run.history)
    os.replace(partial, path)
    return row


def train(run: Run, writer: SummaryWriter) -> None:
    """Train to the last epoch, keeping the best model by SSIM - RMSE (the paper's choice)."""
    settings, folder = run.settings, run.settings.run_dir
    total = settings.max_epochs * run.steps * settings.batch_size
    with tqdm(total=total, initial=run.step * settings.batch_size, unit=' images', smoothing=0.05,
              dynamic_ncols=True) as bar:
        while run.epoch < settings.max_epochs:
            start = time.monotonic()
            loss = train_epoch(run, writer, bar)
            seconds = time.monotonic() - start
            run.epoch += 1
            if run.epoch % settings.evaluate_every == 0 or run.epoch == settings.max_epochs:
                summaries = evaluate(run, bar)
                row = record(run, loss, seconds, summaries, writer)
                paper = summaries.get('val', summaries['train'])['paper']
                score = paper['ssim'] - paper['rmse']
                better = score >= run.best_score  # equal where only confidence is learnt
                if better:
                    run.best_score = score
                    if settings.confidence:
                        calibrate(run)
                    weights_file.save_weights(folder / 'best.safetensors', run.model.state_dict(),
                                              run.metadata(summaries))
                bar.write('  '.join(f'{key} {value}' for key, value in row.items())
                          + ('  best' if better else ''))
            run.save(folder / 'last.pt')
        if run.step % settings.visualize_every:
            visualize(run, writer)


def open_run(settings: Settings) -> Run:
    """Make the run, or take it up where its last.pt ends."""
    last = settings.run_dir / 'last.pt'
    run = Run(settings)
    if last.exists():
        run.load(last)
    elif settings.init_from:
        run.begin_with(settings.init_from)
    elif settings.pretrained:
        run.begin_with_imagenet()
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    (settings.run_dir / 'config.yaml').write_text(
        yaml.safe_dump(settings.as_plain(), sort_keys=False))
    return run


def main() -> int:
    # The processes that read data are forked, and OpenCV's threads don't survive that.
    cv2.setNumThreads(0)
    try:
        settings = read_settings(__doc__)
        run = open_run(settings)
    except (SettingsError, DatasetError, IntrinsicsError, model_file.ModelFileError,
            networks.ArchitectureError, EncoderWeightsError) as error:
        print(f'train: {error}', file=sys.stderr)
        return 1
    print(f'{settings.network} on {run.device} in {run.precision}, {len(run.train)} pairs, '
          f'{run.steps} steps an epoch; run folder {settings.run_dir}')
    try:
        with SummaryWriter(str(settings.run_dir), purge_step=run.step) as writer:
            train(run, writer)
    except KeyboardInterrupt:
        print(f'\nInterrupted; --resume {settings.run_dir} goes on from epoch {run.epoch}',
              file=sys.stderr)
        return 130
    except FloatingPointError as error:
        print(f'\ntrain: {error}', file=sys.stderr)
        return 1
    print(f'The best model is {settings.run_dir / "best.safetensors"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
