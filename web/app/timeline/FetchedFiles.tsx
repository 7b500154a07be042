// The files of a message for whoever has a token, which no address may have in it: pictures are drawn, everything else is saved.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import { altOf, type Getter, isPicture } from "../store/file.ts";
import type { wire } from "../store/sdk.ts";
import { Drawn } from "../ui/Drawn.tsx";
import { harmless } from "../ui/text.ts";
import { boxOf, isLarge } from "./pictures.ts";
import { SavedFile } from "./SavedFile.tsx";

interface FetchedProps {
  of: wire.Attached;
  get: Getter;
}

/** A picture that no address leads to. */
function DrawnPicture({ of: file, get }: FetchedProps) {
  const [content, setContent] = useState<Blob>();
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    const fetched = get(file.file, isLarge(file) ? 1280 : undefined).then((answer) => answer.blob());
    fetched.then(setContent, (error: Error & { code?: string }) => setWhy(error.code === "not_found" ? t.fileGone : t.fileBroken));
  }, [file.file]);
  const box = boxOf(file);
  if (why) return <p class="missing">{why}</p>;
  if (!content) return <canvas {...box} role="img" aria-label={harmless(altOf(file))} />;
  return <Drawn of={content} label={harmless(altOf(file))} onError={() => setWhy(t.fileBroken)} {...box} />;
}

interface FetchedFilesProps {
  of: readonly wire.Attached[];
  get: Getter;
}

export const FetchedFiles = ({ of: files, get }: FetchedFilesProps) => (
  <ul class="files" aria-label={t.files}>
    {files.map((file) => (
      <li key={file.file}>{isPicture(file) ? <DrawnPicture of={file} get={get} /> : <SavedFile of={file} get={get} />}</li>
    ))}
  </ul>
);
