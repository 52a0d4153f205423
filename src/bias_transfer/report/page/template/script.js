// Draws each figure in its place and lets its controls set what it shows.
const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, tooltip: { theme: "custom", disableDefaultStyle: true } };

// The data of a figure stand beside it, in an element that is not shown.
const content = (selector) => JSON.parse(document.querySelector(selector).textContent);

const draw = async (figure) => {
  const drawings = [...figure.querySelectorAll(".drawing")];
  const shared = figure.querySelector(`[data-for="${figure.id}"]`);
  const data = shared ? JSON.parse(shared.textContent) : {};
  const drawn = await Promise.all(
    drawings.map((each) => {
      const specification = content(`[data-for="${each.id}"]`);
      Object.assign(specification.datasets, data);
      return vegaEmbed(each, specification, options);
    }),
  );
  const set = (name, value) =>
    Promise.all(drawn.map(({ view }) => view.signal(name, value).runAsync()));
  for (const select of figure.querySelectorAll("select")) {
    if (select.dataset.dial) {
      dial(select, set);
    } else {
      select.addEventListener("change", () => set(select.dataset.parameter, select.value));
    }
  }
  figure.dataset.drawn = "true";
};

const dial = (select, set) => {
  const range = document.getElementById(select.dataset.dial);
  const doses = content(`#${CSS.escape(select.dataset.dial)}-doses`);
  const show = () => {
    const [name, label] = doses[select.value][range.value];
    range.nextElementSibling.textContent = label || "one dose";
    range.setAttribute("aria-valuetext", label || "one dose");
    return set(select.dataset.parameter, name);
  };
  const choose = () => {
    const last = doses[select.value].length - 1;
    range.max = last;
    // The strongest first: what a method does is seen best there.
    range.value = last;
    range.disabled = last === 0;
    return show();
  };
  select.addEventListener("change", choose);
  range.addEventListener("input", show);
  choose();
};

document.documentElement.classList.add("scripted");
for (const figure of document.querySelectorAll("[data-chart]")) {
  draw(figure);
}
