// Builds the page with the catalogue of turned.ts: npx vite build --config tests/turned.config.ts --outDir FOLDER

import { fileURLToPath } from "node:url";
import { mergeConfig, type Plugin } from "vite";
import config from "../vite.config.ts";

const TURNED = fileURLToPath(new URL("turned.ts", import.meta.url));

const turned: Plugin = {
  name: "turned",
  enforce: "pre",
  resolveId: (source) => (/\/i18n\/(index|embedded)\.ts$/.test(source) ? TURNED : undefined),
  /** The texts that are loaded later get their marks in their own modules. */
  transform: (code, id) => {
    if (id.endsWith("/ui/text.ts")) return code.replace(String.raw`\u200b`, ""); // the marks, so that they stay unseen
    const [, name] = (/\/i18n\/(admin|missed|search)\.ts$/.test(id) && /^export const (\w+) = \{$/m.exec(code)) || [];
    if (!name) return undefined;
    const texts = code.replace(`export const ${name} =`, "const texts =");
    return `import { turned } from "${TURNED}";\n${texts}\nexport const ${name} = turned(texts);\n`;
  },
};

export default mergeConfig(config, { plugins: [turned] });
