// Puts the cursor where the payer types first, unless they are somewhere already: the browser's own autofocus complains then. A page
// in a frame leaves it to the page around it, whose keys would be lost.
if (window === window.top && document.activeElement === document.body) document.querySelector("[data-focus]").focus();
