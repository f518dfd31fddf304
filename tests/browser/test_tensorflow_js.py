"""The sprite of the TensorFlow.js examples, read in a page of another origin as their `data.js` reads it."""

import hashlib
import json

import numpy as np

from service.data.dataset import Dataset
from service.mirrors.tensorflow_js import FIRST
from tests.browser import stage
from tests.browser.conftest import Watched
from tests.sites import Site

DATA = """
const IMAGE_SIZE = 784, NUM_DATASET_ELEMENTS = 65000, CHUNK = 5000;

export async function load(sprite, labels) {
    const images = new Float32Array(NUM_DATASET_ELEMENTS * IMAGE_SIZE), image = new Image();
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    image.crossOrigin = "";
    image.src = sprite;
    await new Promise((resolve, reject) => { image.onload = resolve; image.onerror = reject; });
    canvas.width = image.naturalWidth;
    canvas.height = CHUNK;
    for (let first = 0; first < NUM_DATASET_ELEMENTS; first += CHUNK) {
        context.drawImage(image, 0, first, canvas.width, CHUNK, 0, 0, canvas.width, CHUNK);
        const { data } = context.getImageData(0, 0, canvas.width, CHUNK), start = first * IMAGE_SIZE;
        for (let i = 0; i < CHUNK * IMAGE_SIZE; i += 1) images[start + i] = data[i * 4] / 255;
    }
    const answer = await fetch(labels);
    return { size: [image.naturalWidth, image.naturalHeight], images, labels: await answer.arrayBuffer() };
}

export async function hash(values) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", values));
    return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
"""
"""What the examples do: draw 5,000 rows at a time, and divide the red of each pixel by 255."""

PAGE = "<!doctype html><title>MNIST</title><link rel=icon href=data:,>"


def test_a_canvas_of_another_origin_gives_every_pixel_and_label(live: Site, mnist: Dataset, watched: Watched) -> None:
    here = f"{live.url}/mirrors/tfjs"
    program = f"""async () => {{
        const {{ load, hash }} = await import("./data.js");
        const {{ size, images, labels }} = await load(
            {json.dumps(f"{here}/mnist_images.png")}, {json.dumps(f"{here}/mnist_labels_uint8")});
        return {{ size, images: await hash(images), labels: await hash(labels) }};
    }}"""
    with stage.serving({"/": PAGE, "/data.js": DATA}) as origin:
        page = watched.keep()
        page.goto(f"{origin}/")
        found = page.evaluate(program)
    images = (mnist.images[FIRST:] / np.float32(255)).astype(np.float32)
    assert found["size"] == [784, 65_000]
    assert found["images"] == hashlib.sha256(images.data).hexdigest()
    assert found["labels"] == "54dbbc2cab00508c5ade36a807f48bc83d0ee3285bbeb8ae25377aaa12b2250c"
