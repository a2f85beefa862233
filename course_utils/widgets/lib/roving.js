// Going from one to the next of many things by the arrow keys.

import { keepKeys } from "./dom.js";

/** Of the nodes only one is in the order of the Tab key; keys go on from there to the others.

    next(key, i) is the number of the node that a key leads to from node i; nothing where it leads
    nowhere. The first in the order is node `start`; `stopAt(i)` makes it another. `arrive(i)` is
    called before the node that a key leads to gets the focus: it may draw them all anew.
*/
export function rove(nodes, { next, start = 0, arrive = () => {} }) {
  const stopAt = (stop) => nodes.forEach((node, i) => {
    node.setAttribute("tabindex", i === stop ? 0 : -1);
  });
  nodes.forEach((node, i) => keepKeys(node).addEventListener("keydown", (event) => {
    const to = next(event.key, i);
    if (to === undefined) return;
    event.preventDefault();
    stopAt(to);
    arrive(to);
    nodes[to].focus();
  }));
  stopAt(start);
  return { stopAt };
}
