// Elements, sliders and buttons as every explorer wants them: labelled, reachable by keyboard,
// and with their keys kept from JupyterLab, which takes the arrows for itself.

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

export function fill(node, attributes, children = []) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const keepKeys = (control) => {
  control.addEventListener("keydown", (event) => event.stopPropagation());
  return control;
};

/** A labelled range input; `show` words its value for the eye and the screen reader.

    `input` is the control itself, for a `max` that changes. The words beside it are for the eye
    alone: `aria-valuetext` says them already.
*/
export function slider(label, attributes, show, onInput) {
  const input = keepKeys(el("input", { type: "range", step: 1, ...attributes }));
  const shown = el("span", { class: "value", "aria-hidden": "true" });
  const root = el("label", { class: "ao-slider" }, el("span", {}, label), input, shown);
  const say = () => {
    const words = show(Number(input.value));
    shown.textContent = words;
    input.setAttribute("aria-valuetext", words);
  };
  input.addEventListener("input", () => {
    say();
    onInput(Number(input.value));
  });
  return {
    root, input,
    get value() { return Number(input.value); },
    set value(number) { input.value = number; say(); },
  };
}

export function button(label, onClick) {
  const node = keepKeys(el("button", { type: "button", class: "ao-button" }, label));
  node.addEventListener("click", onClick);
  return node;
}

/** The numbers of a Bytes traitlet, whatever the offset of its buffer. */
export function numbersIn(view, Type) {
  return new Type(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** Radio buttons in a row: `options` are [value, words]. */
export function choice(label, options, onChange) {
  const name = `ao-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(([value]) => {
    const input = keepKeys(el("input", { type: "radio", name, value }));
    input.addEventListener("change", () => onChange(value));
    return input;
  });
  const root = el("fieldset", { class: "ao-choice" }, el("legend", {}, label),
    ...options.map(([, words], i) => el("label", { class: "ao-tick" }, inputs[i], words)));
  return {
    root,
    set value(value) { inputs.forEach((input) => { input.checked = input.value === value; }); },
  };
}

export function numberBox(label, value, onInput) {
  const input = keepKeys(el("input", { type: "number", step: 0.5, value }));
  input.addEventListener("input", () => {
    if (Number.isFinite(input.valueAsNumber)) onInput(input.valueAsNumber);
  });
  return { root: el("label", { class: "ao-number" }, el("span", {}, label), input), input };
}

/** A labelled text field; `onChange` gets its text when the reader presses Enter or leaves it.

    Until then a word beside it says so, and the explorer's pictures, which are still those of the
    text before, are dimmed.
*/
export function textLine(label, attributes, onChange) {
  const input = keepKeys(el("input", { type: "text", spellcheck: "false", ...attributes }));
  const enter = el("span", { class: "enter", "aria-hidden": "true" }, "press Enter ↵");
  let last = attributes.value ?? "";
  const mark = () => {
    const isNew = input.value !== last;
    enter.classList.toggle("wanted", isNew);
    input.closest(".ao-explorer")?.classList.toggle("ao-typing", isNew);
  };
  const tell = () => {
    const isNew = input.value !== last;
    last = input.value;
    mark();
    if (isNew) onChange(last);
  };
  input.addEventListener("input", mark);
  input.addEventListener("change", tell);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") tell(); });
  const root = el("label", { class: "ao-text" }, el("span", {}, label), input, enter);
  /** Another text, which was not typed. */
  const set = (text) => {
    input.value = last = text;
    mark();
  };
  return { root, input, set };
}

/** A labelled checkbox; its words can be changed later, and `input.checked`. */
export function tick(label, onChange) {
  const input = keepKeys(el("input", { type: "checkbox" }));
  input.addEventListener("change", () => onChange(input.checked));
  const words = el("span", {}, label);
  return { root: el("label", { class: "ao-tick" }, input, words), input, words };
}
