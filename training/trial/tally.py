"""What came of all drives by one sight, in figures."""

from dataclasses import asdict, dataclass
from typing import Dict, Optional, Sequence

from trial.drive import BLOCKED, GOAL, Result, STEPS


@dataclass(frozen=True)
class Tally:
    """
    The sums over drives.

    Attributes
    ----------
    drives, goals, blocked, out_of_steps : int
        All of them, and those that ended at the goal, without a way, and without either.
    metres : float
    collisions : int
    unseen : int
        Those with something that wasn't on the robot's map.
    touched : int
        Drives with a collision.
    per_100_m : float or None
        Collisions in 100 m.

    """

    drives: int
    goals: int
    blocked: int
    out_of_steps: int
    metres: float
    collisions: int
    unseen: int
    touched: int
    per_100_m: Optional[float]

    @classmethod
    def of(cls, results: Sequence[Result]) -> 'Tally':
        """Return the tally of drives."""
        collisions = [collision for result in results for collision in result.collisions]
        metres = sum(result.metres for result in results)
        ended = {outcome: sum(result.outcome == outcome for result in results)
                 for outcome in (GOAL, BLOCKED, STEPS)}
        return cls(len(results), ended[GOAL], ended[BLOCKED], ended[STEPS], metres,
                   len(collisions), sum(not each.is_on_map for each in collisions),
                   sum(bool(result.collisions) for result in results),
                   100.0 * len(collisions) / metres if metres else None)


def table(tallies: Dict[str, Tally]) -> str:
    """Return a line for each sight."""
    width = max(len(name) for name in tallies)
    lines = [f'{"":<{width}}  goals  blocked  out of steps  collided   metres  collisions  '
             'unseen  per 100 m']
    for name, t in tallies.items():
        rate = '' if t.per_100_m is None else f'{t.per_100_m:.1f}'
        lines.append(f'{name:<{width}}  {t.goals:>2}/{t.drives:<2}  {t.blocked:>7}  '
                     f'{t.out_of_steps:>12}  {t.touched:>8}  {t.metres:>7.1f}  '
                     f'{t.collisions:>10}  {t.unseen:>6}  {rate:>9}')
    return '\n'.join(lines)


def summary(tallies: Dict[str, Tally]) -> Dict:
    """Return what is written as JSON."""
    return {name: asdict(tally) for name, tally in tallies.items()}
