// Serves one of these pages, and the SDK, on this machine.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { stripTypeScriptTypes } from "node:module";

const HERE = new URL("./", import.meta.url);
const SDK = new URL("../../web/sdk/", import.meta.url);

async function answer(path, page) {
  if (path === "/") return ["text/html", await readFile(new URL(page, HERE))];
  const [, name] = /^\/sdk\/((?:\w+\/)?\w+\.ts)$/.exec(path) ?? [];
  if (!name) throw new Error("There is no such file");
  return ["text/javascript", stripTypeScriptTypes(await readFile(new URL(name, SDK), "utf8"))];
}

export function serve(page, port = "8000") {
  const server = createServer(async ({ url }, response) => {
    try {
      const [type, body] = await answer(new URL(url, "http://here").pathname, page);
      response.writeHead(200, { "content-type": type }).end(body);
    } catch (error) {
      response.writeHead(404).end(error.message);
    }
  });
  server.listen(Number(port), "127.0.0.1", () => console.log(`http://localhost:${server.address().port}/`));
}
