(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");

  const mark = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      box.classList.toggle("overflows", box.scrollWidth > box.clientWidth + 1);
    }
  };
  mark();
  addEventListener("resize", mark);
  for (const long of document.querySelectorAll("details.long")) long.addEventListener("toggle", mark);

  const viewer = $("viewer");
  if (!viewer) return;
  const [image, left, right, size, split] = ["pick-image", "pick-left", "pick-right", "pick-size", "split"].map($);
  const [stage, port, sheet, divider] = ["stage", "port", "sheet", "divider"].map($);
  const samples = [...document.querySelectorAll(".sample")];
  const under = sheet.appendChild(new Image());
  const over = sheet.appendChild(new Image());
  let forms = [];

  const fill = (select, names, chosen) => {
    select.replaceChildren(...names.map((name, place) => new Option(name, place)));
    select.value = Math.min(chosen, names.length - 1);
  };
  const formsOf = (sample) => [...sample.querySelectorAll("figure")];
  const name = (form) => form.dataset.form;

  const show = (picture, form, tag) => {
    const source = form.querySelector("img");
    picture.src = source.src;
    picture.alt = source.alt;
    $(tag).textContent = [name(form), form.dataset.score.split(",")[0]].filter(Boolean).join(" · ").replace(" dB", "\u00a0dB");
  };

  const cut = () => {
    const share = split.value / 100;
    const edge = port.scrollLeft + share * port.clientWidth;
    over.style.clipPath = `inset(0 ${Math.max(0, sheet.clientWidth - edge)}px 0 0)`;
    divider.style.left = `${100 * share}%`;
    split.setAttribute("aria-valuetext",
      `${Math.round(100 * share)} % ${name(forms[left.value])}, the rest ${name(forms[right.value])}`);
  };

  // Whole screen pixels for each pixel of the picture, so that all of them are of one size; but
  // on a fine screen, where it is hardly seen, rather a larger picture than one of 1:1.
  const fit = () => {
    const source = forms[0].querySelector("img");
    const [width, height] = [Number(source.getAttribute("width")), Number(source.getAttribute("height"))];
    const room = Math.min(viewer.clientWidth, 900);
    const whole = Math.min(room / width, (0.8 * Math.max(innerHeight, 400)) / height) * devicePixelRatio;
    const isFine = devicePixelRatio >= 1.5 && whole < 2;
    const fitting = (whole >= 1 && !isFine ? Math.floor(whole) : whole) / devicePixelRatio;
    const before = sheet.clientWidth || 1;
    const middle = [(port.scrollLeft + port.clientWidth / 2) / before, (port.scrollTop + port.clientHeight / 2) / before];
    const scale = Number(size.value) || fitting;
    sheet.style.width = `${width * scale}px`;
    sheet.style.height = `${height * scale}px`;
    sheet.classList.toggle("enlarged", scale * devicePixelRatio >= 1);
    stage.style.width = `${Math.min(width * scale, Number(size.value) ? room : width * scale)}px`;
    port.classList.toggle("larger", width * scale > room + 1);
    port.scrollTo(middle[0] * sheet.clientWidth - port.clientWidth / 2, middle[1] * sheet.clientWidth - port.clientHeight / 2);
    cut();
  };

  const choose = () => {
    show(over, forms[left.value], "tag-left");
    show(under, forms[right.value], "tag-right");
    fit();
  };
  const turn = () => {
    const sample = samples[image.value];
    samples.forEach((other) => other.classList.toggle("current", other === sample));
    forms = formsOf(sample);
    choose();
  };

  const drag = (event) => {
    const box = port.getBoundingClientRect();
    split.value = (100 * (event.clientX - box.left)) / port.clientWidth;
    cut();
  };
  const hold = (event) => {
    if (event.button !== 0 || (event.currentTarget === port && port.classList.contains("larger"))) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag(event);
    if (event.pointerType === "mouse") event.preventDefault();
  };
  for (const part of [port, divider]) {
    part.addEventListener("pointerdown", hold);
    part.addEventListener("pointermove", (event) => part.hasPointerCapture(event.pointerId) && drag(event));
  }

  const names = formsOf(samples[0]).map(name);
  fill(image, samples.map((sample) => sample.dataset.name), 0);
  fill(left, names, 0);
  fill(right, names, names.length - 2);
  image.addEventListener("change", turn);
  left.addEventListener("change", choose);
  right.addEventListener("change", choose);
  size.addEventListener("change", fit);
  split.addEventListener("input", cut);
  port.addEventListener("scroll", cut);
  addEventListener("resize", fit);
  viewer.hidden = false;
  turn();
})();
