// The marks of the map: samples in the colours of their labels.

import { isDark } from "./state.js";

const COLOURS = {
  light: ["#3b62c4", "#c2571a", "#2d7d46", "#b8324f", "#7a4fb5", "#8a6a12", "#0e7c86", "#a83d8f", "#5c5f66", "#5d7d1e"],
  dark: ["#7fa2ff", "#ff9d5c", "#6fcf8a", "#ff7d95", "#bd97f5", "#e0bd54", "#55c7d1", "#ee8bd6", "#b4b7bf", "#a8cf5e"],
};

/** The colour of a label, legible on the page as it is now. */
export function colourOf(label) {
  const colours = COLOURS[isDark() ? "dark" : "light"];
  return colours[label % colours.length];
}

/** A transparent sheet of samples, each in the colour of its label; its ink stays the opacity. */
export function tinted(sheet, samples, [height, width], columns) {
  const canvas = new OffscreenCanvas(sheet.width, sheet.height);
  const ink = canvas.getContext("2d");
  ink.drawImage(sheet, 0, 0);
  ink.globalCompositeOperation = "source-atop";
  samples.forEach(({ label }, position) => {
    ink.fillStyle = colourOf(label);
    ink.fillRect((position % columns) * width, Math.floor(position / columns) * height, width, height);
  });
  sheet.close();
  return { image: canvas.transferToImageBitmap(), width, height, columns };
}
