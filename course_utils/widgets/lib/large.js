// A table that is too large to be stored with the notebook: the page asks Python for it.

import { ASLEEP, PATIENCE, SLOW, whenKernelIsGone } from "./kernel.js";

/** Ask for what `large()` returns in Python.

    onArrival(about, bytes) is called once, with what Python says of the bytes and a DataView of
    them; onSilence(words) while there is no answer: after some seconds, and as soon as the kernel
    is gone. Returns a function after which neither is called: for a page that is left before that.
*/
export function askForLarge({ model, host, onArrival, onSilence = () => {} }) {
  let over = false;
  const say = (words) => { if (!over) onSilence(words); };
  const timer = setTimeout(() => say(SLOW), PATIENCE);
  const isGone = whenKernelIsGone(model, host, () => { clearTimeout(timer); say(ASLEEP); });
  const end = () => { over = true; clearTimeout(timer); };
  model.on("msg:custom", (message, buffers) => {
    if (over || !message?.large) return;
    end();
    onArrival(message.large, buffers[0]);
  });
  try {
    model.send({ ask: "large" });
  } catch { /* a page whose kernel is gone can be told no more than that nobody answers */ }
  queueMicrotask(() => { if (isGone()) say(ASLEEP); });
  return end;
}
