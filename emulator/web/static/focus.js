// Puts the cursor where the payer types first, unless they are somewhere already: the browser's own autofocus complains then.
if (document.activeElement === document.body) document.querySelector("[data-focus]").focus();
