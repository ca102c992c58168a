// Copies the code. Browsers have a clipboard for pages on https and on this machine only; elsewhere the old way still works.
const button = document.querySelector("[data-copy]");
const label = button.textContent;

function copyTheOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  field.className = "aside";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

button.hidden = false;
button.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch (error) {
    copyTheOldWay(button.dataset.copy);
  }
  button.focus();
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = label; }, 2000);
});
