// Focuses the payer's first field, unless another element has the focus; the autofocus attribute would cause
// a browser warning then. A page in a frame does not take the focus, because the outer page handles keys.
if (window === window.top && document.activeElement === document.body) document.querySelector("[data-focus]").focus();
