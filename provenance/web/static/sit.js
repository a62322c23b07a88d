// One person's sitting. All of it lies in this page, and nowhere else: no storage, no history, no address.
import { handing } from "./handing.js";
import { Pad } from "./pad.js";
import { begin } from "./signed.js";
import { canSign, signRequest } from "./signing.js";

const STEPS = ["read", "choose", "who", "sign", "check"];
const form = document.getElementById("sitting");
const home = `/${location.hash}`;
const sections = STEPS.map((name) => form.querySelector(`[data-step="${name}"]`));
const said = form.dataset;
let step = 0;
let prepared = null; // what the server made of this form, and a signature on it, until it is recorded
let leaving = false;

const field = (name) => form.elements[name];
const value = (name) => field(name)?.value ?? "";
const fault = (name) => form.querySelector(`[data-field="${name}"]`);

document.documentElement.classList.add("js");
form.reset(); // a browser may have kept what the person before wrote
field("door").value = location.hash.slice(1);
for (const element of form.querySelectorAll(".scripted")) element.hidden = false;

const show = (number, { focus = true } = {}) => {
  step = Math.max(0, Math.min(number, STEPS.length - 1));
  sections.forEach((section, at) => section.classList.toggle("now", at === step));
  form.querySelectorAll(".track span").forEach((mark, at) => mark.classList.toggle("past", at <= step));
  document.getElementById("where").textContent = said.of.replace("{step}", step + 1).replace("{steps}", STEPS.length);
  if (STEPS[step] === "sign") pad.draw();
  if (STEPS[step] === "check") summarise();
  if (focus) {
    window.scrollTo(0, 0);
    sections[step].querySelector("h1").focus({ preventScroll: true });
  }
};

const state = document.getElementById("pad-state");
const pad = new Pad(document.getElementById("pad"), (count) => {
  prepared = null;
  state.textContent = count ? said.drawn.replace("{count}", count) : said.empty;
});

// --- what depends on what was chosen

const arrange = () => {
  const minor = value("age") === "minor";
  document.getElementById("guardian-fields").classList.toggle("shown", minor);
  form.querySelector("label[for=name]").textContent = minor ? said.minor : said.name;
  for (const input of form.querySelectorAll("input[data-ai]")) {
    form.querySelector(`[data-under="${input.value}"]`)?.classList.toggle("shown", input.checked);
  }
  form.querySelector(".pad").hidden = value("how") !== "drawn";
  form.querySelector(".typing").classList.toggle("shown", value("how") === "typed");
  if (value("how") === "drawn") pad.draw();
};

const clearFaults = (within) => {
  for (const message of within.querySelectorAll(".fault")) message.hidden = true;
  for (const input of within.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const group of within.querySelectorAll(".wrong")) group.classList.remove("wrong");
};

const showFault = (name, message) => {
  const group = name && fault(name);
  const told = document.getElementById("told");
  if (!group) {
    told.textContent = message;
    told.hidden = false;
    show(STEPS.indexOf("check"), { focus: false });
    return;
  }
  show(sections.findIndex((section) => section.contains(group)));
  const text = group.querySelector(".fault");
  text.textContent = message;
  text.hidden = false;
  group.classList.add("wrong");
  const input = group.querySelector("input");
  input?.setAttribute("aria-invalid", "true");
  (input ?? group.querySelector("canvas"))?.focus?.();
};

const item = (text) => {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
};

const summarise = () => {
  const yes = [];
  const no = [];
  for (const input of form.querySelectorAll(".switch input")) {
    const given = input.closest(".given");
    const text = given ? given.querySelector("p").textContent : input.dataset.text;
    (input.checked !== Boolean(given) ? yes : no).push(text);
  }
  const fill = (id, lines) => document.getElementById(id).replaceChildren(...(lines.length ? lines : [said.nothing]).map(item));
  fill("check-yes", yes);
  fill("check-no", no);
  const minor = value("age") === "minor";
  document.getElementById("check-who").textContent = minor ? `${value("guardian")} · ${value("name")}` : value("name");
  const ink = document.getElementById("check-ink");
  ink.hidden = value("how") !== "drawn" || !pad.strokes.length;
  ink.replaceChildren(...(ink.hidden ? [] : [pad.toSVG()]));
  const away = value("how") === "passkey";
  document.getElementById("check-how").textContent = away ? said.passkey : canSign() ? said.key : said.device;
  document.getElementById("send").textContent = away ? said.hand : said.sign;
};

// --- sending

const fields = () => {
  field("ink").value = value("how") === "drawn" ? JSON.stringify(pad) : "";
  const sent = new URLSearchParams();
  for (const [name, text] of new FormData(form)) sent.append(name, text);
  sent.append("json", "yes");
  return sent;
};

const post = (to, body) => fetch(to, { method: "POST", body, cache: "no-store", redirect: "error" });

const refused = async (answer) => {
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  const told = isJson ? await answer.json() : { field: null, message: said.fault };
  prepared = null;
  showFault(told.field, told.message);
};

// --- going on on their own phone, where the kiosk lets them

const phone = document.getElementById("handed") && handing({
  form,
  post: (to, body) => post(to, body),
  identify: () => new URLSearchParams({ mark: value("mark"), door: value("door") }),
  done: () => finish(document.getElementById("phone-done").innerHTML),
  awake: () => {
    last = Date.now();
  },
});

const hand = async (sent) => {
  const answer = await post(phone.to, sent);
  if (!answer.ok) return refused(answer);
  return phone.open((await answer.json()).square);
};

const send = async () => {
  const sent = fields();
  if (value("how") === "passkey") return hand(sent);
  const to = form.getAttribute("action");
  if (canSign() && !prepared) {
    const answer = await post(to.replace(/sign$/, "request"), sent);
    if (!answer.ok) return refused(answer);
    prepared = await signRequest(await answer.json());
  }
  let body = sent;
  if (prepared) body = new URLSearchParams({ mark: value("mark"), door: value("door"), request: prepared, json: "yes" });
  const answer = await post(to, body);
  if (!answer.ok) return refused(answer);
  return finish(await answer.text());
};

const finish = (html) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  pad.clear();
  form.reset();
  prepared = null;
  document.querySelector("main").replaceWith(page.querySelector("main"));
  begin(home);
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = document.getElementById("send");
  const told = document.getElementById("told");
  const label = button.textContent;
  clearFaults(form);
  told.hidden = true;
  button.disabled = true;
  button.textContent = said.sending;
  try {
    await send();
    button.textContent = label;
  } catch {
    // Nothing is lost: the form is still here, and the same form is recorded once only.
    told.textContent = said.offline;
    told.hidden = false;
    button.textContent = said.again;
  } finally {
    button.disabled = false;
  }
});

// --- moving

form.addEventListener("click", (event) => {
  const target = event.target.closest("button, a");
  if (!target) return;
  if ("next" in target.dataset) next();
  if ("back" in target.dataset) show(step - 1);
  if ("undo" in target.dataset) pad.undo();
  if ("clear" in target.dataset) pad.clear();
  if ("home" in target.dataset) {
    event.preventDefault();
    leave();
  }
});

const next = () => {
  clearFaults(sections[step]);
  show(step + 1);
};

form.addEventListener("keydown", (event) => {
  // Enter goes on, and signs on the last page only.
  if (event.key !== "Enter" || event.target.tagName !== "INPUT" || STEPS[step] === "check") return;
  event.preventDefault();
  next();
});

form.addEventListener("input", () => {
  // What changes now is signed anew; should the last attempt have arrived after all, this one takes its place.
  prepared = null;
  arrange();
});

// --- leaving nothing behind

const leave = () => {
  leaving = true;
  phone?.recall();
  form.reset();
  pad.clear();
  location.replace(home);
};

window.addEventListener("pagehide", () => {
  phone?.recall();
  form.reset();
  pad.clear();
});
window.addEventListener("pageshow", (event) => event.persisted && location.replace(home));

const idle = document.getElementById("idle");
let last = Date.now();
for (const name of ["pointerdown", "keydown", "input", "scroll"]) {
  window.addEventListener(name, () => {
    last = Date.now();
    idle.hidden = true;
  }, { passive: true });
}
setInterval(() => {
  if (leaving || !form.isConnected || step === 0) return;
  const seconds = (Date.now() - last) / 1000;
  if (seconds > Number(said.idle) && idle.hidden) idle.hidden = false;
  if (seconds > Number(said.idle) + 60) leave();
}, 1000);

arrange();
show(0, { focus: false });
