// What stands beside a mark of the map: the sample, larger, with its label and index.

import { make } from "./make.js";
import { isDark } from "./state.js";

const SIDE = 84; // CSS pixels of the picture
const ROOM = { width: 150, height: 136 }; // CSS pixels that it takes

export class Tip {
  constructor(service) {
    this.service = service;
    this.element = make("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  }

  /** Show a sample, { index, label }, beside its place on a stage; `image` is [height, width] in pixels. */
  show({ index, label }, { x, y }, { split, rev, image, stage }) {
    this.element.hidden = false;
    const key = [split, index, isDark()].join();
    if (this.element.dataset.key !== key) {
      const [height, width] = image;
      const scale = Math.round(SIDE / width);
      const src = this.service.pictureUrl(split, index, { scale, invert: !isDark(), rev });
      const picture = make("img", { src, width: width * scale, height: height * scale, alt: "" });
      this.element.dataset.key = key;
      this.element.replaceChildren(picture, make("p", {}, make("b", {}, `${label}`), ` #${index}`));
    }
    const left = x + ROOM.width > stage.width ? x - 118 : x + 18;
    const top = Math.max(0, Math.min(y, stage.height - ROOM.height));
    this.element.style.transform = `translate(${left}px, ${top}px)`;
  }

  hide() {
    this.element.hidden = true;
  }
}
