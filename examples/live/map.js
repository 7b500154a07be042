// Serves map.html and the SDK on this machine: node map.js [PORT]
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { stripTypeScriptTypes } from "node:module";

const HERE = new URL("./", import.meta.url);
const SDK = new URL("../../web/sdk/", import.meta.url);

async function answer(path) {
  if (path === "/") return ["text/html", await readFile(new URL("map.html", HERE))];
  const [, name] = /^\/sdk\/((?:\w+\/)?\w+\.ts)$/.exec(path) ?? [];
  if (!name) throw new Error("There is no such file");
  return ["text/javascript", stripTypeScriptTypes(await readFile(new URL(name, SDK), "utf8"))];
}

const server = createServer(async ({ url }, response) => {
  try {
    const [type, body] = await answer(new URL(url, "http://here").pathname);
    response.writeHead(200, { "content-type": type }).end(body);
  } catch (error) {
    response.writeHead(404).end(error.message);
  }
});
server.listen(Number(process.argv[2] ?? 8000), "127.0.0.1", () => console.log(`http://localhost:${server.address().port}/`));
