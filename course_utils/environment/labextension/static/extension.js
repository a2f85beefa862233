// What the course adds to JupyterLab and Notebook 7, which load this file as it is: no build step.
//
// 1. The words of a picture, which stand in the output's metadata, become its alternative text.
// 2. An explorer that cannot run (a notebook of yesterday, no kernel) is its still picture and its
//    words, instead of "model not found".
// 3. A notebook keeps the state of the explorers that it shows: also of those that a restart has
//    cut off, and of none that is too large to be kept, or nothing without Python.
// 4. Explorers are told that their kernel is gone when the widgets' own machinery does not tell.
// 5. An explorer that was closed, as its cell ran again, is not kept in memory.
// 6. Pictures, which are drawn on white, are turned round in a dark theme: what was white is dark, and
//    blue stays blue.
// 7. A notebook that was only opened has no unsaved changes: what Jupyter notes of the kernel is none.

const VIEW = "application/vnd.jupyter.widget-view+json";
const STATE = "application/vnd.jupyter.widget-state+json";
const PATIENCE = 1000; // ms until an explorer that does not come is shown as a still
const ROOM = 300_000; // characters of base64, most that a notebook keeps of an explorer's numbers
const WAKE = "Run the cells above (menu Run, “Run All Above Selected Cell”) and this one";
const GONE = ["autorestarting", "restarting", "terminating", "dead"];

// ---- words, and stills

/** Let every picture that this notebook draws have its words, and every explorer its still. */
function speak(rendermime) {
  const create = rendermime.createRenderer.bind(rendermime);
  rendermime.createRenderer = (kind, ...more) => {
    const renderer = create(kind, ...more);
    if (kind === VIEW) orStill(renderer, rendermime);
    else if (kind.startsWith("image/")) withWords(renderer, kind);
    return renderer;
  };
}

function withWords(renderer, kind) {
  const draw = renderer.renderModel.bind(renderer);
  renderer.renderModel = async (output) => {
    await draw(output);
    const words = output.metadata[kind]?.alt;
    const image = renderer.node.querySelector("img");
    if (!words || !image) return; // the course's own pictures have words, a reader's photograph none
    image.alt = words;
    image.classList.add("ao-picture");
  };
}

// White becomes 0.07 of white, the dark theme's page; the hue goes half round, and back where it was.
const IN_THE_DARK = `[data-jp-theme-light="false"] .ao-picture {
  filter: invert(0.93) hue-rotate(180deg);
}`;

function darkenPictures() {
  const style = document.createElement("style");
  style.textContent = IN_THE_DARK;
  document.head.append(style);
}

/** Draw the still where the explorer has not come in time; it makes room if the explorer comes. */
function orStill(renderer, rendermime) {
  const draw = renderer.renderModel.bind(renderer);
  renderer.renderModel = async (output) => {
    const isMissing = () => !renderer.isDisposed && renderer.widgets.length === 0;
    const drawn = draw(output); // without a kernel this is never over
    const over = await Promise.race([drawn.then(() => true), after(PATIENCE)]);
    if (isMissing()) await showStill(renderer, rendermime, output);
    if (over) return;
    drawn.then(() => { if (isMissing()) showStill(renderer, rendermime, output); });
  };
}

async function showStill(renderer, rendermime, output) {
  const { [VIEW]: _, ...others } = output.data;
  const kind = rendermime.preferredMimeType(others, output.trusted ? "any" : "ensure");
  if (!kind) return;
  const still = rendermime.createRenderer(kind);
  await still.renderModel(output);
  if (renderer.isDisposed || renderer.widgets.length > 0) return;
  const note = document.createElement("p");
  note.textContent = kind.startsWith("image/")
    ? `A still picture. ${WAKE}, and it moves again.` : `${WAKE} to use this.`;
  note.style.margin = "0 0 6px";
  renderer.node.replaceChildren(note, still.node);
  renderer.show(); // one that Python closed has hidden itself
}

const after = (time) => new Promise((done) => { setTimeout(() => done(false), time); });

// ---- what a saved notebook keeps

/** Let what is saved of the notebook's explorers be the state of those that it shows. */
function keepShown(context) {
  const { model } = context;
  const toJSON = model.toJSON.bind(model);
  let known = {}; // by the explorers' ids, as the manager of the widgets wrote it
  const learn = (metadata) => {
    known = { ...known, ...metadata?.widgets?.[STATE]?.state };
  };
  context.ready.then(() => learn(toJSON().metadata));
  model.toJSON = () => {
    const book = toJSON();
    const state = book.metadata.widgets?.[STATE];
    if (!state) return book;
    learn(book.metadata);
    known = shown(book, known);
    const widgets = { ...book.metadata.widgets, [STATE]: { ...state, state: known } };
    return { ...book, metadata: { ...book.metadata, widgets } };
  };
}

/** The state of what the outputs show, where all of it is known and can be kept. */
function shown(book, known) {
  const views = book.cells.flatMap((cell) => cell.outputs ?? [])
    .map((output) => output.data?.[VIEW]?.model_id)
    .filter((id) => id);
  const whole = views.map((view) => partsOf(view, known))
    .filter((parts) => parts.every((id) => known[id] && canBeKept(known[id])));
  return Object.fromEntries(whole.flat().map((id) => [id, known[id]]));
}

/** The ids of a widget and of all widgets that it refers to. */
function partsOf(view, known) {
  const found = new Set([view]);
  for (const id of found) { // goes on with what is added meanwhile
    const state = JSON.stringify(known[id]?.state ?? {});
    const named = state.matchAll(/"IPY_MODEL_(\w+)"|"model_id":"(\w+)"/g);
    for (const [, part, other] of named) found.add(part ?? other);
  }
  return [...found];
}

const numbersOf = (one) => (one.buffers ?? []).reduce((sum, { data }) => sum + data.length, 0);
const canBeKept = (one) => one.state.stored !== false && numbersOf(one) < ROOM;

// ---- a notebook that was only opened

/** Let what Jupyter notes of the same kernel, as its version, be no change that is to be saved. */
function staySaved(model) {
  const set = model.setMetadata.bind(model);
  model.setMetadata = (name, value) => {
    const { dirty } = model;
    const isNote = ["kernelspec", "language_info"].includes(name)
      && model.getMetadata(name)?.name === value?.name;
    set(name, value);
    if (isNote) model.dirty = dirty;
  };
}

// ---- a kernel that is gone

/** Tell the explorers when nobody hears them any more: `lib/kernel.js` listens. */
function tellOfKernel(panel, session) {
  const tell = () => {
    for (const cell of panel.content.widgets) {
      for (const explorer of cell.node.querySelectorAll(".ao-explorer")) {
        explorer.dispatchEvent(new CustomEvent("ao-kernel-gone", { bubbles: true }));
      }
    }
  };
  session.statusChanged.connect((_, status) => { if (GONE.includes(status)) tell(); });
  session.kernelChanged.connect((_, { oldValue }) => { if (oldValue) tell(); });
}

// ---- explorers that were closed

/** Let closed widgets be forgotten: Jupyter's kernel keeps every comm, and a comm its widget. */
function letGo(session) {
  const attend = (kernel) => {
    const register = kernel.registerCommTarget.bind(kernel);
    kernel.registerCommTarget = (name, opened) => register(name, (comm, message) => {
      forgetWhenClosed(comm);
      return opened(comm, message);
    });
  };
  if (session.session?.kernel) attend(session.session.kernel);
  session.kernelChanged.connect((_, { newValue }) => { if (newValue) attend(newValue); });
}

function forgetWhenClosed(comm) {
  const dispose = comm.dispose.bind(comm);
  comm.dispose = () => {
    dispose();
    comm.onClose = comm.onMsg = undefined; // they lead to the widget, and to all that it drew
  };
}

// ---- what Jupyter asks for

const plugin = {
  id: "attention-optional:plugin",
  description: "Words for pictures, stills for explorers that cannot run.",
  autoStart: true,
  activate(app) {
    darkenPictures();
    app.docRegistry.addWidgetExtension("Notebook", {
      createNew(panel, context) {
        speak(panel.content.rendermime);
        keepShown(context);
        staySaved(context.model);
        tellOfKernel(panel, context.sessionContext);
        letGo(context.sessionContext);
      },
    });
  },
};

window._JUPYTERLAB ??= {};
window._JUPYTERLAB["attention-optional"] = {
  init() {},
  get: async () => () => ({ __esModule: true, default: plugin }),
};
