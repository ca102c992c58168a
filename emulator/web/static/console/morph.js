// Makes an element equal to another one by changing only the differences. Focus, selection, scroll position
// and open details are kept.
const keyOf = (node) => (node.dataset && (node.dataset.key || node.id)) || "";
const alike = (old, fresh) => old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

function morphAttributes(old, fresh) {
  const isReaders = (name) => name === "open" && old.nodeName === "DETAILS"; // opened or closed by the reader
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
    // Removes the children that are no longer wanted first, so that the others need not move.
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
  // A list with more pages may show rows below those of the new page. They stay, because they may be in use.
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
