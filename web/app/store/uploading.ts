// Uploads the files that are to be posted: four at once, in the tab that sends. What fails for good says so and can be tried again.

import { Closed, Refused, type Upload } from "#sdk";
import { t } from "../i18n/index.ts";
import { type Attachment, attachmentOf, attachments, changeAttachment, contentOf } from "./attachments.ts";
import { clientOf } from "./state.ts";

const AT_ONCE = 4; // the server takes no more of one account

interface Running {
  stop: AbortController;
  upload?: Upload;
}

const running = new Map<string, Running>();

/** Upload what waits, as far as it is its turn, and see to what was paused or removed. */
export function upload(): void {
  for (const [id, { stop }] of running) if (!attachmentOf(id)) stop.abort();
  for (const { id } of attachments.peek()) {
    const state = attachmentOf(id)?.state; // as of now: each that begins is told, and heard here
    if (state === "paused") pause(id);
    if (state === "waiting" && sending() < AT_ONCE) begin(id);
  }
}

function pause(id: string): void {
  const { upload } = running.get(id) ?? {};
  if (!upload?.isPaused) upload?.pause();
}

const sending = (): number => attachments.peek().filter(({ state }) => state === "sending").length;

function begin(id: string): void {
  changeAttachment(id, { state: "sending", why: undefined });
  const paused = running.get(id)?.upload;
  if (paused) paused.resume();
  else send(attachmentOf(id) as Attachment);
}

/** This tab uploads from now on: also what another has begun. */
export function takeOver(): void {
  for (const { id, state } of attachments.peek()) if (state === "sending") changeAttachment(id, { state: "waiting" });
  upload();
}

/** Upload nothing more. The server keeps what it has. */
export function leaveUploads(): void {
  for (const { upload } of running.values()) upload?.pause();
  running.clear();
}

async function send({ id, name, key }: Attachment): Promise<void> {
  const content = contentOf(id);
  if (!content) return changeAttachment(id, { state: "failed", why: t.fileNotKept });
  const stop = new AbortController();
  const mine: Running = { stop };
  running.set(id, mine);
  const onProgress = (now: Upload) => {
    mine.upload = now;
    moved(id, now);
  };
  try {
    const file = await clientOf()?.upload(content, { name, resume: key, signal: stop.signal, onProgress });
    if (file) changeAttachment(id, { state: "whole", sent: file.size, key: file.file, why: undefined });
  } catch (error) {
    if (!stop.signal.aborted && running.get(id) === mine) failed(id, error as Error);
  }
  if (running.get(id) !== mine) return; // another tab goes on, or another client
  running.delete(id);
  upload();
}

/** Tell what has changed, and nothing else. */
function moved(id: string, { key, sent, error }: Upload): void {
  const before = attachmentOf(id);
  if (before?.state !== "sending") return;
  const why = error && (error instanceof Refused ? error.message : t.waitingForConnection);
  if (before.key === key && before.sent === sent && before.why === why) return;
  changeAttachment(id, { sent, why, ...(key !== before.key && { key }) });
}

function failed(id: string, error: Error): void {
  const isAnothers = error instanceof Refused && error.code === "unauthenticated"; // the browser's session
  if (error instanceof Closed || isAnothers)
    running.delete(id); // whoever uploads next goes on
  else changeAttachment(id, { state: "failed", why: error instanceof Refused ? error.message : t.fileUnreadable });
}
