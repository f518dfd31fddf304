// Reading values off a picture: by pointing with a mouse, or by tapping or drawing over it with a finger.

/**
 * Call `read(column, row)` for the cell under the pointer and `leave()` when a mouse is gone; what a finger read
 * stays. `size()` gives { columns, rows } of the picture that `surface` shows.
 */
export function readCells(surface, { size, read, leave }) {
  const cell = (place, length, cells) => Math.min(cells - 1, Math.max(0, Math.floor((place / length) * cells)));
  const follow = (event) => {
    const box = surface.getBoundingClientRect();
    const { columns, rows } = size();
    read(cell(event.clientX - box.left, box.width, columns), cell(event.clientY - box.top, box.height, rows));
  };
  surface.addEventListener("pointerdown", follow);
  surface.addEventListener("pointermove", follow);
  surface.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave());
}
