// A field to draw a signature in. It keeps strokes, not pixels, and draws them anew whenever its size changes.
const CLOSE = 2; // pixels: nearer points add nothing
const MOST = 4500;

export class Pad {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.size = [0, 0];
    this.stroke = null;
    this.began = 0;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.#up());
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  undo() {
    this.strokes.pop();
    this.#finish();
  }

  clear() {
    this.strokes = [];
    this.size = [0, 0];
    this.#finish();
  }

  // In tenths of a pixel, whole numbers, as the server reads them.
  toJSON() {
    const [width, height] = this.size.map((side) => Math.round(side * 10));
    return { width, height, strokes: this.strokes };
  }

  // The lines as SVG, for the page itself; the server makes its own.
  toSVG() {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const { width, height, strokes } = this.toJSON();
    made.setAttribute("viewBox", `0 0 ${width} ${height}`);
    for (const stroke of strokes) {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
      line.setAttribute("points", stroke.map(([x, y]) => `${x},${y}`).join(" "));
      for (const [name, value] of Object.entries({ fill: "none", stroke: "#111111", "stroke-width": "24", "stroke-linecap": "round", "stroke-linejoin": "round" })) line.setAttribute(name, value);
      made.append(line);
    }
    return made;
  }

  draw() {
    const { canvas } = this;
    const box = canvas.getBoundingClientRect();
    if (!box.width) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    if (!this.strokes.length && !this.stroke) this.size = [box.width, box.height];
    // What was drawn before a rotation keeps its shape, and moves into the new field.
    const fit = Math.min(box.width / this.size[0], box.height / this.size[1]) * ratio;
    const pen = canvas.getContext("2d");
    pen.setTransform(fit, 0, 0, fit, 0, 0);
    pen.lineWidth = 2.4;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "#111111";
    for (const stroke of [...this.strokes, ...(this.stroke ? [this.stroke] : [])]) {
      const points = stroke.map(([x, y]) => [x / 10, y / 10]);
      pen.beginPath();
      pen.moveTo(...points[0]);
      for (let at = 1; at < points.length - 1; at += 1) {
        const [x, y] = points[at];
        const [u, v] = points[at + 1];
        pen.quadraticCurveTo(x, y, (x + u) / 2, (y + v) / 2);
      }
      const [x, y] = points.at(-1);
      pen.lineTo(points.length === 1 ? x + 0.1 : x, y);
      pen.stroke();
    }
  }

  #down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.began ||= event.timeStamp;
    this.stroke = [];
    this.#add(event);
  }

  #move(event) {
    if (!this.stroke) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) this.#add(part);
    this.draw();
  }

  #up() {
    if (!this.stroke) return;
    this.strokes.push(this.stroke);
    this.stroke = null;
    this.#finish();
  }

  #add(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = Math.max(this.size[0] / box.width, this.size[1] / box.height);
    const x = Math.round(Math.min(Math.max(event.clientX - box.left, 0), box.width) * scale * 10);
    const y = Math.round(Math.min(Math.max(event.clientY - box.top, 0), box.height) * scale * 10);
    const last = this.stroke.at(-1);
    if (last && Math.abs(x - last[0]) + Math.abs(y - last[1]) < CLOSE * 10) return;
    if (this.strokes.reduce((sum, stroke) => sum + stroke.length, this.stroke.length) >= MOST) return;
    this.stroke.push([x, y, Math.max(0, Math.round(event.timeStamp - this.began))]);
  }

  #finish() {
    this.draw();
    this.changed(this.strokes.length);
  }
}
