// What course_utils/sliding.py works out in Python, worked out in the browser: in the same words, with the same rounding.
// tests/browser/test_sliding_window.py compares the two. sliding_window.py puts this file before sliding_window.js.

const OWN = "your own"; // the kernel's name once the learner has changed it
const LARGEST = 9; // the largest size, stride, padding and dilation
const LARGEST_NUMBER = 1000; // how far from zero a kernel's number may be
const MODES = { convolution: "convolution", max: "max pooling", average: "average pooling" };
const NUMBERS = ["size", "stride", "padding", "dilation", "row", "column"];
const SETTINGS = ["image_name", "kernel_name", "mode", ...NUMBERS, "_kernel"];

// ---------------------------------------------------------------- what comes out

function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

// The settings as plain values: the image and the kernel as {rows, columns, values}.
function read(model) {
  const state = Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const image = model.get("_images")[state.image_name];
  state.image = { rows: image.rows, columns: image.columns, values: floats(image.values) };
  const values = floats(state._kernel);
  const size = Math.round(Math.sqrt(values.length));
  state.kernel = { rows: size, columns: size, values };
  return state;
}

// Where a window can begin on n pixels, counted from the first of all cells, padding included.
function starts(n, s) {
  const found = [];
  for (let at = 0; at < n + 2 * s.padding - s.dilation * (s.size - 1); at += s.stride) found.push(at);
  return found;
}

// The cells that the window at one place of the output reads; below 0 and from n on: padding.
function reads(n, s, place) {
  return Array.from({ length: s.size }, (_, i) => place * s.stride - s.padding + i * s.dilation);
}

function unread(n, s) {
  const seen = new Set(starts(n, s).flatMap((_, place) => reads(n, s, place)));
  return Array.from({ length: n }, (_, i) => i).filter((i) => !seen.has(i));
}

// Why PyTorch would not slide a window so, or "".
function refusal(s) {
  for (const name of NUMBERS) {
    const [smallest, largest] = [["padding", "row", "column"].includes(name) ? 0 : 1, ["row", "column"].includes(name) ? Infinity : LARGEST];
    if (!Number.isInteger(s[name]) || s[name] < smallest || s[name] > largest) {
      const bounds = largest < Infinity ? `from ${smallest} to ${largest}` : `from ${smallest} on`;
      return `The ${name} must be a whole number ${bounds}; here is ${s[name]}.\nTake a number within these bounds.`;
    }
  }
  const half = Math.floor(s.size / 2);
  if (s.mode === "average" && s.dilation > 1) {
    return `Average pooling has no dilation: F.avg_pool2d takes none; here is dilation ${s.dilation}.\nSet dilation to 1.`;
  }
  if (s.mode !== "convolution" && s.padding > half) {
    return (
      `Pooling takes a padding of at most half its window: ${half} for a window of ${s.size}; here is padding ${s.padding}.\n` +
      "Take less padding or a larger window."
    );
  }
  const [rows, columns] = [starts(s.image.rows, s).length, starts(s.image.columns, s).length];
  if (!rows || !columns) {
    const reach = s.dilation * (s.size - 1) + 1;
    const room = `${s.image.rows + 2 * s.padding} by ${s.image.columns + 2 * s.padding}`;
    return (
      `The window fits nowhere: it spans ${reach} by ${reach} cells, the padded input has ${room}.\n` +
      "Take more padding, a smaller kernel or less dilation."
    );
  }
  if (s.row >= rows || s.column >= columns) {
    return (
      `The output has no row ${s.row}, column ${s.column}: it has ${rows} rows and ${columns} columns, counted from 0.\n` +
      `Take a row up to ${rows - 1} and a column up to ${columns - 1}.`
    );
  }
  return "";
}

// One cell of the padded input; what padding counts as: 0, and nothing at all for the maximum.
function cell(s, row, column) {
  const inside = row >= 0 && row < s.image.rows && column >= 0 && column < s.image.columns;
  if (inside) return s.image.values[row * s.image.columns + column];
  return s.mode === "max" ? -Infinity : 0;
}

function windowCells(s, row, column) {
  const columns = reads(s.image.columns, s, column);
  return reads(s.image.rows, s, row).flatMap((r) => columns.map((c) => cell(s, r, c)));
}

// The output, as {rows, columns, values}: added up in double precision, stored as float32.
function slide(s) {
  const [rows, columns] = [starts(s.image.rows, s).length, starts(s.image.columns, s).length];
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; i++) {
    const cells = windowCells(s, Math.floor(i / columns), i % columns);
    if (s.mode === "max") values[i] = Math.max(...cells);
    else if (s.mode === "average") values[i] = cells.reduce((sum, value) => sum + value, 0) / cells.length;
    else values[i] = cells.reduce((sum, value, j) => sum + value * s.kernel.values[j], 0);
  }
  return { rows, columns, values };
}

// ---------------------------------------------------------------- in words

// The nearest whole number, and the even one of two, as Python rounds.
function rounded(value) {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(value);
}

function isRounded(values, digits) {
  const power = 10 ** digits;
  return values.every((value) => !Number.isFinite(value) || Math.abs(value - rounded(value * power) / power) <= 1e-6);
}

// Digits that numbers need after the point, 2 at most.
function decimals(values) {
  return [0, 1].find((digits) => isRounded(values, digits)) ?? 2;
}

function number(value, digits) {
  if (value === -Infinity) return "-∞";
  const power = 10 ** digits;
  const scaled = value * power;
  const text = Math.abs(scaled % 1) === 0.5 ? (rounded(scaled) / power).toFixed(digits) : value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

function texts(values) {
  const digits = decimals(values);
  return values.map((value) => number(value, digits));
}

// The window and its result, worked out: a row of the window a line; of more than 9 cells the result alone.
function arithmetic(s, output) {
  const cells = windowCells(s, s.row, s.column);
  const result = [output.values[s.row * output.columns + s.column]];
  const weights = s.mode === "convolution" ? [...s.kernel.values] : [0];
  const exact = [cells, weights, result].every((values) => isRounded(values, 2));
  const equals = `${exact ? "=" : "≈"} ${texts(result)[0]}`;
  const count = cells.length;
  if (count > 9) {
    const what = { convolution: `sum of ${count} products`, max: `largest of ${count} numbers`, average: `mean of ${count} numbers` };
    return `${what[s.mode]} ${equals}`;
  }
  const bracketed = (text) => (text.startsWith("-") ? `(${text})` : text);
  let terms = texts(cells);
  if (s.mode === "convolution") {
    const written = texts(weights);
    terms = terms.map((term, i) => `${term}·${bracketed(written[i])}`);
  } else if (s.mode === "average") {
    terms = terms.map(bracketed);
  }
  const glue = s.mode === "max" ? "," : " +";
  const rows = Array.from({ length: s.size }, (_, i) => terms.slice(i * s.size, (i + 1) * s.size).join(`${glue} `));
  const lines = rows.join(`${glue}\n`);
  return { convolution: lines, max: `max(${lines})`, average: `(${lines}) / ${count}` }[s.mode] + ` ${equals}`;
}

function lines(axis, numbers) {
  return numbers.length ? `${axis}${numbers.length > 1 ? "s" : ""} ${numbers.join(", ")}` : "";
}

function summary(s, output) {
  const [rows, columns] = [lines("row", reads(s.image.rows, s, s.row)), lines("column", reads(s.image.columns, s, s.column))];
  const missed = [lines("row", unread(s.image.rows, s)), lines("column", unread(s.image.columns, s))].filter((text) => text);
  return (
    `The output is ${output.rows} x ${output.columns}. ` +
    `Row ${s.row}, column ${s.column} reads ${rows} and ${columns}: ${arithmetic(s, output).replaceAll("\n", " ")}. ` +
    `Never read: ${missed.join(" and ") || "nothing"}.`
  );
}

// ---------------------------------------------------------------- what changes a setting

// All settings after a change of some, as SlidingWindow._completed in Python.
function completed(model, changes) {
  const s = { ...read(model), ...changes };
  const images = model.get("_images");
  s.image = { rows: images[s.image_name].rows, columns: images[s.image_name].columns, values: floats(images[s.image_name].values) };
  if ("kernel_name" in changes && s.kernel_name !== OWN) {
    const kernel = model.get("_kernels")[s.kernel_name];
    s.kernel = { rows: kernel.rows, columns: kernel.columns, values: floats(kernel.values) };
  } else if ("kernel" in changes) {
    s.kernel_name = OWN;
  }
  if (s.mode === "convolution") {
    if ("size" in changes && s.size !== s.kernel.rows && s.size >= 1 && s.size <= LARGEST) {
      const values = new Float32Array(s.size * s.size);
      for (let i = 0; i < values.length; i++) {
        const [row, column] = [Math.floor(i / s.size), i % s.size];
        if (row < s.kernel.rows && column < s.kernel.rows) values[i] = s.kernel.values[row * s.kernel.rows + column];
      }
      s.kernel = { rows: s.size, columns: s.size, values };
      s.kernel_name = OWN;
    }
    if (!("size" in changes)) s.size = s.kernel.rows;
  }
  if (!refusal({ ...s, row: 0, column: 0 })) {
    for (const [name, n] of [["row", s.image.rows], ["column", s.image.columns]]) {
      if (!(name in changes)) s[name] = Math.min(s[name], starts(n, s).length - 1);
    }
  }
  s._kernel = new DataView(s.kernel.values.buffer);
  return s;
}

// Take changes over, or say why not. Returns whether they were taken. The other views hear of it at once, Python by `save`.
function change(model, changes) {
  const s = completed(model, changes);
  const why = refusal(s);
  if (why || !("row" in changes && "column" in changes)) model.set("error", why); // what was refused stays told while the mouse moves on
  if (!why) {
    const before = model.get("_kernel");
    const same = before.byteLength === s._kernel.byteLength && floats(before).every((value, i) => value === s.kernel.values[i]);
    for (const name of SETTINGS) if (name !== "_kernel" || !same) model.set(name, s[name]);
  }
  return !why;
}
