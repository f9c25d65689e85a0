"""Training: epochs of steps, and after some of them an evaluation that chooses the best model."""

import csv
import math
import time
from typing import Callable, Dict, Optional

from depth_estimation_ros.estimation import weights_file
from depth_estimation_ros.estimation.atomic_file import replacing
from learning import calibration, losses, processes
from learning.dataset import Sample
from learning.progress import Progress
from learning.training_run import Run
import torch
from torch.utils.tensorboard import SummaryWriter

# {split: what Evaluation.summary() returns} of the run's model as it is now.
Evaluate = Callable[[Run], Dict]
# Draws what the run's model makes of a few pictures.
Visualize = Callable[[Run, SummaryWriter], None]


class DivergedError(RuntimeError):
    """A loss that isn't finite; the message says at which step, and what helps."""


def train(run: Run, writer: Optional[SummaryWriter], evaluate: Evaluate, visualize: Visualize
          ) -> None:
    """
    Train to the last epoch, keeping the best model by SSIM - RMSE (the paper's choice).

    Of several processes only the first evaluates and writes; to the others, `writer` is None.

    Raises
    ------
    DivergedError
        Where the loss is no longer finite.

    """
    settings, folder = run.settings, run.settings.run_dir
    total = settings.max_epochs * run.steps * settings.batch_size
    with Progress(total=total, initial=run.step * settings.batch_size, unit=' images',
                  smoothing=0.05, disable=writer is None) as bar:
        while run.epoch < settings.max_epochs:
            start = time.monotonic()
            loss = train_epoch(run, writer, bar, visualize)
            seconds = time.monotonic() - start
            run.epoch += 1
            if writer is None:
                continue
            if run.epoch % settings.evaluate_every == 0 or run.epoch == settings.max_epochs:
                summaries = evaluate(run)
                row = record(run, loss, seconds, summaries, writer)
                best = keep_best(run, summaries)
                bar.write('  '.join(f'{key} {value}' for key, value in row.items())
                          + ('  best' if best else ''))
            run.save(folder / 'last.pt')
        if writer is not None and run.step % settings.visualize_every:
            visualize(run, writer)
    processes.wait_for_all()


def train_epoch(run: Run, writer: Optional[SummaryWriter], bar: Progress, visualize: Visualize
                ) -> float:
    """Go once through the training split; return the mean loss."""
    settings = run.settings
    run.set_training()
    epoch_loss, logged_loss = torch.zeros(2, device=run.device).unbind()
    logged_steps = 0
    for batch in run.training_batches():
        loss = train_step(run, batch)
        epoch_loss, logged_loss = epoch_loss + loss, logged_loss + loss
        logged_steps += 1
        if run.step % settings.log_every == 0 or run.step % run.steps == 0:
            # Reading a value makes the processor wait for the GPU: not at every step.
            mean = logged_loss.item() / logged_steps
            if not math.isfinite(mean):
                raise DivergedError(
                    f'the loss is {mean} by step {run.step}: lower --lr, or pass --precision fp32')
            rate = run.optimizer.param_groups[0]['lr']
            if writer is not None:
                writer.add_scalar('train/loss', mean, run.step)
                writer.add_scalar('train/lr', rate, run.step)
            bar.set_postfix(epoch=run.epoch + 1, loss=f'{mean:.3f}', lr=f'{rate:.2e}',
                            refresh=False)
            bar.update(logged_steps * settings.batch_size)
            logged_loss, logged_steps = torch.zeros_like(logged_loss), 0
        if writer is not None and run.step % settings.visualize_every == 0:
            visualize(run, writer)
            run.set_training()
    return epoch_loss.item() / run.steps


def train_step(run: Run, batch: Sample) -> torch.Tensor:
    """
    Learn from one batch.

    Parameters
    ----------
    run : Run
    batch : Sample
        Of tensors, each with the batch as its first dimension.

    Returns
    -------
    float32 scalar
        The loss, on the run's device.

    """
    truth, floor = (
        torch.as_tensor(maps)[:, None].to(run.device) for maps in (batch.depth, batch.floor))
    clip = torch.as_tensor(batch.clip).to(run.device)
    prediction, log_b, floor_logit = run.predict_distribution(
        run.learner, batch.rgb, batch.camera)
    error_unknown = losses.is_clipped_nearer(truth, clip, run.settings.max_depth)
    if run.settings.clip:
        truth = losses.one_sided_truth(truth, prediction, clip)
    else:
        truth = losses.clipped_at(truth, clip, run.settings.max_depth)
    loss = losses.total(prediction, log_b, truth, run.loss_weights, error_unknown)
    if run.loss_weights.floor:
        loss = loss + run.loss_weights.floor * losses.floor_cross_entropy(floor_logit, floor)
    run.optimizer.zero_grad(set_to_none=True)
    run.scaler.scale(loss).backward()
    run.scaler.step(run.optimizer)
    run.scaler.update()
    run.schedule.step()
    if run.averaged is not None:
        run.averaged.update_parameters(run.network)
    run.step += 1
    return loss.detach()


def keep_best(run: Run, summaries: Dict) -> bool:
    """Write best.safetensors where the model is the one to keep so far; return whether it is."""
    paper = summaries.get('val', summaries['train'])['paper']
    score = paper['ssim'] - paper['rmse']
    # Equal where only a head is learnt: depth and its score stay the same.
    if run.settings.keep == 'best' and not score >= run.best_score:
        return False
    run.best_score = score
    if run.settings.confidence and run.settings.learn != 'floor':
        calibrate(run)
    weights_file.save_weights(run.settings.run_dir / 'best.safetensors', run.model.state_dict(),
                              run.metadata(summaries))
    return True


@torch.inference_mode()
def calibrate(run: Run) -> None:
    """Fit the confidence to the errors on val."""
    log_bs, depths, close = [], [], []
    max_depth = run.settings.max_depth
    for prediction, log_b, truth in run.distributions(run.data.choosing):
        off = (prediction - truth).abs()
        chosen = calibration.looked_at(truth)
        log_bs.append(log_b[chosen].cpu())
        depths.append(prediction[chosen].cpu() / max_depth)
        close.append((off <= 0.1 * truth)[chosen].cpu())
    numbers, _ = calibration.fit(*map(torch.cat, (log_bs, depths, close)))
    run.model.calibration.copy_(numbers)


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
    with replacing(run.settings.run_dir / 'metrics.csv') as partial:
        with open(partial, 'w', newline='') as file:
            table = csv.DictWriter(file, row)
            table.writeheader()
            table.writerows(run.history)
    return row
