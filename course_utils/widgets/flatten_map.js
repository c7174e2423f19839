// FlattenMap: feature maps (C, H, W) beside their vector of C·H·W numbers. Python holds the state; pointing is answered here.

const BLUE = "#0072B2";
const ORANGE = "#D55E00";
// ColorBrewer's RdBu from blue to red, which matplotlib calls RdBu_r.
const DIVERGING = [
  [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240], [247, 247, 247],
  [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43], [103, 0, 31],
];
const TITLE = 20; // pixels for a line of words
const GAP = 8; // pixels between maps
const LABEL = 50; // pixels for the indices beside the vector

const STYLE = `
.flatten-map { color: var(--jp-content-font-color1, #1a1a1a); background: var(--jp-layout-color0, white);
  font: 16px/1.4 var(--jp-content-font-family, system-ui, sans-serif); padding: 6px; }
.flatten-map .panels, .flatten-map .controls { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
.flatten-map .panels { align-items: flex-start; }
.flatten-map figure { margin: 0; max-width: 100%; overflow-x: auto; }
.flatten-map canvas { display: block; background: white; cursor: crosshair; margin: 4px; }
.flatten-map canvas:focus-visible, .flatten-map input:focus-visible, .flatten-map select:focus-visible {
  outline: 3px solid ${ORANGE}; outline-offset: 1px; }
.flatten-map input, .flatten-map select { font: inherit; color: inherit; background: var(--jp-layout-color1, white);
  border: 1px solid var(--jp-content-font-color2, #555); padding: 2px 4px; }
.flatten-map input[type=number] { width: 5em; }
.flatten-map input[type=checkbox] { width: 18px; height: 18px; vertical-align: middle; }
.flatten-map .said { margin: 4px 0; font-size: 17px; }
.flatten-map .long { min-height: 2.8em; }
.flatten-map .error { white-space: pre-line; font-weight: bold; }
.flatten-map .error:not(:empty) { border-left: 4px solid ${ORANGE}; padding: 2px 8px; }
.flatten-map .bar { display: inline-block; width: 90px; height: 14px; border: 1px solid #767676; vertical-align: middle; margin: 0 6px; }
`;

/** An HTML element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The numbers of a synced Bytes trait. */
function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** A number with so many digits after the point, never "-0". */
function written(value, digits) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** The scale of some numbers: grey from 0 up, or blue, white, red around 0 where a number is negative or `diverging` is wanted. */
function scaleOf(values, diverging) {
  const top = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  diverging ||= values.some((value) => value < 0);
  const colour = (value) => {
    if (!diverging) {
      const grey = Math.round(255 * (1 - value / top));
      return `rgb(${grey} ${grey} ${grey})`;
    }
    const at = (value / top + 1) * 5; // 0 to 10
    const low = Math.min(9, Math.floor(at));
    const mixed = DIVERGING[low].map((part, i) => Math.round(part + (at - low) * (DIVERGING[low + 1][i] - part)));
    return `rgb(${mixed.join(" ")})`;
  };
  return { top, diverging, colour };
}

/** How many entries of the vector stand in a line: whole maps, or whole rows of a large map, about 50 to 100. */
function lineLength([count, height, width]) {
  const area = height * width;
  if (area <= 98) return Math.min(count, Math.max(1, Math.floor(49 / area))) * area;
  return width <= 98 ? width * Math.floor(98 / width) : 64;
}

/** The most pixels for a cell of the maps in so many columns, beside the vector or, if `stacked`, above it. */
function cellFor(sizes, line, columns, space, high, stacked) {
  const [count, height, width] = sizes;
  const across = stacked ? Math.max(columns * width, line) : columns * width + line;
  const wide = (space - columns * GAP - LABEL - 50) / across;
  const tall = (high / Math.ceil(count / columns) - TITLE) / height;
  return Math.floor(Math.min(wide, tall));
}

/** Where everything is drawn, in pixels: side by side and on one screen if the cells are large enough so, else one above the other. */
function layOut(sizes, space) {
  const [count, height, width] = sizes;
  const line = lineLength(sizes);
  const lines = Math.ceil((count * height * width) / line);
  const high = Math.max(430, window.innerHeight - 290); // what the words, the boxes and JupyterLab leave of the screen
  let [columns, cell] = [1, 0];
  for (const stacked of [false, true]) {
    if (cell >= 7) break;
    for (let tried = 1; tried <= count; tried++) {
      const found = cellFor(sizes, line, tried, space, stacked ? 2 * high : high, stacked);
      if (found > cell) [columns, cell] = [tried, found];
    }
  }
  cell = Math.max(6, Math.min(cell, 28));
  const title = cell * width < 24 ? GAP : TITLE;
  const mapsHigh = Math.ceil(count / columns) * (cell * height + title);
  const lineHigh = Math.max(cell, Math.min(2 * cell, Math.floor((high - TITLE) / lines)));
  const maps = {
    width: columns * (cell * width + GAP), height: mapsHigh + 4,
    corner: (c) => [(c % columns) * (cell * width + GAP) + GAP / 2, Math.floor(c / columns) * (cell * height + title) + title],
  };
  maps.rect = (index) => {
    const c = Math.floor(index / (height * width));
    const [left, top] = maps.corner(c);
    return [left + (index % width) * cell, top + (Math.floor(index / width) % height) * cell, cell, cell];
  };
  maps.blocks = (c) => [[...maps.corner(c), cell * width, cell * height]];
  const vector = { width: LABEL + line * cell + 4, height: lines * lineHigh + TITLE };
  vector.rect = (index) => [LABEL + (index % line) * cell, TITLE / 2 + Math.floor(index / line) * lineHigh, cell, lineHigh];
  vector.blocks = (c) => { // one for each line that map c reaches into
    const [first, last] = [c * height * width, (c + 1) * height * width - 1];
    const blocks = [];
    for (let i = Math.floor(first / line); i <= Math.floor(last / line); i++) {
      const [left, top] = vector.rect(Math.max(first, i * line));
      blocks.push([left, top, (Math.min(last, i * line + line - 1) - Math.max(first, i * line) + 1) * cell, lineHigh]);
    }
    return blocks;
  };
  return { cell, lineHigh, line, lines, columns, title, maps, vector };
}

/** A canvas that draws all cells once, and then only the frames on them. */
class Panel {
  constructor(name) {
    this.canvas = make("canvas", { tabindex: 0, role: "slider", "aria-label": name, "aria-valuemin": 0 });
    this.cells = document.createElement("canvas");
  }

  drawCells(plan, size, colours, words) {
    this.plan = plan;
    this.size = size;
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.cells]) {
      canvas.width = Math.round(plan.width * this.ratio);
      canvas.height = Math.round(plan.height * this.ratio);
    }
    this.canvas.style.width = `${plan.width}px`;
    this.canvas.style.height = `${plan.height}px`;
    const pen = this.cells.getContext("2d");
    pen.scale(this.ratio, this.ratio);
    pen.fillStyle = "white";
    pen.fillRect(0, 0, plan.width, plan.height);
    for (let index = 0; index < size; index++) {
      const [left, top, width, height] = plan.rect(index);
      pen.fillStyle = "#C4C4C4"; // the lines between the cells
      pen.fillRect(left - 1, top - 1, width + 1, height + 1);
      pen.fillStyle = colours[index];
      pen.fillRect(left, top, width - 1, height - 1);
    }
    pen.fillStyle = "#1a1a1a";
    pen.font = "16px system-ui, sans-serif";
    for (const [text, x, y, align] of words) {
      pen.textAlign = align;
      pen.fillText(text, x, y);
    }
  }

  drawFrames(index, map) {
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(this.cells, 0, 0);
    pen.scale(this.ratio, this.ratio);
    const frames = [...this.plan.blocks(map).map((block) => [block, BLUE, 2]), [this.plan.rect(index), ORANGE, 3]];
    for (const [[left, top, width, height], colour, thick] of frames) {
      for (const [ink, line] of [["white", thick + 2], [colour, thick]]) {
        pen.strokeStyle = ink;
        pen.lineWidth = line;
        pen.strokeRect(left - 2, top - 2, width + 3, height + 3);
      }
    }
  }

  /** The index under the mouse, or null between the cells. */
  indexUnder(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    for (let index = 0; index < this.size; index++) {
      const [left, top, width, height] = this.plan.rect(index);
      if (x >= left && x < left + width && y >= top && y < top + height) return index;
    }
    return null;
  }
}

function render({ model, el }) {
  const sizes = model.get("sizes");
  const [count, height, width] = sizes;
  const size = count * height * width;
  const features = floats(model.get("maps_bytes"));
  const weights = floats(model.get("weights_bytes"));
  const classes = weights.length / size;
  let plan = null;
  let hovered = null; // the index under the mouse; the framed one otherwise
  let pressed = null; // the index on which the mouse went down
  let complaint = ""; // about what was typed

  const maps = new Panel("Feature maps. Arrow keys move by one place.");
  const vector = new Panel("Vector. Left and right move by one, up and down by a line.");
  const vectorWords = make("figcaption");
  const number = (name, most) => make("input", { type: "number", min: 0, max: most, step: 1, "aria-label": name });
  const boxes = [number("index", size - 1), number("map c", count - 1), number("row r", height - 1), number("column k", width - 1)];
  const select = make("select", { "aria-label": "Colours show" }, make("option", { value: "" }, "the features"));
  for (let digit = 0; digit < classes; digit++) select.append(make("option", { value: digit }, `the weights of class ${digit}`));
  const times = make("input", { type: "checkbox" });
  const timesLabel = make("label", {}, times, " times the features (evidence)");
  const [lowest, bar, highest] = [make("span"), make("span", { class: "bar", "aria-hidden": "true" }), make("span")];
  const scale = make("span", {}, lowest, bar, highest);
  const said = make("p", { class: classes ? "said long" : "said", "aria-live": "polite" });
  const error = make("div", { class: "error", role: "alert" });
  // The attribute keeps JupyterLab's shortcuts away: its arrow keys would go to the next cell.
  const root = make("div", { class: "flatten-map", role: "group", "aria-label": "Feature maps and vector", "data-lm-suppress-shortcuts": "true" },
    make("style", {}, STYLE),
    make("div", { class: "controls" }, ...boxes.map((box) => make("label", {}, `${box.getAttribute("aria-label")} `, box)),
      ...(classes ? [] : [scale])),
    make("div", { class: "controls" }, ...(classes ? [make("label", {}, "Colours show ", select), timesLabel, scale] : [])),
    said, error,
    make("div", { class: "panels" },
      make("figure", {}, make("figcaption", {}, `maps: ${count} of ${height} x ${width}`), maps.canvas),
      make("figure", {}, vectorWords, vector.canvas)));
  el.append(root);

  const shownClass = () => model.get("shown_class");
  const weight = (index) => weights[shownClass() * size + index];
  const placeOf = (index) => [Math.floor(index / (height * width)), Math.floor(index / width) % height, index % width];
  const indexOf = ([c, r, k]) => c * height * width + r * width + k;

  /** The words for a place; Python's `summary` says the same. */
  function summary(index) {
    const [c, r, k] = placeOf(index);
    let text = `map ${c}, row ${r}, column ${k} ↔ index ${c}·${height * width} + ${r}·${width} + ${k} = ${index}. `;
    text += `Feature ${written(features[index], 2)}`;
    if (shownClass() === null) return `${text}.`;
    text += `, weight for class ${shownClass()} ${written(weight(index), 3)}`;
    if (!model.get("evidence")) return `${text}.`;
    let total = 0;
    for (let i = index % (height * width); i < size; i += height * width) total += weight(i) * features[i];
    text += `, weight times feature ${written(weight(index) * features[index], 3)}.`;
    return `${text} All maps at row ${r}, column ${k}: ${written(total, 2)}.`;
  }

  function drawCells() {
    if (!plan) return;
    const evidence = model.get("evidence");
    const values = shownClass() === null ? features : features.map((value, i) => (evidence ? value : 1) * weight(i));
    const { top, diverging, colour } = scaleOf(values, shownClass() !== null);
    const colours = Array.from(values, colour);
    const digits = shownClass() === null ? 2 : 3;
    lowest.textContent = diverging ? written(-top, digits) : "0";
    highest.textContent = written(top, digits);
    const stops = diverging ? DIVERGING.map((rgb) => `rgb(${rgb.join(" ")})`) : ["white", "black"];
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    const { cell, lineHigh, line, lines, title } = plan;
    const numbers = title < TITLE ? [] : Array.from({ length: count }, (_, c) => {
      const [left, above] = plan.maps.corner(c);
      return [c, left + (cell * width) / 2, above - 4, "center"];
    });
    maps.drawCells(plan.maps, size, colours, numbers);
    const every = Math.ceil(17 / lineHigh);
    const indices = [];
    for (let i = 0; i < lines; i += every) indices.push([i * line, LABEL - 5, plan.vector.rect(i * line)[1] + lineHigh / 2 + 6, "right"]);
    vector.drawCells(plan.vector, size, colours, indices);
    vectorWords.textContent = `vector: ${size} numbers, in ${lines} line${lines === 1 ? "" : "s"} of ${line}`;
    select.value = shownClass() ?? "";
    times.checked = evidence;
    times.disabled = shownClass() === null;
    drawFrames();
  }

  /** Not again what stands there: a screen reader would read it aloud again. */
  function say(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function drawFrames() {
    const index = hovered ?? model.get("index");
    say(said, summary(index));
    say(error, complaint || model.get("error"));
    if (!plan) return;
    for (const panel of [maps, vector]) panel.drawFrames(index, placeOf(index)[0]);
  }

  /** The framed place has changed: boxes and sliders say so. */
  function tellIndex() {
    const index = model.get("index");
    [index, ...placeOf(index)].forEach((value, i) => { boxes[i].value = value; });
    for (const { canvas } of [maps, vector]) {
      canvas.setAttribute("aria-valuemax", size - 1);
      canvas.setAttribute("aria-valuenow", index);
      canvas.setAttribute("aria-valuetext", summary(index));
    }
    drawFrames();
  }

  function set(name, value) {
    complaint = "";
    hovered = null;
    model.set(name, value);
    model.save_changes();
    drawFrames(); // also where nothing has changed: the complaint goes
  }

  function takeBoxes(changed) {
    const values = boxes.map((box) => Number(box.value));
    const wrong = boxes.find((box) => box.value === "" || !box.validity.valid);
    if (wrong) {
      complaint = `${wrong.getAttribute("aria-label")} goes from 0 to ${wrong.max}.\nType one of these whole numbers.`;
      tellIndex();
    } else {
      set("index", changed === boxes[0] ? values[0] : indexOf(values.slice(1)));
    }
  }

  /** Where an arrow key leads on the maps, as they lie side by side: to the neighbour on the next map, too. */
  function besideOnMaps(key) {
    const [c, r, k] = placeOf(model.get("index"));
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    const across = (c % plan.columns) * width + k + step[1];
    const down = Math.floor(c / plan.columns) * height + r + step[0];
    const map = Math.floor(down / height) * plan.columns + Math.floor(across / width);
    if (across < 0 || down < 0 || across >= plan.columns * width || map >= count) return null;
    return indexOf([map, down % height, across % width]);
  }

  function onKey(event) {
    const index = model.get("index");
    const onMaps = event.currentTarget === maps.canvas;
    let next = { Home: 0, End: size - 1, PageUp: index - height * width, PageDown: index + height * width }[event.key];
    if (event.key.startsWith("Arrow")) {
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -plan.line, ArrowDown: plan.line };
      next = onMaps ? besideOnMaps(event.key) : index + steps[event.key];
    }
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // the page does not scroll
    if (next !== null && next >= 0 && next < size) set("index", next);
  }

  for (const panel of [maps, vector]) {
    panel.canvas.addEventListener("pointermove", (event) => {
      hovered = panel.indexUnder(event);
      drawFrames();
    });
    panel.canvas.addEventListener("pointerleave", () => { hovered = null; drawFrames(); });
    // Focus would scroll the canvas away from under the mouse before the click arrives.
    panel.canvas.addEventListener("pointerdown", (event) => { pressed = panel.indexUnder(event); });
    panel.canvas.addEventListener("mousedown", (event) => {
      event.preventDefault();
      panel.canvas.focus({ preventScroll: true });
    });
    panel.canvas.addEventListener("click", () => { if (pressed !== null) set("index", pressed); });
    panel.canvas.addEventListener("keydown", onKey);
  }
  for (const box of boxes) {
    box.addEventListener("change", () => takeBoxes(box));
    box.addEventListener("keydown", (event) => { if (event.key === "Enter") takeBoxes(box); });
  }
  select.addEventListener("change", () => set("shown_class", select.value === "" ? null : Number(select.value)));
  times.addEventListener("change", () => set("evidence", times.checked));

  const handlers = {
    "change:index": tellIndex,
    "change:shown_class": () => { drawCells(); tellIndex(); },
    "change:evidence": () => { drawCells(); tellIndex(); },
    "change:error": drawFrames,
  };
  for (const [event, handler] of Object.entries(handlers)) model.on(event, handler);
  let space = 0;
  const observer = new ResizeObserver(([entry]) => {
    if (entry.contentRect.width === space) return;
    space = entry.contentRect.width;
    plan = layOut(sizes, space);
    drawCells();
  });
  observer.observe(root);
  tellIndex();

  return () => {
    observer.disconnect();
    for (const [event, handler] of Object.entries(handlers)) model.off(event, handler);
  };
}

export default { render };
