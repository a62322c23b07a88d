// The receipt on the kiosk: it clears itself, and whoever needs longer says so.
export const begin = (home) => {
  const main = document.querySelector("main");
  let left = Number(main.dataset.clear);
  const clearing = main.querySelector("[data-clearing]");
  const more = main.querySelector("[data-more]");
  const print = main.querySelector("[data-print]");
  const leave = () => {
    main.replaceChildren();
    location.replace(home);
  };
  // Neither is there where the receipt is on the person's own phone.
  for (const button of [more, print]) if (button) button.hidden = false;
  more?.addEventListener("click", () => {
    left = Number(main.dataset.clear);
  });
  print?.addEventListener("click", () => window.print());
  main.querySelector("[data-home]").addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  window.addEventListener("pagehide", () => main.replaceChildren());
  window.scrollTo(0, 0);
  main.querySelector("h1").focus({ preventScroll: true });
  const tick = () => {
    clearing.textContent = main.dataset.clears.replace("{seconds}", left);
    if (left <= 0) leave();
    left -= 1;
  };
  tick();
  setInterval(tick, 1000);
};
