# SPDX-License-Identifier: GPL-2.0
"""Pictures as a demo or test looks at them: what was captured, and what was to be seen."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Area:
    x: int
    y: int
    width: int
    height: int

    def rows(self):
        return range(self.y, self.y + self.height)


@dataclass(frozen=True)
class Picture:
    """@pixels: rows of red, green, blue, a byte each."""

    width: int
    height: int
    pixels: bytes

    @classmethod
    def from_ppm(cls, path: Path) -> "Picture":
        data = path.read_bytes()
        kind, width, height, most, _ = data.split(maxsplit=4)
        pixels = data[-3 * int(width) * int(height):]
        if kind != b"P6" or most != b"255" or len(pixels) != 3 * int(width) * int(height):
            raise ValueError(f"{path}: no picture")
        return cls(int(width), int(height), pixels)

    def row(self, y: int, left: int, right: int) -> bytes:
        return self.pixels[3 * (y * self.width + left):3 * (y * self.width + right)]

    def cut(self, area: Area) -> "Picture":
        """Of this picture's @area, which is inside."""
        return Picture(area.width, area.height,
                       b"".join(self.row(y, area.x, area.x + area.width) for y in area.rows()))

    def around(self, area: Area) -> bytes:
        """The pixels that are not in @area."""
        return b"".join(self.row(y, 0, area.x) + self.row(y, area.x + area.width, self.width)
                        if y in area.rows() else self.row(y, 0, self.width) for y in range(self.height))

    def black(self) -> bool:
        return not any(self.pixels)

    def difference(self, other: "Picture") -> int:
        """Of the two samples that differ most."""
        if (self.width, self.height) != (other.width, other.height):
            raise ValueError("pictures of two sizes")
        return max(abs(a - b) for a, b in zip(self.pixels, other.pixels))


def of_nv12(frame: bytes, width: int, height: int) -> Picture:
    """What a frame of BT.709 in limited range is on a screen; both sides are even."""
    def clamp(value: float) -> int:
        return max(0, min(255, round(value)))

    luma = [255 / 219 * (y - 16) for y in range(256)]
    red = [1.5748 * 255 / 224 * (c - 128) for c in range(256)]
    blue = [1.8556 * 255 / 224 * (c - 128) for c in range(256)]
    green_of_blue = [-0.0722 / 0.7152 * c for c in blue]
    green_of_red = [-0.2126 / 0.7152 * c for c in red]
    out = bytearray()
    for y in range(height):
        chroma = width * height + y // 2 * width
        for x in range(width):
            light = luma[frame[y * width + x]]
            cb, cr = frame[chroma + x // 2 * 2], frame[chroma + x // 2 * 2 + 1]
            out += bytes((clamp(light + red[cr]), clamp(light + green_of_blue[cb] + green_of_red[cr]),
                          clamp(light + blue[cb])))
    return Picture(width, height, bytes(out))


def nearest(frames: bytes, size: int, picture: Picture) -> int:
    """Which of the NV12 @frames, @size bytes each, looks most like @picture, by luma here and there."""
    places = range(0, picture.width * picture.height, 97)
    luma = [round(16 + 219 / 255 * (0.2126 * r + 0.7152 * g + 0.0722 * b))
            for r, g, b in (picture.pixels[3 * place:3 * place + 3] for place in places)]

    def distance(start: int) -> int:
        return sum(abs(frames[start + place] - light) for place, light in zip(places, luma))

    return min(range(0, len(frames), size), key=distance) // size
