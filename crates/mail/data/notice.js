
"use strict";
(async () => {
  const at = (id) => document.getElementById(id);
  const say = (text) => {
    const item = document.createElement("li");
    item.textContent = text;
    at("notes").append(item);
  };
  const warn = (text) => {
    at("warning").textContent = text;
    at("warning").hidden = false;
  };
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };

  // What stands behind the # never reaches a server: v1.TARGET.SIGNATURE, or v0.TARGET without one.
  const [version, encoded, signature] = location.hash.slice(1).split(".");
  let target;
  try {
    target = new TextDecoder("utf-8", { fatal: true }).decode(bytes(encoded));
  } catch {
    at("title").textContent = "There is no link to show";
    at("host").textContent = "";
    at("address").textContent = "The address of this page is not complete. Go back to the message.";
    return;
  }
  at("address").textContent = target;

  let url;
  try {
    url = new URL(target);
  } catch {
    url = null;
  }
  if (!url || !["http:", "https:", "ftp:"].includes(url.protocol)) {
    at("host").textContent = "no web page";
    warn("This address is none that a link may have. There is no way on from here.");
    return;
  }
  show(url);

  async function signed() {
    const key = await crypto.subtle.importKey(
      "spki", bytes("PUBLIC_KEY"), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const said = new TextEncoder().encode("portcullis notice v1\n" + target);
    return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes(signature), said);
  }

  if (version !== "v1" || !signature) {
    warn("Nobody has signed this link, so there is no button. Do not follow it unless you know it.");
  } else if (!globalThis.crypto || !crypto.subtle) {
    warn("Your browser cannot check this link here, so there is no button.");
  } else if (!(await signed().catch(() => false))) {
    warn("This link was not made by us, or was changed. It may be an attempt to deceive you. Do not follow it.");
  } else {
    at("go").href = url.href;
    at("go").textContent = "Go on to " + url.hostname;
    at("go").hidden = false;
  }

  // The end of a host says whose it is; what stands before it can be anything.
  function show(url) {
    const labels = url.hostname.split(".");
    const known = Math.min(labels.length, labels.at(-1).length === 2 ? 3 : 2);
    const before = document.createElement("span");
    before.textContent = labels.slice(0, labels.length - known).map((label) => label + ".").join("");
    at("host").replaceChildren(before, labels.slice(-known).join("."));
    if (url.protocol !== "https:") say("The connection is not encrypted.");
    if (url.username || url.password) say("The address begins with another name, before an @, that is not where it leads.");
    if (labels.some((label) => label.startsWith("xn--"))) say("The host has letters that can look like others.");
    if (/^[\d.]+$|:/.test(url.hostname)) say("The host is a number instead of a name.");
    if (url.port) say("It uses an unusual port: " + url.port + ".");
    const inner = /https?(?::|%3a)(?:\/|%2f)(?:\/|%2f)([^\/?#&%:]+)/i.exec(url.pathname + url.search + url.hash);
    if (inner) say("The address names another host, to which it may send you on: " + inner[1] + ".");
  }
})();
