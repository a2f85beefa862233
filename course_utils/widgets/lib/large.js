// A table that is too large to be stored with the notebook: the page asks Python for it.

const PATIENCE = 5000; // ms; a kernel that is not busy answers in a tenth of that

/** Ask for what `large()` returns in Python.

    arrived(about, bytes) is called once, with what Python says of the bytes and a DataView of them;
    waiting(), if there is no answer yet after some seconds: the kernel is busy, or there is none.
*/
export function askForLarge(model, arrived, waiting) {
  let here = false;
  model.on("msg:custom", (message, buffers) => {
    if (here || !message?.large) return;
    here = true;
    arrived(message.large, buffers[0]);
  });
  try {
    model.send({ ask: "large" });
  } catch { /* a page whose kernel is gone can be told no more than that nobody answers */ }
  setTimeout(() => { if (!here) waiting(); }, PATIENCE);
}
