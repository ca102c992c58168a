// Lays out a receipt in cells, on the page and as a picture. A wide character takes exactly two cells in any
// font.
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COLUMNS = 32;

function layOut(paper, text) {
  const cells = [...text].map((char) => {
    if (!WIDE.test(char)) return char;
    const cell = document.createElement("span");
    cell.textContent = char;
    return cell;
  });
  paper.replaceChildren(...cells);
}

function picture(text) {
  const [column, line, margin] = [14, 30, 36];
  const lines = text.trimEnd().split("\n");
  const canvas = document.createElement("canvas");
  canvas.width = COLUMNS * column + 2 * margin;
  canvas.height = lines.length * line + 2 * margin;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fdfcf8";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#1c1f22";
  pen.font = '23px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", "Microsoft YaHei", monospace';
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  lines.forEach((written, row) => {
    let at = margin;
    for (const char of written) {
      const width = WIDE.test(char) ? 2 * column : column;
      pen.fillText(char, at + width / 2, margin + (row + 0.5) * line);
      at += width;
    }
  });
  return canvas.toDataURL("image/png");
}
