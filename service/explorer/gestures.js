// What pointers do on a surface: drag, pinch, tap, hover and turn the wheel. Knows nothing of what is on it.

const STILL = { mouse: 2, touch: 8, pen: 4 }; // CSS pixels that a tap may move

/**
 * Call `drag(x, y)`, `enlarge(by, at)`, `tap(at, event)` and `hover(at)`, the last one with null when the pointer is
 * gone. While `draws()`, what would drag calls `stroke(from, to)` instead, and `strokeEnd({ complete })` at its end; a
 * stroke is not complete if it became a tap, a pinch, or was cancelled.
 */
export class Gestures {
  constructor(surface, { drag, enlarge, tap, hover, draws, stroke, strokeEnd }) {
    Object.assign(this, { surface, drag, enlarge, tap, hover, draws, stroke, strokeEnd });
    this.fingers = new Map(); // places by pointer
    this.travelled = 0;
    surface.addEventListener("pointerdown", (event) => this.#down(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    surface.addEventListener("pointerup", (event) => this.#up(event));
    surface.addEventListener("pointercancel", (event) => this.#cancel(event));
    surface.addEventListener("pointerleave", () => hover(null));
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #at(event) {
    const box = this.surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event) {
    this.surface.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.#at(event));
    this.travelled = this.fingers.size > 1 ? Infinity : 0;
    if (this.fingers.size > 1) this.strokeEnd({ complete: false });
  }

  #cancel(event) {
    this.fingers.delete(event.pointerId);
    this.strokeEnd({ complete: false });
  }

  #move(event) {
    const at = this.#at(event);
    const before = this.fingers.get(event.pointerId);
    if (!before) return this.hover(at);
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 2) return this.#pinch(event.pointerId, before, at);
    this.travelled += Math.hypot(at.x - before.x, at.y - before.y);
    const drawing = this.draws() && this.travelled < Infinity; // a finger that is left of two draws nothing
    return drawing ? this.stroke(before, at) : this.drag(at.x - before.x, at.y - before.y);
  }

  #pinch(id, before, at) {
    const other = [...this.fingers].find(([one]) => one !== id)[1];
    const apart = (one) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    this.enlarge(apart(at) / apart(before), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
  }

  #up(event) {
    this.fingers.delete(event.pointerId);
    const still = this.travelled <= (STILL[event.pointerType] ?? STILL.mouse);
    if (this.travelled < Infinity) this.strokeEnd({ complete: !still });
    if (still) this.tap(this.#at(event), event);
  }

  #wheel(event) {
    event.preventDefault();
    this.enlarge(Math.exp(-event.deltaY / 400), this.#at(event));
  }
}
