// Makes an element like another one, changing only what is different: focus, selection, scrolling and what was opened stay.
const keyOf = (node) => (node.dataset && (node.dataset.key || node.id)) || "";
const alike = (old, fresh) => old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

function morphAttributes(old, fresh) {
  const isReaders = (name) => name === "open" && old.nodeName === "DETAILS"; // who reads has opened or closed it
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isReaders(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !isReaders(name)) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  const known = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  const wanted = new Set([...fresh.children].map(keyOf));
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    // What is not wanted any more makes room, so that the rest need not move.
    while (place && keyOf(place) && !wanted.has(keyOf(place)) && keyOf(child)) place = without(place);
    const found = keyOf(child) ? known.get(keyOf(child)) : place && alike(place, child) ? place : null;
    if (!found) {
      if (keyOf(child)) child.classList.add("fresh");
      old.insertBefore(child, place);
    } else {
      if (found !== place) old.insertBefore(found, place);
      morph(found, child);
      place = found.nextSibling;
    }
  }
  // A list that goes on has rows below those of the page, which somebody may be reading.
  const goesOn = "goesOn" in old.dataset;
  while (place) place = goesOn && keyOf(place) ? place.nextSibling : without(place);
}

function without(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

export function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
}
