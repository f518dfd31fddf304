"""SVG: one sample as rectangles, sharp at any size and in print."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np

from service.data.batch import Batch
from service.formats.format import Cost, Format
from service.formats.png import caption
from service.formats.render import WHITE, Picture, RenderOptions, paint, to_grey


def encode(batch: Batch, options: RenderOptions) -> bytes:
    """The one sample of a batch: a background, and one rectangle a run of equal pixels in a row of the image.

    Ink of value 0 is the background, which a transparent picture leaves out.
    """
    ink = to_grey(batch.flat.reshape(batch.height, batch.width), batch.peak)
    label = caption(int(batch.label[0]))
    fills = [_format_fill(colour) for colour in paint(np.arange(WHITE + 1, dtype=np.uint8)[None], options)[0]]
    width, height = batch.width, batch.height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * options.scale}" height="{height * options.scale}" '
        f'viewBox="0 0 {width} {height}" shape-rendering="crispEdges" role="img"><title>{label}</title>\n'
    )
    paper = "" if options.transparent else f'<rect width="{width}" height="{height}" {fills[0]}/>\n'
    runs = (
        f'<rect x="{x}" y="{y}" width="{length}" height="1" {fills[value]}/>\n'
        for x, y, length, value in _find_runs(ink)
    )
    return (head + paper + "".join(runs) + "</svg>\n").encode()


def _find_runs(ink: Picture) -> Iterator[tuple[int, int, int, int]]:
    """Column, row, length and value of every run of equal pixels that are not zero."""
    for y, line in enumerate(ink):
        starts = [0, *(np.flatnonzero(np.diff(line)) + 1).tolist(), len(line)]
        for start, end in pairwise(starts):
            if line[start]:
                yield start, y, end - start, int(line[start])


def _format_fill(colour: Picture) -> str:
    """A painted pixel (grey, grey and alpha, RGB or RGBA) as the fill of a shape."""
    channels = np.atleast_1d(colour).tolist()
    shades = channels[:3] if len(channels) > 2 else channels[:1] * 3
    fill = 'fill="#{:02x}{:02x}{:02x}"'.format(*shades)
    return fill if len(channels) in (1, 3) else f'{fill} fill-opacity="{channels[-1] / WHITE:.6g}"'


@lru_cache(maxsize=64)
def svg(options: RenderOptions) -> Format:
    """The format that draws one sample with these options."""
    return Format(
        name="svg",
        media_type="image/svg+xml",
        suffix="svg",
        encode=lambda batch: encode(batch, options),
        text=True,
        costs=Cost(call=300, raw=200),
    )
