// The explorer's panels and controls. What it shows is worked out by sliding.js, which stands before this file.

// ---------------------------------------------------------------- what it looks like

const BLUE_TO_RED = [
  [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240], [247, 247, 247],
  [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43], [103, 0, 31],
]; // matplotlib's RdBu_r, as in course_utils/figures.py
const [ORANGE, DARK_ORANGE] = ["#D55E00", "#B34700"];
const PADDING = [221, 221, 221]; // light grey
const FONT = "16px sans-serif"; // 12 points

// From number to colour [r, g, b]: grey, or red and blue where a number is negative or `diverging` says so.
function colouring(values, diverging = false) {
  const finite = values.filter(Number.isFinite);
  const top = Math.max(...finite.map(Math.abs), 0) || 1;
  if (!diverging && finite.every((value) => value >= 0)) {
    return (value) => Array(3).fill(Math.round(255 * (1 - Math.max(value, 0) / top)));
  }
  return (value) => {
    const at = Math.min(Math.max(5 + (5 * value) / top, 0), 10);
    const low = Math.min(Math.floor(at), 9);
    return BLUE_TO_RED[low].map((from, i) => Math.round(from + (at - low) * (BLUE_TO_RED[low + 1][i] - from)));
  };
}

// Black or white, whichever stands out more (WCAG 2.2, relative luminance).
function ink(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "black" : "white";
}

function cellSize(rows, columns) {
  return Math.max(7, Math.min(44, Math.floor(308 / Math.max(rows, columns))));
}

// One panel on a canvas: cells with their numbers where there is room, rows and columns counted from `first` on.
class Panel {
  constructor(canvas) {
    this.canvas = canvas;
    this.left = 32;
    this.top = 4;
  }

  draw(grid, { first = 0, diverging = false, blank = () => false } = {}) {
    const { rows, columns, values } = grid;
    const size = (this.size = cellSize(rows, columns));
    Object.assign(this, { rows, columns });
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.left + columns * size + 8, this.top + rows * size + 24];
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    const ctx = (this.ctx = this.canvas.getContext("2d"));
    ctx.scale(ratio, ratio);
    ctx.font = FONT;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const colour = colouring(values, diverging);
    const written = size >= 18 ? texts([...values]) : [];
    const room = size >= 18 && written.every((text) => ctx.measureText(text).width < size - 3);
    values.forEach((value, i) => {
      const [x, y] = this.corner(Math.floor(i / columns), i % columns);
      const rgb = blank(Math.floor(i / columns), i % columns) || value === -Infinity ? PADDING : colour(value);
      ctx.fillStyle = `rgb(${rgb})`;
      ctx.fillRect(x, y, size, size);
      if (size > 10) {
        ctx.strokeStyle = "#BBBBBB";
        ctx.lineWidth = 0.5;
        ctx.strokeRect(x, y, size, size);
      }
      if (room) {
        ctx.fillStyle = ink(rgb);
        ctx.fillText(written[i], x + size / 2, y + size / 2 + 1);
      }
    });
    ctx.strokeStyle = "#767676";
    ctx.lineWidth = 1;
    ctx.strokeRect(this.left, this.top, columns * size, rows * size);
    ctx.fillStyle = "black";
    const step = size >= 26 ? 1 : 5;
    for (let i = 0; i < Math.max(rows, columns); i++) {
      if ((i + first) % step) continue;
      const [x, y] = this.corner(i, i);
      if (i < columns) ctx.fillText(i + first, x + size / 2, this.top + rows * size + 14);
      if (i < rows) ctx.fillText(i + first, this.left - 15, y + size / 2 + 1);
    }
  }

  corner(row, column) {
    return [this.left + column * this.size, this.top + row * this.size];
  }

  frame(row, column, rows = 1, columns = 1) {
    const [x, y] = this.corner(row, column);
    for (const [colour, width] of [["white", 5], [ORANGE, 3]]) {
      this.ctx.strokeStyle = colour;
      this.ctx.lineWidth = width;
      this.ctx.strokeRect(x, y, columns * this.size, rows * this.size);
    }
  }

  dashed(row, column, rows, columns) {
    const [x, y] = this.corner(row, column);
    this.ctx.setLineDash([6, 4]);
    this.ctx.strokeStyle = "black";
    this.ctx.lineWidth = 1.5;
    this.ctx.strokeRect(x, y, columns * this.size, rows * this.size);
    this.ctx.setLineDash([]);
  }

  cross(row, column) {
    const [x, y] = this.corner(row, column);
    const [near, far] = [this.size * 0.2, this.size * 0.8];
    for (const [colour, width] of [["white", 3.5], [DARK_ORANGE, 2]]) {
      this.ctx.strokeStyle = colour;
      this.ctx.lineWidth = width;
      this.ctx.beginPath();
      this.ctx.moveTo(x + near, y + near);
      this.ctx.lineTo(x + far, y + far);
      this.ctx.moveTo(x + far, y + near);
      this.ctx.lineTo(x + near, y + far);
      this.ctx.stroke();
    }
  }

  // The cell under the mouse, [row, column], or null.
  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top - this.top) / this.size);
    const column = Math.floor((event.clientX - box.left - this.left) / this.size);
    return row >= 0 && row < this.rows && column >= 0 && column < this.columns ? [row, column] : null;
  }
}

function paintInput(panel, s) {
  const p = s.padding;
  const { rows, columns } = s.image;
  const [unreadRows, unreadColumns] = [new Set(unread(rows, s)), new Set(unread(columns, s))];
  const values = [];
  for (let r = -p; r < rows + p; r++) for (let c = -p; c < columns + p; c++) values.push(cell(s, r, c));
  const outside = (r, c) => r < p || c < p || r >= rows + p || c >= columns + p;
  panel.draw({ rows: rows + 2 * p, columns: columns + 2 * p, values }, { first: -p, blank: outside });
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) if (unreadRows.has(r) || unreadColumns.has(c)) panel.cross(r + p, c + p);
  }
  if (p) panel.dashed(p, p, rows, columns);
  const [top, left] = [s.row * s.stride, s.column * s.stride];
  if (s.dilation === 1) panel.frame(top, left, s.size, s.size);
  else for (let i = 0; i < s.size ** 2; i++) panel.frame(top + Math.floor(i / s.size) * s.dilation, left + (i % s.size) * s.dilation);
}

const CSS = `
.sw { background: white; color: black; color-scheme: light; padding: 10px 12px; font: 16px/1.35 sans-serif; border: 1px solid #767676; }
.sw * { box-sizing: border-box; }
.sw-row { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; }
.sw-row label { display: inline-flex; align-items: center; gap: 5px; }
.sw select, .sw input, .sw button { font: inherit; color: black; background: white; border: 1px solid #767676; border-radius: 3px; padding: 2px 5px; }
.sw button { cursor: pointer; min-width: 4.5em; }
.sw :disabled { color: #595959; background: #EEEEEE; }
.sw-row input { width: 3.2em; }
.sw-panels { display: flex; flex-wrap: wrap; gap: 10px 16px; align-items: flex-start; margin: 10px 0 4px; }
.sw-title { font: bold 16px sans-serif; margin: 0 0 4px; color: black; }
.sw-kernel { display: grid; gap: 2px; margin-top: 4px; }
.sw .sw-kernel input { width: 100%; height: 40px; padding: 0; text-align: center; border-radius: 0; }
.sw-output { cursor: crosshair; }
.sw :focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
.sw-sum { white-space: pre-line; min-width: 17em; min-height: 4.1em; font-variant-numeric: tabular-nums; }
.sw-error { white-space: pre-line; color: ${DARK_ORANGE}; font-weight: bold; }
.sw-panels.sw-work { margin: 0; flex: 1 1 160px; }
.sw-summary { margin: 4px 0 0; }
`;

function element(tag, properties = {}, children = []) {
  const { attributes = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// What is typed counts when Enter is pressed or the box is left.
function onEntered(box, listener) {
  box.addEventListener("change", listener);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") listener();
  });
}

// While the learner types, nothing else is written into the box; once it is left, what holds stands there again.
function onTyped(box, left) {
  box.addEventListener("input", () => { box.dataset.typing = "true"; });
  box.addEventListener("blur", () => {
    box.dataset.typing = "";
    left();
  });
}

function render({ model, el }) {
  let [timer, playing, frame, built] = [0, 0, 0, ""];
  const save = () => {
    clearTimeout(timer);
    timer = 0;
    model.save_changes();
  };
  const saveSoon = () => {
    if (!timer) timer = setTimeout(save, 100); // while the mouse moves: Python hears of it ten times a second, not at every cell
  };
  const take = (changes, when = save) => {
    const taken = change(model, changes);
    when();
    paint();
    return taken;
  };

  const choice = (name, label, options) => {
    const select = element("select", { attributes: { "aria-label": label } });
    for (const [value, text] of options) select.append(element("option", { value, textContent: text }));
    select.addEventListener("change", () => take({ [name]: select.value }));
    return select;
  };
  const named = (names) => names.map((name) => [name, name]);
  const selects = {
    image_name: choice("image_name", "image", named(Object.keys(model.get("_images")))),
    kernel_name: choice("kernel_name", "kernel", named([...Object.keys(model.get("_kernels")), OWN])),
    mode: choice("mode", "mode", Object.entries(MODES)),
  };
  const boxes = {};
  for (const name of NUMBERS) {
    const least = ["padding", "row", "column"].includes(name) ? 0 : 1;
    boxes[name] = element("input", { type: "number", min: least, step: 1, attributes: { "aria-label": name } });
    if (NUMBERS.indexOf(name) < 4) boxes[name].max = LARGEST;
    onTyped(boxes[name], () => soon());
    onEntered(boxes[name], () => {
      const entered = boxes[name].value === "" ? NaN : Number(boxes[name].value);
      boxes[name].dataset.typing = "";
      if (entered === model.get(name)) paint();
      else take({ [name]: entered });
    });
  }
  const labelled = (name, control) => element("label", {}, [name, control]);
  const play = element("button", { type: "button", textContent: "Play" });
  const [inputTitle, outputTitle, kernelTitle] = [1, 2, 3].map(() => element("div", { className: "sw-title" }));
  const input = new Panel(element("canvas", { attributes: { role: "img" } }));
  const output = new Panel(element("canvas", { className: "sw-output", tabIndex: 0, attributes: { role: "application" } }));
  const kernel = element("div", { className: "sw-kernel" });
  const sum = element("div", { className: "sw-sum" });
  const told = element("p", { className: "sw-summary", attributes: { "aria-live": "polite" } });
  const error = element("div", { className: "sw-error", attributes: { role: "alert" } });
  const controls = element("div", { className: "sw-row" }, [
    ...(Object.keys(model.get("_images")).length > 1 ? [labelled("image", selects.image_name)] : []),
    labelled("kernel", selects.kernel_name),
    labelled("mode", selects.mode),
    ...NUMBERS.map((name) => labelled(name, boxes[name])),
    play,
  ]);
  const panels = element("div", { className: "sw-panels" }, [
    element("div", {}, [inputTitle, input.canvas]),
    element("div", {}, [outputTitle, output.canvas]),
    element("div", { className: "sw-panels sw-work" }, [element("div", {}, [kernelTitle, kernel]), sum]),
  ]);
  // JupyterLab's own keys would move to the next cell where the learner wants to move the window.
  const card = element("div", { className: "sw", attributes: { "data-lm-suppress-shortcuts": "true" } }, [controls, error, panels, told]);
  el.append(element("style", { textContent: CSS }), card);

  const paintKernel = (s) => {
    const pooling = s.mode !== "convolution";
    const wanted = pooling ? s.mode : String(s.size);
    if (built !== wanted) {
      built = wanted;
      kernel.replaceChildren();
      kernel.style.gridTemplateColumns = pooling ? "" : `repeat(${s.size}, ${s.size > 5 ? 46 : 50}px)`;
      if (pooling) {
        const what = s.mode === "max" ? "the largest number of the window" : "the mean of the window's numbers";
        kernel.append(element("p", { textContent: `none: ${what}`, style: "margin:0;max-width:9em" }));
      } else {
        for (let i = 0; i < s.size ** 2; i++) kernel.append(kernelCell(Math.floor(i / s.size), i % s.size));
      }
    }
    kernelTitle.textContent = pooling ? "kernel" : `kernel ${s.size} x ${s.size}`;
    if (pooling) return;
    const colour = colouring([...s.kernel.values], true);
    const written = texts([...s.kernel.values]);
    [...kernel.children].forEach((box, i) => {
      const rgb = colour(s.kernel.values[i]);
      Object.assign(box.style, { background: `rgb(${rgb})`, color: ink(rgb) });
      if (box.dataset.typing !== "true") box.value = written[i];
    });
  };
  const kernelCell = (row, column) => {
    const box = element("input", { type: "text", inputMode: "decimal", attributes: { "aria-label": `kernel row ${row}, column ${column}` } });
    const typed = () => (box.value.trim() === "" ? NaN : Number(box.value.replace("−", "-").replace(",", ".")));
    const good = () => Math.abs(typed()) <= LARGEST_NUMBER;
    const store = () => {
      const s = read(model);
      const values = s.kernel.values.slice();
      values[row * s.size + column] = typed();
      take({ kernel: { rows: s.size, columns: s.size, values } });
    };
    box.addEventListener("focus", () => box.select());
    onTyped(box, () => soon());
    box.addEventListener("input", () => {
      if (good()) store();
    });
    onEntered(box, () => {
      if (box.dataset.typing !== "true") return; // what stands there is rounded, and is not what the learner typed
      box.dataset.typing = "";
      if (good()) return store();
      model.set("error", `A kernel's cell takes a number from -${LARGEST_NUMBER} to ${LARGEST_NUMBER}; here is "${box.value.slice(0, 20)}".\nType a number.`);
      save();
      paint();
    });
    return box;
  };

  function paint() {
    cancelAnimationFrame(frame);
    frame = 0;
    const s = read(model);
    if (refusal(s)) return; // a half-arrived change: the rest of it follows
    const result = slide(s);
    paintInput(input, s);
    paintKernel(s);
    output.draw(result);
    output.frame(s.row, s.column);
    const { rows, columns } = s.image;
    const padded = s.padding ? `, padded ${rows + 2 * s.padding} x ${columns + 2 * s.padding}` : "";
    inputTitle.textContent = `input ${rows} x ${columns}${padded}`;
    outputTitle.textContent = `output ${result.rows} x ${result.columns}: point here, or use arrow keys`;
    const words = summary(s, result);
    if (told.textContent !== words) told.textContent = words;
    input.canvas.setAttribute("aria-label", `${inputTitle.textContent}, with the window that is read`);
    output.canvas.setAttribute("aria-label", `output ${result.rows} x ${result.columns}: arrow keys move the window; row ${s.row}, column ${s.column}`);
    sum.textContent = arithmetic(s, result);
    if (error.textContent !== model.get("error")) error.textContent = model.get("error");
    for (const name of NUMBERS) if (boxes[name].dataset.typing !== "true") boxes[name].value = s[name];
    for (const [name, select] of Object.entries(selects)) select.value = s[name];
    const own = selects.kernel_name.lastElementChild;
    own.disabled = own.hidden = s.kernel_name !== OWN;
    selects.kernel_name.disabled = s.mode !== "convolution";
  }

  // ---------------------------------------------------------------- hand and clock

  output.canvas.addEventListener("pointermove", (event) => {
    const at = output.under(event);
    if (!at || playing || (at[0] === model.get("row") && at[1] === model.get("column"))) return;
    take({ row: at[0], column: at[1] }, saveSoon);
  });
  output.canvas.addEventListener("keydown", (event) => {
    const [row, column] = [model.get("row"), model.get("column")];
    const moves = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, output.columns - 1], PageUp: [0, column], PageDown: [output.rows - 1, column],
    };
    const to = moves[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    stop();
    if (to[0] >= 0 && to[0] < output.rows && to[1] >= 0 && to[1] < output.columns) take({ row: to[0], column: to[1] }, saveSoon);
  });

  const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  const label = () => {
    play.textContent = stillness.matches ? "Step" : playing ? "Pause" : "Play";
  };
  const step = () => {
    const next = (model.get("row") * output.columns + model.get("column") + 1) % (output.rows * output.columns);
    take({ row: Math.floor(next / output.columns), column: next % output.columns }, saveSoon);
    if (next === output.rows * output.columns - 1) stop();
  };
  const stop = () => {
    if (!playing) return;
    clearInterval(playing);
    playing = 0;
    told.setAttribute("aria-live", "polite");
    label();
    save();
  };
  play.addEventListener("click", () => {
    if (playing) return stop();
    if (stillness.matches) return step(); // one place a click, and nothing that moves by itself
    told.setAttribute("aria-live", "off");
    playing = setInterval(step, Math.max(40, Math.min(400, 20000 / (output.rows * output.columns))));
    label();
  });
  const still = () => {
    if (stillness.matches) stop();
    label();
  };
  stillness.addEventListener("change", still);

  const soon = () => {
    if (!frame) frame = requestAnimationFrame(paint);
  };
  for (const name of [...SETTINGS, "error"]) model.on(`change:${name}`, soon);
  label();
  paint();
  return () => {
    if (timer) save();
    clearInterval(playing);
    cancelAnimationFrame(frame);
    stillness.removeEventListener("change", still);
    for (const name of [...SETTINGS, "error"]) model.off(`change:${name}`, soon);
  };
}

// Once a model, however many views it has: what is drawn goes back to Python, with the settings that it belongs to.
function initialize({ model }) {
  let waiting = 0;
  const answer = () => {
    waiting = 0;
    const s = read(model);
    if (refusal(s)) return;
    const settings = Object.fromEntries(["image_name", "mode", "size", "stride", "padding", "dilation"].map((name) => [name, s[name]]));
    model.send({ settings }, undefined, [slide(s).values.buffer, s.kernel.values.buffer]);
  };
  const soon = () => {
    if (!waiting) waiting = setTimeout(answer, 0); // when all traits of a message have arrived
  };
  const names = SETTINGS.filter((name) => !["row", "column", "kernel_name"].includes(name));
  for (const name of names) model.on(`change:${name}`, soon);
  soon();
  return () => {
    clearTimeout(waiting);
    for (const name of names) model.off(`change:${name}`, soon);
  };
}

export default { initialize, render };
