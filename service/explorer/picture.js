// A picture of the user's own, as greys.

const LARGEST = 1_024; // pixels of the longer side; a larger picture is scaled down to it first

/** The greys 0…255 of a file, on white paper where it is transparent: { greys, width, height, original }. */
export async function readPicture(file) {
  const found = await open(file, {});
  const original = { width: found.width, height: found.height };
  const scale = LARGEST / Math.max(found.width, found.height);
  const resized = { resizeWidth: Math.ceil(scale * found.width), resizeHeight: Math.ceil(scale * found.height) };
  const bitmap = scale < 1 ? await open(file, { ...resized, resizeQuality: "high" }) : found;
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  return { greys: greysOf(context.getImageData(0, 0, width, height).data), width, height, original };
}

/** The pixels of a file as its bytes say, whatever the colours of the screen. */
async function open(file, how) {
  try {
    return await createImageBitmap(file, { colorSpaceConversion: "none", ...how });
  } catch {
    throw new TypeError(`“${file.name}” is not a picture that this browser can read. Choose a PNG.`);
  }
}

/** Luma (ITU-R BT.601) of pixels in RGBA. */
function greysOf(data) {
  const grey = (at) => Math.round((299 * data[at] + 587 * data[at + 1] + 114 * data[at + 2]) / 1_000);
  return Float64Array.from({ length: data.length / 4 }, (_, place) => grey(4 * place));
}
