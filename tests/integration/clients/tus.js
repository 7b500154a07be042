// Uploads with tus-js-client and Uppy, as their users would. Prints each outcome as a line of JSON; after printing `wait`, it waits for a line.
// Arguments: the address for uploads; that of a proxy that cuts connections; a token.

const tus = require("tus-js-client");
const readline = require("node:readline");

const [endpoint, cutting, token] = process.argv.slice(2);
const retryDelays = Array.from({ length: 10 }, (_, n) => 10 * 2 ** n);
const headers = { Authorization: `Bearer ${token}` };
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const data = (size) => Buffer.alloc(size, "0123456789abcdef-");
const tell = (what) => console.log(JSON.stringify(what));

/** Upload some bytes; `begin` sees the upload before it starts. Resolves with the key of the file, or rejects. */
function upload(size, given = {}, begin = () => {}) {
  return new Promise((resolve, reject) => {
    const options = { endpoint, headers, retryDelays, metadata: { filename: "Grüße.bin", filetype: "x/y" } };
    const one = new tus.Upload(data(size), {
      ...options,
      ...given,
      onError: reject,
      onSuccess: () => resolve(one.url.split("/").pop()),
    });
    begin(one, resolve);
    one.start();
  });
}

/** A callback that acts once, when an upload has sent some bytes. */
const once = (act) => {
  let isDone = false;
  return (...sent) => {
    if (isDone || !sent[0]) return;
    isDone = true;
    act(...sent);
  };
};

const STORIES = {
  whole: () => upload(300_000),
  empty: () => upload(0),
  parts: () => upload(300_000, { chunkSize: 65_536 }),
  async paused() {
    let one;
    const pause = once(async () => {
      await one.abort();
      one.start();
    });
    return upload(300_000, { chunkSize: 65_536, onProgress: pause }, (made) => {
      one = made;
    });
  },
  cut: () => upload(3_000_000, { endpoint: cutting }),
  async again() {
    // Another upload goes on where the first one was given up, by its address.
    const url = await new Promise((resolve, reject) => {
      let one;
      const stop = once(() => one.abort().then(() => resolve(one.url), reject));
      upload(300_000, { chunkSize: 65_536, onChunkComplete: stop }, (made) => {
        one = made;
      }).catch(reject);
    });
    let first;
    const file = await upload(300_000, { uploadUrl: url, onProgress: once((sent) => (first = sent)) });
    return { file, isSame: url.endsWith(file), hasGoneOn: first >= 65_536 };
  },
  async gone() {
    // It was dropped meanwhile, or is too old: then it begins anew.
    let one;
    const stopped = new Promise((resolve) => {
      const stop = once(() => one.abort().then(resolve));
      upload(300_000, { chunkSize: 65_536, onChunkComplete: stop }, (made) => {
        one = made;
      });
    });
    await stopped;
    const key = one.url.split("/").pop();
    tell({ wait: key });
    await lines.next();
    const file = await upload(300_000, { uploadUrl: one.url });
    return { file, isSame: key === file };
  },
  async dropped() {
    let one;
    return new Promise((resolve, reject) => {
      const drop = once(() => one.abort(true).then(() => resolve(one.url.split("/").pop()), reject));
      upload(300_000, { chunkSize: 65_536, onChunkComplete: drop }, (made) => {
        one = made;
      }).catch(reject);
    });
  },
  async large() {
    const error = await upload(5_000_000).catch((why) => why);
    return { status: error.originalResponse.getStatus(), why: JSON.parse(error.originalResponse.getBody()).code };
  },
  async stranger() {
    const error = await upload(9, { headers: {} }).catch((why) => why);
    return { status: error.originalResponse.getStatus() };
  },
  async uppy() {
    const { default: Uppy } = require("@uppy/core");
    const { default: Tus } = require("@uppy/tus");
    const uppy = new Uppy().use(Tus, { endpoint: cutting, headers, retryDelays });
    for (const name of ["one.bin", "two.bin"]) {
      const content = Object.assign(data(1_000_000), { size: 1_000_000 }); // in Node.js, tus-js-client takes no Blob
      uppy.addFile({ name, type: "application/octet-stream", data: content });
    }
    const { successful, failed } = await uppy.upload();
    return { files: successful.map(({ uploadURL }) => uploadURL.split("/").pop()), failed: failed.length };
  },
};

async function main() {
  for (const [name, story] of Object.entries(STORIES)) {
    const came = await story().catch((error) => ({ error: String(error) }));
    tell({ story: name, came });
  }
  tell({ story: "" });
}

main().then(() => process.exit(0));
