import { defineConfig } from "vite";
import { emoji } from "./emoji.ts";

export default defineConfig({
  root: "app",
  base: "/web/",
  publicDir: "../public",
  plugins: [emoji],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    manifest: true, // says which files the first view needs
    target: "es2022",
    assetsDir: "", // the server finds files by name, in one folder
    assetsInlineLimit: 0, // the page's policy allows no data: URLs
    modulePreload: { polyfill: false },
  },
});
