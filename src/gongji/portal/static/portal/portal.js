// The calculator answers while one types; a citation opens its article in place.
"use strict";
(() => {
  const dialog = document.getElementById("article");
  const failed = document.body.dataset.failed;

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a.cite");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const url = new URL(link.href);
    if (!url.pathname.includes("/texts/") || !url.hash) return;
    event.preventDefault();
    try {
      const answer = await fetch(url.pathname + "/" + url.hash.slice(1));
      if (!answer.ok) throw new Error(answer.statusText);
      dialog.querySelector("div").innerHTML = await answer.text();
      dialog.showModal();
    } catch {
      location.href = link.href;
    }
  });

  const form = document.getElementById("question");
  if (!form) return;
  const fields = document.getElementById("fields");
  const answer = document.getElementById("answer");
  let latest = 0;
  let timer = 0;

  const rowsOf = (element) => element.closest(".rows");

  function query() {
    const found = new URLSearchParams();
    for (const input of form.querySelectorAll("input[name], select[name]")) {
      if (rowsOf(input)) continue;
      const value = input.value.trim();
      if (value && value !== input.dataset.default) found.append(input.name, value);
    }
    for (const rows of form.querySelectorAll(".rows"))
      for (const row of rows.querySelectorAll(".row"))
        if (row.querySelector(`[name="${rows.dataset.needs}"]`).value.trim())
          for (const input of row.querySelectorAll("[name]")) found.append(input.name, input.value.trim());
    return found.toString();
  }

  function tell(errors) {
    for (const place of fields.querySelectorAll(".error")) {
      const text = errors[place.dataset.field] || "";
      if (place.textContent !== text) place.textContent = text;
      const input = place.parentElement.querySelector("input, select");
      if (input) input.setAttribute("aria-invalid", text ? "true" : "false");
    }
  }

  async function ask(asked, whole) {
    const number = ++latest;
    answer.classList.add("waiting");
    let found;
    try {
      const reply = await fetch(form.dataset.part + "?" + asked);
      if (!reply.ok) throw new Error(reply.statusText);
      found = await reply.json();
    } catch {
      if (number === latest) answer.textContent = failed;
      answer.classList.remove("waiting");
      return;
    }
    if (number !== latest) return;
    answer.classList.remove("waiting");
    answer.innerHTML = found.answer;
    if (whole || found.key !== form.dataset.key) {
      const focused = document.activeElement?.id;
      const open = [...fields.querySelectorAll("details")].map((one) => one.open);
      fields.innerHTML = found.form;
      form.dataset.key = found.key;
      if (!whole) fields.querySelectorAll("details").forEach((one, n) => { one.open = one.open || open[n]; });
      if (focused) document.getElementById(focused)?.focus();
    }
    tell(found.errors);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "line_item") suggest("items", event.target.value);
    if (event.target.name === "institution") suggest("institutions", event.target.value);
    if (["level", "institution_kind"].includes(event.target.name)) {
      const named = form.querySelector("[name=institution]");
      if (named) named.value = "";
    }
    clearTimeout(timer);
    timer = setTimeout(() => ask(query(), false), 200);
  });

  form.addEventListener("change", () => {
    clearTimeout(timer);
    const asked = query();
    if ("?" + asked !== location.search) history.pushState(null, "", "?" + asked);
    ask(asked, false);
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.dispatchEvent(new Event("change"));
    answer.scrollIntoView({ block: "start" });
  });

  form.addEventListener("click", (event) => {
    if (!event.target.classList.contains("add")) return;
    const rows = event.target.parentElement.querySelectorAll(".row");
    const last = rows[rows.length - 1];
    const made = last.cloneNode(true);
    for (const part of made.querySelectorAll("[id], [for], [data-field], [aria-describedby]"))
      for (const name of ["id", "for", "data-field", "aria-describedby"])
        if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace(/\.\d+\./, `.${rows.length}.`));
    for (const input of made.querySelectorAll("input")) input.value = "";
    last.after(made);
    made.querySelector("input, select").focus();
  });

  window.addEventListener("popstate", () => ask(location.search.slice(1), true));

  async function suggest(what, words) {
    const area = form.querySelector("[name=area]").value;
    const date = form.querySelector("[name=date]").value;
    const reply = await fetch(form.dataset[what] + "?" + new URLSearchParams({ area, date, words }));
    if (!reply.ok) return;
    const list = document.getElementById(what);
    list.replaceChildren(...(await reply.json()).found.map((one) => {
      const option = document.createElement("option");
      option.value = one.code;
      option.textContent = one.name;
      return option;
    }));
  }
})();
