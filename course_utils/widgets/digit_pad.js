// The browser's side of digit_pad.py: it draws, and sends the pixels to Python, which prepares and reads them.
const SIDE = 280;
const FIELD = 28;
const STEPS_BACK = 50; // drawings kept for Undo
const WAIT = 100; // milliseconds between two sendings during a stroke
const MOVES = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    Home: [-1, -1], PageUp: [1, -1], End: [-1, 1], PageDown: [1, 1],
};

const STYLE = `
.digit-pad { display: flex; flex-wrap: wrap; gap: 8px 24px; padding: 12px; background: white; color: #222; font: 16px/1.4 sans-serif; color-scheme: light; }
.digit-pad p { margin: 4px 0; }
.digit-pad-paper { position: relative; width: ${SIDE}px; height: ${SIDE}px; border: 2px solid #595959; }
.digit-pad-paper canvas { display: block; touch-action: none; cursor: crosshair; }
.digit-pad :focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
.digit-pad-pen { position: absolute; box-sizing: border-box; border: 3px solid #B34700; border-radius: 50%; transform: translate(-50%, -50%); pointer-events: none; }
.digit-pad-pen.down { background: #B34700; }
.digit-pad-pen[hidden] { display: none; }
.digit-pad-tools { display: flex; align-items: center; gap: 8px; margin: 8px 0; width: ${SIDE}px; }
.digit-pad-tools label { display: flex; align-items: center; gap: 6px; flex: 1; min-width: 0; }
.digit-pad-tools input { flex: 1; min-width: 0; accent-color: #0072B2; }
.digit-pad button { font: inherit; padding: 2px 10px; color: #222; background: #eee; border: 1px solid #595959; border-radius: 4px; cursor: pointer; }
.digit-pad button:hover { background: #ddd; }
.digit-pad-help { width: ${SIDE}px; }
.digit-pad-seen { width: 196px; height: 196px; image-rendering: pixelated; border: 2px solid #595959; }
.digit-pad-says { max-width: 360px; white-space: pre-line; }
.digit-pad-error { max-width: 360px; white-space: pre-line; color: #B34700; }
`;

function create(tag, className, attributes = {}, parent = null) {
    const element = Object.assign(document.createElement(tag), { className });
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    parent?.append(element);
    return element;
}

/** The bytes of a value from the kernel (a DataView), as a Uint8Array. */
function bytesOf(view) {
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function paint(context, side, bytes) {
    const picture = context.createImageData(side, side);
    for (let i = 0; i < side * side; i++) {
        picture.data.fill(bytes[i], 4 * i, 4 * i + 3);
        picture.data[4 * i + 3] = 255;
    }
    context.putImageData(picture, 0, 0);
}

export default () => {
    // One drawing and its past, whatever the number of views.
    const past = [];
    let shown = null;

    function remember() {
        past.push(shown);
        if (past.length > STEPS_BACK) past.shift();
    }

    function put(model, pixels) {
        shown = pixels;
        model.set("pixels", new DataView(pixels.slice().buffer));
        model.save_changes();
    }

    function initialize({ model }) {
        shown = bytesOf(model.get("pixels"));
        model.on("change:pixels", () => {
            const now = bytesOf(model.get("pixels"));
            if (now.every((value, i) => value === shown[i])) return;
            remember(); // Python has drawn: Undo takes that back, too
            shown = now;
        });
    }

    function render({ model, el }) {
        create("style", "", {}, el).textContent = STYLE;
        // JupyterLab must not move to the next cell when an arrow key moves the pen.
        const root = create("div", "digit-pad", { "data-lm-suppress-shortcuts": "true" }, el);

        const left = create("div", "", {}, root);
        const paper = create("div", "digit-pad-paper", {}, left);
        const canvas = create("canvas", "", {
            width: SIDE, height: SIDE, tabindex: 0, role: "application",
            "aria-label": "Drawing pad. Arrow keys move the pen, space puts it down and lifts it.",
        }, paper);
        const context = canvas.getContext("2d", { willReadFrequently: true });
        const ring = create("div", "digit-pad-pen", { hidden: "" }, paper);

        const tools = create("div", "digit-pad-tools", {}, left);
        const label = create("label", "", {}, tools);
        label.append("Pen");
        const slider = create("input", "", { type: "range", min: 8, max: 28, step: 1, "aria-label": "Width of the pen in pixels" }, label);
        const undoButton = create("button", "", { type: "button" }, tools);
        undoButton.textContent = "Undo";
        const clearButton = create("button", "", { type: "button" }, tools);
        clearButton.textContent = "Clear";
        create("p", "digit-pad-help", {}, left).textContent = "Keys: arrows move the pen, with Shift in small steps; space puts it down and lifts it; Ctrl+Z undoes.";
        const position = create("p", "digit-pad-position", { role: "status" }, left);

        const right = create("div", "", {}, root);
        create("p", "", {}, right).textContent = "What the network sees, 28 x 28:";
        const seen = create("canvas", "digit-pad-seen", { width: FIELD, height: FIELD, role: "img" }, right);
        const says = create("p", "digit-pad-says", { "aria-live": "polite" }, right);
        const complaint = create("p", "digit-pad-error", { role: "alert" }, right);

        // ------------------------------------------------------------ strokes
        const pen = { x: SIDE / 2, y: SIDE / 2, down: false };
        let timer = null;

        function send() {
            clearTimeout(timer);
            timer = null;
            const colours = context.getImageData(0, 0, SIDE, SIDE).data;
            put(model, Uint8Array.from({ length: SIDE * SIDE }, (_, i) => colours[4 * i]));
        }

        function lineTo(x, y) {
            x = Math.min(Math.max(x, 0), SIDE);
            y = Math.min(Math.max(y, 0), SIDE);
            if (pen.down) {
                context.beginPath();
                context.moveTo(pen.x, pen.y);
                context.lineTo(x, y);
                context.stroke();
                timer ??= setTimeout(send, WAIT);
            }
            [pen.x, pen.y] = [x, y];
        }

        function penDown(x, y) {
            penUp();
            remember();
            Object.assign(pen, { x, y, down: true });
            context.lineWidth = model.get("pen");
            context.lineCap = "round";
            context.strokeStyle = context.fillStyle = "black";
            context.beginPath();
            context.arc(x, y, context.lineWidth / 2, 0, 2 * Math.PI); // a dot
            context.fill();
        }

        function penUp() {
            if (!pen.down) return;
            pen.down = false;
            send();
        }

        function undo() {
            penUp();
            if (past.length) put(model, past.pop());
        }

        function clear() {
            penUp();
            if (shown.every((value) => value === 255)) return;
            remember();
            put(model, new Uint8Array(SIDE * SIDE).fill(255));
        }

        // ------------------------------------------------------------ the hand
        function place(event) {
            const box = canvas.getBoundingClientRect();
            return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
        }

        let pointer = null;
        canvas.addEventListener("pointerdown", (event) => {
            if (!event.isPrimary || event.button !== 0) return;
            event.preventDefault();
            canvas.focus({ preventScroll: true });
            canvas.setPointerCapture(event.pointerId);
            pointer = event.pointerId;
            penDown(...place(event));
            showPen(false);
        });
        canvas.addEventListener("pointermove", (event) => {
            if (event.pointerId !== pointer) return;
            const coalesced = event.getCoalescedEvents?.() ?? []; // not there where the page comes over http from another machine
            for (const part of coalesced.length ? coalesced : [event]) lineTo(...place(part));
        });
        for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
            canvas.addEventListener(name, (event) => {
                if (event.pointerId !== pointer) return;
                pointer = null;
                penUp();
            });
        }

        // ------------------------------------------------------------ the keyboard
        function showPen(visible) {
            ring.hidden = !visible;
            ring.classList.toggle("down", pen.down);
            ring.style.left = `${pen.x}px`;
            ring.style.top = `${pen.y}px`;
            ring.style.width = ring.style.height = `${model.get("pen")}px`;
            position.textContent = visible ? `Pen ${pen.down ? "down" : "up"} at column ${pen.x}, row ${pen.y}.` : "";
        }

        canvas.addEventListener("keydown", (event) => {
            if (pointer !== null) return;
            if (event.key === " " && event.repeat) return event.preventDefault(); // a key that is held down counts once
            if (event.key === " ") pen.down ? penUp() : penDown(Math.round(pen.x), Math.round(pen.y));
            else if (event.key in MOVES) {
                const step = event.shiftKey ? 2 : 10;
                const [right, down] = MOVES[event.key];
                lineTo(Math.round(pen.x) + step * right, Math.round(pen.y) + step * down);
            } else return;
            event.preventDefault();
            showPen(true);
        });
        root.addEventListener("keydown", (event) => {
            event.stopPropagation();
            if (event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            undo();
        });
        canvas.addEventListener("focus", () => showPen(canvas.matches(":focus-visible")));
        canvas.addEventListener("blur", () => {
            penUp();
            showPen(false);
        });

        slider.addEventListener("input", () => {
            model.set("pen", Number(slider.value));
            model.save_changes();
        });
        undoButton.addEventListener("click", undo);
        clearButton.addEventListener("click", clear);

        // ------------------------------------------------------------ what Python says
        function onPixels() {
            if (!pen.down) paint(context, SIDE, shown);
        }
        function onSeen() {
            const bytes = model.get("seen");
            const image = bytes?.byteLength ? bytesOf(bytes) : new Uint8Array(FIELD * FIELD);
            paint(seen.getContext("2d"), FIELD, image.map((ink) => 255 - ink)); // ink is dark in all the course's figures
        }
        function onWords() {
            says.textContent = model.get("summary");
            seen.setAttribute("aria-label", `What the network sees. ${model.get("summary").split("\n")[0]}`);
            complaint.textContent = model.get("error");
        }
        function onPen() {
            slider.value = model.get("pen");
        }
        const listeners = { pixels: onPixels, seen: onSeen, summary: onWords, error: onWords, pen: onPen };
        for (const [name, listener] of Object.entries(listeners)) {
            model.on(`change:${name}`, listener);
            listener();
        }
        return () => {
            if (timer) send();
            for (const [name, listener] of Object.entries(listeners)) model.off(`change:${name}`, listener);
        };
    }

    return { initialize, render };
};
