// Saves the reload: fetches the page again when something has changed and puts in what is new.
// Everything works without it.
"use strict";

// The HTML that the server sent last, by id: what a visitor opened or typed stays until the
// server itself has something new to say about that part.
let sent = htmlById(document);
const announcement = document.getElementById("announcement");

function htmlById(root) {
  const pieces = root.querySelectorAll("[data-live], [data-list] > *");
  return new Map([...pieces].map((piece) => [piece.id, piece.outerHTML]));
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const style = "date" in time.dataset
      ? { dateStyle: "medium", timeStyle: "short" }
      : { timeStyle: "short" };
    time.textContent = new Intl.DateTimeFormat(undefined, style).format(at);
    time.title = time.dateTime;
  }
}

// What has not changed is not touched, not even moved: it may hold the focus.
function syncList(list, next) {
  const focused = document.activeElement?.closest("[data-list] > *");
  const wanted = [...next.children].map((child) =>
    sent.get(child.id) === child.outerHTML ? document.getElementById(child.id) ?? child : child);
  for (const child of [...list.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, at) => {
    if (list.children[at] === child) return;
    localise(child);
    list.insertBefore(child, list.children[at] ?? null);
  });
  if (focused && !focused.isConnected) {
    document.getElementById(focused.id)?.querySelector("summary, button")?.focus();
  }
}

function syncPiece(piece, next) {
  if (sent.get(piece.id) === next.outerHTML) return;
  const focused = document.activeElement;
  const at = [...piece.querySelectorAll("a, button")].indexOf(focused);
  piece.innerHTML = next.innerHTML;
  localise(piece);
  if (at >= 0) piece.querySelectorAll("a, button")[at]?.focus();
}

function sync(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const news = htmlById(next);
  document.body.dataset.changes = next.body.dataset.changes;
  for (const twin of next.querySelectorAll("[data-list]")) {
    syncList(document.getElementById(twin.id), twin);
  }
  for (const twin of next.querySelectorAll("[data-live]")) {
    syncPiece(document.getElementById(twin.id), twin);
  }
  sent = news;
}

// What went wrong is for every eye.
function complain(text) {
  announcement.textContent = text;
  announcement.classList.replace("visually-hidden", "warning");
}

async function refresh(answer) {
  const response = answer ?? (await fetch(location.href));
  const html = await response.text();
  if (response.ok) {
    announcement.classList.replace("warning", "visually-hidden");
    sync(html);
  } else complain(html);
  return response.ok;
}

// A form is sent as the browser would send it; the answer leads to the page as it is now.
async function send(event) {
  const form = event.target;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  await refresh(await fetch(form.action, { method: "POST", body }));
}

async function listen() {
  for (;;) {
    const seen = document.body.dataset.changes;
    const response = await fetch(`/demo/changes?since=${seen}`);
    if (!response.ok) return complain(await response.text());
    // A page that cannot be fetched is not asked for over and over.
    if ((await response.text()) !== seen && !(await refresh())) return;
  }
}

// The key is in a cookie now; it need not stay in the address and in the history.
const address = new URL(location.href);
if (address.searchParams.has("k")) {
  address.searchParams.delete("k");
  history.replaceState(null, "", address);
}
localise(document);
document.addEventListener("submit", (event) => send(event).catch(() => event.target.submit()));
listen().catch(() => complain("Countersign has stopped. Reload this page when it runs again."));
