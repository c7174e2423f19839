// The map of LiveScatter. Python sends the frames, one as it is made, or all of them to a page that opens later;
// which one is shown, and which class alone, both sides may change. Everything else is answered here.

const SIDE = 480; // CSS pixels of the map
const DISC = 8; // radius of a disc
const NEAR = 13; // how far from its centre a disc is still hit
const GLIDE = 350; // milliseconds from frame to frame
const BREATH = 15; // milliseconds left to the training between two pictures of a glide
const PLAY = 450; // milliseconds that a frame is shown while playing
const REST = 1000; // milliseconds without news before a screen reader is told
const STYLE = `
.live-scatter { background: #fff; color: #111; color-scheme: light; font: 16px/1.35 var(--jp-ui-font-family, sans-serif);
  max-width: 760px; padding: 6px; display: grid; gap: 4px 16px; grid-template-columns: minmax(0, ${SIDE}px) minmax(220px, 1fr); }
.live-scatter p { margin: 0; }
.live-scatter-map { border: 1px solid #767676; line-height: 0; }
.live-scatter-map canvas { width: 100%; aspect-ratio: 1; touch-action: manipulation; }
.live-scatter-title { font-size: 18px; font-weight: bold; min-height: 2.7em; }
.live-scatter-legend { display: grid; grid-template-columns: repeat(5, 38px); gap: 6px; margin: 6px 0 14px; }
.live-scatter-legend button { font: bold 18px/34px sans-serif; border: 1px solid #555; border-radius: 4px; padding: 0; cursor: pointer; }
.live-scatter-legend button[aria-pressed=true] { outline: 3px solid #000; outline-offset: 1px; text-decoration: underline; }
.live-scatter-digit canvas { width: 112px; height: 112px; image-rendering: pixelated; border: 1px solid #767676; margin-top: 6px; }
.live-scatter-digit p { min-height: 4.1em; }
.live-scatter-player { grid-column: 1 / -1; display: flex; gap: 12px; align-items: center; }
.live-scatter-player button { font: inherit; min-width: 5em; padding: 3px 10px; color: #111; background: #eee; border: 1px solid #555;
  border-radius: 4px; cursor: pointer; }
.live-scatter-player input { flex: 1; min-width: 80px; accent-color: #0072B2; }
.live-scatter-player span { min-width: 5.5em; }
.live-scatter-summary { grid-column: 1 / -1; min-height: 4.05em; }
.live-scatter-map:focus-visible, .live-scatter button:focus-visible, .live-scatter input:focus-visible {
  outline: 3px solid #0072B2; outline-offset: 2px; }
.live-scatter-told { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 700px) { .live-scatter { grid-template-columns: minmax(0, 1fr); } }
`;
// JupyterLab's shortcuts would take the keys away.
const PAGE = `
<style>${STYLE}</style>
<div class="live-scatter">
  <div class="live-scatter-map" tabindex="0" role="application" data-lm-suppress-shortcuts="true"
    aria-label="Map of the digits: the arrow keys go from digit to digit, Escape lets go"><canvas role="img"></canvas></div>
  <div>
    <p class="live-scatter-title"></p>
    <p>Show one class alone:</p>
    <div class="live-scatter-legend" role="group" aria-label="Show one class alone"></div>
    <div class="live-scatter-digit"><p aria-live="polite"></p><canvas width="28" height="28" role="img"></canvas></div>
  </div>
  <div class="live-scatter-player">
    <button type="button" data-lm-suppress-shortcuts="true">Play</button>
    <input type="range" min="0" max="0" value="0" aria-label="Frame" data-lm-suppress-shortcuts="true">
    <span></span>
  </div>
  <p class="live-scatter-summary"></p>
  <p class="live-scatter-told" role="status"></p>
</div>`;

const bytes = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const floats = (data) => new Float32Array(bytes(data).slice().buffer); // a copy, which begins at a multiple of four

/** The pictures of all discs: [class][0 plain, 1 ringed], drawn once and then copied. */
function drawDiscs(colours, scale) {
  const half = DISC + 2;
  return colours.map(([colour, ink], digit) =>
    [false, true].map((ringed) => {
      const disc = new OffscreenCanvas(2 * half * scale, 2 * half * scale);
      const pen = disc.getContext("2d");
      pen.setTransform(scale, 0, 0, scale, half * scale, half * scale);
      pen.fillStyle = colour;
      circle(pen, 0, 0, DISC);
      pen.fill();
      pen.strokeStyle = "#000";
      pen.lineWidth = 2;
      if (ringed) pen.stroke();
      pen.fillStyle = ink;
      pen.font = "bold 12px sans-serif";
      pen.textAlign = "center";
      pen.fillText(digit, 0, 4.3);
      return disc;
    }),
  );
}

function circle(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
}

/** One view of the map. `frames` is shared with the model's other views. Returns the functions that tell it of news and end it. */
function makeView(model, el, frames) {
  el.innerHTML = PAGE;
  const find = (selector) => el.querySelector(`.live-scatter-${selector}`);
  const [map, legend, digit, player] = ["map", "legend", "digit", "player"].map(find);
  const [picture, image] = [map, digit].map((part) => part.querySelector("canvas"));
  const [button, slider, place] = ["button", "input", "span"].map((tag) => player.querySelector(tag));
  const pen = picture.getContext("2d");
  const labels = bytes(model.get("_labels"));
  const images = bytes(model.get("_images"));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const places = new Float32Array(2 * labels.length); // where the points are drawn now, in CSS pixels
  let from = places.slice(), to = places.slice(), began = 0;
  let frame = -1; // what is shown
  let chosen = -1, pinned = false; // the digit under the mouse, and whether it stays when the mouse goes on
  let scale = 0, discs = [];
  let painting = 0, gliding = 0, playing = 0, telling = 0;

  const last = () => frames.length - 1;
  const wanted = () => (model.get("_shown") < 0 ? last() : Math.min(model.get("_shown"), last()));
  const alone = () => model.get("_isolated");
  const isShown = (i) => alone() === null || labels[i] === alone();
  const isWrong = (i) => frames[frame].predictions.length > 0 && frames[frame].predictions[i] !== labels[i];

  /** Not with `save_changes`: ipywidgets would wait for the kernel's answer, which never comes while a cell awaits, and be silent for good. */
  function set(name, value) {
    model.set(name, value);
    model.send({ set: { [name]: value } });
  }

  const show = (number) => set("_shown", number === last() ? -1 : number);

  // ---- the picture

  function paint(now) {
    painting = 0;
    if (scale !== window.devicePixelRatio) {
      scale = window.devicePixelRatio;
      picture.width = picture.height = SIDE * scale;
      discs = drawDiscs(model.get("_colours"), scale);
    }
    const part = calm.matches ? 1 : Math.min(1, Math.max(0, (now - began) / GLIDE));
    const eased = part * part * (3 - 2 * part);
    for (let k = 0; k < places.length; k++) places[k] = from[k] + eased * (to[k] - from[k]);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, SIDE, SIDE);
    if (frame < 0) return;
    const half = DISC + 2;
    for (const layer of [0, 1, 2]) { // those of other classes, then the plain ones, then the ringed ones
      pen.globalAlpha = layer ? 1 : 0.12;
      for (let i = 0; i < labels.length; i++) {
        if (layer !== (isShown(i) ? 1 + isWrong(i) : 0)) continue;
        pen.drawImage(discs[labels[i]][Number(isWrong(i))], places[2 * i] - half, places[2 * i + 1] - half, 2 * half, 2 * half);
      }
    }
    if (chosen >= 0) {
      const [x, y] = [places[2 * chosen], places[2 * chosen + 1]];
      pen.drawImage(discs[labels[chosen]][Number(isWrong(chosen))], x - half, y - half, 2 * half, 2 * half);
      for (const [colour, width] of [["#fff", 7], ["#D55E00", 4]]) {
        circle(pen, x, y, DISC + 5);
        pen.strokeStyle = colour;
        pen.lineWidth = width;
        pen.stroke();
      }
    }
    clearTimeout(gliding);
    if (part < 1) gliding = setTimeout(repaint, BREATH);
  }

  function repaint() {
    painting ||= requestAnimationFrame(paint);
  }

  function glide() {
    const radius = model.get("_radius");
    const first = frame < 0;
    frame = wanted();
    from = places.slice();
    to = frames[frame].points.map((value, k) => ((k % 2 ? -value : value) / radius + 1) * (SIDE / 2)); // up is up
    if (first) from = to;
    began = performance.now();
  }

  // ---- the words

  function summary() {
    if (frame < 0) return "There is no frame yet.";
    const said = `Frame ${frame} of ${last()}: ${frames[frame].said}`;
    if (alone() === null) return said;
    const all = [...labels.keys()].filter((i) => labels[i] === alone());
    return `${said} Only class ${alone()} is shown: ${all.length} digits, ${all.filter(isWrong).length} of them ringed.`;
  }

  function write() {
    const said = summary();
    picture.setAttribute("aria-label", said);
    find("summary").textContent = said;
    find("title").textContent = frame < 0 ? "" : frames[frame].title;
    button.disabled = slider.disabled = last() < 1;
    slider.max = Math.max(last(), 0);
    slider.value = Math.max(frame, 0);
    slider.setAttribute("aria-valuetext", frame < 0 ? "no frame yet" : `${frame} of ${last()}, ${frames[frame].title}`);
    place.textContent = frame < 0 ? "" : `${frame} of ${last()}`;
    for (const key of legend.children) key.setAttribute("aria-pressed", String(key.textContent === String(alone())));
    clearTimeout(telling);
    telling = setTimeout(() => (find("told").textContent = said), REST);
    describe();
  }

  function describe() {
    const there = chosen >= 0 && frame >= 0;
    const read = there && frames[frame].predictions[chosen];
    const verdict = !there || read === undefined ? "" : isWrong(chosen) ? `, misread as a ${read}` : `, read as a ${read}`;
    const said = there
      ? `Digit ${chosen}: a ${labels[chosen]}${verdict}.${pinned ? " Held until you click elsewhere." : ""}`
      : "Point at a disc to see its digit. A click holds it. A ring: the network misreads it.";
    const text = digit.querySelector("p");
    if (text.textContent !== said) text.textContent = said; // the same words again would be read aloud again
    image.setAttribute("aria-label", there ? `handwritten digit ${chosen}, a ${labels[chosen]}` : "no digit is chosen");
  }

  function choose(i, pin) {
    if (i === chosen && pin === pinned) return;
    if (i !== chosen) {
      const pixels = new ImageData(28, 28);
      for (let k = 0; k < 784; k++) pixels.data.set([0, 0, 0, i < 0 ? 0 : images[784 * i + k]], 4 * k); // ink on white
      image.getContext("2d").putImageData(pixels, 0, 0);
    }
    [chosen, pinned] = [i, pin];
    describe();
    repaint();
  }

  // ---- what happens

  function news() {
    if (frames.length && frame !== wanted()) glide();
    if (chosen >= 0 && !isShown(chosen)) choose(-1, false);
    write();
    repaint();
  }

  /** The shown point that costs least, or -1. `cost` gets how far right and down the point lies of (x, y), in CSS pixels. */
  function best(x, y, cost) {
    let found = -1, least = Infinity;
    for (let i = 0; i < labels.length && frame >= 0; i++) {
      const price = isShown(i) ? cost(places[2 * i] - x, places[2 * i + 1] - y) : Infinity;
      if (price < least) [found, least] = [i, price];
    }
    return found;
  }

  function under(event) {
    const box = picture.getBoundingClientRect();
    const zoom = SIDE / box.width;
    return best((event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom, (right, down) => {
      const far = Math.hypot(right, down);
      return far <= NEAR ? far : Infinity;
    });
  }

  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function press(event) {
    if (event.key === "Escape") return choose(-1, false);
    const way = WAYS[event.key];
    if (!way || frame < 0) return;
    event.preventDefault();
    if (chosen < 0) return choose(best(SIDE / 2, SIDE / 2, Math.hypot), true);
    const next = best(places[2 * chosen], places[2 * chosen + 1], (right, down) => {
      const ahead = right * way[0] + down * way[1], aside = Math.abs(right * way[1]) + Math.abs(down * way[0]);
      return ahead > 0 && aside <= ahead ? Math.hypot(right, down) : Infinity;
    });
    if (next >= 0) choose(next, true);
  }

  function pause() {
    clearInterval(playing);
    playing = 0;
    button.textContent = "Play";
  }

  function play() {
    if (playing) return pause();
    if (frame === last()) show(0);
    button.textContent = "Pause";
    playing = setInterval(() => (frame < last() ? show(frame + 1) : pause()), PLAY);
  }

  for (const value of [...new Set(labels)].sort()) {
    const key = document.createElement("button");
    Object.assign(key, { type: "button", textContent: value, ariaLabel: `Digit ${value}` });
    key.dataset.lmSuppressShortcuts = "true";
    [key.style.background, key.style.color] = model.get("_colours")[value];
    key.addEventListener("click", () => set("_isolated", alone() === value ? null : value));
    legend.append(key);
  }
  picture.addEventListener("pointermove", (event) => pinned || choose(under(event), false));
  picture.addEventListener("pointerleave", () => pinned || choose(-1, false));
  picture.addEventListener("click", (event) => choose(under(event), under(event) >= 0));
  map.addEventListener("keydown", press);
  button.addEventListener("click", play);
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  model.on("change:_shown", news);
  model.on("change:_isolated", news);
  news();

  function end() {
    pause();
    clearTimeout(telling);
    clearTimeout(gliding);
    cancelAnimationFrame(painting);
    model.off("change:_shown", news);
    model.off("change:_isolated", news);
  }
  return { news, end };
}

export default () => {
  const frames = []; // {points: Float32Array (2 N), predictions: Uint8Array (N) or (0), title, said}
  const views = new Set();

  function take(model, { first, titles, said }, buffers) {
    if (first > frames.length) return model.send({ have: frames.length }); // some went by before this page listened
    titles.forEach((title, k) => {
      frames[first + k] = { title, said: said[k], points: floats(buffers[2 * k]), predictions: bytes(buffers[2 * k + 1]) };
    });
    for (const view of views) view.news();
  }

  return {
    initialize({ model }) {
      model.on("msg:custom", (content, buffers) => take(model, content, buffers));
      model.send({ have: 0 });
    },
    render({ model, el }) {
      const view = makeView(model, el, frames);
      views.add(view);
      return () => {
        views.delete(view);
        view.end();
      };
    },
  };
};
