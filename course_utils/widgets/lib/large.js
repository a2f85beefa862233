// A table that is too large to be stored with the notebook: the page asks Python for it.

const PATIENCE = 5000; // ms; a kernel that is not busy answers in a tenth of that

/** Ask for what `large()` returns in Python.

    arrived(about, bytes) is called once, with what Python says of the bytes and a DataView of them;
    waiting(), if there is no answer yet after some seconds: the kernel is busy, or there is none.
    Returns a function after which neither is called: for a page that is left before the answer.
*/
export function askForLarge(model, arrived, waiting) {
  let here = false;
  const timer = setTimeout(() => { if (!here) waiting(); }, PATIENCE);
  model.on("msg:custom", (message, buffers) => {
    if (here || !message?.large) return;
    here = true;
    clearTimeout(timer);
    arrived(message.large, buffers[0]);
  });
  try {
    model.send({ ask: "large" });
  } catch { /* a page whose kernel is gone can be told no more than that nobody answers */ }
  return () => { here = true; clearTimeout(timer); };
}
