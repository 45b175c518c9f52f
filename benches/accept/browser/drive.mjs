// Opens pages in Chromium and writes down every host that it asks for anything.
//
// node drive.mjs PAGES OUT HTTP-PORT HTTPS-PORT [SCREENSHOTS]
//
// PAGES holds index.json, a list of {file, type}, type null for none of a browser's. Each page is opened twice, with scripts and without.
// Three things record, and the hosts that any of them saw are written to OUT:
//   - a resolver (DNS over HTTPS, RFC 8484), the only one that the browser knows: every name looked up;
//   - a sink for HTTP and HTTPS. The resolver gives each name an address of its own in 127.0.0.0/8, so
//     that a connection on which nothing is ever said is still known by where it leads;
//   - the browser's own log of its network (--log-net-log).
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, answer } from "./resolver.mjs";
import { settle, show } from "./reader.mjs";

const [pages, out, httpPort, httpsPort, shots] = process.argv.slice(2);
const { chromium } = await import(join(process.cwd(), "target/node/node_modules/playwright-core/index.mjs"));
const TABS = 6;
const ZONE = ".beacon.test";

const work = mkdtempSync(join(tmpdir(), "portcullis-browser-"));
const index = JSON.parse(readFileSync(join(pages, "index.json"))).filter((page) => page.type)
  // A page that is there in two readings is drawn once.
  .filter((page) => !shots || page.file.endsWith(".0.page"));
const seen = { lookup: new Set(), connection: new Set(), request: new Set(), log: new Set() };
const note = (how, host) => host?.toLowerCase().endsWith(ZONE) && seen[how].add(host.toLowerCase());

const certificate = () => {
  const [key, cert] = [join(work, "key.pem"), join(work, "cert.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-days", "2", "-subj", "/CN=beacon.test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:*.beacon.test",
    "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
};

// Where a reader's own pages come from; the names below ZONE are the senders'.
const serve = (request, response) => {
  const host = (request.headers.host ?? "").split(":")[0];
  const page = host === "reader.test" && index[Number(request.url.slice(1))];
  if (page) {
    response.writeHead(200, { "content-type": page.type, "cache-control": "no-store" });
    return response.end(readFileSync(join(pages, page.file)));
  }
  note("request", host);
  const wanted = request.headers["sec-fetch-dest"];
  const [type, body] = wanted === "style" ? ["text/css", "p{color:red}"]
    : ["document", "iframe", "frame", "embed", "object"].includes(wanted) ? ["text/html", "<p>seen</p>"]
    : ["image/gif", Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=", "base64")];
  response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*", "cache-control": "no-store" });
  return response.end(body);
};
const connected = (socket) => {
  socket.on("error", () => {});
  note("connection", addressOf.byAddress(socket.localAddress));
};
const listen = (server, port) => new Promise((done, failed) => {
  server.on("error", failed);
  server.on("tlsClientError", () => {});
  server.listen(port, "0.0.0.0", () => done(server.address().port));
});

const tls = certificate();
const sink = http.createServer(serve).on("connection", connected);
const safe = https.createServer(tls, serve).on("connection", connected);
await listen(sink, Number(httpPort));
await listen(safe, Number(httpsPort));
const resolver = http2.createSecureServer({ ...tls, allowHTTP1: true }, async (request, response) => {
  let query = Buffer.alloc(0);
  if (request.method === "GET") {
    query = Buffer.from(new URL(request.url, "https://x").searchParams.get("dns") ?? "", "base64url");
  } else {
    for await (const piece of request) query = Buffer.concat([query, piece]);
  }
  const { name, reply } = answer(query);
  note("lookup", name);
  response.writeHead(200, { "content-type": "application/dns-message" });
  response.end(reply);
});
const resolving = await listen(resolver, 0);

// For pictures of pages: whatever a page wants is a picture that says so.
const picture = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60"><rect width="100%" height="100%" fill="#9db7d5"/></svg>';
const draw = (route) => (route.request().resourceType() === "image"
  ? route.fulfill({ contentType: "image/svg+xml", body: picture }) : route.abort());

// One run of the browser: `scripts` on or off.
const run = async (scripts) => {
  const profile = join(work, `profile-${scripts}`);
  const log = join(work, `net-${scripts}.json`);
  mkdirSync(profile);
  const servers = { mode: "secure", templates: `https://127.0.0.1:${resolving}/dns-query` };
  writeFileSync(join(profile, "Local State"), JSON.stringify({ dns_over_https: servers }));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    javaScriptEnabled: scripts,
    ignoreHTTPSErrors: true,
    viewport: { width: 900, height: 1100 },
    args: [`--log-net-log=${log}`, "--net-log-capture-mode=IncludeSensitive", "--ignore-certificate-errors",
      "--disable-component-update", "--no-first-run", "--no-proxy-server"],
  });
  if (shots) await context.route((url) => url.hostname !== "reader.test", draw);
  let next = 0;
  const tab = async () => {
    while (next < index.length) {
      const number = next++;
      const page = await context.newPage();
      await (shots ? show : settle)(page, `http://reader.test:${httpPort}/${number}`);
      if (shots) await page.screenshot({ path: join(shots, index[number].file.replace(".0.page", ".png")) });
      await page.close();
    }
  };
  await Promise.all(Array.from({ length: TABS }, tab));
  const version = context.browser()?.version();
  await context.close();
  // The log may end in the middle of a line; every name in it counts.
  for (const [, host] of readFileSync(log, "latin1").matchAll(/([a-z0-9_-]+\.beacon\.test)/gi)) note("log", host);
  return version;
};

const versions = shots ? [await run(false)] : [await run(true), await run(false)];
for (const server of [sink, safe, resolver]) server.close();
const hosts = {};
for (const [how, names] of Object.entries(seen)) for (const name of names) (hosts[name] ??= []).push(how);
writeFileSync(out, JSON.stringify({ pages: index.length, version: versions[0], hosts }, null, 1));
rmSync(work, { recursive: true, force: true });
process.exit(0);
