// The large clock shows what the one in the header does.
const shown = document.querySelector("[data-clock]");
const face = document.querySelector("[data-face]");

new MutationObserver(() => { face.textContent = shown.textContent; }).observe(shown, { childList: true, characterData: true, subtree: true });
