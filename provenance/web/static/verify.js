// Checking pictures one after the other, each with its own card as soon as it is known.
const form = document.getElementById("check");
const drop = document.getElementById("drop");
const input = document.getElementById("file");
const cards = document.getElementById("cards");
const told = document.getElementById("told");

drop.querySelector(".droptext").hidden = false;

const tell = (text) => {
  told.textContent = text;
  told.hidden = !text;
};

// Pictures out of the credential, which the server drew anew.
const drawSources = (card) => {
  for (const place of card.querySelectorAll("[data-picture]")) {
    const bytes = Uint8Array.from(atob(place.dataset.picture), (character) => character.charCodeAt(0));
    const picture = new Image();
    picture.alt = "";
    picture.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    place.removeAttribute("data-picture");
    place.append(picture);
  }
};

const keep = (text, type, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
};

const dress = (card, file) => {
  const url = URL.createObjectURL(file);
  const picture = new Image();
  picture.alt = "";
  picture.addEventListener("load", () => card.querySelector(".thumb").append(picture));
  picture.src = url;
  const stem = file.name.replace(/\.[^.]*$/, "");
  const save = card.querySelector("[data-save]");
  save.hidden = false;
  save.addEventListener("click", () => keep(card.querySelector("pre").textContent, "application/json", `${stem}.report.json`));
  const kept = card.querySelector("[data-report]");
  kept.hidden = false;
  kept.querySelector("[data-keep]").addEventListener("click", () => keep(kept.dataset.report, "text/html", `${stem}.report.html`));
};

const check = async (files) => {
  tell("");
  for (const file of files) {
    const waiting = document.createElement("p");
    waiting.className = "busy";
    waiting.textContent = form.dataset.busy.replace("{name}", () => file.name);
    cards.prepend(waiting);
    try {
      const sent = new FormData(form);
      sent.set("file", file);
      const answer = await fetch(form.action, { method: "POST", body: sent, cache: "no-store" });
      const text = await answer.text();
      const html = new DOMParser().parseFromString(text, "text/html");
      const card = html.querySelector(".card");
      if (card) {
        waiting.replaceWith(card);
        dress(card, file);
        drawSources(card);
        continue;
      }
      tell(`${file.name}: ${html.getElementById("told")?.textContent || text.slice(0, 200)}`);
    } catch {
      tell(`${file.name}: ${form.dataset.offline}`);
    }
    waiting.remove();
  }
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.files.length) check([...input.files]);
  else tell(form.dataset.none);
});
input.addEventListener("change", () => input.files.length && check([...input.files]));
for (const name of ["dragover", "dragenter"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  check([...event.dataTransfer.files]);
});
