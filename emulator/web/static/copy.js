// Copy buttons. Browsers give access to the clipboard only to pages on https or on this machine. Elsewhere
// the text is selected in a field and copied with execCommand. The buttons are shown only if this script
// runs.
const SHOWN_MS = 2000;

function copyFromField(text) {
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "aside", readOnly: true });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch (error) {
    copyFromField(text);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await copy(button.dataset.copy);
  const label = button.dataset.label || button.textContent;
  button.dataset.label = label;
  button.focus();
  button.textContent = document.body.dataset.copied;
  setTimeout(() => { button.textContent = label; }, SHOWN_MS);
});
document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = false; });
