"""Pictures that tell what a dataset is like: contact sheets, and a histogram of its depths."""

from depth_estimation_ros.estimation.atomic_file import replacing
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .pairs import load_depth, MAX_DEPTH

# Every 25th colour or so of matplotlib's magma; between them a straight line is near enough.
MAGMA = np.array([(0, 0, 4), (21, 14, 56), (59, 15, 112), (100, 26, 128), (140, 41, 129),
                  (183, 55, 121), (222, 73, 104), (246, 110, 92), (254, 159, 109),
                  (254, 207, 146), (252, 253, 191)])
SPLIT_COLOURS = {'train': (31, 119, 180), 'val': (255, 127, 14), 'test': (44, 160, 44)}


def write_contact_sheet(out, split, names, rng, count=36, columns=6, width=256):
    """Draw random pairs of a split on one sheet, each colour over depth."""
    tiles = []
    for index in sorted(rng.permutation(len(names))[:count]):
        picture = Image.open(out / 'rgb' / split / f'{names[index]}.jpeg')
        size = width, round(width * picture.height / picture.width)
        depth = Image.fromarray(paint_depth(load_depth(out, split, names[index])))
        tiles.append(np.concatenate([np.array(image.resize(size)) for image in (picture, depth)]))
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.concatenate(tiles[i:i + columns], axis=1) for i in range(0, len(tiles), columns)]
    with replacing(out / f'contact_sheet_{split}.png') as partial:
        Image.fromarray(np.concatenate(rows)).save(partial, 'png')


def paint_depth(depth):
    """
    Draw depth in the colours of magma: black at 0 m, pale yellow at 20 m.

    Parameters
    ----------
    depth : float (H, W)
        Metres.

    Returns
    -------
    uint8 (H, W, 3) RGB

    """
    place = depth / MAX_DEPTH * (len(MAGMA) - 1)
    return np.stack([np.interp(place, np.arange(len(MAGMA)), MAGMA[:, c]) + 0.5
                     for c in range(3)], axis=-1).astype(np.uint8)


def write_depth_histogram(out, names, bin_width=0.25):
    """
    Draw how often each depth occurs, the splits laid over each other.

    Parameters
    ----------
    out : Path
        The dataset.
    names : dict
        The names of the pairs of each split that has any.
    bin_width : float
        Metres.

    """
    edges = np.arange(0, MAX_DEPTH + bin_width / 2, bin_width)
    shares = {}
    for split, members in names.items():
        counts, pixels = 0, 0
        for name in members:
            depth = load_depth(out, split, name)
            # What is clipped, and the sky, would dwarf all the rest: the legend tells it.
            counts = counts + np.histogram(depth[depth < MAX_DEPTH], edges)[0]
            pixels += depth.size
        shares[split] = counts / pixels * 100

    # Drawn twice as large and reduced at the end, for smooth lines.
    left, right, top, bottom = 130, 1560, 60, 780
    image = Image.new('RGB', (1600, 900), 'white')
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(26)
    peak = max(max(share.max() for share in shares.values()), 0.1) * 1.05
    step = next(s for s in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if peak / s <= 6)

    def place(metres, percent):
        return (left + (right - left) * metres / MAX_DEPTH,
                bottom - (bottom - top) * percent / peak)

    for metres in range(0, int(MAX_DEPTH) + 1, 2):
        x, _ = place(metres, 0)
        draw.line([(x, bottom), (x, bottom + 8)], 'black', 2)
        draw.text((x, bottom + 14), f'{metres}', 'black', font, 'mt')
    for percent in np.arange(0, peak, step):
        _, y = place(0, percent)
        draw.line([(left, y), (right, y)], 'black' if percent == 0 else 'lightgrey', 2)
        draw.text((left - 12, y), f'{percent:g}', 'black', font, 'rm')
    draw.text(((left + right) / 2, bottom + 60), 'depth in metres', 'black', font, 'mt')
    draw.text((left, top - 20), f'% of pixels in each {bin_width:g} m', 'black', font, 'ls')
    for row, (split, share) in enumerate(shares.items()):
        draw.line([place(x, y) for x, y in zip(np.repeat(edges, 2)[1:-1], np.repeat(share, 2))],
                  SPLIT_COLOURS[split], 4)
        draw.text((right, top + 36 * row), f'{split}: {len(names[split])} pairs, '
                  f'{100 - share.sum():.0f} % of pixels at {MAX_DEPTH:g} m or beyond',
                  SPLIT_COLOURS[split], font, 'rt')
    with replacing(out / 'depth_histogram.png') as partial:
        image.reduce(2).save(partial, 'png')
