// Keys: j and k go through the rows of a list, Enter opens one, x chooses it, / goes to the search.
"use strict";
(function () {
  let place = -1;
  const rows = () => Array.from(document.querySelectorAll("table[data-keys] tbody tr"));
  function show(next) {
    const all = rows();
    if (!all.length) return;
    place = Math.max(0, Math.min(next, all.length - 1));
    all.forEach((row, number) => row.setAttribute("aria-selected", String(number === place)));
    all[place].scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, button, a, summary");
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    const row = rows()[place];
    if (event.key === "j") show(place + 1);
    else if (event.key === "k") show(place - 1);
    else if (event.key === "Enter" && row) row.querySelector("a")?.click();
    else if (event.key === "x" && row) row.querySelector("input[type=checkbox]")?.click();
    else if (event.key === "/") document.querySelector("input[type=search]")?.focus();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.matches("[data-print]")) window.print();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) {
      document
        .querySelectorAll("input[name=chosen]")
        .forEach((box) => (box.checked = event.target.checked));
    }
  });
})();
