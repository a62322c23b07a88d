// Going on on a person's own phone: the kiosk shows a code, and asks how far they are until they signed there.
const EVERY = 1500; // milliseconds

// `form` is the sitting; `post` sends; `done` is called once it was signed; `awake` while somebody is at it.
export const handing = ({ form, post, identify, done, awake }) => {
  const panel = form.querySelector("#handed");
  const steps = form.querySelector("[data-step=check] .steps");
  const state = form.querySelector("#phone-state");
  const to = form.getAttribute("action").replace(/sign$/, "phone");
  let timer = null;

  const close = () => {
    clearInterval(timer);
    timer = null;
    panel.hidden = true;
    steps.hidden = false;
    panel.querySelector("#phone-square").replaceChildren();
  };

  const look = async () => {
    let told;
    try {
      told = await (await post(`${to}/state`, identify())).json();
    } catch {
      return; // the connection may come back
    }
    if (timer === null) return;
    if (told.state === "signed") {
      close();
      done();
    } else if (told.state === "gone") {
      close();
      const message = form.querySelector("#told");
      message.textContent = form.dataset.gone;
      message.hidden = false;
    } else {
      awake();
      const text = told.state === "open" ? form.dataset.opened : form.dataset.waiting;
      if (state.textContent !== text) state.textContent = text;
    }
  };

  const open = (square) => {
    const drawn = new DOMParser().parseFromString(square, "text/html").querySelector("svg");
    panel.querySelector("#phone-square").replaceChildren(drawn);
    state.textContent = form.dataset.waiting;
    steps.hidden = true;
    panel.hidden = false;
    panel.querySelector("h2").focus();
    timer = setInterval(look, EVERY);
  };

  const recall = () => {
    if (timer === null) return;
    close();
    const body = identify();
    body.append("stop", "yes");
    fetch(`${to}/state`, { method: "POST", body, keepalive: true }).catch(() => {});
  };

  panel.querySelector("[data-recall]").addEventListener("click", recall);
  return { to, open, recall };
};
