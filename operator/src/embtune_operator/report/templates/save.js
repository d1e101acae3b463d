// Saves a chart as it is shown, letters and colours included. Without this script the page lacks these buttons alone.
for (const row of document.querySelectorAll("p.save")) row.hidden = false;
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-save]");
  if (button) save(button.dataset.save, button.dataset.as);
});

function save(id, as) {
  const shown = document.getElementById(id);
  const copy = shown.cloneNode(true);
  const kept = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order", "font-family", "font-size", "font-weight", "text-anchor"];
  const drawn = [shown, ...shown.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((part, number) => {
    const style = getComputedStyle(drawn[number]);
    for (const name of kept) part.style.setProperty(name, style.getPropertyValue(name));
  });
  const [, , width, height] = shown.getAttribute("viewBox").split(" ").map(Number);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", width);
  paper.setAttribute("height", height);
  paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  copy.prepend(paper);
  const uri = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
  if (as === "svg") return offer(uri, id + ".svg");
  const picture = new Image();
  picture.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 3 * width;
    canvas.height = 3 * height;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    offer(canvas.toDataURL("image/png"), id + ".png");
  };
  picture.src = uri;
}

function offer(uri, name) {
  const link = document.createElement("a");
  link.href = uri;
  link.download = name;
  link.click();
}
