// Builds the page in the language of turned.ts: npx vite build --config tests/turned.config.ts --outDir FOLDER

import { fileURLToPath } from "node:url";
import { mergeConfig, type Plugin } from "vite";
import config from "../vite.config.ts";

const TURNED = fileURLToPath(new URL("turned.ts", import.meta.url));

const turned: Plugin = {
  name: "turned",
  enforce: "pre",
  resolveId: (source) => (source.endsWith("/i18n/index.ts") ? TURNED : undefined),
};

export default mergeConfig(config, { plugins: [turned] });
