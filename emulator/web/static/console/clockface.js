// The large clock shows the same time as the clock in the header.
const shown = document.querySelector("[data-clock]");
const face = document.querySelector("[data-face]");

new MutationObserver(() => { face.textContent = shown.textContent; }).observe(shown, { childList: true, characterData: true, subtree: true });
