// What a reader does with a message: opens it, scrolls, moves the pointer over it, prints it.

/** How long a page may take to begin, and how long it is left alone after, in milliseconds. */
const BEGIN = 8000;
const REST = 350;

/** Opens `url` in `page` and stays until it has had time to ask for things. */
export const settle = async (page, url) => {
  page.on("dialog", (dialog) => dialog.dismiss().catch(() => {}));
  // A page may never end to load, or be gone after a moment: what was asked for is written down elsewhere.
  await page.goto(url, { waitUntil: "load", timeout: BEGIN }).catch(() => {});
  await page.mouse.move(40, 20).catch(() => {});
  await page.mouse.wheel(0, 20000).catch(() => {});
  await page.mouse.move(60, 40).catch(() => {});
  await page.waitForTimeout(REST);
  await page.mouse.wheel(0, -20000).catch(() => {});
  await page.emulateMedia({ media: "print", colorScheme: "dark" }).catch(() => {});
  await page.waitForTimeout(REST / 2);
  await page.emulateMedia({ media: "screen", colorScheme: "light" }).catch(() => {});
};

/** Opens `url` in `page` and leaves it as it comes up. */
export const show = async (page, url) => {
  await page.goto(url, { waitUntil: "load", timeout: BEGIN }).catch(() => {});
  await page.waitForTimeout(REST);
};
