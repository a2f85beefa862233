// The few things that need Python: asking it, and saying so when nobody answers any more.

export const ASLEEP = "Python does not hear this explorer any more: its kernel was restarted or has " +
  "stopped. Run the cells above and this one again.";
export const SLOW = "Still no answer. If the kernel is busy, it comes; if it was restarted, run the " +
  "cells above and this one again.";
export const PATIENCE = 8000; // ms; a kernel that is not busy answers in a tenth of a second

/** Call `onGone` when the kernel of an explorer is lost; the function returned tells it any time.

    `host` is the element that the explorer was given. Jupyter marks what is around it where the
    kernel was restarted or has never been there; the course's extension tells of one that died.
*/
export function whenKernelIsGone(model, host, onGone) {
  let told = false;
  const isGone = () => told || host.closest(".jupyter-widgets-disconnected") !== null;
  model.on("comm_live_update", () => {
    queueMicrotask(() => { if (isGone()) onGone(); }); // Jupyter marks it as it hears of it, too
  });
  host.addEventListener("ao-kernel-gone", () => {
    told = true;
    onGone();
  });
  return isGone;
}

/** Ask Python by setting traits: `ask({ text }, "Reading …")`; its answer counts `answered` up.

    `news` is the element that says what is going on. An answer calls `onAnswer`; trouble, or no
    kernel to ask, is said there, followed by `stale`: what the reader sees meanwhile. `onFailure`
    is called then.
*/
export function asker({ model, host, news, stale, onAnswer, onFailure = () => {} }) {
  let waiting = false, timer;

  function over() {
    waiting = false;
    clearTimeout(timer);
  }

  function fail(why) {
    over();
    news.textContent = `${why} ${stale}`;
    onFailure();
  }

  const isGone = whenKernelIsGone(model, host, () => { if (waiting) fail(ASLEEP); });
  model.on("change:answered", () => {
    over();
    const why = model.get("trouble");
    if (why) return fail(why);
    news.textContent = "";
    return onAnswer();
  });

  return (traits, words) => {
    if (isGone()) return fail(ASLEEP);
    for (const [name, value] of Object.entries(traits)) model.set(name, value);
    over();
    waiting = true;
    news.textContent = words;
    timer = setTimeout(() => {
      if (waiting && host.isConnected) news.textContent = `${words} ${SLOW}`.trim();
    }, PATIENCE);
    return model.save_changes();
  };
}
