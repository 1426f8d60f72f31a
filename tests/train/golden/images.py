#!/usr/bin/env python3
"""Writes images.json: small images as bytes of files, and what Pillow makes of them. Needs Pillow and NumPy.

    python3 tests/train/golden/images.py > tests/train/golden/images.json

`centre` is the evaluation of ImageNet's published recipes at a side of 8 pixels (the shorter side to 9, bicubic, then
the middle); `crop` is the part `box` (left, top, right, bottom) resized to 8 x 8.
"""

import io
import json

import numpy
from PIL import Image

SIDE = 8


def picture(width, height):
    """Smooth colours with some noise and an edge: what resizing and JPEG do to each shows."""
    y, x = numpy.mgrid[0:height, 0:width]
    noise = numpy.random.default_rng(7).integers(-12, 13, (height, width, 3))
    waves = numpy.stack([128 + 100 * numpy.sin(x / 9 + y / 17), 128 + 90 * numpy.cos(y / 7), 60 + 2 * x], axis=-1)
    waves[y > x] *= 0.6
    return Image.fromarray(numpy.clip(waves + noise, 0, 255).astype(numpy.uint8))


def centre(image):
    shorter = SIDE * 256 // 224
    width, height = image.size
    size = (shorter, shorter * height // width) if width <= height else (shorter * width // height, shorter)
    whole = image.resize(size, Image.BICUBIC)
    left, top = round((size[0] - SIDE) / 2), round((size[1] - SIDE) / 2)
    return whole.crop((left, top, left + SIDE, top + SIDE))


def case(name, image, kind, box, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    read = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    crop = read.crop(box).resize((SIDE, SIDE), Image.BICUBIC)
    numbers = lambda picture: numpy.asarray(picture).flatten().tolist()
    return {"name": name, "file": list(file.getvalue()), "width": read.width, "height": read.height, "box": box,
            "centre": numbers(centre(read)), "crop": numbers(crop)}


wide, tall = picture(53, 40), picture(33, 58)
cases = [
    case("colour JPEG", wide, "JPEG", (5, 3, 49, 36), quality=85),
    case("tall progressive JPEG", tall, "JPEG", (0, 20, 33, 53), quality=80, progressive=True, subsampling=0),
    case("grey JPEG", wide.convert("L"), "JPEG", (10, 10, 20, 22), quality=85),
    case("CMYK JPEG", wide.convert("CMYK"), "JPEG", (5, 3, 49, 36), quality=90),
    case("colour PNG", picture(24, 20), "PNG", (2, 1, 22, 19), optimize=True),
    case("PNG with transparency", picture(20, 24).convert("RGBA"), "PNG", (1, 2, 19, 22), optimize=True),
    case("PNG with a palette", picture(24, 20).quantize(16), "PNG", (2, 1, 22, 19), optimize=True),
]
print(json.dumps({"side": SIDE, "cases": cases}, separators=(",", ":")).replace('{"name"', '\n{"name"'))
