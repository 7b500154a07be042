import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { emoji } from "./emoji.ts";

const PUBLIC = new URL("public/", import.meta.url);
const WORKER = "sw.js";
const DIR_SELECTOR = 4; // of lightningcss's Features: it would ask which language an element is in, and dir=auto says nothing of that

const digest = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex").slice(0, 8);

/** Tells the service worker which files the page has. Each change of one makes another worker, and so another version. */
const listed: Plugin = {
  name: "listed",
  enforce: "post",
  generateBundle(_, bundle) {
    const built = Object.values(bundle).filter(({ fileName }) => fileName !== WORKER && !fileName.startsWith("."));
    const files = [
      ...built.map((each) => [each.fileName, digest(each.type === "chunk" ? each.code : each.source)]),
      ...readdirSync(PUBLIC).map((name) => [name, digest(readFileSync(new URL(name, PUBLIC)))]),
    ].sort();
    const worker = bundle[WORKER];
    if (worker?.type !== "chunk") throw new Error(`The build has no ${WORKER}`);
    const paths = files.map(([name]) => `/web/${name}`);
    worker.code = `const FILES=${JSON.stringify(paths)},VERSION="${digest(JSON.stringify(files))}";\n${worker.code}`;
  },
};

export default defineConfig({
  root: "app",
  base: "/web/",
  publicDir: "../public",
  plugins: [emoji, listed],
  css: { lightningcss: { exclude: DIR_SELECTOR } },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    manifest: true, // says which files the first view needs
    target: "es2022",
    assetsDir: "", // the server finds files by name, in one folder
    assetsInlineLimit: 0, // the page's policy allows no data: URLs
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "app/index.html", sw: "app/offline/sw.ts", embed: "app/embed/embed.ts" },
      preserveEntrySignatures: "exports-only",
      output: { entryFileNames: ({ name }) => ({ sw: WORKER, embed: "embed.js" })[name] ?? "[name]-[hash].js" }, // two have one address for ever
    },
  },
});
